"""The best model so far, in a file of its own.

It is written whenever there is a better one, so that it is there whatever ends the run.
"""

import errno
import os
from collections.abc import Iterator
from typing import Any

import attrs

from valor import Callback, EpochReport, Run, hookimpl
from valor.checkpoint import save
from valor.exceptions import CheckpointError
from valor.files import path_of
from valor_plugins.callbacks.checks import checked, restored, validators_of
from valor_plugins.callbacks.monitor import AUTO, MODES, Monitor
from valor_plugins.callbacks.own_file import claim

NAME = "best_model"
KEPT = {"monitor": (str,), "best": (float, type(None)), "best_epoch": (int,)}


@attrs.define(eq=False)
class BestModel:
    """Writes the model to a file after each epoch that was the best so far.

    A run that is resumed remembers what was best before. Each time takes a few milliseconds, in
    which the file is forced to the disk.

    Args:
        path: the file, in a folder that is there; `valor.checkpoint.load` reads it.
        monitor, mode, min_delta: as for `EarlyStopping`.

    Attributes:
        best: the best number so far; None if no number was finite.
        best_epoch: the epoch it is of, counted from 1; 0 if there is none.

    Raises:
        InvalidArgumentError: an argument is not what is described here; or the model is not an
            `MLP`, or has something that a file cannot hold.

    >>> import tempfile
    >>> from valor import MLP, Trainer
    >>> from valor.checkpoint import load
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     best = BestModel(f"{folder}/best.json")
    ...     run = Trainer(MLP(1, [1], seed=0), callbacks=[best]).fit([0.5], [1.0], epochs=9)
    ...     best.best_epoch, load(best.path)([0.5]).data == run.model([0.5]).data
    (9, True)
    """

    path: str = attrs.field(default="best.json", converter=path_of)
    monitor: str = attrs.field(default=AUTO, validator=checked(attrs.validators.instance_of(str)))
    mode: str = attrs.field(default=AUTO, validator=checked(attrs.validators.in_(MODES)))
    min_delta: float = attrs.field(default=0.0, validator=checked(attrs.validators.ge(0.0)))
    best: float | None = attrs.field(default=None, init=False)
    best_epoch: int = attrs.field(default=0, init=False)

    @hookimpl
    def valor_before_training(self, run: Run) -> None:
        """Begin anew, also where the object has seen another run; see that all can be written."""
        import tempfile

        claim(run, self.path, NAME)
        with tempfile.TemporaryDirectory() as elsewhere:
            save(run.model, os.path.join(elsewhere, "model.json"))
        if not os.path.isdir(os.path.dirname(os.path.realpath(self.path))):
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), self.path)
        self.best, self.best_epoch = None, 0

    @hookimpl(trylast=True)
    def valor_after_epoch(self, run: Run, report: EpochReport) -> None:
        """Look at the epoch, when others have added their columns, and write."""
        monitor = Monitor(NAME, self.monitor, self.mode, self.min_delta)
        value = monitor.better(run, self.best)
        if value is not None:
            save(run.model, self.path)
            self.best, self.best_epoch = value, report.epoch

    @hookimpl
    def valor_save_checkpoint(self) -> dict[str, Any]:
        """Give what a resumed run has to know."""
        return {"monitor": self.monitor, "best": self.best, "best_epoch": self.best_epoch}

    @hookimpl
    def valor_load_checkpoint(self, state: Any) -> None:
        """Take it back."""
        kept = restored(NAME, state, KEPT)
        if kept["monitor"] != self.monitor:
            raise CheckpointError(
                f"{NAME}: monitor is {self.monitor!r}, but {kept['monitor']!r} in the checkpoint; "
                "give the callbacks that were given then, in the same order"
            )
        self.best, self.best_epoch = kept["best"], kept["best_epoch"]


def best_model(
    *, path: str = "best.json", monitor: str = AUTO, mode: str = AUTO, min_delta: float = 0.0
) -> BestModel:
    """Return a `BestModel`, for ``callbacks=["best_model"]``.

    Args:
        path, monitor, mode, min_delta: as for `BestModel`.

    >>> best_model(path="a.json").path
    'a.json'
    """
    return BestModel(path, monitor, mode, min_delta)


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name=NAME, call=best_model, validators=validators_of(BestModel))
