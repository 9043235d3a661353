"""The loss of every epoch, as a table in a file."""

import csv
import io
import os
from collections.abc import Iterator

from valor import Callback, Run, hookimpl
from valor.files import write_atomically


class CsvLog:
    """Writes the history of a run as comma-separated values: the epoch, then every column.

    The file is written once, when the run ends, however it ends: also after an error it holds
    exactly the completed epochs. Numbers are written so that reading them gives the same bits.

    Args:
        path: the file; one that is there already is replaced.

    >>> import pathlib, tempfile, valor
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = CsvLog(f"{folder}/history.csv")
    ...     trainer = valor.Trainer(valor.MLP(1, [1], seed=0), callbacks=[log])
    ...     run = trainer.fit([0.5], [1.0], epochs=2)
    ...     [line[:2] for line in pathlib.Path(log.path).read_text().splitlines()]
    ['ep', '1,', '2,']
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path

    @hookimpl
    def valor_after_training(self, run: Run) -> None:
        self._write(run)

    @hookimpl
    def valor_on_training_error(self, run: Run) -> None:
        self._write(run)

    def _write(self, run: Run) -> None:
        names = list(run.history)
        text = io.StringIO()
        table = csv.writer(text, lineterminator="\n")
        table.writerow(["epoch", *names])
        # What an error ended may be longer in one column than in another: whole rows only.
        rows = zip(*(run.history[name] for name in names), strict=False)
        for epoch, numbers in enumerate(rows, start=1):
            table.writerow([epoch, *map(repr, numbers)])
        write_atomically(self.path, text.getvalue())


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
    yield Callback(name="csv_log", call=csv_log)
