"""Users, times, confidences, sets and slices: read from every format, checked, and kept private."""

import json
from collections import defaultdict
from datetime import UTC, datetime

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from example_corpus import LABELS, contents, run_encode, run_split, run_tokenize, written
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.data.details import confidence_of, time_of
from tweetrnn.errors import UserError
from tweetrnn.results import Results

COLUMNS = {
    "user": "who",
    "time": "when",
    "confidence": "sure",
    "set": "part",
    "slices": ["airline"],
}
MOMENT = datetime(2015, 2, 24, 19, 35, 52, tzinfo=UTC)


@pytest.mark.parametrize(
    "text",
    [
        "2015-02-24 11:35:52 -0800",
        "2015-02-24 11:35:52 -08:00",
        "2015-02-24T19:35:52Z",
        "2015-02-24T19:35:52.999999Z",
        "2015-02-24 19:35:52",
        "2015-02-24 19:35:52 UTC",
        "20150224T193552",
        "Tue Feb 24 19:35:52 +0000 2015",
        "Tue, 24 Feb 2015 11:35:52 -0800",
        "Tue Feb 24 11:35:52 PST 2015",
        "1424806552",
        "1424806552.75",
        "1424806552750",
    ],
)
def test_a_time_is_read_in_the_forms_that_corpora_have(text):
    assert time_of(text) == MOMENT


def test_a_date_is_its_beginning():
    assert time_of("2015-02-24") == time_of("20150224") == datetime(2015, 2, 24, tzinfo=UTC)


@given(st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.timezones()))
def test_a_time_comes_back_from_its_iso_form(moment):
    expected = moment.astimezone(UTC).replace(microsecond=0)
    assert time_of(moment.isoformat()) == expected


@given(st.text() | st.from_regex(r"[0-9]{1,400}(\.[0-9]+)?|[A-Za-z0-9 :,+-]{4,30}", fullmatch=True))
def test_any_text_is_a_time_to_the_second_or_refused(text):
    try:
        moment = time_of(text)
    except (ValueError, OverflowError):
        return
    assert moment.tzinfo == UTC and not moment.microsecond


@pytest.mark.parametrize("text", ["1.5", "-0.1", "nan", "inf", "high", ""])
def test_a_confidence_is_a_number_from_0_to_1(text):
    assert confidence_of("0.6503") == 0.6503
    with pytest.raises(ValueError):
        confidence_of(text)


def frame(n=60, **changes):
    """Return n tweets with details."""
    table = {
        "tweet_id": [str(i) for i in range(n)],
        "text": [f"tweet number {i}" for i in range(n)],
        "airline_sentiment": [LABELS[i % 3] for i in range(n)],
        "who": [f"ann{i % 7}" for i in range(n)],
        "when": [f"2015-02-{1 + i % 28:02d} 12:00:00 -0800" for i in range(n)],
        "sure": [1 - i % 4 / 8 for i in range(n)],
        "part": [["train", "dev", "test"][i % 3] for i in range(n)],
        "airline": [["United", "Delta", ""][i % 3] for i in range(n)],
    }
    return pd.DataFrame(table | changes)


def tokenized(folder, table, ending="csv", columns=COLUMNS, **changes):
    """Tokenize a table that is written in the ending's format; return (tweets, facts)."""
    path = folder / f"t.{ending}"
    if ending == "jsonl":
        lines = (json.dumps(row) for row in table.to_dict("records"))
        path.write_text("\n".join(lines), encoding="utf-8")
    elif ending == "parquet":
        table.to_parquet(path)
    else:
        table.to_csv(path, index=False, sep="\t" if ending == "tsv" else ",")
    run_tokenize(path, folder / "results", columns=columns, **changes)
    return written(folder / "results")[:2]


