"""A stage's digest covers the meaning of every module that it imports, and nothing else."""

import ast
import json
import os
import random
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from tweetrnn import code
from tweetrnn.__main__ import COMMANDS
from tweetrnn.stages import STAGES as STAGE_MODULES

SOURCES = sorted(code.PACKAGE.rglob("*.py"))
STAGES = sorted({*STAGE_MODULES.values(), *(module for module, _ in COMMANDS.values())})
SUPPORTED_PYTHONS = ("3.11", "3.12", "3.13")

every_module = pytest.mark.parametrize(
    "path", SOURCES, ids=lambda path: str(path.relative_to(code.PACKAGE))
)


@pytest.fixture
def package(tmp_path, monkeypatch):
    copy = tmp_path / "tweetrnn"
    shutil.copytree(code.PACKAGE, copy, ignore=shutil.ignore_patterns("__pycache__"))
    monkeypatch.setattr(code, "PACKAGE", copy)
    return copy


@pytest.fixture
def digest_of(tmp_path, monkeypatch):
    """Return a function: the digest of a stage that is one module with this source."""
    monkeypatch.setattr(code, "PACKAGE", tmp_path)

    def digest(source):
        (tmp_path / "stage.py").write_text(source, encoding="utf-8")
        return code.code_digest("stage")

    return digest


