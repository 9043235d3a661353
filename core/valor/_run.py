"""What a training run leaves behind: `Run`, its `History`, and the `EpochReport` of an epoch."""

import math
import os
from array import array
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

from valor._arguments import whole
from valor._manager import HookUse
from valor.contracts import Loss, Optimizer
from valor.exceptions import InvalidArgumentError, UnknownNameError, nearest, shown


@attrs.frozen(eq=False)
class EpochReport:
    """What one epoch brought.

    Attributes:
        epoch: the epoch within its run, counted from 1.
        epochs: how many were planned.
        loss: the epoch's loss: that of its batches, summed or averaged as the loss says, each as it
            was before its update.
        completed_steps: the optimizer steps of the run so far.
        metrics: what else the epoch's row of the history holds, by name: ``validation_loss``, and
            the metrics.

    >>> report = EpochReport(epoch=2, epochs=10, loss=0.25, completed_steps=8)
    >>> f"epoch {report.epoch} of {report.epochs}: {report.loss}"
    'epoch 2 of 10: 0.25'
    """

    epoch: int
    epochs: int
    loss: float
    completed_steps: int
    metrics: Mapping[str, float] = attrs.field(factory=dict)


class History:
    """The numbers of a run by epoch, in columns.

    >>> history = History()
    >>> history.extend("loss", [0.5, 0.25])
    >>> history["loss"]
    array('d', [0.5, 0.25])
    >>> history.row(-1), len(history)
    ({'loss': 0.25}, 2)
    """

    def __init__(self) -> None:
        self._columns: dict[str, array[float]] = {"loss": array("d")}

    def __getitem__(self, name: str) -> "array[float]":
        try:
            return self._columns[name]
        except (KeyError, TypeError):  # TypeError: it has no hash
            known = list(self._columns)
            hint = nearest(name, known) if isinstance(name, str) else ""
            raise UnknownNameError(
                f"the history has no column {shown(name)}{hint}; it has: {', '.join(known)}"
            ) from None

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns["loss"])

    def __repr__(self) -> str:
        return f"History({len(self)} epochs of {', '.join(self._columns)})"

    def extend(self, name: str, values: Any) -> None:
        """Append numbers to a column; one that is not there yet is begun.

        Raises:
            InvalidArgumentError: the name is no text, or the values are no numbers; nothing is
                appended then.
        """
        if not isinstance(name, str) or not name:
            raise InvalidArgumentError(f"name must be a text that is not empty, not {shown(name)}")
        numbers = array("d")
        try:
            numbers.extend(values)
        except (TypeError, OverflowError):
            raise InvalidArgumentError(
                f"values must be a list of numbers, not {shown(values)}"
            ) from None
        self._columns.setdefault(name, array("d")).extend(numbers)

    def row(self, epoch: int) -> dict[str, float]:
        """Return the numbers of one epoch, counted from 0, or from the end if negative.

        Raises:
            InvalidArgumentError: there is no such epoch.
        """
        place = whole(epoch, "epoch")
        if not -len(self) <= place < len(self):
            raise InvalidArgumentError(
                f"epoch must be from {-len(self)} to {len(self) - 1}, not {shown(epoch)}"
                if len(self)
                else "the history has no epoch yet"
            )
        return {name: column[place] for name, column in self._columns.items()}


def _no_rate(step: int) -> float:
    return math.nan


@attrs.define(eq=False)
class Run:
    """One call of `Trainer.fit`.

    Attributes:
        model: the network that was trained.
        loss, optimizer: the records that took part.
        epochs: how many epochs were planned.
        steps_per_epoch: how many batches an epoch has.
        engine: the name of the engine that runs; in `valor_before_training`, of the one chosen,
            which has not compiled yet.
        engine_reason: why it is that one, and what the engine adds to that.
        seed: what the order of the samples followed from; None where they were not shuffled.
        history: the loss of every completed epoch, ``run.history["loss"]``; with validation data
            and metrics, ``validation_loss`` and the metrics too.
        completed_steps: how many optimizer steps were applied.
        stopped_by: "epochs" when all were done, the name of the plugin that voted to stop,
            "interrupt" after Ctrl-C, "error" after an exception; "" while the run goes on.

    >>> from valor import MLP, Trainer
    >>> run = Trainer(MLP(1, [1], seed=0), engine="eager").fit([0.0, 1.0], [1.0, 0.0], epochs=3)
    >>> run.stopped_by, run.completed_epochs, run.report.loss == run.history["loss"][-1]
    ('epochs', 3, True)
    """

    model: Any
    loss: Loss
    optimizer: Optimizer
    epochs: int
    steps_per_epoch: int
    engine: str
    engine_reason: str
    seed: int | None = None
    history: History = attrs.field(factory=History)
    completed_steps: int = 0
    stopped_by: str = ""
    _rate: Callable[[int], float] = attrs.field(default=_no_rate, repr=False)
    _uses: Callable[[], list[HookUse]] = attrs.field(default=list, repr=False)
    _save: Callable[[Any], None] | None = attrs.field(default=None, repr=False, init=False)

    @property
    def completed_epochs(self) -> int:
        """How many whole epochs were done."""
        return self.completed_steps // self.steps_per_epoch

    @property
    def report(self) -> EpochReport | None:
        """The report of the last completed epoch; None before the first."""
        if not self.history:
            return None
        return EpochReport(
            epoch=len(self.history),
            epochs=self.epochs,
            loss=self.history["loss"][-1],
            completed_steps=self.completed_steps,
            metrics={
                name: self.history[name][-1]
                for name in self.history
                # One that is shorter has not come to this epoch yet.
                if name != "loss" and len(self.history[name]) == len(self.history)
            },
        )

    @property
    def learning_rate(self) -> float:
        """The learning rate of the last completed step, or of the first where there is none."""
        return self._rate(max(1, self.completed_steps))

    @property
    def hooks(self) -> list[HookUse]:
        """Every lifecycle hook that anybody listens to in this run, in the order of the calls."""
        return self._uses()

    def save_checkpoint(self, path: str | os.PathLike[str]) -> None:
        """Write all that it takes to go on with the run, to the same bits, to a file.

        It holds the state of the last completed step, also where a plugin has put other numbers on
        the model after it. The file is written atomically, and what was there before is kept beside
        it, as ``path + ".previous"``. See `Trainer.fit` for how to resume from it.

        Args:
            path: the file; its folder must exist.

        Raises:
            InvalidArgumentError: the run is over, and `fit` has returned; or it is within a step;
                or a plugin gave something to keep that a file cannot hold.
            OSError: the file cannot be written; what was there before is still there.
        """
        if self._save is None:
            raise InvalidArgumentError(
                "a run can be saved from a hook, while it goes on and when it ends, but not after "
                "fit has returned; add a callback such as checkpoint"
            )
        self._save(path)

    def __repr__(self) -> str:
        last = self.report
        loss = f", loss {last.loss:.6g}" if last else ""
        stopped = f", stopped by {self.stopped_by}" if self.stopped_by else ""
        return (
            f"<Run: {self.completed_epochs} of {self.epochs} epochs{loss}, "
            f"engine {self.engine}{stopped}>"
        )
