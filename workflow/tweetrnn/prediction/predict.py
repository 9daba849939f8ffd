"""Predict the class of tweets: a label, probabilities, the share of unknown words.

By default the model is the selected run of the cell whose selected combination has the best
validation accuracy. --run names another run, --top takes the majority vote of the best runs of
the grid, --model a folder written by export. Texts are read as training reads its tweets.
"""

import contextlib
import sys
from pathlib import Path

from tweetrnn.data.formats import ENDINGS, FORMATS, HOW
from tweetrnn.errors import UserError
from tweetrnn.prediction import records
from tweetrnn.prediction.model_files import best_runs, of_runs, selected_run
from tweetrnn.prediction.model_folder import of_folder
from tweetrnn.prediction.predict_file import write_answers
from tweetrnn.prediction.run_options import (
    add_results_arguments,
    add_weights_argument,
    find_run,
    results_of,
)


def add_arguments(parser):
    """Add this command's options."""
    parser.epilog = (__doc__ or "").partition("\n\n")[2]  # python -OO has none
    parser.add_argument("texts", nargs="*", metavar="TEXT", help="a tweet; after -- any text")
    add_results_arguments(parser)
    which = parser.add_mutually_exclusive_group()
    which.add_argument(
        "--run", metavar="RUN", help="CELL/COMBINATION or CELL/COMBINATION/REPLICATE"
    )
    which.add_argument(
        "--top", type=int, metavar="K", help="the K runs with the best validation accuracy vote"
    )
    which.add_argument("--model", metavar="DIR", type=Path, help="a folder written by export")
    add_weights_argument(parser)
    parser.add_argument("--input", metavar="FILE", help="tweets to read; - is standard input")
    parser.add_argument(
        "--format",
        choices=FORMATS,
        default="auto",
        help="the input's format (default: by its ending)",
    )
    parser.add_argument(
        "--encoding", help="the input's character encoding (default: UTF-8, or by its mark)"
    )
    parser.add_argument("--delimiter", help="the character between the input's columns")
    parser.add_argument(
        "--no-quoting", dest="quoting", action="store_false", help="its quotes are plain characters"
    )
    parser.add_argument(
        "--backslash", action="store_true", help="its backslashes make the next character plain"
    )
    parser.add_argument(
        "--skip-blanks", action="store_true", help="leave out blanks after its delimiters"
    )
    parser.add_argument(
        "--text-column",
        metavar="NAME",
        help="the input's column with the tweets (default: that of the model's corpus)",
    )
    parser.add_argument(
        "--output", metavar="FILE", type=Path, help="the file to write (default: standard output)"
    )
    parser.add_argument(
        "--to",
        choices=list(records.WRITERS),
        help="the output's format (default: by its ending; a table for texts on the command line "
        "and on a terminal; otherwise JSON Lines if the input is JSON Lines, and CSV if not)",
    )


def chosen(options):
    """Return the ModelFiles that the options name."""
    if options.run:
        results, run = find_run(options)
        return of_runs(results, [run], options.weights)
    if options.weights != "best":
        raise UserError("--weights: name the run whose network they are for, with --run")
    if options.model:
        return of_folder(options.model)
    results = results_of(options)
    top = options.top
    return of_runs(results, [selected_run(results)] if top is None else best_runs(results, top))


def output_format(options, form):
    """Return the output's format; ``form`` is the input's, None for texts on the command line."""
    if options.to:
        return options.to
    if options.output:
        ending = Path(options.output).suffix
        if ENDINGS.get(ending.lower()) not in records.WRITERS:
            raise UserError(
                f"{options.output}: the ending {ending!r} stands for none of the formats "
                f"{', '.join(records.WRITERS)}; name one with --to"
            )
        return ENDINGS[ending.lower()]
    if form is None or sys.stdout.isatty():
        return "table"
    return "jsonl" if form == "jsonl" else "csv"


def main(options):
    """Predict the tweets that the options name."""
    if bool(options.texts) == (options.input is not None):
        raise UserError("give tweets as arguments, or a file of them with --input (see --help)")
    files = chosen(options)
    text_column = options.text_column or files.settings["text_column"]
    if options.input is None:
        rows = ({text_column: text} for text in options.texts)
        opened = contextlib.nullcontext((None, rows))
    else:
        how = {key: getattr(options, key) for key in HOW}
        how["delimiter"] = {r"\t": "\t"}.get(how["delimiter"], how["delimiter"])
        if how["delimiter"] is not None and len(how["delimiter"]) != 1:
            raise UserError(f"--delimiter: expected one character, got {how['delimiter']!r}")
        opened = records.open_rows(options.input, text_column, how)
    with opened as (form, rows):
        write_answers(files, rows, text_column, output_format(options, form), options.output)
