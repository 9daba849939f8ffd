"""What tests share: the repository's root, the real tweets, and the handling of a missing tool."""

import logging
import os
import shutil
import signal
from pathlib import Path

import pytest
from checkout import Checkout, copy_checkout
from hypothesis import settings

ROOT = Path(__file__).resolve().parent.parent
# An example may take long on a busy machine. Whatever must be quick has a test of its own.
settings.register_profile("patient", deadline=None)
settings.load_profile("patient")


def require_tool(name, how):
    """Skip with one line where a program is missing; ``how`` says how to get it."""
    if shutil.which(name) is None:
        pytest.skip(f"needs {name}: {how}")


@pytest.fixture(scope="session", name="require_tool")
def require_tool_fixture():
    """``require_tool`` for the folders' own conftest files, which cannot import this one."""
    return require_tool


@pytest.fixture(autouse=True)
def same_logger():
    """Leave the package's logger as it was: commands that run in a test's process set it up."""
    logger = logging.getLogger("tweetrnn")
    level, propagate, handlers = logger.level, logger.propagate, logger.handlers[:]
    yield
    logger.setLevel(level)
    logger.propagate, logger.handlers[:] = propagate, handlers


@pytest.fixture(scope="session")
def root():
    """The repository's root."""
    return ROOT


@pytest.fixture(scope="session")
def tweets_csv():
    """The real tweets, which their licence keeps out of the repository."""
    path = Path(os.environ.get("TWEETS_CSV", ROOT.parent / "shared" / "data" / "Tweets.csv"))
    if not path.is_file():
        pytest.skip("needs the real tweets: set TWEETS_CSV to Tweets.csv (see docs/data.md)")
    return path


@pytest.fixture
def fresh(root, tmp_path):
    """A checkout in which nothing has run yet."""
    return copy_checkout(root, tmp_path / "checkout")


@pytest.fixture(scope="session")
def finished_once(root, tmp_path_factory):
    """A checkout whose small experiment has run; tests take copies of it."""
    checkout = copy_checkout(root, tmp_path_factory.mktemp("finished") / "checkout")
    checkout.run()
    return checkout


@pytest.fixture
def finished(finished_once, tmp_path):
    """A copy, in another place, of a checkout whose small experiment has run."""
    shutil.copytree(finished_once.path, tmp_path / "moved", symlinks=True)
    return Checkout(tmp_path / "moved")


def pytest_configure():
    """Let commands that tests start be stopped by Ctrl-C, also where a shell's ``&`` started us."""
    if signal.getsignal(signal.SIGINT) == signal.SIG_IGN:
        signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_collection_modifyitems(config, items):
    """Leave GPU tests out unless they are asked for by their marker."""
    if "gpu" in config.option.markexpr:
        return
    gpu = [item for item in items if item.get_closest_marker("gpu")]
    if gpu:
        config.hook.pytest_deselected(items=gpu)
        items[:] = [item for item in items if item not in gpu]


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item, call):
    """Under NO_SKIPS=1 (as in CI) a test that would skip fails instead."""
    report = yield
    if os.environ.get("NO_SKIPS") == "1" and report.skipped and not hasattr(report, "wasxfail"):
        reason = report.longrepr[2] if isinstance(report.longrepr, tuple) else report.longrepr
        report.outcome = "failed"
        report.longrepr = f"NO_SKIPS is set, and this test would skip: {reason}"
    return report
