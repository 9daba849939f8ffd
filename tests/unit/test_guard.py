"""A training stops when asked to, and one process at a time trains a run."""

import errno
import os
import signal
import socket
import subprocess
import sys
import time
from contextlib import contextmanager
from pathlib import Path

import psutil
import pytest
from tweetrnn.errors import Stopped, UserError
from tweetrnn.supervision import guard
from tweetrnn.supervision.guard import Guard, one_writer, process_started


@pytest.fixture
def quick(monkeypatch):
    """Check the supervisor and the lock all the time."""
    monkeypatch.setattr(guard, "CHECK_INTERVAL", 0.01)


@contextmanager
def python(program, *arguments):
    """Run a program that imports ``guard``; it ends when its standard input does."""
    with subprocess.Popen(
        [sys.executable, "-c", program, *map(str, arguments)],
        env={"PYTHONPATH": str(Path(guard.__file__).parents[2])},
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        try:
            yield process
        finally:
            process.kill()


# When a process started


def test_start_of_a_process_is_in_ticks_since_boot():
    since_boot = psutil.Process().create_time() - psutil.boot_time()
    ticks = since_boot * os.sysconf("SC_CLK_TCK")
    assert process_started(os.getpid()) == pytest.approx(ticks, abs=1)


def test_name_of_a_process_does_not_hide_its_start():
    name, before = Path("/proc/self/comm"), process_started(os.getpid())
    original = name.read_text()
    name.write_text("a) Z 1 (b c")
    try:
        assert process_started(os.getpid()) == before
    finally:
        name.write_text(original.strip())


def test_process_that_is_gone_has_no_start():
    with subprocess.Popen(["true"]) as process:
        pass
    assert process_started(process.pid) is None


def test_dead_process_that_nobody_has_waited_for_has_no_start():
    with subprocess.Popen(["true"]) as process:
        os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)
        assert Path(f"/proc/{process.pid}").exists()
        assert process_started(process.pid) is None


def test_without_proc_a_start_is_0_for_a_live_process(monkeypatch):
    def absent(path):
        raise FileNotFoundError

    with subprocess.Popen(["true"]) as gone:
        pass
    monkeypatch.setattr(Path, "read_text", absent)
    monkeypatch.setattr(Path, "exists", lambda path: False)
    assert process_started(os.getpid()) == 0
    assert process_started(gone.pid) is None


# Signals and the supervisor


@pytest.mark.parametrize("number", guard.SIGNALS)
def test_signal_stops_at_the_next_poll_and_not_before(number):
    with Guard() as active:
        active.poll()
        os.kill(os.getpid(), number)
        with pytest.raises(Stopped, match=f"^{number.name}$"):
            active.poll()


def test_second_signal_changes_nothing():
    with Guard() as active:
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGTERM):
            os.kill(os.getpid(), number)
        with pytest.raises(Stopped):
            active.poll()


def test_signal_handlers_are_restored_afterwards():
    before = [signal.getsignal(number) for number in guard.SIGNALS]
    with pytest.raises(RuntimeError), Guard():
        assert [signal.getsignal(number) for number in guard.SIGNALS] != before
        raise RuntimeError
    assert [signal.getsignal(number) for number in guard.SIGNALS] == before


def test_training_without_a_supervisor_continues(quick):
    with Guard() as active:
        for _ in range(3):
            active.poll()
            time.sleep(0.02)


def test_supervisor_s_end_stops_even_if_nobody_waits_for_it(quick):
    with python("import sys; sys.stdin.read()") as supervisor, Guard(f"{supervisor.pid}") as active:
        active.poll()
        supervisor.kill()
        os.waitid(os.P_PID, supervisor.pid, os.WEXITED | os.WNOWAIT)
        time.sleep(0.02)
        with pytest.raises(Stopped, match=f"end of the supervising process {supervisor.pid}"):
            active.poll()


def test_supervisor_that_has_already_ended_stops_at_the_first_poll():
    with subprocess.Popen(["true"]) as gone:
        pass
    with Guard(f"{gone.pid}") as active, pytest.raises(Stopped):
        active.poll()


def test_another_process_with_the_supervisor_s_pid_is_not_the_supervisor(quick, monkeypatch):
    with Guard(f"{os.getpid()}") as active:
        active.poll()
        monkeypatch.setattr(guard, "process_started", lambda pid: active.started + 1)
        time.sleep(0.02)
        with pytest.raises(Stopped):
            active.poll()


def test_supervisor_on_another_host_is_not_looked_for_here(quick):
    with subprocess.Popen(["true"]) as gone:
        pass
    with Guard(f"{gone.pid}@elsewhere") as active:
        active.poll()
    with Guard(f"{gone.pid}@{socket.gethostname()}") as active, pytest.raises(Stopped):
        active.poll()


def test_supervisor_is_not_checked_at_every_poll(monkeypatch):
    checks = []
    with Guard(f"{os.getpid()}") as active:
        monkeypatch.setattr(
            guard, "process_started", lambda pid: checks.append(pid) or active.started
        )
        for _ in range(1000):
            active.poll()
    assert len(checks) == 1


@pytest.mark.parametrize("number", guard.SIGNALS)
def test_signal_ends_a_process_that_has_nothing_to_lose_at_once(number):
    # Whatever the running code does with exceptions.
    program = """
import time
from tweetrnn.supervision.guard import Guard
with Guard() as guard:
    with guard.nothing_to_lose():
        print("ready", flush=True)
        try:
            time.sleep(60)
        except BaseException:
            pass
"""
    with python(program) as process:
        assert process.stdout.readline() == "ready\n"
        process.send_signal(number)
        assert process.wait(10) == guard.STOPPED_STATUS


