"""The numbers of every epoch, and how weights and gradients are distributed, for TensorBoard."""

from collections.abc import Iterator
from typing import Any

import attrs

from valor import Callback, EpochReport, Run, hookimpl
from valor.files import path_of
from valor_plugins.callbacks.checks import checked, restored, validators_of
from valor_plugins.callbacks.distributions import distributions
from valor_plugins.callbacks.event_file import EventFile
from valor_plugins.callbacks.own_file import claim

NAME = "tensorboard_log"
KEPT = {"mark": (str,), "epochs": (int,)}
BINS = 30


@attrs.define(eq=False)
class TensorboardLog:
    """Writes the history of a run to an event file, as the run goes on; made by `tensorboard_log`.

    Each epoch is a step of TensorBoard's, each column of the history a scalar. Every run writes a
    file of its own; those of one folder are shown as one, in which a new run replaces what an older
    one left, and a resumed run continues it. Runs that are to be compared need a folder each.

    Args:
        path: the folder; it is made if it is not there.
        histograms_every: after how many epochs to write how the weights and the gradients of each
            layer are distributed; 0 for never.

    Raises:
        InvalidArgumentError: an argument is not what is described here.
    """

    path: str = attrs.field(default="tensorboard", converter=path_of)
    histograms_every: int = attrs.field(
        default=0, validator=checked(attrs.validators.instance_of(int), attrs.validators.ge(0))
    )
    _file: EventFile | None = attrs.field(default=None, init=False, repr=False)
    _written: int = attrs.field(default=0, init=False, repr=False)  # epochs
    _begun: bool = attrs.field(default=False, init=False, repr=False)

    @hookimpl
    def valor_before_training(self, run: Run) -> None:
        """Make the file: where it cannot be made, that is told before the first step."""
        claim(run, self.path, NAME)
        self._file, self._written, self._begun = EventFile(self.path), 0, False

    @hookimpl
    def valor_after_steps(self, run: Run) -> None:
        """Write what is new."""
        file, columns = self._ready_file(), [(name, run.history[name]) for name in run.history]
        first, self._written = self._written, len(run.history)
        for epoch in range(first, len(run.history)):
            known = [(name, column[epoch]) for name, column in columns if epoch < len(column)]
            file.add(epoch + 1, known)
        file.write()

    @hookimpl
    def valor_after_training(self, run: Run) -> None:
        """Write the rest."""
        self.valor_after_steps(run)

    @hookimpl
    def valor_on_training_error(self, run: Run) -> None:
        """Likewise; a run that did not complete an epoch leaves what there is alone."""
        if run.history and self._file is not None:
            self.valor_after_steps(run)

    @hookimpl
    def valor_save_checkpoint(self, run: Run) -> dict[str, Any]:
        """Write what is new, and give what a resumed run has to know."""
        # An epoch that an error cut short is told again.
        whole = len(run.history) - 1 if run.stopped_by == "error" else len(run.history)
        self.valor_after_steps(run)
        return {"mark": self._ready_file().mark, "epochs": max(0, whole)}

    @hookimpl
    def valor_load_checkpoint(self, state: Any) -> None:
        """Go on after what an older file has; where that is not there, all is written anew."""
        kept = restored(NAME, state, KEPT)
        if EventFile.is_in(self.path, kept["mark"]):
            self._written = kept["epochs"]

    def _ready_file(self) -> EventFile:
        """Return the file, once it says from which epoch on it counts."""
        if self._file is None:
            self._file = EventFile(self.path)
        if not self._begun:
            self._file.begin(self._written + 1)
            self._begun = True
        return self._file


class WithHistograms(TensorboardLog):
    """A `TensorboardLog` that looks at the model too, so that the trainer stops at each epoch."""

    @hookimpl
    def valor_after_epoch(self, run: Run, report: EpochReport) -> None:
        """Take down how weights and gradients are distributed; it is written with the numbers."""
        if report.epoch % self.histograms_every == 0:
            for group, weights, gradients in distributions(run.model, BINS):
                both = [(f"weights/{group}", weights), (f"gradients/{group}", gradients)]
                self._ready_file().add(report.epoch, (), both)


def tensorboard_log(*, path: str = "tensorboard", histograms_every: int = 0) -> TensorboardLog:
    """Return a `TensorboardLog`, for ``callbacks=["tensorboard_log"]``.

    Args:
        path, histograms_every: as for `TensorboardLog`.

    >>> import os, tempfile
    >>> from valor import MLP, Trainer
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     log = tensorboard_log(path=f"{folder}/first")
    ...     _ = Trainer(MLP(1, [1], seed=0), callbacks=[log]).fit([0.5], [1.0], epochs=3)
    ...     os.listdir(log.path)
    ['events.out.tfevents.000001']
    """
    kind = WithHistograms if histograms_every else TensorboardLog
    return kind(path, histograms_every)


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name=NAME, call=tensorboard_log, validators=validators_of(TensorboardLog))
