"""Which code a stage runs, as one digest: editing it reruns the stage, touching it does not."""

import ast
import hashlib
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent


def file_of(module):
    """Return the file of a module of this package, named from the package on: ``data.split``."""
    path = PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def _with_folders(module):
    """Return a module's name and those of the folders that it lies in, which are loaded before."""
    parts = module.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts) + 1)}


def _imported(path):
    """Return the names of this package's modules that the file imports, at any depth in it."""
    names = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            dotted = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in dotted:
            if name.startswith("tweetrnn."):
                names |= _with_folders(name.partition(".")[2])
    return {name for name in names if file_of(name).exists()}


def modules_of(stage):
    """Return the sorted names of the package's modules that a stage's module reaches by imports."""
    reached, waiting = set(), _with_folders(stage)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        waiting |= _imported(file_of(name)) - reached
    return sorted(reached)


def code_digest(stage, extra=()):
    """Return a short hexadecimal digest of a stage's modules and of ``extra`` files (paths).

    ``stage`` is the stage's own module, named from the package on: ``training.train``.
    Comments count as code here: whether an edit changes a result is for its author to say.
    """
    digest = hashlib.sha256()
    for path in [*map(file_of, modules_of(stage)), *map(Path, extra)]:
        digest.update(f"{path.name}\0".encode())
        digest.update(hashlib.sha256(path.read_bytes()).digest())
    return digest.hexdigest()[:16]
