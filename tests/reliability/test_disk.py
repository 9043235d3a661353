"""Whatever a crash of the machine leaves of a save, a checkpoint that was acknowledged is there.

The calls of some saves are noted. From them follows what may be on the disk after a crash at any
moment, if nothing is taken for granted but this:

- what a file holds is there once it was forced to the disk, as of then. Before, there may be any
  beginning of it, nothing, or as many bytes as were written with anything in them;
- names are as they were when the folder was last forced to the disk, with the changes since: those
  up to some moment ("in order"), or of each name those up to a moment of its own ("in any order").

Every such state is put into a folder and read.
"""

import itertools
import json
import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

from valor.checkpoint import read_snapshot
from valor.exceptions import CheckpointError

SAVES = (3, 5, 8, 11)  # the steps in the checkpoints that are written, one over the other
Log = list[list[Any]]
PLACE, PREVIOUS = "run.valor", "run.valor.previous"
NOTHING = "No such file or directory"


@attrs.define(eq=False)
class File:
    """What was written to a file, and how much of that was forced to the disk."""

    written: bytes = b""
    forced: bytes | None = None

    def after_a_crash(self) -> list[bytes]:
        """Return what may be in it."""
        if self.forced == self.written:
            return [self.written]
        size = len(self.written)
        lengths = {0, 1, 18, 19, 84, size // 2, size - 1, size, *range(0, size, 512)}
        found = [self.written[:length] for length in sorted(lengths)]
        found += [bytes(size), random.Random(size).randbytes(size)]
        half = size // 2
        found += [self.written[:half] + bytes(size - half), bytes(half) + self.written[half:]]
        return found


class Disk:
    """Follows the calls of a process: what it sees, and what may be there after a crash."""

    def __init__(self) -> None:
        self.names: dict[str, File] = {}
        # The names as they were when the folder was last forced to the disk, and after each change
        # since then.
        self.since: list[dict[str, File]] = [{}]

    def does(self, call: str, *given: Any) -> None:
        """Follow one call."""
        if call == "create":
            self.names[given[0]] = File()
        elif call == "write":
            self.names[given[0]].written += given[1].encode("latin-1")
        elif call == "fsync" and given[0] == ".":
            self.since = []
        elif call == "fsync":
            self.names[given[0]].forced = self.names[given[0]].written
        elif call == "link":
            self.names[given[1]] = self.names[given[0]]
        elif call == "replace":
            self.names[given[1]] = self.names.pop(given[0])
        elif call == "remove":
            del self.names[given[0]]
        elif call not in ("open", "close", "nothing"):
            raise AssertionError(call)
        if not self.since or self.since[-1] != self.names:
            self.since.append(dict(self.names))

    def after_a_crash(self, in_order: bool) -> Iterator[tuple[bytes | None, bytes | None]]:
        """Yield what may be in the checkpoint and in the one before it; None for no such file."""
        pairs = [(names.get(PLACE), names.get(PREVIOUS)) for names in self.since]
        if not in_order:
            pairs = list(itertools.product(*zip(*pairs, strict=True)))
        for pair in pairs:
            yield from itertools.product(
                *([None] if file is None else file.after_a_crash() for file in pair)
            )


class Reader:
    """Puts a state of the disk into a folder, and says what reading it gives."""

    def __init__(self, folder: Path) -> None:
        self.paths = folder / PLACE, folder / PREVIOUS
        self.known: dict[Any, int | str] = {}

    def read(self, content: bytes | None, previous: bytes | None) -> int | str:
        """Return how many steps are done in the checkpoint, or why it cannot be read."""
        if (content, previous) not in self.known:
            for path, each in zip(self.paths, (content, previous), strict=True):
                path.unlink(missing_ok=True)
                if each is not None:
                    path.write_bytes(each)
            self.known[content, previous] = self._steps()
        return self.known[content, previous]

    def _steps(self) -> int | str:
        path, previous = self.paths
        try:
            if previous.exists():
                read_snapshot(previous)
            return read_snapshot(path).completed_steps
        except CheckpointError as error:
            return str(error).partition(": ")[2]


def found(log: Log, reader: Reader, in_order: bool) -> Iterator[tuple[int, int | str]]:
    """Yield, for each crash, how many saves were acknowledged before it, and what is read after."""
    disk, acknowledged = Disk(), 0
    for step in [["nothing"], *log]:
        if step[0] == "acknowledged":
            acknowledged += 1
        else:
            disk.does(*step)
        for state in disk.after_a_crash(in_order):
            yield acknowledged, reader.read(*state)


@pytest.fixture(scope="module")
def logs(
    snapshots: dict[int, Path], tmp_path_factory: pytest.TempPathFactory, told: Any
) -> dict[str, Log]:
    """The calls of the saves, on a file system with links and on one without."""
    paths = [snapshots[steps] for steps in SAVES]
    return {
        links: json.loads(told("log_calls.py", tmp_path_factory.mktemp("log"), links, *paths))
        for links in ("links", "no links")
    }


@pytest.mark.parametrize("in_order", [True, False], ids=["in order", "in any order"])
@pytest.mark.parametrize("links", ["links", "no links"])
def test_after_a_crash_at_any_moment(
    logs: dict[str, Log], tmp_path: Path, links: str, in_order: bool
) -> None:
    reader, crashes = Reader(tmp_path), 0
    seen = set()
    for acknowledged, read in found(logs[links], reader, in_order):
        allowed: list[int | str] = [*SAVES[max(0, acknowledged - 1) : acknowledged + 1]]
        if not acknowledged:
            allowed.append(NOTHING)
        assert read in allowed
        seen.add(read)
        crashes += 1
    assert seen >= {NOTHING, *SAVES}
    print(f"{links}, {'in order' if in_order else 'in any order'}: {crashes} crashes, ", end="")
    print(f"{len(reader.known)} states of the disk")


# What is found if the saves were done otherwise


def unforced_file(log: Log) -> Log:
    return [call for call in log if call[0] != "fsync" or call[1] == "."]


def unforced_folder(log: Log) -> Log:
    return [call for call in log if call != ["fsync", "."]]


def forced_too_late(log: Log) -> Log:
    """Force a file to the disk after it was put in its place."""
    changed = unforced_file(log)
    for at in reversed(range(len(changed))):
        if changed[at] == ["fsync", "."]:
            changed.insert(at, ["fsync", PLACE])
    return changed


def written_in_place(log: Log) -> Log:
    """Write over the file itself."""
    return [
        [call[0], PLACE, *call[2:]]
        if call[0] in ("create", "write", "fsync") and call[1] != "."
        else call
        for call in log
        if call[0] not in ("link", "replace", "remove")
    ]


@pytest.mark.parametrize(
    "otherwise", [unforced_file, unforced_folder, forced_too_late, written_in_place]
)
def test_a_save_that_is_done_otherwise_is_found_out(
    logs: dict[str, Log], tmp_path: Path, otherwise: Callable[[Log], Log]
) -> None:
    log, reader = otherwise(logs["links"]), Reader(tmp_path)
    assert any(
        acknowledged and read not in SAVES[acknowledged - 1 : acknowledged + 1]
        for acknowledged, read in found(log, reader, in_order=True)
    )
