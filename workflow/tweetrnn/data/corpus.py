"""The usable rows of a corpus.

A row that cannot be used is dropped with a reason. A corpus of which too many rows are dropped, or
in which a label does not occur, is refused with one message.
"""

import json
import math
import re
from collections import Counter, defaultdict
from pathlib import Path

from tweetrnn.data import demo
from tweetrnn.data.corpus_file import Source
from tweetrnn.data.delimited import advice
from tweetrnn.data.details import Details
from tweetrnn.data.formats import HOW
from tweetrnn.data.values import as_json, as_text, encodable, normalized
from tweetrnn.errors import UserError
from tweetrnn.wording import quoted, shown

# The schema's defaults of the keys that a demo corpus does not have (a test compares the two).
DEFAULTS = {
    **HOW,
    "columns": {
        "id": "tweet_id",
        "text": "text",
        "label": "airline_sentiment",
        **dict.fromkeys(["user", "time", "confidence", "set"]),
        "slices": [],
    },
    "labels": ["negative", "neutral", "positive"],
    "ignore_labels": [],
    "max_dropped": 0.01,
    "licence": "not stated",
}
MAX_TEXT = 100_000  # characters; a longer text is not a tweet
_QUOTED = re.compile(' +".*" *', re.DOTALL)
_MAX_LABELS = 1_000  # distinct unknown labels kept for a message


