"""Say what trained networks make of tweets: a label, probabilities, the share of unknown words.

Without more, the model is the selected one of the cell whose selected combination has the best
validation accuracy. --run names another run, --top takes the majority vote of the best runs of
the grid, --model a folder made by export. Texts are read as training read its tweets.
"""

import contextlib
import logging
import sys
from itertools import chain, islice
from pathlib import Path

import numpy as np

from tweetrnn.errors import UserError
from tweetrnn.evaluation.select import mean_figures
from tweetrnn.files import naming, read_json, read_parquet, replacing
from tweetrnn.grid import Run
from tweetrnn.prediction import records
from tweetrnn.prediction.predictor import (
    Predictor,
    settings_of_folder,
    settings_of_results,
    unfinished,
)
from tweetrnn.training.weights import add_results_arguments, find_run, results_of, weights_of

BATCH = 8192  # tweets in memory at a time
MOST = 0.5  # of a text's words: if more are unknown, that is told

log = logging.getLogger("tweetrnn")


def add_arguments(parser):
    """Add this command's options."""
    parser.epilog = __doc__.partition("\n\n")[2]
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="a tweet; after -- any text")
    add_results_arguments(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--run", metavar="RUN", help="CELL/COMBINATION or CELL/COMBINATION/REPLICATE"
    )
    which.add_argument(
        "--top", type=int, metavar="K", help="the K runs with the best validation accuracy vote"
    )
    which.add_argument("--model", metavar="DIR", type=Path, help="a folder made by export")
    parser.add_argument("--input", metavar="FILE", help="tweets to read; - is standard input")
    parser.add_argument(
        "--format", choices=records.READ, help="the input's format (default: by its ending)"
    )
    parser.add_argument(
        "--text-column",
        metavar="NAME",
        help="the input's column with the tweets (default: that of the model's corpus)",
    )
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="to write (default: standard output)"
    )
    parser.add_argument(
        "--to",
        choices=list(records.WRITERS),
        help="the output's format (default: by its ending; a table for texts on the command line "
        "and on a terminal; otherwise CSV, or JSON Lines where the input is)",
    )


def chosen(options):
    """Return (settings, the vocabulary's path, {name: the weights' path}) that the options name.

    Raises:
        UserError: there is no such model.
    """
    if options.model:
        settings, vocabulary, path = settings_of_folder(options.model)
        return settings, vocabulary, {settings["run"]: path}
    if options.run:
        results, run = find_run(options, options.run)
        runs = [run]
    else:
        results = results_of(options)
        voting = options.top is not None
        names = best_runs(results, options.top) if voting else [selected_run(results)]
        runs = [results.run(name) for name in names]
    settings, vocabulary = settings_of_results(results)
    return settings, vocabulary, {str(run.name): weights_of(run) for run in runs}


def best_runs(results, count):
    """Return the grid's Runs with the best validation accuracy, best first.

    Raises:
        UserError: there are fewer finished ones, or none is asked for.
    """
    runs = [run for run in _runs_of(results) if run["status"] == "finished"]
    if not 0 < count <= len(runs):
        raise UserError(
            f"--top {count}: expected 1 to {len(runs)}, the finished runs of the grid in {results}"
        )
    ranked = sorted(
        (-run["best_accuracy"], Run(run["cell"], run["combination"], run["replicate"]))
        for run in runs
    )
    return [run for _, run in ranked[:count]]


def selected_run(results):
    """Return the selected Run to predict with.

    Among the cells' selected combinations it is the one with the best validation accuracy, the
    mean over replicates; its replicate is the one that select names.

    Raises:
        UserError: nothing is selected yet.
    """
    runs = _runs_of(results)
    cells = read_json(results.selected)["cells"]
    accuracy = mean_figures(runs, "best_accuracy")
    cell = max(cells, key=lambda cell: accuracy.get((cell, cells[cell]["combination"]), 0))
    return Run(cell, cells[cell]["combination"], cells[cell]["replicate"])


def _runs_of(results):
    if not results.selected.is_file():
        raise unfinished(results)
    return read_parquet(results.runs).to_pylist()


