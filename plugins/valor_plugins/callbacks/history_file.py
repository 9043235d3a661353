"""A file that follows the history of a run: it grows as the epochs come by.

What was written reaches the system at once, so that a killed run leaves all the epochs that had
come by, and of the line under way at most a part. A run that is resumed writes the file anew from
its history, so that no epoch stands there twice.
"""

import contextlib
import os
from collections.abc import Callable, Sequence

from valor import Run
from valor.files import write_atomically

Format = Callable[[Sequence[str], int, Sequence[float | None]], str]


class HistoryFile:
    """Writes one line an epoch.

    Args:
        path: the file; one that is there already is replaced when the first epochs come by.
        line: makes the line of an epoch: from the columns' names, the epoch's number and what it
            has in each column, None where that is not known.
        header: makes the first line, from the columns' names; "" for none.
    """

    def __init__(
        self,
        path: str | os.PathLike[str],
        line: Format,
        header: Callable[[Sequence[str]], str] = lambda names: "",
    ) -> None:
        self._path = path
        self._line = line
        self._header = header
        self._names: list[str] | None = None
        self._written = 0

    def begin(self) -> None:
        """See that the file can be written to, and leave it as it is: it may be a resumed run's."""
        self._names, self._written = None, 0
        with open(self._path, "ab"):
            pass

    def follow(self, run: Run) -> None:
        """Write the epochs that have come by since the last time."""
        names, count = list(run.history), len(run.history)
        # Whatever comes between, a full disk or Ctrl-C: the next call then writes all of it anew.
        known, self._names = self._names, None
        if names != known or not os.path.exists(self._path):
            write_atomically(self._path, self._header(names) + self._lines(run, names, 0))
        elif count > self._written:
            self._append(self._lines(run, names, self._written).encode())
        self._names, self._written = names, count

    def _append(self, data: bytes) -> None:
        """Write whole lines, or none where the disk is full."""
        size = os.path.getsize(self._path)
        try:
            with open(self._path, "ab", buffering=0) as file:
                while data:
                    data = data[file.write(data) :]
        except OSError as error:
            with contextlib.suppress(OSError):  # what is no file has no end to be cut off
                os.truncate(self._path, size)
            # A write that fails does not name its file.
            raise OSError(error.errno, error.strerror, os.fspath(self._path)) from error

    def _lines(self, run: Run, names: Sequence[str], first: int) -> str:
        columns = [run.history[name] for name in names]
        return "".join(
            self._line(
                names,
                epoch + 1,
                [column[epoch] if epoch < len(column) else None for column in columns],
            )
            for epoch in range(first, len(run.history))
        )