@pytest.mark.parametrize("ending", ["csv", "tsv", "jsonl", "parquet"])
def test_details_of_every_format_stay_with_the_tweets(tmp_path, ending):
    tweets, facts = tokenized(tmp_path, frame(), ending)
    assert [tweet["user"] for tweet in tweets] == [i % 7 for i in range(60)]
    assert tweets[1]["time"] == datetime(2015, 2, 2, 20, tzinfo=UTC)
    assert tweets[1]["confidence"] == 0.875
    assert [tweet["set"] for tweet in tweets[:3]] == ["train", "dev", "test"]
    assert [tweet["slice_airline"] for tweet in tweets[:3]] == ["United", "Delta", None]
    assert facts["users"] == 7
    assert facts["time"] == {"first": "2015-02-01T20:00:00Z", "last": "2015-02-28T20:00:00Z"}
    assert facts["missing"] == {
        **{"user": 0, "time": 0, "confidence": 0, "set": 0},
        "slice_airline": 20,
    }


def test_times_of_parquet_are_read(tmp_path):
    when = pd.to_datetime(["2015-02-24 11:35:52.5-08:00"] * 60, utc=True).tz_convert(
        "America/Chicago"
    )
    tweets, _ = tokenized(tmp_path, frame(when=when), "parquet")
    assert tweets[0]["time"] == MOMENT


def test_columns_that_are_not_named_are_null(tmp_path):
    tweets, facts = tokenized(tmp_path, frame(), columns={})
    known = [(t["user"], t["time"], t["confidence"], t["set"]) for t in tweets]
    assert set(known) == {(None, None, None, None)}
    assert (facts["users"], facts["time"], facts["missing"]) == (None, None, {})
    schema = pq.read_schema(Results(tmp_path / "results").tweets)
    assert schema.field("user").type == pa.uint32()
    assert schema.field("time").type == pa.timestamp("ms", tz="UTC")
    assert not [name for name in schema.names if name.startswith("slice_")]


def test_missing_values_are_null_and_users_are_numbered_as_they_appear(tmp_path):
    who = ["zoe", "", "ann", "zoe", *[None] * 56]
    when = ["2015-02-24", "", None, *["2015-02-25"] * 57]
    tweets, facts = tokenized(tmp_path, frame(who=who, when=when))
    assert [tweet["user"] for tweet in tweets[:5]] == [0, None, 1, 0, None]
    assert facts["users"] == 2
    assert (facts["missing"]["user"], facts["missing"]["time"]) == (57, 2)
    assert facts["unreadable"]["time"] == 0


def test_a_rare_value_that_cannot_be_read_is_null_and_counted(tmp_path):
    table = frame(200)
    table.loc[7, "when"] = "yesterday"
    table["sure"] = table["sure"].astype(object)
    table.loc[8, "sure"] = "very"
    tweets, facts = tokenized(tmp_path, table)
    assert tweets[7]["time"] is None and tweets[8]["confidence"] is None
    assert (facts["unreadable"]["time"], facts["unreadable"]["confidence"]) == (1, 1)


@pytest.mark.parametrize(
    ("column", "key", "value", "message"),
    [
        (
            "when",
            "time",
            "24.02.2015 at noon",
            r"60 of 60 values in the column 'when' \(corpus\.columns\.time\) cannot be read, more "
            r"than corpus\.max_dropped allows: row 1 \(line 2\): '24\.02\.2015 xx xxxx', .*\.\.\. "
            r"\(letters shown as x\)\. Expected a time such as",
        ),
        ("sure", "confidence", "99", r"row 1 \(line 2\): '99'.* Expected a number from 0 to 1"),
    ],
)
def test_a_column_that_is_not_what_it_is_named_as_is_refused(tmp_path, column, key, value, message):
    with pytest.raises(UserError, match=message):
        tokenized(tmp_path, frame(**{column: [value] * 60}))
    assert not (tmp_path / "results").exists() or not contents(tmp_path / "results")


