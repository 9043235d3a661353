"""The learning rate of every epoch, as a column of the history."""

import math
from collections.abc import Iterator

from valor import Callback, Run, hookimpl

COLUMN = "learning_rate"


class LearningRateLog:
    """Adds a column ``learning_rate`` to the history: the rate of each epoch's last step.

    Whatever shows or writes the history (`progress`, `csv_log`, `tensorboard_log` …) then has it.

    >>> from valor import MLP, Trainer, optimizer
    >>> steady = optimizer("gradient_descent", learning_rate=0.25)
    >>> trainer = Trainer(MLP(1, [1], seed=0), optimizer=steady, callbacks=[LearningRateLog()])
    >>> trainer.fit([0.5], [1.0], epochs=2).history["learning_rate"]
    array('d', [0.25, 0.25])
    """

    @hookimpl(tryfirst=True)
    def valor_after_epoch(self, run: Run) -> None:
        """Add the rate, before others look at the history."""
        known = len(run.history[COLUMN]) if COLUMN in run.history else 0
        # Of the epochs that an earlier run did without this callback, nobody knows it.
        missing = len(run.history) - 1 - known
        run.history.extend(COLUMN, [math.nan] * missing + [run.learning_rate])


def learning_rate_log() -> LearningRateLog:
    """Return a `LearningRateLog`, for ``callbacks=["learning_rate_log"]``.

    >>> isinstance(learning_rate_log(), LearningRateLog)
    True
    """
    return LearningRateLog()


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name="learning_rate_log", call=learning_rate_log)
