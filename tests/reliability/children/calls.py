"""The calls of a save that change something on the disk, each of them to be had in hand.

A module for the programs beside it. Calls that only look change nothing, so that a process killed
in one leaves what it leaves when it is killed after the last call that does not.
"""

import io
import os
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any
from unittest import mock

from valor.files import _writing

Do = Callable[[], Any]
# Called instead of a call: with its name, with what it is about (paths, and data), and with a
# function that does it.
Around = Callable[[str, tuple[Any, ...], Do], Any]


class Raw(io.FileIO):
    """A file that is written to in pieces, as the system may at any time decide to do."""

    def __init__(self, path: str, around: Around, piece: int) -> None:
        self._around, self._piece = around, piece
        around("create", (path,), lambda: super(Raw, self).__init__(path, "wb"))

    def write(self, data: Any) -> int:
        piece = bytes(data[: self._piece])
        written: int = self._around(
            "write", (self.name, piece), lambda: super(Raw, self).write(piece)
        )
        return written

    def close(self) -> None:
        if not self.closed:
            try:
                self._around("close", (self.name,), super().close)
            finally:
                super().close()  # one that fails is done all the same


@contextmanager
def around_calls(around: Around, piece: int = 1 << 30) -> Iterator[None]:
    """Have every call of a save in hand, the data written in pieces of that many bytes."""
    paths: dict[int, str] = {}
    real = {name: getattr(os, name) for name in ("fsync", "link", "replace", "remove", "open")}

    def opened(path: str, mode: str) -> Any:
        if mode == "rb":
            return open(path, mode)
        file = io.BufferedWriter(Raw(path, around, piece))
        paths[file.fileno()] = path
        return file

    def opened_folder(path: str, flags: int) -> int:
        descriptor: int = around("open", (path,), lambda: real["open"](path, flags))
        paths[descriptor] = path
        return descriptor

    def synced(descriptor: int) -> None:
        around("fsync", (paths[descriptor],), lambda: real["fsync"](descriptor))

    def calling(name: str) -> Callable[..., Any]:
        return lambda *paths: around(name, paths, lambda: real[name](*paths))

    ours: dict[str, Any] = {name: calling(name) for name in ("link", "replace", "remove")}
    ours |= {"fsync": synced, "open": opened_folder}
    with (
        mock.patch.object(_writing, "open", opened, create=True),
        mock.patch.multiple(os, **ours),
    ):
        yield


class Without:
    """Refuses links, as some file systems do, and hands on all else."""

    def __init__(self, around: Around, links: bool) -> None:
        self.around, self.links = around, links

    def __call__(self, name: str, given: tuple[Any, ...], do: Do) -> Any:
        if name == "link" and not self.links:
            raise PermissionError(1, "Operation not permitted")
        return self.around(name, given, do)


class Nth:
    """Does something at one call, counted from 0, whose name is then `called`."""

    def __init__(self, at: int, act: Callable[[Do], Any]) -> None:
        self.left, self.act, self.called = at, act, ""

    def __call__(self, name: str, given: tuple[Any, ...], do: Do) -> Any:
        self.left -= 1
        if self.left != -1:
            return do()
        self.called = name
        return self.act(do)


def killed_before(do: Do) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def killed_after(do: Do) -> None:
    do()
    os.kill(os.getpid(), signal.SIGKILL)
