"""The code that a stage runs, as one digest of its meaning: changing that reruns the stage."""

import ast
import hashlib
from functools import cache
from itertools import groupby
from pathlib import Path

PACKAGE = Path(__file__).resolve().parent

# Calls whose arguments are messages for people: no result depends on them.
ERRORS = {"UserError", "damaged"}
LOGGERS = {"log", "logger", "logging"}
LOG_METHODS = {"debug", "info", "warning", "error", "critical", "exception", "log"}

# Fields of a syntax tree that follow from the others, or that no result depends on.
IGNORED = {"ctx", "kind", "type_comment", "type_ignores"}


def file_of(module):
    """Return the file of a module of this package, named from the package on: ``data.split``."""
    path = PACKAGE.joinpath(*module.split("."))
    return path / "__init__.py" if path.is_dir() else path.with_suffix(".py")


def modules_of(stage):
    """Return the sorted names of the package's modules that a stage's module reaches by imports."""
    reached, waiting = set(), _with_parents(stage)
    while waiting:
        name = waiting.pop()
        reached.add(name)
        imports, _ = _read(name)
        waiting |= {name for name in imports - reached if file_of(name).exists()}
    return sorted(reached)


def code_digest(stage, extra=()):
    """Return a short hexadecimal digest of a stage's modules and of ``extra`` files (paths).

    ``stage`` is the stage's own module, named from the package on: ``training.train``. Of a
    module only the meaning counts, which comments, formatting, docstrings and the arguments of
    ``UserError`` and logging calls do not change; of an extra file every byte does. All supported
    Pythons give the same digest.
    """
    parts = [(name, _read(name)[1]) for name in modules_of(stage)]
    parts += [(path.name, hashlib.sha256(path.read_bytes()).digest()) for path in map(Path, extra)]
    digest = hashlib.sha256()
    for name, part in parts:
        digest.update(f"{name}\0".encode() + part)
    return digest.hexdigest()[:16]


def _read(module):
    return _parse(file_of(module).read_text(encoding="utf-8"))


@cache  # stages share most of their modules
def _parse(source):
    """Return (names of this package's modules that a source may import, digest of its meaning)."""
    tree = ast.parse(source)
    return _imports(tree), hashlib.sha256(_meaning(tree).encode()).digest()


def _imports(tree):
    names = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            dotted = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0:
            dotted = [node.module, *(f"{node.module}.{alias.name}" for alias in node.names)]
        else:
            continue
        for name in dotted:
            if name.startswith("tweetrnn."):
                names |= _with_parents(name.partition(".")[2])
    return names


def _with_parents(module):
    """Return a module's name and those of the packages around it, which are loaded first."""
    parts = module.split(".")
    return {".".join(parts[:end]) for end in range(1, len(parts) + 1)}


def _meaning(node):
    """Return a syntax tree as text; two trees have the same text if they mean the same.

    ``node`` is a tree or the value of a tree's field: a list, text, a number or None. ``ast.dump``
    would not do: whether it shows empty fields depends on Python's version.
    """
    if isinstance(node, list):
        return f"[{','.join([_meaning(item) for item in node if not _has_no_effect(item)])}]"
    if not isinstance(node, ast.AST):
        return ascii(node)  # what repr escapes depends on the Python's version of Unicode
    if isinstance(node, ast.Constant):  # None is a value here, and an absent part elsewhere
        return f"Constant({node.value!a})"
    if isinstance(node, ast.JoinedStr):
        return f"JoinedStr({_meaning(_merged(node.values))})"
    names = ("func",) if isinstance(node, ast.Call) and _is_message(node) else node._fields
    fields = [
        f"{name}={_meaning(value)}"
        for name in names
        if name not in IGNORED and (value := getattr(node, name, None)) not in (None, [])
    ]
    return f"{type(node).__name__}({','.join(fields)})"


def _has_no_effect(node):
    """Return whether a node is ``pass`` or a constant by itself, such as a docstring."""
    return isinstance(node, ast.Pass) or (
        isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant)
    )


def _is_message(call):
    """Return whether a call makes a UserError or writes to the log."""
    name = _last_name(call.func)
    if name in LOG_METHODS and isinstance(call.func, ast.Attribute):
        logger = call.func.value
        if isinstance(logger, ast.Call):
            return _last_name(logger.func) == "getLogger"
        return _last_name(logger) in LOGGERS
    return name in ERRORS


def _last_name(node):
    """Return ``c`` for ``c`` and for ``a.b.c``, None if the node is not a name."""
    return getattr(node, "id", None) or getattr(node, "attr", None)


def _merged(values):
    """Return an f-string's values with adjacent texts joined; Pythons split them differently."""
    merged = []
    for is_text, group in groupby(values, lambda value: isinstance(value, ast.Constant)):
        if not is_text:
            merged += group
        elif text := "".join(value.value for value in group):
            merged.append(ast.Constant(text))
    return merged