def answers(prediction, labels, voters):
    """Return a dict for each text: what is written of a Prediction.

    A text without a token has no label: training knew none like it.
    """
    probabilities = np.round(prediction.probabilities.astype(np.float64), 7).tolist()
    unknown = np.round(prediction.unknowns / np.maximum(prediction.tokens, 1), 4).tolist()
    names = answer_names(labels, voters)
    found = []
    for row in zip(
        prediction.classes.tolist(),
        probabilities,
        unknown,
        prediction.votes.tolist(),
        prediction.tokens.tolist(),
        strict=True,
    ):
        number, own, share, votes, tokens = row
        values = [labels[number], *own, share, votes] if tokens else [None] * len(names)
        found.append(dict(zip(names, values, strict=False)))
    return found


def answer_names(labels, voters):
    """Return the columns of an answer; votes are told where there is more than one voter."""
    votes = ["votes"] if voters > 1 else []
    return ["predicted", *(f"probability_{label}" for label in labels), "unknown_words", *votes]


def batches(rows, size=BATCH):
    """Yield lists of up to ``size`` rows."""
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch


@contextlib.contextmanager
def input_rows(options, text_column):
    """Yield the rows to predict, an iterator of dicts.

    Raises:
        UserError: there is no such file, or nothing says what it is.
    """
    if options.input is None:
        yield ({text_column: text} for text in options.texts)
    elif options.input == "-":
        form = input_format(options)
        yield records.read(sys.stdin.buffer, "standard input", form, text_column)
    else:
        form = input_format(options)
        if not Path(options.input).exists() or Path(options.input).is_dir():
            raise UserError(f"--input: there is no file {options.input}")
        with open(options.input, "rb") as stream:
            yield records.read(stream, options.input, form, text_column)


def input_format(options):
    """Return the input's format, None where texts are arguments."""
    if options.input is None:
        return None
    if options.format is None and options.input == "-":
        raise UserError(f"--format: name standard input's, one of {', '.join(records.READ)}")
    return options.format or records.format_of(options.input, "--format", records.READ)


def output_format(options):
    """Return the output's format."""
    if options.to:
        return options.to
    if options.output:
        return records.format_of(options.output, "--to", list(records.WRITERS))
    if options.input is None or sys.stdout.isatty():
        return "table"
    return "jsonl" if input_format(options) == "jsonl" else "csv"


@contextlib.contextmanager
def output_stream(path):
    """Yield a text stream into the file ``path``, whole or not at all, or to standard output."""
    # Half a surrogate pair, which JSON may hold and UTF-8 not, is written as JSON has it: \ud800.
    how = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    if path is None:
        sys.stdout.reconfigure(**how)
        yield sys.stdout
        sys.stdout.flush()
        return
    with replacing(path) as beside, naming(path), beside.open("w", **how) as stream:
        yield stream


def main(options):
    """Predict what the options name."""
    if bool(options.texts) == (options.input is not None):
        raise UserError("give tweets as arguments, or a file of them with --input (see --help)")
    predict_with(options)


def predict_with(options):
    """Predict; write the answers, then warn of those that are not reliable."""
    settings, vocabulary, paths = chosen(options)
    text_column = options.text_column or settings["text_column"]
    labels, form = settings["labels"], output_format(options)
    names = answer_names(labels, len(paths))
    with input_rows(options, text_column) as rows:
        first = next(rows)  # what is wrong with the input shows before torch is waited for
        predictor = Predictor(settings, vocabulary, list(paths.values()))
        log.info("%s", "Model: " + ", ".join(paths))
        texts = wordless = mostly_unknown = 0
        with output_stream(options.output) as stream:
            writer = records.WRITERS[form](stream, text_column, labels, names)
            for batch in batches(chain([first], rows)):
                if taken := [name for name in names if any(name in row for row in batch)]:
                    raise UserError(
                        f"--input: has a column {taken[0]!r} already, which is written here; "
                        "rename it"
                    )
                prediction = predictor.predict([row[text_column] or "" for row in batch])
                writer.write(batch, answers(prediction, labels, len(paths)))
                texts += len(batch)
                wordless += int((prediction.tokens == 0).sum())
                mostly_unknown += int((prediction.unknowns > MOST * prediction.tokens).sum())
    if wordless:
        log.warning("%d of %d texts hold no word, and have no label", wordless, texts)
    if mostly_unknown:
        log.warning(
            "in %d of %d texts most words are unknown to the model: do not rely on those labels",
            mostly_unknown,
            texts,
        )
