"""Pages in a real Chromium, which may ask nobody for anything."""

import shutil

import pytest
from example_report import example_report, write_report
from tweetrnn.reporting.plot import plot_experiment

APT = "apt-get install chromium"


@pytest.fixture(scope="session")
def browser(require_tool):
    """Debian's Chromium, headless."""
    from playwright.sync_api import sync_playwright

    require_tool("chromium", APT)
    arguments = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
    with sync_playwright() as playwright:
        found = playwright.chromium.launch(executable_path=shutil.which("chromium"), args=arguments)
        yield found
        found.close()


@pytest.fixture
def open_page(browser):
    """A function that opens a file, with options for the browser's context, and returns the page.

    The page's ``printed`` and ``requests`` are what it said to the console and asked for.
    """
    contexts = []

    def open_it(path, **options):
        context = browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        contexts.append(context)
        page = context.new_page()
        page.printed, page.requests = [], []
        page.on("console", lambda message: page.printed.append(message.text))
        page.on("pageerror", lambda error: page.printed.append(str(error)))
        page.on("request", lambda request: page.requests.append(request.url))
        page.goto(path.as_uri())
        return page

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def small(finished_once):
    """The page of the small experiment that has really run."""
    return finished_once.path / "results/small/report/report.html"


@pytest.fixture(scope="session")
def full(tmp_path_factory):
    """The page of 64 invented runs on hostile tweets, with all figures as they are drawn."""
    folder = tmp_path_factory.mktemp("full")
    experiment = example_report(statuses=["finished", "diverged"])
    plot_experiment(experiment, folder / "plot")
    return write_report(experiment, folder, folder / "plot") / "report.html"


@pytest.fixture(scope="session")
def many(tmp_path_factory):
    """The page of 256 invented runs."""
    return (
        write_report(example_report(replicates=4), tmp_path_factory.mktemp("many")) / "report.html"
    )


@pytest.fixture(scope="session")
def thousands(tmp_path_factory):
    """The page of 2,048 invented runs."""
    folder = tmp_path_factory.mktemp("thousands")
    return write_report(example_report(replicates=32), folder) / "report.html"


@pytest.fixture(scope="session")
def partial(tmp_path_factory):
    """The page of an unfinished grid of three cells."""
    experiment = example_report(["A", "B", "C"], compared=False, statuses=["missing", "diverged"])
    return write_report(experiment, tmp_path_factory.mktemp("partial")) / "report.html"
