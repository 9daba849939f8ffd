"""Files are complete or absent, and damaged ones are refused."""

import os
import stat
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pyarrow as pa
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tweetrnn.errors import UserError
from tweetrnn.files import (
    defused,
    load_array,
    open_parquet,
    read_json,
    read_parquet,
    replacing,
    save_array,
    sha256_of,
    write_json,
    write_parquet,
    write_text,
)

JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(st.characters(exclude_categories=["Cs"])),
    lambda inner: st.lists(inner) | st.dictionaries(st.text("abc"), inner),
)  # fmt: skip
TABLE = pa.table({"word": ["a", "b", None, "a"], "count": [1, 2, 3, 4], "p0": [0.1, 0.2, 0.3, 0.4]})


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """A folder whose files each example overwrites."""
    return tmp_path_factory.mktemp("files")


def flip(path, position, bit):
    """Flip a bit of a file; the position is taken modulo the file's size."""
    content = bytearray(path.read_bytes())
    content[position % len(content)] ^= 1 << bit
    path.write_bytes(content)


def test_failed_write_leaves_the_old_file_and_nothing_beside_it(tmp_path):
    path = tmp_path / "facts.json"
    write_json(path, {"old": 1})
    with pytest.raises(RuntimeError), replacing(path) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert read_json(path) == {"old": 1}
    assert list(tmp_path.iterdir()) == [path]


def killed_writer(path):
    """Have a process begin to write ``path`` and be killed; return the temporary file it leaves."""
    program = (
        "import os, signal, sys; from tweetrnn.files import replacing\n"
        "with replacing(sys.argv[1]) as temporary: print(temporary); sys.stdout.flush(); "
        "os.kill(os.getpid(), signal.SIGKILL)"
    )
    done = subprocess.run([sys.executable, "-c", program, path], capture_output=True, text=True)
    return Path(done.stdout.strip())


def test_the_next_write_deletes_what_a_killed_writer_left(tmp_path):
    left = killed_writer(tmp_path / "facts.json")
    assert left.exists()
    write_json(tmp_path / "facts.json", {})
    assert list(tmp_path.iterdir()) == [tmp_path / "facts.json"]


@pytest.mark.parametrize(
    "name", ["facts.json", "f*", "[f]acts.json", "facts", "facts.json.x", "a b.json"]
)
def test_a_write_deletes_no_other_files(tmp_path, name):
    path = tmp_path / "facts.json"
    others = {killed_writer(path).name} if name != "facts.json" else set()
    others |= {f".{name}.mine.part", f".{name}.x.part", f".{name}.12.abcdefgh.part"}
    for other in others:
        (tmp_path / other).touch()
    write_json(tmp_path / name, {})
    assert {each.name for each in tmp_path.iterdir()} == {*others, name}


def test_two_writers_of_one_file_leave_one_of_their_contents(tmp_path):
    path = tmp_path / "facts.json"
    with replacing(path) as first:
        first.write_text("first")
        with replacing(path) as second:
            second.write_text("second")
        assert path.read_text() == "second"
    assert path.read_text() == "first"
    assert list(tmp_path.iterdir()) == [path]


def test_a_link_is_followed_and_stays(tmp_path):
    target, link = tmp_path / "elsewhere" / "target", tmp_path / "link"
    target.parent.mkdir()
    link.symlink_to("elsewhere/target")
    for text in ("new", "replaced"):
        write_text(link, text)
        assert link.is_symlink() and target.read_text() == text
    assert list(target.parent.iterdir()) == [target]