def test_a_column_that_is_absent_is_refused_with_those_that_are_there(tmp_path):
    for ending in ("csv", "jsonl", "parquet"):
        with pytest.raises(UserError, match=r"no column 'whom'.*corpus\.columns\.user.*'who'"):
            tokenized(tmp_path, frame(), ending, columns={"user": "whom"})
    with pytest.raises(UserError, match=r"corpus\.columns\.slices\[1\]"):
        tokenized(tmp_path, frame(), columns={"slices": ["airline", "airport"]})


@pytest.mark.parametrize(("values", "count"), [(51, "51"), (1_500, "1,000 or more")])
def test_a_column_of_many_values_is_no_slice(tmp_path, values, count):
    table = frame(2_000, airline=[f"airline {i % values}" for i in range(2_000)])
    message = rf"'airline' \(corpus\.columns\.slices\[0\]\) has {count} different values, and"
    with pytest.raises(UserError, match=message):
        tokenized(tmp_path, table)


def test_fifty_values_are_a_slice(tmp_path):
    tweets, _ = tokenized(tmp_path, frame(100, airline=[f"airline {i % 50}" for i in range(100)]))
    assert len({tweet["slice_airline"] for tweet in tweets}) == 50


@pytest.mark.parametrize("columns", [{"slices": ["who"]}, {"time": "who"}, {"id": "who"}])
def test_the_column_of_users_has_no_other_use(tmp_path, columns):
    with pytest.raises(UserError, match="name the same column, 'who'"):
        tokenized(tmp_path, frame(), columns={"user": "who"} | columns)


NAME = "Zyxwvut_Quux"


@pytest.fixture
def named():
    """A table in which the users' names occur nowhere else."""
    return frame(who=[f"{NAME}{i % 9}" for i in range(60)])


def test_no_result_has_a_user_s_name(tmp_path, named, caplog):
    caplog.set_level("DEBUG")
    named.loc[5, "text"] = ""
    tokenized(tmp_path, named, max_dropped=0.1)
    run_encode(tmp_path / "results")
    run_split(tmp_path / "results", method="grouped")
    for path, content in contents(tmp_path / "results").items():
        assert NAME.encode() not in content, path
        if path.suffix == ".parquet":
            assert NAME not in str(pq.read_table(path).to_pydict()), path
    assert NAME not in caplog.text


@pytest.mark.parametrize(
    ("ending", "columns"),
    [
        ("csv", {"user": "sure", "time": "who"}),
        ("csv", {"user": "sure", "confidence": "who"}),
        ("csv", {"user": "whom"}),
    ],
)
def test_no_message_has_a_user_s_name(tmp_path, named, ending, columns):
    with pytest.raises(UserError) as caught:
        tokenized(tmp_path, named, ending, columns=columns)
    assert NAME not in str(caught.value)


@pytest.mark.parametrize("delimiter", [None, ";"])
def test_a_file_without_a_header_is_refused_without_a_user_s_name(tmp_path, named, delimiter):
    named.to_csv(tmp_path / "t.csv", index=False, header=False, sep=";")
    with pytest.raises(UserError, match="Is the first line a header") as caught:
        run_tokenize(tmp_path / "t.csv", tmp_path / "results", columns=COLUMNS, delimiter=delimiter)
    assert NAME not in str(caught.value)


def test_a_list_of_users_is_counted_without_showing_it(tmp_path):
    table = frame(who=[[NAME]] * 60)
    with pytest.raises(UserError, match=r"60 of 60 values in the column 'who'") as caught:
        tokenized(tmp_path, table, "jsonl")
    assert NAME not in str(caught.value)


def test_equal_users_have_equal_numbers_and_others_have_not(tmp_path):
    who = [f"user{i * i % 13}" for i in range(60)]
    tweets, _ = tokenized(tmp_path, frame(who=who))
    numbers = defaultdict(set)
    for name, tweet in zip(who, tweets, strict=True):
        numbers[name].add(tweet["user"])
    assert all(len(found) == 1 for found in numbers.values())
    assert len(set.union(*numbers.values())) == len(numbers)
