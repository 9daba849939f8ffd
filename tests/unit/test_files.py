"""A file is whole or absent."""

import pytest
from tweetrnn.errors import UserError
from tweetrnn.files import defused, read_json, replacing, write_json


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
