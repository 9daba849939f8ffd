"""Run the presets on the real tweets, check their values, and put their tables into the docs.

``make real`` runs this in the checkout; ``make real UPDATE=1`` stores the values that later calls
expect. The tweets are in the folder DATA, under the names in PRESETS.
"""

import argparse
import json
import re
import subprocess
import sys
from pathlib import Path

PRESETS = {  # the file of each one's tweets
    "airline": "Tweets.csv",
    "semeval": "semeval2017.csv",
    "emotion": "tweeteval_emotion.csv",
}
REFERENCE = {"reference-three-class": "Tweets.csv", "reference-two-class": "Tweets.csv"}
VALUES = Path("benchmarks/real.json")
PAGE = Path("docs/real-tweets.md")
# The sections of a report.md whose text and tables are put into PAGE.
HEADLINE, SPLITS = "The selected models compared", "Does it hold on other splits?"
PUBLISHED, REPEATED = "Beside published results", "Beside the reference report"
SECTIONS = {
    "airline": [
        HEADLINE,
        "When the curves diverge",
        "Is it real?",
        SPLITS,
        "Where they differ",
        "What the labels allow",
    ],
    "semeval": [HEADLINE, SPLITS, PUBLISHED],
    "emotion": [HEADLINE, SPLITS, PUBLISHED],
    **{preset: [HEADLINE, REPEATED] for preset in REFERENCE},
}
END = "<!-- real: end -->"
# How far a value may be from the stored one. A processor's rounding changes the last bits of a
# training, and so, among nearly equal combinations, the one that is selected.
CELL, BASELINE, DIFFERENCE = 0.02, 0.002, 0.03


def tweetrnn(*arguments, **options):
    """Run ``python -m tweetrnn``; return the finished process. SystemExit where it fails."""
    done = subprocess.run([sys.executable, "-m", "tweetrnn", *arguments], text=True, **options)
    if done.returncode:
        sys.exit(f"error: python -m tweetrnn {' '.join(arguments)} failed")
    return done


def run(preset, path, cores):
    """Run a preset on the file ``path``."""
    options = ["--cores", cores, "--", "--config", f"corpus={json.dumps({'path': str(path)})}"]
    tweetrnn("run", "--configfile", f"config/{preset}.yaml", *options)


def compared(presets, form):
    """Return what ``tweetrnn diff`` prints about finished presets, as ``markdown`` or ``json``."""
    folders = [f"results/{preset}" for preset in presets]
    return tweetrnn("diff", *folders, "--format", form, stdout=subprocess.PIPE).stdout


def values_of(headline):
    """Return {name: {value, tolerance}} of one experiment in the JSON that ``diff`` prints."""
    values = {f"{headline['part']} tweets": {"value": headline["tweets"], "tolerance": 0}}
    for name, model in headline["models"].items():
        tolerance = CELL if model["combination"] else BASELINE
        for metric in ("accuracy", *headline["metrics"]):
            value = {"value": model["scores"][metric], "tolerance": tolerance}
            values[f"{name}, {metric}"] = value
    for pair in headline["pairs"]:
        value = {"value": pair["difference"], "tolerance": DIFFERENCE}
        values[f"{pair['first']} - {pair['second']}, accuracy"] = value
    return values


def mistakes(found, expected):
    """Yield a line for each value that is not as expected; both are {preset: values_of}."""
    for preset, values in found.items():
        stored = expected.get(preset, {})
        for name in dict.fromkeys([*stored, *values]):
            if name not in values or name not in stored:
                where = "stored" if name in stored else "found"
                yield f"{preset}, {name}: only among the values that are {where}"
                continue
            value, wanted = values[name]["value"], stored[name]["value"]
            tolerance = stored[name]["tolerance"]
            if abs(value - wanted) > tolerance:
                yield f"{preset}, {name}: {value:.4f}, expected {wanted:.4f} ± {tolerance:g}"


def sections_of(report, titles):
    """Return the sections of a report.md with these titles, without pictures and anchors.

    SystemExit where the report lacks one.
    """
    found = {}
    for section in report.split("\n## ")[1:]:
        title, _, text = section.partition("\n")
        text = re.sub(r"\n(!\[|<a id=)[^\n]*\n", "", text)
        found[title.partition(" ")[2]] = re.sub(r"\n{3,}", "\n\n", text).strip()
    for title in titles:
        if title not in found:
            sys.exit(f"error: the report has no section {title!r}")
    return "\n\n".join(f"**{title}**\n\n{found[title]}" for title in titles)


def with_block(page, name, text):
    """Return the text of a page whose generated block of that name is ``text``.

    SystemExit where the page has no such block.
    """
    start = f"<!-- real: {name} -->"
    block = re.compile(f"{re.escape(start)}.*?{re.escape(END)}", re.S)
    if not block.search(page):
        sys.exit(f"error: {PAGE}: expected {start} and {END} around the tables of this name")
    return block.sub(lambda match: f"{start}\n\n{text.strip()}\n\n{END}", page, count=1)


def check(found, update):
    """Store the values, or compare them with those stored; SystemExit where they differ."""
    if update:
        VALUES.write_text(json.dumps(found, indent=2) + "\n", encoding="utf-8")
        print(f"{VALUES}: written")
        return
    if not VALUES.exists():
        sys.exit(f"error: there is no {VALUES} to compare with; make real UPDATE=1 writes it")
    wrong = list(mistakes(found, json.loads(VALUES.read_text(encoding="utf-8"))))
    if wrong:
        sys.exit("\n".join(["error: values are not as stored:", *wrong]))
    print("All values are as stored.")


def main(arguments=None):
    """Run the presets, check or store their values, and write the tables into PAGE."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--data", type=Path, default=Path("data"), help="the tweets' folder")
    parser.add_argument("--cores", default="all", help="processor cores to use")
    parser.add_argument("--update", action="store_true", help="store the values")
    parser.add_argument(
        "--reference", action="store_true", help="also run the two readings of the reference report"
    )
    options = parser.parse_args(arguments)
    missing = [str(options.data / name) for name in PRESETS.values()]
    missing = [path for path in missing if not Path(path).is_file()]
    if missing:
        sys.exit(f"error: no file {', '.join(missing)}; docs/data.md says where to get the tweets")
    files = PRESETS | (REFERENCE if options.reference else {})
    for preset, name in files.items():
        run(preset, options.data / name, options.cores)
    headlines = json.loads(compared(PRESETS, "json"))["headlines"]
    check({preset: values_of(headlines[preset]) for preset in PRESETS}, options.update)
    page = with_block(PAGE.read_text("utf-8"), "presets", compared(PRESETS, "markdown"))
    for preset in files:
        report = Path(f"results/{preset}/report/report.md").read_text("utf-8")
        page = with_block(page, preset, sections_of(report, SECTIONS[preset]))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