class Corpus:
    """A corpus file. Iterating over it, once, yields its usable rows: ``(id, text, label, ...)``.

    The others are the row's ``details``, in the order of their names. Afterwards ``rows`` (read),
    ``kept`` (by label), ``dropped`` (by reason), ``ignored`` (by label) and the ``source``'s digest
    describe it, and ``check`` refuses it if it is unusable.

    Args:
        path: the file.
        config: the config's section ``corpus``; keys it lacks have the schema's defaults.
        on_drop: called with (row, line, id, reason) for each dropped row. Rows count from 1 after
            the header, lines from the beginning of the file (0 in Parquet, which has no lines).
    """

    def __init__(self, path, config, on_drop=None):
        self.path = Path(path)
        self.config = {**DEFAULTS, **config}
        self.config["columns"] = {
            **DEFAULTS["columns"],
            **(demo.NAMED if config.get("kind") == "demo" else {}),
            **config.get("columns", {}),
        }
        self.rows = 0
        self.kept, self.dropped, self.ignored = Counter(), Counter(), Counter()
        self._on_drop = on_drop
        self.source = Source(self.path, self.config)
        _, _, _, *further = self.source.columns.items()
        self.details = Details(dict(further))
        self._examples = defaultdict(list)  # reason -> its first rows
        self._unknown, self._seen = Counter(), set()  # labels
        self._quoted = 0  # texts in quotes that have a blank before them
        self._row = 0, "", None  # line, id and label of the current row

    def __iter__(self):
        known = {normalized(label): label for label in self.config["labels"]}
        ignored = {normalized(label): label for label in self.config["ignore_labels"]}
        for line, fault, identifier, text, label, *further in self.source:
            self.rows += 1
            identifier, label = _id_as_text(identifier), as_text(label)
            if label:
                label = normalized(label.strip())
                label = known.get(label) or ignored.get(label) or label
            self._row = line, identifier, label
            if label in known.values():
                self._seen.add(label)
                if not isinstance(text, str):
                    self._drop("empty text" if text is None else "text is not text")
                elif not text or text.isspace():
                    self._drop("empty text")
                elif len(text) > MAX_TEXT:
                    self._drop("text too long", f": {len(text):,} characters")
                elif "\0" in text:
                    self._drop("NUL character in the text")
                else:
                    self.kept[label] += 1
                    if self.config["quoting"] and text.startswith(" "):
                        self._quoted += bool(_QUOTED.fullmatch(text))
                    details = self.details.read(further, self._where())
                    yield identifier, encodable(text), label, *details
            elif fault:
                self._drop(fault)
            elif label in ignored.values():
                self.ignored[label] += 1
            elif label:
                if label in self._unknown or len(self._unknown) < _MAX_LABELS:
                    self._unknown[label] += 1
                self._drop("unknown label", f": {shown(label)}")
            else:
                self._drop("label is not text" if label is False else "missing label")

    def drop(self, reason):
        """Drop the row that was yielded last."""
        self.kept[self._row[2]] -= 1
        self._drop(reason)

    def _drop(self, reason, detail=""):
        line, identifier, _ = self._row
        self.dropped[reason] += 1
        if len(self._examples[reason]) < 3:
            self._examples[reason].append(self._where() + detail)
        if self._on_drop:
            self._on_drop(self.rows, line, identifier, reason)

    def _where(self):
        line, _, _ = self._row
        return f"row {self.rows} (line {line})" if line else f"row {self.rows}"

    def check(self):
        """Refuse the corpus if its rows cannot be used.

        Raises:
            UserError: no rows, too many dropped ones, a label without a row, or a column of
                details that is not what it is named as, or texts with blanks and quotes around.
        """
        if not self.rows:
            raise UserError(f"{self.path}: no rows; expected one row per tweet")
        dropped, allowed = self.dropped.total(), self.config["max_dropped"] * self.rows
        if dropped - self.dropped["unknown label"] > allowed:
            raise self._too_many()
        absent = [label for label in self.config["labels"] if label not in self._seen]
        if absent:
            present = self._unknown + self.ignored
            present.update({label: self.kept[label] for label in self._seen})
            raise UserError(
                f"{self.path}: no row has the label {quoted(absent)} of corpus.labels. "
                f"Labels in the column {self.config['columns']['label']!r}: {_counted(present)}. "
                "List the labels to predict in corpus.labels (at least two), and those to leave "
                "out in corpus.ignore_labels"
            )
        if dropped > allowed:
            raise self._too_many()
        emptied = [label for label in self.config["labels"] if not self.kept[label]]
        if emptied:
            raise UserError(
                f"{self.path}: every row with the label {quoted(emptied)} had to be dropped:"
                f"{self._reasons()}\nFix these rows, or leave the label out of corpus.labels"
            )
        if self._quoted > self.kept.total() / 2:
            raise UserError(
                f"{self.path}: most texts begin with a blank and a quote, as where a blank follows "
                "each delimiter; set corpus.skip_blanks to true (or corpus.quoting to false, if "
                "the quotes are part of the texts)"
            )
        self.details.check(self.path, self.config["max_dropped"])

    def _reasons(self):
        return "".join(
            f"\n  {reason}: {count:,}; {', '.join(self._examples[reason])}"
            + (", ..." if count > len(self._examples[reason]) else "")
            for reason, count in self.dropped.most_common()
        )

    def _too_many(self):
        dropped = self.dropped.total()
        text = (
            f"{self.path}: {dropped:,} of {self.rows:,} rows cannot be used "
            f"({100 * dropped / self.rows:.3g} %, and corpus.max_dropped allows "
            f"{100 * self.config['max_dropped']:.3g} %):{self._reasons()}\n"
        )
        if self._unknown:
            text += (
                f"Labels that are not in corpus.labels: {_counted(self._unknown)}; list those to "
                "leave out in corpus.ignore_labels.\n"
            )
        if self.dropped["misplaced quote"] or self.dropped["wrong number of columns"]:
            text += f"{advice('corpus')}.\n"
        text += "Fix these rows"
        if dropped < self.rows:
            needed = math.ceil(1000 * dropped / self.rows) / 1000
            text += f", or set corpus.max_dropped to {needed:g} to leave them out"
        return UserError(text)


def _id_as_text(value):
    """Return an id of any type as text, empty if missing."""
    text = value.hex() if isinstance(value, bytes) else as_text(value)
    if text is False:
        text = json.dumps(value, ensure_ascii=False, default=as_json)
    return encodable(text or "")


def _counted(counter):
    text = ", ".join(f"{shown(name)} ({count:,})" for name, count in counter.most_common(10))
    return (f"{text} and {len(counter) - 10} more" if len(counter) > 10 else text) or "none"
