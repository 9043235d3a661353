"""Locks: only one run at a time may write to a file."""

import contextlib
import os
import time
from typing import Any

from valor._arguments import path_of
from valor.exceptions import LockedError


class Lock:
    """A lock on a file, which the system gives back when its process ends, however it ends.

    It is held on a second file, ``path + ".lock"``, which says who holds it and stays there.

    Args:
        path: the file to lock; its folder must exist.

    Raises:
        InvalidArgumentError: it is no path.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with Lock(f"{folder}/run.valor"):
    ...         Lock(f"{folder}/run.valor").acquire()
    Traceback (most recent call last):
    valor.exceptions.LockedError: ... is in use by process ...
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path_of(path)
        self._file: Any = None

    def acquire(self) -> None:
        """Take the lock.

        Raises:
            LockedError: another process has it, or another run of this one.
            OSError: the file of the lock cannot be made, or written to.
        """
        # Not "w": what it says of its holder is there until the lock is ours.
        file = open(os.path.realpath(self.path) + ".lock", "a+", encoding="utf-8")  # noqa: SIM115
        try:
            _lock(file)
        except OSError:
            owner = _owner(file)
            file.close()
            raise LockedError(
                f"{self.path} is in use by {owner}; wait for it to end, end it, or choose another "
                "place"
            ) from None
        except BaseException:
            file.close()
            raise
        try:
            file.truncate(0)
            started = time.strftime("%Y-%m-%d %H:%M:%S")
            file.write(f"process {os.getpid()} on {_host()} since {started}\n")
            file.flush()
        except BaseException as error:
            with contextlib.suppress(OSError):  # it tries to write once more
                file.close()
            if isinstance(error, OSError):
                raise OSError(error.errno, error.strerror, file.name) from error
            raise
        self._file = file

    def release(self) -> None:
        """Give the lock back; without one, nothing happens."""
        if self._file is not None:
            try:
                with contextlib.suppress(OSError):
                    self._file.truncate(0)
            finally:  # also after Ctrl-C
                self._file.close()
                self._file = None

    def __enter__(self) -> "Lock":
        self.acquire()
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


def _owner(file: Any) -> str:
    """Return what the file of a lock says of its holder."""
    for _ in range(10):
        file.seek(0)
        owner: str = file.readline()
        if owner.endswith("\n"):
            return owner.strip()
        time.sleep(0.01)  # it has been taken just now, and says so at once
    return "another process"


def _host() -> str:
    import platform

    return platform.node() or "this machine"


def _lock(file: Any) -> None:
    """Lock an open file, or raise OSError if somebody else has."""
    if os.name == "posix":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    else:
        import msvcrt

        # Beyond the text, which others are to read: a locked byte cannot be read there.
        file.seek(1 << 20)
        msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)  # type: ignore[attr-defined]
