"""Checkpoints of a run as it goes on, so that it can be resumed whatever ends it.

They are written where the engine comes back, after everybody else has heard of the epoch, so that
what is in the file is of one moment. While a run writes to a file, no other run can.
"""

import time
from collections.abc import Iterator

import attrs

from valor import Callback, Run, hookimpl
from valor.files import Lock, path_of, remove_leftovers
from valor_plugins.callbacks.checks import checked, validators_of
from valor_plugins.callbacks.own_file import claim

AT_LEAST_0 = checked(attrs.validators.instance_of(int), attrs.validators.ge(0))


@attrs.define(eq=False)
class Checkpoint:
    """Writes a checkpoint now and then, and when a run ends or fails; made by `checkpoint`.

    Args:
        path: the file, in a folder that is there. What was in it before is kept beside it, as
            ``path + ".previous"``.
        every_epochs, every_steps: after so many epochs or steps; 0 for never.
        every_seconds: also when so many seconds have passed since the last one; 0 for never. The
            clock is looked at when the engine comes back: at the latest after half a second, or
            after one step where a step takes longer.

    Raises:
        InvalidArgumentError: an argument is not what is described here.
        LockedError: another run writes to the file; it is raised before the first step.
    """

    path: str = attrs.field(converter=path_of)
    every_epochs: int = attrs.field(default=0, validator=AT_LEAST_0)
    every_steps: int = attrs.field(default=0, validator=AT_LEAST_0)
    every_seconds: float = attrs.field(default=0.0, validator=checked(attrs.validators.ge(0.0)))
    _lock: Lock | None = attrs.field(default=None, init=False, repr=False)
    _came_by: bool = attrs.field(default=False, init=False, repr=False)
    _saved: int = attrs.field(default=-1, init=False, repr=False)  # completed steps; -1 before
    _time: float = attrs.field(default=0.0, init=False, repr=False)

    @hookimpl
    def valor_before_training(self, run: Run) -> None:
        """Take the file for this run, and clear away what a run left there that was killed."""
        self._release()  # what an earlier run may have kept, because somebody failed at its end
        self._came_by, self._saved, self._time = False, -1, time.monotonic()
        claim(run, self.path, "checkpoint")
        self._lock = Lock(self.path)
        self._lock.acquire()
        remove_leftovers(self.path)

    @hookimpl
    def valor_after_steps(self, run: Run) -> None:
        """Write, if it is time."""
        self._came_by = True
        if self._is_due(run):
            self._save(run)

    @hookimpl(tryfirst=True)
    def valor_after_training(self, run: Run) -> None:
        """Write how the run ended: first, while everybody still knows all that is to be kept."""
        try:
            if self._lock is not None and self._saved != run.completed_steps:
                self._save(run)
        finally:
            self._release()

    @hookimpl(tryfirst=True)
    def valor_on_training_error(self, run: Run) -> None:
        """Write the last completed step, if the run came as far as to have one of its own."""
        try:
            # A run that failed before it went on must not be written over what it began from.
            if self._came_by and self._saved != run.completed_steps:
                self._save(run)
        finally:
            self._release()

    def _is_due(self, run: Run) -> bool:
        done, epochs = run.completed_steps, self.every_epochs * run.steps_per_epoch
        return (
            (epochs > 0 and done % epochs == 0)
            or (self.every_steps > 0 and done % self.every_steps == 0)
            or 0 < self.every_seconds <= time.monotonic() - self._time
        )

    def _save(self, run: Run) -> None:
        run.save_checkpoint(self.path)
        self._saved, self._time = run.completed_steps, time.monotonic()

    def _release(self) -> None:
        if self._lock is not None:
            self._lock.release()
            self._lock = None


class EpochCheckpoint(Checkpoint):
    """A `Checkpoint` that may be due after any epoch, so that the trainer has to stop at each."""

    @hookimpl
    def valor_after_epoch(self) -> None:
        """Make the trainer stop; the file is written when everybody has heard of the epoch."""


class StepCheckpoint(Checkpoint):
    """A `Checkpoint` that may be due after any step, so that the trainer has to stop at each."""

    @hookimpl
    def valor_after_batch(self) -> None:
        """Make the trainer stop; the file is written when everybody has heard of the step."""


def checkpoint(
    *,
    path: str = "checkpoint.valor",
    every_epochs: int = 1,
    every_steps: int = 0,
    every_seconds: float = 0.0,
) -> Checkpoint:
    """Return a `Checkpoint`, for ``callbacks=["checkpoint"]``.

    Where only `every_seconds` is given, the trainer need not stop at each epoch for it.

    Args:
        path, every_epochs, every_steps, every_seconds: as for `Checkpoint`.

    >>> import os, tempfile
    >>> from valor import MLP, Trainer
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = f"{folder}/run.valor"
    ...     first = Trainer(MLP(1, [1], seed=0), callbacks=[checkpoint(path=path)])
    ...     _ = first.fit([0.5], [1.0], epochs=3)
    ...     again = Trainer(MLP(1, [1], seed=0))
    ...     len(again.fit([0.5], [1.0], epochs=5, resume_from=path).history)
    5
    """
    kind = StepCheckpoint if every_steps else EpochCheckpoint if every_epochs else Checkpoint
    return kind(path, every_epochs, every_steps, every_seconds)


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name="checkpoint", call=checkpoint, validators=validators_of(Checkpoint))
