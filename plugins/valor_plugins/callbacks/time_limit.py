"""A limit to how long a run may take."""

import time
from collections.abc import Iterator

import attrs

from valor import Callback, Run, hookimpl
from valor_plugins.callbacks.checks import checked, validators_of

NAME = "time_limit"


@attrs.define(eq=False)
class TimeLimit:
    """Ends a run when it has taken some time, also in the middle of an epoch.

    The clock is looked at when the engine comes back: at the latest after half a second, or after
    one step where a step takes longer. The run goes on when it is resumed from a checkpoint, and
    has as much time again.

    Args:
        seconds: how long the run may take, from before its first step.

    Raises:
        InvalidArgumentError: `seconds` is not greater than 0.

    >>> from valor import MLP, Trainer
    >>> trainer = Trainer(MLP(1, [1], seed=0), callbacks=[TimeLimit(seconds=0.01)])
    >>> trainer.fit([0.5], [1.0], epochs=1_000_000).stopped_by
    'time_limit'
    """

    seconds: float = attrs.field(default=3600.0, validator=checked(attrs.validators.gt(0.0)))
    _end: float = attrs.field(default=0.0, init=False, repr=False)

    @hookimpl
    def valor_before_training(self) -> None:
        """Look at the clock."""
        self._end = time.monotonic() + self.seconds

    @hookimpl
    def valor_after_steps(self, run: Run) -> None:
        """Look at the clock again; where all steps are done, it no longer matters."""
        over = time.monotonic() >= self._end
        if over and not run.stopped_by and run.completed_steps < run.epochs * run.steps_per_epoch:
            run.stopped_by = NAME


def time_limit(*, seconds: float = 3600.0) -> TimeLimit:
    """Return a `TimeLimit`, for ``callbacks=["time_limit"]``.

    Args:
        seconds: as for `TimeLimit`.

    >>> time_limit(seconds=60).seconds
    60
    """
    return TimeLimit(seconds)


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name=NAME, call=time_limit, validators=validators_of(TimeLimit))