def test_signal_is_only_recorded_again_after_nothing_to_lose():
    with Guard() as active:
        with active.nothing_to_lose():
            pass
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped):
            active.poll()


# The lock

HOLDER = """
import sys
from tweetrnn.supervision.guard import one_writer
with one_writer(sys.argv[1], 0):
    print("held", flush=True)
    sys.stdin.read()
"""


@contextmanager
def holder(directory):
    """Another process that holds ``directory`` until its standard input ends."""
    with python(HOLDER, directory) as process:
        assert process.stdout.readline() == "held\n"
        yield process


def test_lock_and_directory_are_removed_at_the_end(tmp_path):
    with one_writer(tmp_path / "a/b", 0):
        assert (tmp_path / "a/b/lock").exists()
    assert list((tmp_path / "a").iterdir()) == []


def test_directory_with_a_checkpoint_is_kept(tmp_path):
    with pytest.raises(Stopped), one_writer(tmp_path / "run", 0):
        (tmp_path / "run/checkpoint").touch()
        raise Stopped
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["checkpoint"]


@pytest.mark.slow
def test_second_process_stops_with_a_message_when_it_has_waited_long_enough(tmp_path, quick):
    with holder(tmp_path / "run"):
        began = time.monotonic()
        with pytest.raises(UserError) as caught, one_writer(tmp_path / "run", 0.2):
            pass
        assert time.monotonic() - began >= 0.2
    assert str(caught.value) == (
        f"{tmp_path}/run/lock: another process is training this run and did not end within 0.2 s; "
        "let it finish or end it, then run again"
    )


def test_second_process_continues_when_the_first_is_done(tmp_path, quick):
    with holder(tmp_path / "run") as first:
        polls = []

        def poll():
            polls.append(first.poll())
            if len(polls) == 3:
                first.stdin.close()

        with one_writer(tmp_path / "run", 60, poll):
            assert first.wait(10) == 0
    assert len(polls) >= 3


def test_second_process_takes_the_place_of_one_killed_without_notice(tmp_path, quick):
    with holder(tmp_path / "run") as first:
        first.kill()
        first.wait()
        assert (tmp_path / "run/lock").exists()
        with one_writer(tmp_path / "run", 0):
            pass
    assert list(tmp_path.iterdir()) == []


def test_suspended_process_keeps_its_lock(tmp_path, quick):
    with holder(tmp_path / "run") as first:
        first.send_signal(signal.SIGSTOP)
        with pytest.raises(UserError), one_writer(tmp_path / "run", 0.1):
            pass


def test_waiting_process_can_be_stopped(tmp_path, quick):
    with holder(tmp_path / "run"), Guard() as active:
        os.kill(os.getpid(), signal.SIGTERM)
        with pytest.raises(Stopped), one_writer(tmp_path / "run", 60, active.poll):
            pass


def test_lock_on_a_file_that_is_removed_meanwhile_does_not_count(tmp_path, monkeypatch):
    lockf, path = guard.fcntl.lockf, tmp_path / "lock"

    def late(stream, how):
        path.unlink()
        lockf(stream, how)

    monkeypatch.setattr(guard.fcntl, "lockf", late)
    assert guard._lock(path) is None


def test_lock_on_a_file_that_is_replaced_meanwhile_does_not_count(tmp_path, monkeypatch):
    lockf, path = guard.fcntl.lockf, tmp_path / "lock"

    def late(stream, how):
        path.unlink()
        path.touch()
        lockf(stream, how)

    monkeypatch.setattr(guard.fcntl, "lockf", late)
    assert guard._lock(path) is None


def test_file_system_without_locks_is_reported(tmp_path, monkeypatch):
    def none(stream, how):
        raise OSError(errno.ENOLCK, "No locks available")

    monkeypatch.setattr(guard.fcntl, "lockf", none)
    with pytest.raises(UserError, match="cannot be locked"):
        guard._lock(tmp_path / "lock")


def test_file_in_place_of_the_directory_is_an_error(tmp_path):
    (tmp_path / "run").touch()
    with pytest.raises(NotADirectoryError), one_writer(tmp_path / "run", 60):
        pass


CONTENDER = """
import os, random, sys
from pathlib import Path
from tweetrnn.supervision import guard
guard.CHECK_INTERVAL = 1e-4
directory, alone, done = map(Path, sys.argv[1:])
while not done.exists():
    with guard.one_writer(directory, 60):
        alone.mkdir()  # fails if another process is inside
        if random.random() < 0.5:
            os.sched_yield()
        alone.rmdir()
    print("held", flush=True)
"""


@pytest.mark.slow
def test_many_processes_never_hold_the_lock_at_once(tmp_path):
    # Each creates and removes the directory and the lock file, again and again.
    paths = [tmp_path / name for name in ("run", "alone", "done")]
    with (
        python(CONTENDER, *paths) as a,
        python(CONTENDER, *paths) as b,
        python(CONTENDER, *paths) as c,
    ):
        for process in (a, b, c):
            for _ in range(100):
                assert process.stdout.readline() == "held\n"
        paths[2].touch()
        for process in (a, b, c):
            process.communicate(timeout=30)
            assert process.returncode == 0
