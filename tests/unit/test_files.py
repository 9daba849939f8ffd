"""A file is whole or absent."""

import json

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.errors import UserError
from tweetrnn.files import (
    defused,
    read_json,
    read_parquet,
    replacing,
    write_json,
    write_parquet,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
)  # fmt: skip
TABLE = pa.table({"word": ["a", "b", None, "a"], "count": [1, 2, 3, 4], "p0": [0.1, 0.2, 0.3, 0.4]})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose files are written anew by each example."""
    return tmp_path_factory.mktemp("files")


def flipped(path, position, bit):
    """Flip a bit of a file; the position counts from its beginning, over and over."""
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 1 << bit
    path.write_bytes(content)


def test_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "facts.json"
    write_json(path, {"old": 1})
    with pytest.raises(RuntimeError), replacing(path) as beside:
        beside.write_text("half")
        raise RuntimeError
    assert read_json(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def test_what_a_killed_writer_left_goes_with_the_next_write(tmp_path):
    (tmp_path / ".facts.json.abc.part").write_text("ha")
    (tmp_path / ".other.json.abc.part").write_text("another's")
    write_json(tmp_path / "facts.json", {})
    assert {path.name for path in tmp_path.iterdir()} == {"facts.json", ".other.json.abc.part"}


def test_numbers_that_json_lacks_are_refused(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / "x.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_cut_json_is_told_with_what_heals_it(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text('{"a": ')
    with pytest.raises(UserError, match="delete the file and run again"):
        read_json(path)


@given(JSON)
def test_json_comes_back_as_it_was(folder, value):
    write_json(folder / "x.json", value)
    assert read_json(folder / "x.json") == value


@given(position=st.integers(0), bit=st.integers(0, 7))
def test_flipped_bit_in_a_json_object_is_refused_or_harmless(folder, position, bit):
    path = folder / "facts.json"
    value = {"kept": 3990, "share": 0.123, "labels": ["negative", "positive"], "none": None}
    write_json(path, value)
    flipped(path, position, bit)
    try:
        assert value.items() <= read_json(path).items()
    except UserError as error:
        assert str(path) in str(error)


def test_json_that_somebody_wrote_without_a_checksum_is_read(tmp_path):
    (tmp_path / "x.json").write_text(json.dumps({"a": 1}))
    assert read_json(tmp_path / "x.json") == {"a": 1}


@given(position=st.integers(0), bit=st.integers(0, 7))
def test_flipped_bit_in_parquet_is_refused_or_harmless(folder, position, bit):
    path = folder / "t.parquet"
    write_parquet(path, TABLE)
    flipped(path, position, bit)
    try:
        assert read_parquet(path, TABLE.column_names).to_pylist() == TABLE.to_pylist()
    except UserError as error:
        assert str(path) in str(error)


@given(st.integers(0, 10_000))
def test_cut_parquet_is_refused(folder, length):
    path = folder / "t.parquet"
    write_parquet(path, TABLE)
    content = path.read_bytes()
    path.write_bytes(content[: length % len(content)])
    with pytest.raises(UserError, match="delete the file and run again"):
        read_parquet(path)


def test_same_rows_give_the_same_parquet_bytes(tmp_path):
    for name in ("one", "other"):
        write_parquet(tmp_path / name, TABLE)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_parquet_without_a_digest_of_itself_is_read(tmp_path):
    pq.write_table(TABLE, tmp_path / "t.parquet")
    assert read_parquet(tmp_path / "t.parquet").equals(TABLE)


def test_written_files_are_readable_by_the_group_as_the_umask_says(tmp_path):
    write_json(tmp_path / "facts.json", {})
    plain = tmp_path / "plain"
    plain.write_text("")
    assert (tmp_path / "facts.json").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formula_is_text_in_a_csv(text):
    assert defused(text) == f"'{text}"


def test_other_text_is_left_alone_in_a_csv():
    assert defused("570306133677760513") == "570306133677760513"
