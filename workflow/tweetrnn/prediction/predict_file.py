"""Stage predict_file: predict rows of tweets and write them with their answers.

An answer is a label, its probabilities and the share of unknown words.
"""

import contextlib
import logging
import sys
from collections import Counter
from itertools import chain, islice

import numpy as np

from tweetrnn.data.formats import HOW
from tweetrnn.errors import UserError
from tweetrnn.files import naming, replacing
from tweetrnn.prediction import records
from tweetrnn.prediction.model_files import of_runs, selected_run
from tweetrnn.prediction.predictor import Predictor
from tweetrnn.results import Results

BATCH = 8192  # tweets in memory at a time
MOSTLY = 0.5  # a larger share of unknown words causes a warning

log = logging.getLogger("tweetrnn")


def answer_columns(labels, models):
    """Return the columns of an answer; several models have votes."""
    votes = ["votes"] if models > 1 else []
    return ["predicted", *(f"probability_{label}" for label in labels), "unknown_words", *votes]


def answers(prediction, labels, columns):
    """Return the answers of a Prediction, a dict by ``columns`` for each text.

    A text without a word has no label: the training set contains no such tweets.
    """
    values = zip(
        [labels[number] for number in prediction.classes],
        *np.round(prediction.probabilities.astype(np.float64), 7).T.tolist(),
        np.round(prediction.unknowns / np.maximum(prediction.tokens, 1), 4).tolist(),
        prediction.votes.tolist(),
        strict=True,
    )
    nothing = dict.fromkeys(columns)
    return [
        dict(zip(columns, row, strict=False)) if tokens else nothing
        for row, tokens in zip(values, prediction.tokens, strict=True)
    ]


def batches(rows, size=BATCH):
    """Yield lists of up to ``size`` rows."""
    rows = iter(rows)
    while batch := list(islice(rows, size)):
        yield batch


@contextlib.contextmanager
def output_stream(path):
    """Yield a text stream into the file ``path``, complete or not at all, or to standard output."""
    # Half a surrogate pair, which JSON may contain and UTF-8 not, is written as in JSON: \ud800.
    how = {"encoding": "utf-8", "errors": "backslashreplace", "newline": ""}
    if path is None:
        sys.stdout.reconfigure(**how)
        yield sys.stdout
        sys.stdout.flush()
        return
    with replacing(path) as temporary, naming(path), temporary.open("w", **how) as stream:
        yield stream


def write_answers(files, rows, text_column, form, output):
    """Write rows with their answers, then warn of answers that are not reliable.

    Args:
        files: the ModelFiles.
        rows: an iterator of dicts, at least one, with a text or None under ``text_column``.
        form: the format to write, one of ``records.WRITERS``.
        output: the path to write, or None for standard output.

    Raises:
        UserError: the rows have a column of an answer's name, or cannot be read or written.
    """
    labels = files.settings["labels"]
    columns = answer_columns(labels, len(files.weights))
    tally = Counter()
    batched = batches(rows)
    first = next(batched)  # reports mistakes in the input before torch is loaded
    predictor = Predictor(files)
    log.info("%s", "Model: " + ", ".join(files.weights))

    def answered():
        for batch in chain([first], batched):
            if taken := [name for name in columns if any(name in row for row in batch)]:
                raise UserError(
                    f"the input has a column {taken[0]!r} already, as the answers do; rename it"
                )
            prediction = predictor.predict([row[text_column] or "" for row in batch])
            tally.update(
                texts=len(batch),
                wordless=int((prediction.tokens == 0).sum()),
                unknown=int((prediction.unknowns > MOSTLY * prediction.tokens).sum()),
            )
            yield from zip(batch, answers(prediction, labels, columns), strict=True)

    with output_stream(output) as stream:
        records.WRITERS[form](stream, answered(), text_column, labels, columns)
    if tally["wordless"]:
        log.warning(
            "%d of %d texts have no word, and so no label", tally["wordless"], tally["texts"]
        )
    if tally["unknown"]:
        log.warning(
            "in %d of %d texts most words are unknown to the model: do not rely on those labels",
            tally["unknown"],
            tally["texts"],
        )


def predict_file(
    results, name, file, token_facts, split_facts, vocabulary, runs, aggregate_facts, selected,
    answers, *, config,
):  # fmt: skip
    """Predict the tweets of ``file`` with the selected run, and write ``answers`` (CSV).

    ``name`` is the file's in predict.files; config: predict, apart from its files.
    """
    results = Results(results)
    files = of_runs(results, [selected_run(results)])
    text_column = config["predict"]["text_column"] or files.settings["text_column"]
    how = HOW | {key: config["predict"][key] for key in HOW if key in config["predict"]}
    with records.open_rows(file, text_column, how) as (_, rows):
        write_answers(files, rows, text_column, "csv", answers)
