"""The numbers of every epoch, as a table in a file."""

import csv
import io
import os
from collections.abc import Iterator, Sequence
from typing import Any

from valor import Callback, Run, hookimpl
from valor.files import path_of
from valor_plugins.callbacks.history_file import HistoryFile
from valor_plugins.callbacks.own_file import claim

NAME = "csv_log"


class CsvLog:
    """Writes the history of a run as comma-separated values: the epoch, then every column.

    The file grows as the run goes on. However the run ends, also by an error, it then holds exactly
    the completed epochs; a killed run leaves those that had come by (it comes by twice a second at
    least), and of the last line at most a part. Numbers are written so that reading them gives the
    same bits; what is not known of an epoch is left empty.

    Args:
        path: the file, in a folder that is there; one that is there already is replaced.

    Raises:
        InvalidArgumentError: it is no path.

    >>> import pathlib, tempfile, valor
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = CsvLog(f"{folder}/history.csv")
    ...     trainer = valor.Trainer(valor.MLP(1, [1], seed=0), callbacks=[log])
    ...     run = trainer.fit([0.5], [1.0], epochs=2)
    ...     [line[:2] for line in pathlib.Path(log.path).read_text().splitlines()]
    ['ep', '1,', '2,']
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path_of(path)
        self._file = HistoryFile(self.path, _line, lambda names: _row(["epoch", *names]))

    @hookimpl
    def valor_before_training(self, run: Run) -> None:
        """See that the file can be written."""
        claim(run, self.path, NAME)
        self._file.begin()

    @hookimpl
    def valor_after_steps(self, run: Run) -> None:
        """Write what is new."""
        self._file.follow(run)

    @hookimpl
    def valor_after_training(self, run: Run) -> None:
        """Write the rest."""
        self._file.follow(run)

    @hookimpl
    def valor_on_training_error(self, run: Run) -> None:
        """Likewise; a run that did not complete an epoch leaves the file alone."""
        if run.history:
            self._file.follow(run)


def _line(names: Sequence[str], epoch: int, numbers: Sequence[float | None]) -> str:
    return _row([epoch, *("" if number is None else repr(number) for number in numbers)])


def _row(cells: Sequence[Any]) -> str:
    text = io.StringIO()
    csv.writer(text, lineterminator="\n").writerow(cells)
    return text.getvalue()


def csv_log(*, path: str = "history.csv") -> CsvLog:
    """Return a `CsvLog`, for ``callbacks=["csv_log"]``.

    Args:
        path: as for `CsvLog`.

    >>> csv_log(path="losses.csv").path
    'losses.csv'
    """
    return CsvLog(path)


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name=NAME, call=csv_log)
