"""Stopping when nothing gets better any more, and going back to the best parameters.

L. Prechelt, "Early stopping - but when?", in: Neural Networks: Tricks of the Trade, 1998; what is
counted here, epochs without an improvement, is the first and simplest form.
"""

import math
from collections.abc import Iterator
from typing import Any

import attrs

from valor import Callback, EpochReport, Run, hookimpl
from valor.exceptions import CheckpointError
from valor_plugins.callbacks.checks import checked, restored, validators_of
from valor_plugins.callbacks.monitor import AUTO, MODES, Monitor

NAME = "early_stopping"
KEPT = {
    "monitor": (str,),
    "best": (float, type(None)),
    "best_epoch": (int,),
    "parameters": (list,),
    "epoch": (int,),
    "voted": (bool,),
}


@attrs.define(eq=False)
class EarlyStopping:
    """Votes to stop a run when a column of its history has not got better for some epochs.

    However the run ends (by this vote or another one, because all epochs are done, by Ctrl-C, by
    an error), the model then has the parameters of the best epoch. Of several early stoppers in
    one run it is the one that voted whose best epoch counts; if none did, or more than one, the
    one that was given first.

    Args:
        monitor: the column to watch; "auto" for ``validation_loss`` if there is one, or else
            ``loss``. One that is not there is an error after the first epoch.
        mode: "min" if less is better, "max" if more is; "auto" to tell by the column's name, which
            is an error after the first epoch where that tells nothing.
        patience: how many epochs in a row may pass without an improvement.
        min_delta: how much better than the best so far a number has to be to count.
        restore_best: whether to go back to the best parameters at the end.

    Attributes:
        best: the best number so far; None if no number was finite.
        best_epoch: the epoch it is of, counted from 1; 0 if there is none.
        waited: how many epochs ago that was.

    Raises:
        InvalidArgumentError: an argument is not what is described here.

    >>> from valor import MLP, Trainer
    >>> stopping = EarlyStopping(patience=3, min_delta=0.01)
    >>> trainer = Trainer(MLP(1, [1], seed=0), callbacks=[stopping])
    >>> run = trainer.fit([0.0, 1.0], [0.5, 0.5], epochs=1000)
    >>> run.stopped_by, run.completed_epochs - stopping.best_epoch
    ('EarlyStopping', 3)
    """

    monitor: str = attrs.field(default=AUTO, validator=checked(attrs.validators.instance_of(str)))
    mode: str = attrs.field(default=AUTO, validator=checked(attrs.validators.in_(MODES)))
    patience: int = attrs.field(
        default=10, validator=checked(attrs.validators.instance_of(int), attrs.validators.ge(1))
    )
    min_delta: float = attrs.field(default=0.0, validator=checked(attrs.validators.ge(0.0)))
    restore_best: bool = True
    # In one piece, so that an interrupt cannot come between an epoch and its parameters.
    _best: tuple[float | None, int, list[float]] = attrs.field(
        default=(None, 0, []), init=False, repr=False
    )
    _epoch: int = attrs.field(default=0, init=False)
    _voted: bool = attrs.field(default=False, init=False)
    _run: Run | None = attrs.field(default=None, init=False, repr=False)

    @property
    def best(self) -> float | None:
        """The best number so far; None if no number was finite."""
        return self._best[0]

    @property
    def best_epoch(self) -> int:
        """The epoch it is of, counted from 1; 0 if there is none."""
        return self._best[1]

    @property
    def waited(self) -> int:
        """How many epochs ago that was."""
        return self._epoch - self.best_epoch

    @hookimpl
    def valor_before_training(self, run: Run) -> None:
        """Begin anew, also where the object has seen another run."""
        self._best = (None, 0, [])
        self._epoch, self._voted = 0, False
        self._run = run

    @hookimpl
    def valor_should_stop(self, run: Run, report: EpochReport) -> bool:
        """Look at the epoch, which by now has every column, and vote."""
        if report.epoch != self._epoch:  # a run that failed in this very place tells it again
            monitor = Monitor(NAME, self.monitor, self.mode, self.min_delta)
            value = monitor.better(run, self.best)
            if value is not None:
                parameters = run.model.parametros() if self.restore_best else ()
                self._best = value, report.epoch, [each.data for each in parameters]
            self._epoch = report.epoch
            self._voted = self.waited >= self.patience
        return self._voted

    @hookimpl(tryfirst=True)
    def valor_after_training(self, run: Run) -> None:
        """Go back to the best parameters: first, so that nobody who fails can prevent it."""
        by_another = run.stopped_by.partition("#")[0] in (NAME, type(self).__name__)
        if by_another and not self._voted:
            return
        # A run that failed before this object heard of it has no best epoch: the last one's stays.
        values = self._best[2]
        if self.restore_best and values and run is self._run:
            for parameter, value in zip(run.model.parametros(), values, strict=True):
                parameter.data = value

    @hookimpl(tryfirst=True)
    def valor_on_training_error(self, run: Run) -> None:
        """Likewise."""
        self.valor_after_training(run)

    @hookimpl
    def valor_save_checkpoint(self) -> dict[str, Any]:
        """Give what a resumed run has to know."""
        best, best_epoch, parameters = self._best
        return {
            "monitor": self.monitor,
            "best": best,
            "best_epoch": best_epoch,
            "parameters": parameters,
            "epoch": self._epoch,
            "voted": self._voted,
        }

    @hookimpl
    def valor_load_checkpoint(self, run: Run, state: Any) -> None:
        """Take it back."""
        kept = restored(NAME, state, KEPT)
        if kept["monitor"] != self.monitor:
            raise CheckpointError(
                f"{NAME}: monitor is {self.monitor!r}, but {kept['monitor']!r} in the checkpoint; "
                "give the callbacks that were given then, in the same order"
            )
        values = kept["parameters"]
        finite = all(type(value) is float and math.isfinite(value) for value in values)
        if not finite or len(values) not in (0, len(run.model.parametros())):
            raise CheckpointError(
                f"{NAME}: the checkpoint has not the best parameters of the model"
            )
        self._best = kept["best"], kept["best_epoch"], values
        self._epoch, self._voted = kept["epoch"], kept["voted"]


def early_stopping(
    *,
    monitor: str = AUTO,
    mode: str = AUTO,
    patience: int = 10,
    min_delta: float = 0.0,
    restore_best: bool = True,
) -> EarlyStopping:
    """Return an `EarlyStopping`, for ``callbacks=["early_stopping"]``.

    Args:
        monitor, mode, patience, min_delta, restore_best: as for `EarlyStopping`.

    >>> early_stopping(patience=3).patience
    3
    """
    return EarlyStopping(monitor, mode, patience, min_delta, restore_best)


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name=NAME, call=early_stopping, validators=validators_of(EarlyStopping))