def test_a_pipe_is_written_to_and_stays(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    with ThreadPoolExecutor(1) as pool:
        read = pool.submit(pipe.read_text)
        write_text(pipe, "through\n" * 100_000)
    assert read.result() == "through\n" * 100_000
    assert stat.S_ISFIFO(pipe.stat().st_mode)
    assert list(tmp_path.iterdir()) == [pipe]


def test_a_device_is_written_to_and_stays(tmp_path):
    device = tmp_path / "null"
    try:
        os.mknod(device, stat.S_IFCHR | 0o666, os.makedev(1, 3))
        device.write_text("")
    except PermissionError:  # not root, or a file system without devices: a link to the machine's
        device.unlink(missing_ok=True)
        device.symlink_to("/dev/null")
    write_text(device, "gone")
    assert stat.S_ISCHR(device.stat().st_mode)


def test_an_open_file_is_written_to_where_it_is(tmp_path):
    """A shell has opened it: /dev/stdout after >> FILE."""
    path, link = tmp_path / "log", tmp_path / "link"
    path.write_text("before\n")
    with path.open("a") as stream:
        link.symlink_to(f"/dev/fd/{stream.fileno()}")
        for name in (f"/dev/fd/{stream.fileno()}", link):
            write_text(name, "added\n")
    assert path.read_text() == "before\nadded\nadded\n"


def test_a_folder_and_a_link_to_itself_are_refused_at_once(tmp_path):
    loop = tmp_path / "loop"
    loop.symlink_to("loop")
    for path, error in [(tmp_path, IsADirectoryError), (loop, OSError)]:
        with pytest.raises(error, match=str(path)), replacing(path):
            raise AssertionError
    assert loop.is_symlink()


def test_failed_write_writes_nothing_to_a_pipe(tmp_path):
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(RuntimeError), replacing(pipe) as temporary:
        temporary.write_text("half")
        raise RuntimeError
    assert os.read(reader, 10) == b""
    os.close(reader)


def test_numbers_that_json_lacks_are_refused(tmp_path):
    with pytest.raises(ValueError):
        write_json(tmp_path / "x.json", {"loss": float("nan")})
    assert list(tmp_path.iterdir()) == []


def test_incomplete_json_is_refused_with_what_to_do(tmp_path):
    path = tmp_path / "facts.json"
    path.write_text('{"a": ')
    with pytest.raises(UserError, match="delete the file and run: snakemake "):
        read_json(path)


@given(JSON)
def test_json_is_read_as_it_was_written(folder, value):
    write_json(folder / "x.json", value)
    assert read_json(folder / "x.json") == value


@given(position=st.integers(0), bit=st.integers(0, 7))
def test_flipped_bit_in_a_json_object_is_refused_or_harmless(folder, position, bit):
    path = folder / "facts.json"
    value = {"kept": 3990, "share": 0.123, "labels": ["negative", "positive"], "none": None}
    write_json(path, value)
    flip(path, position, bit)
    try:
        assert value.items() <= read_json(path).items()
    except UserError as error:
        assert str(path) in str(error)


def test_json_without_a_checksum_is_damaged_unless_somebody_may_have_written_it(tmp_path):
    (tmp_path / "x.json").write_text('{"a": 1, "checksun": "0"}')  # a flipped bit in its name
    with pytest.raises(UserError, match="damaged"):
        read_json(tmp_path / "x.json")
    (tmp_path / "x.json").write_text('{"a": 1}')
    assert read_json(tmp_path / "x.json", by_hand=True) == {"a": 1}


def test_parquet_is_read_as_it_was_written(tmp_path):
    path = tmp_path / "t.parquet"
    write_parquet(path, TABLE)
    assert read_parquet(path, sha256=sha256_of(path)).equals(TABLE)
    assert read_parquet(path, ["p0", "word"]).equals(TABLE.select(["p0", "word"]))


def test_missing_column_in_parquet_is_refused(tmp_path):
    write_parquet(tmp_path / "t.parquet", TABLE)
    with pytest.raises(UserError, match=r"damaged \(it lacks the column p1, p2\)"):
        read_parquet(tmp_path / "t.parquet", ["p0", "p1", "p2"])


@pytest.mark.parametrize(
    ("write", "content", "read"),
    [
        (write_parquet, TABLE, read_parquet),
        (write_parquet, TABLE, lambda path, sha256: open_parquet(path, sha256).__enter__()),
        (save_array, np.arange(5), load_array),
    ],
    ids=["read_parquet", "open_parquet", "load_array"],
)
@given(position=st.integers(0), bit=st.integers(0, 7))
def test_flipped_bit_anywhere_is_refused_where_the_digest_is_known(
    folder, write, content, read, position, bit
):
    path = folder / "file"
    write(path, content)
    sha256 = sha256_of(path)
    flip(path, position, bit)
    with pytest.raises(UserError, match=r"file: damaged \(its sha256 is .*delete the file"):
        read(path, sha256=sha256)


@given(st.integers(0, 10_000))
def test_incomplete_parquet_is_refused_even_without_a_digest(folder, length):
    path = folder / "t.parquet"
    write_parquet(path, TABLE)
    content = path.read_bytes()
    path.write_bytes(content[: length % len(content)])
    with pytest.raises(UserError, match="delete the file and run: snakemake "):
        read_parquet(path)


@pytest.mark.parametrize(
    ("read", "options"),
    [
        (read_json, {}),
        (read_parquet, {}),
        (read_parquet, {"sha256": "0" * 64}),
        (load_array, {}),
        (load_array, {"sha256": "0" * 64}),
    ],
)
def test_missing_file_is_refused_with_what_to_do(tmp_path, read, options):
    with pytest.raises(UserError, match="no such file; make it with: snakemake "):
        read(tmp_path / "absent", **options)


def test_same_rows_give_the_same_parquet_bytes(tmp_path):
    for name in ("one", "other"):
        write_parquet(tmp_path / name, TABLE)
    assert (tmp_path / "one").read_bytes() == (tmp_path / "other").read_bytes()


def test_written_files_have_the_permissions_that_the_umask_says(tmp_path):
    write_json(tmp_path / "facts.json", {})
    plain = tmp_path / "plain"
    plain.write_text("")
    assert (tmp_path / "facts.json").stat().st_mode == plain.stat().st_mode


@pytest.mark.parametrize("text", ["=cmd()", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1"])
def test_formulas_are_text_in_a_csv(text):
    assert defused(text) == f"'{text}"


def test_other_text_is_unchanged_in_a_csv():
    assert defused("570306133677760513") == "570306133677760513"
