"""The numbers of every epoch, as a line of JSON each (the format called JSON Lines, or NDJSON)."""

import json
import math
import os
from collections.abc import Iterator, Sequence

from valor import Callback, Run, hookimpl
from valor.files import path_of
from valor_plugins.callbacks.history_file import HistoryFile
from valor_plugins.callbacks.own_file import claim

NAME = "json_log"


class JsonLog:
    """Writes the history of a run as JSON, one line an epoch, as the run goes on.

    A line is an object with the epoch and every column of the history. A number that is not finite,
    which JSON does not have, is null. A killed run leaves all epochs that had come by (it comes by
    twice a second at least), and of the last line at most a part.

    Args:
        path: the file, in a folder that is there; one that is there already is replaced.

    Raises:
        InvalidArgumentError: it is no path.

    >>> import pathlib, tempfile, valor
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = JsonLog(f"{folder}/history.jsonl")
    ...     trainer = valor.Trainer(valor.MLP(1, [1], seed=0), callbacks=[log])
    ...     run = trainer.fit([0.5], [1.0], epochs=2)
    ...     lines = pathlib.Path(log.path).read_text().splitlines()
    >>> json.loads(lines[1]) == {"epoch": 2, "loss": run.history["loss"][1]}
    True
    """

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self.path = path_of(path)
        self._file = HistoryFile(self.path, _line)

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
    row: dict[str, float | None] = {"epoch": epoch}
    for name, number in zip(names, numbers, strict=True):
        row[name] = number if number is not None and math.isfinite(number) else None
    return json.dumps(row) + "\n"


def json_log(*, path: str = "history.jsonl") -> JsonLog:
    """Return a `JsonLog`, for ``callbacks=["json_log"]``.

    Args:
        path: as for `JsonLog`.

    >>> json_log(path="losses.jsonl").path
    'losses.jsonl'
    """
    return JsonLog(path)


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name=NAME, call=json_log)
