"""What a corpus knows of a tweet beside its text and label: user, time, confidence, set, slices.

It stays with the tweets and never reaches a model. Users become numbers as they are read; their
names are in no result and no message.
"""

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_tz
from functools import partial

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet as pq

from tweetrnn.data.values import as_text, normalized
from tweetrnn.errors import UserError
from tweetrnn.wording import shown

# The columns of a table of tweets; those that corpus.columns does not name are null.
SCHEMA = {
    "user": pa.uint32(),
    "time": pa.timestamp("ms", tz="UTC"),  # whole seconds; Parquet has no coarser unit
    "confidence": pa.float64(),
    "set": pa.string(),
}
SLICE = "slice_"  # the start of a slice's column
MAX_VALUES = 50  # of a slice
_MAX_COUNTED = 1_000  # values of a slice that are counted for a message
EXPECTED = {
    "time": "a time such as 2015-02-24T11:35:52Z, 2015-02-24 11:35:52 -0800, "
    "Tue Feb 24 11:35:52 +0000 2015 or 1424806552 (Unix seconds)",
    "confidence": "a number from 0 to 1",
}

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_UNIX = re.compile(r"-?(?!\d{8}$)\d+(\.\d+)?")  # eight digits are a date: 20150224
_ZONES = [(re.compile(r"\s*(UTC|GMT)$"), "Z"), (re.compile(r"\s+(?=[+-]\d\d:?\d\d$)"), "")]


def time_of(text):
    """Return a time as a datetime in UTC, to the second; without an offset, it is taken for UTC.

    It may be in a form of ISO 8601, as Twitter and e-mails write it, or Unix seconds (milliseconds
    from 1e11 on).

    Raises:
        ValueError, OverflowError: it is none of these, or not in the years 1 to 9999.
    """
    if _UNIX.fullmatch(text):
        seconds = float(text)
        moment = _EPOCH + timedelta(seconds=seconds / 1000 if seconds >= 1e11 else seconds)
    elif parts := parsedate_tz(text):
        moment = datetime(*parts[:6], tzinfo=UTC) - timedelta(seconds=parts[9] or 0)
    else:
        for pattern, replacement in _ZONES:
            text = pattern.sub(replacement, text)
        moment = datetime.fromisoformat(text)
        moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return moment.astimezone(UTC).replace(microsecond=0)


def confidence_of(text):
    """Return a label's confidence, a number from 0 to 1; ValueError if it is none."""
    confidence = float(text)
    if not 0 <= confidence <= 1:
        raise ValueError(text)
    return confidence


class Details:
    """Reads these values of a corpus's rows, and counts those that cannot be read.

    Args:
        columns: {key: column} of those to read, as ``named_columns`` returns them, without id,
            text and label.
    """

    def __init__(self, columns):
        self.columns = columns
        self.names = [SLICE + name if key not in SCHEMA else key for key, name in columns.items()]
        self.rows, self.unreadable = 0, Counter()  # by key
        self._examples = defaultdict(list)
        self._users, self._values = {}, defaultdict(set)  # of slices, by key
        readers = {"user": self._number, "time": time_of, "confidence": confidence_of}
        self._readers = {key: readers.get(key, partial(self._label, key)) for key in columns}

    def read(self, values, where):
        """Return a row's values as the types of SCHEMA, in the order of ``names``, or None.

        ``where`` says for a message which row it is.
        """
        self.rows += 1
        return [
            self._value(key, value, where) for key, value in zip(self.columns, values, strict=True)
        ]

    def _value(self, key, value, where):
        text = as_text(value)
        if isinstance(text, str):
            text = normalized(text.strip())
        if text in (None, ""):
            return None
        try:
            if not text:  # a list or the like
                raise ValueError
            return self._readers[key](text)
        except (ValueError, OverflowError):
            self.unreadable[key] += 1
            if len(self._examples[key]) < 3:
                shown_value = "" if key == "user" else f": {masked(str(value))}"
                self._examples[key].append(where + shown_value)
            return None

    def _number(self, name):
        return self._users.setdefault(name, len(self._users))

    def _label(self, key, text):
        """Return a slice's value or a set's name."""
        if len(self._values[key]) < _MAX_COUNTED:
            self._values[key].add(text)
        return text

    def check(self, path, max_dropped):
        """Refuse the corpus ``path`` if a column is not what it is named as.

        Raises:
            UserError: a larger share of a column than ``max_dropped`` cannot be read, or a slice
                has too many values.
        """
        for key, count in self.unreadable.items():
            if count > max_dropped * self.rows:
                examples = ", ".join(self._examples[key]) + ", ..." * (count > 3)
                raise UserError(
                    f"{path}: {count:,} of {self.rows:,} values in the column "
                    f"{self.columns[key]!r} (corpus.columns.{key}) cannot be read, more than "
                    f"corpus.max_dropped allows: {examples} (letters shown as x). Expected "
                    f"{EXPECTED.get(key, 'text')}"
                )
        for key, values in self._values.items():
            if key != "set" and len(values) > MAX_VALUES:
                more = " or more" if len(values) == _MAX_COUNTED else ""
                raise UserError(
                    f"{path}: the column {self.columns[key]!r} (corpus.columns.{key}) has "
                    f"{len(values):,}{more} different values, and a slice has at most "
                    f"{MAX_VALUES}; name a column with few values, or leave it out"
                )

    def facts(self, path):
        """Return the facts about these columns of the table of tweets ``path``, a dict.

        users: how many there are. time: the first and the last. missing: tweets without a value,
        by column; unreadable: those whose value could not be read. What is not named is None.
        """
        table, named = pq.read_table(path, columns=self.names), self.names
        keys = dict(zip(named, self.columns, strict=True))
        return {
            "users": pc.count_distinct(table["user"]).as_py() if "user" in named else None,
            "time": time_range(table["time"]) if "time" in named else None,
            "missing": {name: table[name].null_count for name in named},
            "unreadable": {name: self.unreadable[keys[name]] for name in named},
        }


def time_range(times):
    """Return the first and the last of a pyarrow array of times as text; None without any."""
    ends = pc.min_max(times.cast(pa.timestamp("ms"))).as_py()
    first, last = ends["min"], ends["max"]
    return first and {"first": f"{first.isoformat()}Z", "last": f"{last.isoformat()}Z"}


def masked(text):
    """Return a value for a message with letters as x: where columns are mixed up, it is a name."""
    return shown(re.sub(r"[^\W\d_]", "x", text))