@pytest.fixture(scope="module")
def loaded(tmp_path_factory):
    """{stage: modules of this package that Python loads for it}, from one process."""
    program = """
import importlib, json, sys
loaded = {}
for stage in sys.argv[1:]:
    for name in [name for name in sys.modules if name.startswith("tweetrnn")]:
        del sys.modules[name]
    importlib.import_module(f"tweetrnn.{stage}")
    loaded[stage] = [name.partition(".")[2] for name in sys.modules if name.startswith("tweetrnn.")]
print(json.dumps(loaded))
"""
    environment = {
        "PYTHONPATH": str(code.PACKAGE.parent),
        "MPLCONFIGDIR": str(tmp_path_factory.mktemp("matplotlib")),
    }
    command = [sys.executable, "-c", program, *STAGES]
    done = subprocess.run(command, env=environment, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


# Which modules


@pytest.mark.slow
@pytest.mark.parametrize("stage", STAGES)
def test_modules_of_a_stage_are_those_that_python_loads(stage, loaded):
    assert set(loaded[stage]) <= set(code.modules_of(stage))


def test_what_computes_a_training_imports_no_guard_and_nothing_that_runs_the_workflow():
    modules = code.modules_of("training.fit")
    assert "training.loop" in modules
    assert [name for name in modules if re.match(r"(guard|running)\b", name)] == []


def test_digest_changes_with_an_imported_module_and_with_no_other(package):
    before = {stage: code.code_digest(stage) for stage in ("data.encode", "training.train")}
    with (package / "training/models.py").open("a") as stream:
        stream.write("\nCHANGED = True\n")
    assert code.code_digest("training.train") != before["training.train"]
    assert code.code_digest("data.encode") == before["data.encode"]


def test_digest_changes_when_two_modules_swap_their_contents(package):
    before = code.code_digest("training.train")
    loop, models = package / "training/loop.py", package / "training/models.py"
    loop.rename(package / "spare")
    models.rename(loop)
    (package / "spare").rename(models)
    assert code.code_digest("training.train") != before


def test_touching_a_module_changes_no_digest(package):
    before = code.code_digest("training.train")
    (package / "training/models.py").touch()
    assert code.code_digest("training.train") == before


def test_every_byte_of_an_extra_file_counts(tmp_path):
    extra = tmp_path / "template.py"
    digests = {code.code_digest("data.encode")}
    for text in ("x = 1", "x = 1  # a comment"):
        extra.write_text(text)
        digests.add(code.code_digest("data.encode", [extra]))
    assert len(digests) == 3


def test_extra_files_of_the_same_name_all_count(tmp_path):
    extra = [tmp_path / folder / "template" for folder in ("one", "two")]
    digests = set()
    for texts in (("1", "2"), ("3", "2"), ("1", "3")):
        for path, text in zip(extra, texts, strict=True):
            path.parent.mkdir(exist_ok=True)
            path.write_text(text)
        digests.add(code.code_digest("data.encode", extra))
    assert len(digests) == 3


# Which edits


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "# a comment\nx = 1  # another\n"),
        ("x = [1, 2]", "x = [\n    1,\n    2,\n]"),
        ("x = (1 + 2) * 3", "x = ((1 + 2) * (3))"),
        ("x = 'a' 'b'", 'x = """ab"""'),
        ("x = 'a'", "x = u'a'"),
        ("x = 1000000", "x = 1_000_000"),
        ("x = f'a{b}c' 'd'", "x = f'a{b}' f'cd'"),
        ("x = 1", '"""A module."""\nx = 1'),
        ("def f():\n    return 1", 'def f():\n    """Return one."""\n    return 1'),
        ("async def f():\n    return 1", 'async def f():\n    """Return one."""\n    return 1'),
        ("class A:\n    x = 1", 'class A:\n    """An A."""\n    x = 1\n    """Its x."""'),
        ("class A:\n    pass", 'class A:\n    """An A."""'),
        ("raise UserError('a')", "raise UserError(f'b {c}', 1)"),
        ("raise errors.UserError('a')", "raise errors.UserError(f'b {c}', text='d')"),
        ("e = UserError('a')", "e = UserError('b' if c else d)"),
        ("raise damaged(path, 'a')", "raise damaged(path, 'b')"),
        ("raise files.damaged(path, 'a')", "raise files.damaged(path, 'b')"),
        ("log.info('a')", "log.info('b %s', c)"),
        ("logger.warning('a')", "logger.warning('b', exc_info=True)"),
        ("logging.error('a')", "logging.error('b')"),
        ("logging.getLogger('x').debug('a')", "logging.getLogger('x').debug('b')"),
        ("getLogger('x').exception('a')", "getLogger('x').exception('b')"),
        ("self.log.critical('a')", "self.log.critical('b')"),
    ],
)
def test_edit_that_changes_no_result_keeps_the_digest(digest_of, before, after):
    assert digest_of(before) == digest_of(after)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("x = 1", "x = 2"),
        ("x = 1", "x = 1.0"),
        ("x = 1", "x = True"),
        ("x = 1", "x = '1'"),
        ("x = 'a'", "x = b'a'"),
        ("x = 'a'", "x = a"),
        ("x = None", "x = False"),
        ("x = None", "x = 'None'"),
        ("x = a + b", "x = a - b"),
        ("x = a - b", "x = b - a"),
        ("x = a - (b - c)", "x = a - b - c"),
        ("x += 1", "x -= 1"),
        ("x = a < b", "x = a <= b"),
        ("x = a and b", "x = a or b"),
        ("x = -a", "x = +a"),
        ("x = a", "y = a"),
        ("x = a", "x = b"),
        ("x = a.b", "x = a.c"),
        ("x = f(a)", "x = f(*a)"),
        ("x = f(a)", "x = f(b=a)"),
        ("x = {**a}", "x = {None: a}"),
        ("x = a[1:]", "x = a[:1]"),
        ("def f(a): return a", "def f(a=None): return a"),
        ("def f(a=1): return a", "def f(a=2): return a"),
        ("def f(*, a): return a", "def f(*, a=None): return a"),
        ("def f(*, a, b=1): return a", "def f(*, a=1, b): return a"),
        ("def f(a, b): return a", "def f(a, /, b): return a"),
        ("def f(): return 1", "@cache\ndef f(): return 1"),
        ("@cache\ndef f(): return 1", "@other\ndef f(): return 1"),
        ("def f(): return 1", "async def f(): return 1"),
        ("def f(): return 1", "def f(): yield 1"),
        ("class A: x = 1", "class A(B): x = 1"),
        ("x: int = 1", "x: float = 1"),
        ("x = f'{a}'", "x = f'{b}'"),
        ("x = f'{a} b'", "x = f'{a} c'"),
        ("x = f'a{b}'", "x = f'{b}a'"),
        ("x = f'{a:.2f}'", "x = f'{a:.3f}'"),
        ("x = f'{a:{b}}'", "x = f'{a:{c}}'"),
        ("x = f'{a}'", "x = f'{a!r}'"),
        ("x = f'{a}'", "x = '{a}'"),
        ("if a:\n    f()\n    g()", "if a:\n    f()\ng()"),
        ("if a:\n    f()", "while a:\n    f()"),
        ("if a:\n    pass\nelse:\n    f()", "if a:\n    f()"),
        ("f()\ng()", "g()\nf()"),
        ("import a", "import a as b"),
        ("from a import b", "from a import c"),
        ("from . import b", "from .. import b"),
        ("match a:\n    case None: f()", "match a:\n    case True: f()"),
        ("if a: raise UserError('b')", "if c: raise UserError('b')"),
        ("raise UserError('a')", "raise ValueError('a')"),
        ("raise UserError('a')", "raise UserError('a') from None"),
        ("raise ValueError('a')", "raise ValueError('b')"),
        ("log.info('a')", "log.warning('a')"),
        ("log.info('a')", "other.info('a')"),
        ("log.info('a')", "f()"),
        ("logging.getLogger('x')", "logging.getLogger('y')"),
        ("x = np.log(2)", "x = np.log(3)"),
        ("x = log(2)", "x = log(3)"),
        ("x = parser.error('a')", "x = parser.error('b')"),
    ],
)
def test_edit_that_may_change_a_result_changes_the_digest(digest_of, before, after):
    assert digest_of(before) != digest_of(after)


