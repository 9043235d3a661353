"""A file that follows a history: what is in it whenever somebody looks, and after a failure."""

import os
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from valor import History
from valor_plugins.callbacks.history_file import HistoryFile


def line(names: Any, epoch: int, numbers: Any) -> str:
    return f"{epoch}:{','.join(map(str, numbers))}\n"


@pytest.fixture
def run() -> Any:
    return SimpleNamespace(history=History())


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "history.txt"


def test_it_follows(run: Any, path: Path) -> None:
    file = HistoryFile(path, line, lambda names: f"{'|'.join(names)}\n")
    file.begin()
    assert path.read_text() == ""
    file.follow(run)
    assert path.read_text() == "loss\n"
    for values, expected in (([1.0], "1:1.0\n"), ([], ""), ([2.0, 3.0], "2:2.0\n3:3.0\n")):
        before = path.read_text()
        run.history.extend("loss", values)
        file.follow(run)
        assert path.read_text() == before + expected


def test_a_column_that_comes_later_makes_it_anew(run: Any, path: Path) -> None:
    file = HistoryFile(path, line, lambda names: f"{'|'.join(names)}\n")
    file.begin()
    run.history.extend("loss", [1.0])
    file.follow(run)
    run.history.extend("more", [9.0])
    run.history.extend("loss", [2.0])
    file.follow(run)
    assert path.read_text() == "loss|more\n1:1.0,9.0\n2:2.0,None\n"


def test_what_is_there_stays_until_there_is_something_to_write(run: Any, path: Path) -> None:
    path.write_text("older\n")
    file = HistoryFile(path, line)
    file.begin()
    assert path.read_text() == "older\n"
    run.history.extend("loss", [1.0])
    file.follow(run)
    assert path.read_text() == "1:1.0\n"


def test_a_resumed_run_has_no_epoch_twice(run: Any, path: Path) -> None:
    path.write_text("1:1.0\n2:2.0\n3:3.0\n4:4")  # it was killed, and goes on from the second epoch
    file = HistoryFile(path, line)
    file.begin()
    run.history.extend("loss", [1.0, 2.0, 3.0])
    file.follow(run)
    assert path.read_text() == "1:1.0\n2:2.0\n3:3.0\n"


def test_a_file_that_was_removed_is_written_again(run: Any, path: Path) -> None:
    file = HistoryFile(path, line)
    file.begin()
    run.history.extend("loss", [1.0])
    file.follow(run)
    path.unlink()
    run.history.extend("loss", [2.0])
    file.follow(run)
    assert path.read_text() == "1:1.0\n2:2.0\n"


def test_after_a_full_disk_the_next_call_makes_it_whole(
    run: Any, path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = HistoryFile(path, line)
    file.begin()
    run.history.extend("loss", [1.0])
    file.follow(run)
    run.history.extend("loss", [2.0])

    class Full:
        """Takes three bytes, and no more."""

        def __init__(self, *given: Any, **more: Any) -> None:
            self.count = 0

        def __enter__(self) -> "Full":
            return self

        def __exit__(self, *given: object) -> None: ...

        def write(self, data: bytes) -> int:
            self.count += 1
            if self.count > 1:
                raise OSError(28, "No space left on device")
            with open(os.open(path, os.O_WRONLY | os.O_APPEND), "wb") as real:
                return real.write(data[:3])

    monkeypatch.setattr("valor_plugins.callbacks.history_file.open", Full, raising=False)
    with pytest.raises(OSError, match="No space left") as caught:
        file.follow(run)
    assert caught.value.filename == str(path)
    assert path.read_text() == "1:1.0\n"
    monkeypatch.undo()
    file.follow(run)
    assert path.read_text() == "1:1.0\n2:2.0\n"


def test_an_interrupt_in_the_middle_does_no_harm(run: Any, path: Path) -> None:
    def interrupted(names: Any, epoch: int, numbers: Any) -> str:
        if epoch == 2 and not interrupts:
            interrupts.append(epoch)
            raise KeyboardInterrupt
        return line(names, epoch, numbers)

    interrupts: list[int] = []
    file = HistoryFile(path, interrupted)
    file.begin()
    run.history.extend("loss", [1.0])
    file.follow(run)
    run.history.extend("loss", [2.0])
    with pytest.raises(KeyboardInterrupt):
        file.follow(run)
    file.follow(run)
    assert path.read_text() == "1:1.0\n2:2.0\n"


def test_a_folder_that_is_missing_is_told_at_the_beginning(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match="nowhere"):
        HistoryFile(tmp_path / "nowhere" / "h", line).begin()
