"""Locks on files: one run at a time, and whoever comes second is told of the first."""

import os
import signal
import subprocess
import sys
import time
from pathlib import Path
from typing import Any

import pytest

from valor.exceptions import LockedError
from valor.files import Lock

HOLD = """\
import sys, time
from valor.files import Lock
with Lock(sys.argv[1]):
    print("held", flush=True)
    time.sleep(60)
"""


def holder(path: Path) -> "subprocess.Popen[str]":
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_told_who_is_first(tmp_path: Path) -> None:
    process = holder(tmp_path / "run")
    try:
        with pytest.raises(
            LockedError, match=f"run is in use by process {process.pid} on .* since"
        ):
            Lock(tmp_path / "run").acquire()
    finally:
        process.kill()
        process.communicate()


def test_a_lock_ends_with_its_process(tmp_path: Path) -> None:
    process = holder(tmp_path / "run")
    process.send_signal(signal.SIGKILL if os.name == "posix" else signal.SIGTERM)
    process.communicate()
    for _ in range(100):
        try:
            with Lock(tmp_path / "run"):
                return
        except LockedError:  # the system takes a moment
            time.sleep(0.05)
    pytest.fail("the lock of a process that is gone was never given back")


def test_within_one_process_too(tmp_path: Path) -> None:
    with Lock(tmp_path / "run"), pytest.raises(LockedError, match=f"process {os.getpid()}"):
        Lock(tmp_path / "run").acquire()
    with Lock(tmp_path / "run"), Lock(tmp_path / "other"):
        pass


def test_the_second_leaves_the_note_of_the_first(tmp_path: Path) -> None:
    with Lock(tmp_path / "run"):
        before = (tmp_path / "run.lock").read_text()
        for _ in range(3):
            with pytest.raises(LockedError):
                Lock(tmp_path / "run").acquire()
        assert (tmp_path / "run.lock").read_text() == before
    assert (tmp_path / "run.lock").read_text() == ""


def test_a_link_and_its_file_are_one(tmp_path: Path) -> None:
    (tmp_path / "run").touch()
    (tmp_path / "link").symlink_to(tmp_path / "run")
    with Lock(tmp_path / "link"), pytest.raises(LockedError):
        Lock(tmp_path / "run").acquire()


def test_without_a_folder_the_system_says_why(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError):
        Lock(tmp_path / "none" / "run").acquire()


def test_giving_back_twice_does_nothing(tmp_path: Path) -> None:
    lock = Lock(tmp_path / "run")
    lock.acquire()
    lock.release()
    lock.release()
    with Lock(tmp_path / "run"):
        lock.release()
        with pytest.raises(LockedError):
            lock.acquire()


def test_who_has_taken_it_just_now_says_so_at_once(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    note = tmp_path / "run.lock"
    with Lock(tmp_path / "run"):
        said = note.read_text()
        note.write_text("")
        monkeypatch.setattr(time, "sleep", lambda seconds: note.write_text(said))
        with pytest.raises(LockedError, match=f"process {os.getpid()}"):
            Lock(tmp_path / "run").acquire()
        note.write_text("")
        monkeypatch.setattr(time, "sleep", lambda seconds: None)
        with pytest.raises(LockedError, match="another process"):
            Lock(tmp_path / "run").acquire()


def test_an_interrupt_while_it_is_given_back_does_not_keep_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lock = Lock(tmp_path / "run")
    lock.acquire()

    class Interrupted:
        def __init__(self, file: Any) -> None:
            self.close = file.close

        def truncate(self, size: int) -> None:
            raise KeyboardInterrupt

    monkeypatch.setattr(lock, "_file", Interrupted(lock._file))
    with pytest.raises(KeyboardInterrupt):
        lock.release()
    with Lock(tmp_path / "run"):
        pass