MESSAGE = re.compile(
    r"(\w+\.)*(UserError|damaged)"
    r"|((\w+\.)*log|logger|logging|logging\.getLogger\(.*\))"
    r"\.(debug|info|warning|error|critical|exception|log)"
)


def messages(tree):
    """Return the calls in a tree that only tell people something."""
    calls = [node for node in ast.walk(tree) if isinstance(node, ast.Call)]
    return [call for call in calls if MESSAGE.fullmatch(ast.unparse(call.func))]


def is_text(statement):
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


@pytest.mark.slow
@every_module
def test_reformatting_a_module_keeps_its_digest(digest_of, path):
    source = path.read_text(encoding="utf-8")
    assert digest_of(ast.unparse(ast.parse(source))) == digest_of(source)


@pytest.mark.slow
@every_module
def test_comments_docstrings_and_messages_of_a_module_can_be_rewritten(digest_of, path):
    source = path.read_text(encoding="utf-8")
    tree = ast.parse(source)
    for call in messages(tree):
        call.args, call.keywords = [ast.Constant("other words"), ast.Name("value")], []
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.ClassDef | ast.Module):
            kept = [statement for statement in node.body if not is_text(statement)]
            node.body = [ast.Expr(ast.Constant("Other words.")), *kept]
    rewritten = "\n".join(f"{line}  # why" for line in ast.unparse(tree).splitlines())
    assert digest_of(rewritten) == digest_of(source)


def changed_constant(value):
    """Return a constant like ``value``, but another one."""
    if value is None or isinstance(value, bool):
        return not value
    return value + {str: "x", bytes: b"x"}.get(type(value), 1)


OPERATORS = {
    ast.operator: (ast.Add, ast.Sub),
    ast.cmpop: (ast.Lt, ast.GtE),
    ast.boolop: (ast.And, ast.Or),
    ast.unaryop: (ast.Not, ast.USub),
}


def changed_operator(operator):
    """Return an operator of the same kind as ``operator``, but another one."""
    first, second = next(pair for kind, pair in OPERATORS.items() if isinstance(operator, kind))
    return second() if isinstance(operator, first) else first()


