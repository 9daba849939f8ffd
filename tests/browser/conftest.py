"""Pages in a real Chromium, which may ask nobody for anything."""

import csv
import shutil

import pytest
import yaml
from checkout import copy_checkout

APT = "apt-get install chromium"
SNIPPETS = [
    "<script>document.title='owned'</script>",
    "<img src=x onerror=\"document.title='owned'\">",
    "a | b `code` **bold** [x](http://example.org)",
    "\u202eturned\u202c",
    "=cmd() -1+2",
    "@stranger https://example.org/?q=1&r=2",
]


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


class Watched:
    """An open page, and what it printed and asked for."""

    def __init__(self, page, path):
        self.page, self.printed, self.requests = page, [], []
        page.on("console", lambda message: self.printed.append(message.text))
        page.on("pageerror", lambda error: self.printed.append(str(error)))
        page.on("request", lambda request: self.requests.append(request.url))
        page.goto(path.as_uri())


@pytest.fixture
def open_page(browser):
    """A function that opens a file with options for the browser's context."""
    contexts = []

    def open_it(path, **options):
        contexts.append(
            browser.new_context(**{"viewport": {"width": 1280, "height": 900}} | options)
        )
        return Watched(contexts[-1].new_page(), path)

    yield open_it
    for context in contexts:
        context.close()


@pytest.fixture(scope="session")
def demo_page(demo_once):
    """The report on all 64 runs of the demo corpus."""
    return demo_once.path / "results/demo/report/report.html"


@pytest.fixture(scope="session")
def hostile(root, tmp_path_factory):
    """The report's folder of an experiment whose every text tries to be more than text."""
    checkout = copy_checkout(root, tmp_path_factory.mktemp("hostile") / "checkout")
    labels = ["<b>bad</b>", "so|so", "`good`"]
    words = ["delayed lost never", "gate question when", "thanks great crew"]
    with (checkout.path / "tweets.csv").open("w", newline="") as stream:
        writer = csv.writer(stream)
        writer.writerow(["tweet_id", "text", "airline_sentiment"])
        for n in range(300):
            # One label in five is not what the words say: confident mistakes are sure to come.
            label = (n + (n % 5 == 0)) % 3
            text = f"{words[n % 3]} {SNIPPETS[n % len(SNIPPETS)]} {n}"
            writer.writerow([f"={n}", text, labels[label]])
    checkout.write_config(report={"show_tweets": 6, "title": "A <i>title</i> & more"})
    path = checkout.path / "config/small.yaml"
    config = yaml.safe_load(path.read_text())
    config["corpus"] = {"kind": "path", "path": "tweets.csv", "labels": labels}
    path.write_text(yaml.safe_dump(config))
    checkout.run()
    return checkout.path / "results/small/report"
