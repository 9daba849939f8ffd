"""Who may run Snakemake in a folder, and whose locks may be removed."""

import os
import socket
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest
from tweetrnn.errors import UserError
from tweetrnn.supervision import ownership


def test_second_submission_is_refused_until_the_first_has_ended(tmp_path):
    with ownership.Ownership.take(tmp_path) as first:
        first.begin()
        with pytest.raises(UserError, match=f"process {os.getpid()} on"):
            ownership.Ownership.take(tmp_path)
    ownership.Ownership.take(tmp_path).__exit__()


def take_and_be_killed(directory, then):
    """Have a process take the directory, run the code ``then`` and be killed."""
    program = f"""
import os, pathlib, signal, subprocess
from tweetrnn.supervision.ownership import Ownership
mine = Ownership.take({str(directory)!r})
mine.begin()
{then}
os.kill(os.getpid(), signal.SIGKILL)
"""
    package = Path(ownership.__file__).parents[2]
    subprocess.run([sys.executable, "-c", program], env=os.environ | {"PYTHONPATH": str(package)})


def killed_owner(directory):
    """Have a process take the directory, create Snakemake's lock and be killed."""
    lock = directory / ".snakemake/locks/0.output.lock"
    lock.parent.mkdir(parents=True)
    take_and_be_killed(directory, f"pathlib.Path({str(lock)!r}).write_text('x'); mine.beat()")
    return lock


def test_lock_of_a_killed_submission_is_removed(tmp_path):
    lock = killed_owner(tmp_path)
    assert lock.exists()
    with ownership.Ownership.take(tmp_path) as mine:
        assert mine.unlock()
    assert not lock.exists()


@pytest.mark.slow
def test_snakemake_that_dies_after_its_submitter_is_waited_for(tmp_path):
    take_and_be_killed(tmp_path, "subprocess.Popen(['sleep', '1'], pass_fds=[mine.handle])")
    began = time.monotonic()
    ownership.Ownership.take(tmp_path).__exit__()
    assert time.monotonic() - began > 0.2


def test_lock_that_the_dead_submission_cannot_have_made_is_kept(tmp_path):
    lock = killed_owner(tmp_path)
    later = lock.stat().st_mtime + 60
    os.utime(lock, (later, later))
    with (
        ownership.Ownership.take(tmp_path) as mine,
        pytest.raises(UserError, match="snakemake --unlock"),
    ):
        mine.unlock()
    assert lock.exists()


def test_lock_without_any_submission_before_is_kept(tmp_path):
    (tmp_path / ".snakemake/locks").mkdir(parents=True)
    lock = tmp_path / ".snakemake/locks/0.output.lock"
    lock.write_text("results/x")
    with ownership.Ownership.take(tmp_path) as mine, pytest.raises(UserError):
        mine.unlock()
    assert lock.exists()


def test_process_is_known_to_be_dead_only_on_its_own_machine():
    child = subprocess.Popen([sys.executable, "-c", "input()"], stdin=subprocess.PIPE)
    owner = ownership.identity(child.pid)
    assert not ownership.is_dead(owner)
    child.communicate()
    assert ownership.is_dead(owner)
    assert not ownership.is_dead(owner | {"host": "elsewhere"})
    assert ownership.is_dead(ownership.identity(os.getpid()) | {"boot": "earlier"})


def record_of_another_machine(folder):
    """Write the record of an owner on another machine whose lock is not seen here."""
    path = folder / ".snakemake/submit/owner.json"
    path.parent.mkdir(parents=True)
    ownership.write_json(path, ownership.identity(1) | {"host": "elsewhere"})
    return path


def test_owner_of_another_machine_whose_heart_beats_is_respected(tmp_path):
    path, over = record_of_another_machine(tmp_path), threading.Event()

    def beat():
        while not over.wait(0.1):
            os.utime(path)

    thread = threading.Thread(target=beat)
    thread.start()
    try:
        with pytest.raises(UserError, match="process 1 on elsewhere"):
            ownership.Ownership.take(tmp_path)
    finally:
        over.set()
        thread.join()
    assert path.exists()


def test_owner_of_another_machine_that_was_silent_for_a_minute_is_dead(tmp_path):
    path = record_of_another_machine(tmp_path)
    os.utime(path, times=(time.time() - 61,) * 2)
    with ownership.Ownership.take(tmp_path) as mine:
        mine.begin()
        assert ownership.socket.gethostname() in path.read_text()


def test_owner_that_just_fell_silent_is_waited_for(tmp_path, monkeypatch):
    monkeypatch.setattr(ownership, "SILENCE", 0.5)
    record_of_another_machine(tmp_path)
    began = time.monotonic()
    ownership.Ownership.take(tmp_path).__exit__()
    assert time.monotonic() - began > 0.4


def test_owner_that_was_replaced_while_it_slept_notices_and_leaves_the_record(tmp_path):
    with ownership.Ownership.take(tmp_path) as mine:
        mine.begin()
        record = tmp_path / ".snakemake/submit/owner.json"
        ownership.write_json(record, ownership.identity(1) | {"host": socket.gethostname()})
        with pytest.raises(ownership.Replaced, match="another command runs in this folder"):
            mine.beat()
    assert record.exists()


@pytest.mark.parametrize("number", [5, 116])  # EIO, ESTALE
def test_file_system_may_fail_for_a_minute(tmp_path, monkeypatch, number):
    with ownership.Ownership.take(tmp_path) as mine:
        mine.begin()

        def fail(path, *arguments):
            raise OSError(number, os.strerror(number), str(path))

        with monkeypatch.context() as patch:
            patch.setattr(ownership.os, "utime", fail)
            mine.beat()
        mine.beat()
        monkeypatch.setattr(ownership.os, "utime", fail)
        mine.beat()
        monkeypatch.setattr(ownership, "FAULTS", -1)
        with pytest.raises(UserError, match=f"owner.json: .*{os.strerror(number)}"):
            mine.beat()
        monkeypatch.undo()


def test_deleted_folder_is_written_again_and_still_keeps_others_out(tmp_path, caplog, monkeypatch):
    monkeypatch.setattr(ownership.logger, "propagate", True)
    with ownership.Ownership.take(tmp_path) as mine:
        mine.begin()
        subprocess.run(["rm", "-r", tmp_path / ".snakemake/submit"], check=True)
        mine.beat()
        assert "was deleted while a command uses it" in caplog.text
        with pytest.raises(UserError, match=f"process {os.getpid()} on"):
            ownership.Ownership.take(tmp_path)
    assert not (tmp_path / ".snakemake/submit/owner.json").exists()