def places(tree):
    """Return (node, field, changed value) for the constants and operators outside messages."""
    ignored = {id(inner) for call in messages(tree) for inner in ast.walk(call)}
    ignored |= {id(node.value) for node in ast.walk(tree) if is_text(node)}
    places = []
    for node in ast.walk(tree):
        if id(node) in ignored:
            continue
        if isinstance(node, ast.Constant) and node.value is not ...:
            places.append((node, "value", changed_constant(node.value)))
        elif isinstance(node, ast.Compare):
            places.append((node, "ops", [changed_operator(node.ops[0]), *node.ops[1:]]))
        elif isinstance(node, ast.BinOp | ast.AugAssign | ast.BoolOp | ast.UnaryOp):
            places.append((node, "op", changed_operator(node.op)))
    return places


@pytest.mark.slow
@every_module
def test_changing_any_constant_or_operator_of_a_module_changes_its_digest(digest_of, path):
    source = path.read_text(encoding="utf-8")
    before = digest_of(source)
    tree = ast.parse(source)
    every = places(tree)
    for node, field, changed in random.Random(path.name).sample(every, min(5, len(every))):
        original = getattr(node, field)
        setattr(node, field, changed)
        assert digest_of(ast.unparse(tree)) != before, f"line {node.lineno}"
        setattr(node, field, original)


def test_no_docstring_is_data():
    reads = [path.name for path in SOURCES if ".__doc__" in path.read_text(encoding="utf-8")]
    assert reads == []


# Which Python

# What Pythons parse differently: empty fields, f-strings, what is printable.
SAMPLE = r"""
import a.b as c

def f(a, /, b: int = 1_0, *args, c=None, **more) -> "text":
    return f"a{b:>{c}}" f"{c!r:}" "d" f"{a = }{b=:.3f}{{}}" f"" rf"\d{a:%H:%M}{more['x']}"

@cache
class A:
    x: list[B] = [*(lambda: 0.1)(), -1e400, 2j, b"\xff", ..., u"\u1c89\U0001fae8é"]

async def g():
    async with a() as b, c(): [d async for d in await e if d]
    match b:
        case {"x": [1, *_], **rest} | A(y=None): raise UserError("a")
    try: f()
    except* OSError as error: del error.x[1:, ::2]
"""
DIGEST_OF_SAMPLE = "8eba24e46e657c64"


def test_digest_of_a_sample_is_what_every_python_gives(digest_of):
    assert digest_of(SAMPLE) == DIGEST_OF_SAMPLE


def other_pythons():
    """Return the interpreters of supported versions on PATH and of pyenv that work."""
    pyenv = Path(os.environ.get("PYENV_ROOT") or Path.home() / ".pyenv", "versions")
    names = [f"python{version}" for version in SUPPORTED_PYTHONS]
    paths = [path for name in names for path in (shutil.which(name), *pyenv.glob(f"*/bin/{name}"))]
    return [
        path
        for path in paths
        if path and subprocess.run([path, "-c", ""], capture_output=True).returncode == 0
    ]


@pytest.mark.slow
def test_all_pythons_of_this_machine_agree_on_every_stage(package):
    (package / "sample.py").write_text(SAMPLE, encoding="utf-8")
    stages = [*STAGES, "sample"]
    program = (
        "import json, sys; from tweetrnn.code import code_digest; "
        "print(json.dumps({stage: code_digest(stage) for stage in sys.argv[1:]}))"
    )
    environment = os.environ | {"PYTHONPATH": str(package.parent)}
    expected = {stage: code.code_digest(stage) for stage in stages}
    for python in (sys.executable, *other_pythons()):
        command = [python, "-c", program, *stages]
        output = subprocess.run(
            command, env=environment, capture_output=True, text=True, check=True
        )
        assert json.loads(output.stdout) == expected, python
