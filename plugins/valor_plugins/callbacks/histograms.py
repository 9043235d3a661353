"""How weights and gradients are distributed, every so many epochs, in a file."""

import json
import os
from collections.abc import Iterator
from typing import Any

import attrs

from valor import Callback, EpochReport, Run, hookimpl
from valor.files import path_of
from valor_plugins.callbacks.checks import checked, restored, validators_of
from valor_plugins.callbacks.distributions import Distribution, distributions
from valor_plugins.callbacks.own_file import claim

AT_LEAST_1 = checked(attrs.validators.instance_of(int), attrs.validators.ge(1))
NAME = "histograms"


@attrs.define(eq=False)
class Histograms:
    """Writes, every so many epochs, a line of JSON for each group of parameters.

    A group is what one layer has of one kind: ``camadas[0].pesos``, ``camadas[0].vies`` …. A line
    has the epoch, the group, and for its weights and their gradients the smallest and the largest
    number, how many lie in each of `bins` bins of equal width between them, and how many are not
    finite. Gradients are those of the epoch's last step.

    A run that is resumed goes on where the checkpoint was written.

    Args:
        path: the file, in a folder that is there; one that is there already is replaced.
        every_epochs: how many epochs to go from one to the next.
        bins: how many bins.

    Raises:
        InvalidArgumentError: an argument is not what is described here.

    >>> import pathlib, tempfile
    >>> from valor import MLP, Trainer
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     histograms = Histograms(f"{folder}/histograms.jsonl", bins=2)
    ...     _ = Trainer(MLP(2, [1], seed=0), callbacks=[histograms]).fit([[0, 1]], [1], epochs=1)
    ...     lines = pathlib.Path(histograms.path).read_text().splitlines()
    >>> line = json.loads(lines[0])
    >>> line["epoch"], line["group"], line["weights"]["counts"]
    (1, 'camadas[0].pesos', [1, 1])
    """

    path: str = attrs.field(default="histograms.jsonl", converter=path_of)
    every_epochs: int = attrs.field(default=1, validator=AT_LEAST_1)
    bins: int = attrs.field(default=20, validator=AT_LEAST_1)
    _size: int = attrs.field(default=0, init=False)  # of the file; 0 until there is a line
    _epoch: int = attrs.field(default=0, init=False)  # the last one in the file

    @hookimpl
    def valor_before_training(self, run: Run) -> None:
        """See that the file can be written, and leave it as it is: it may be a resumed run's."""
        claim(run, self.path, NAME)
        self._size = self._epoch = 0
        with open(self.path, "ab"):
            pass

    @hookimpl
    def valor_after_epoch(self, run: Run, report: EpochReport) -> None:
        """Count, and write."""
        # A run that failed at the end of an epoch tells of it again.
        if report.epoch % self.every_epochs or report.epoch == self._epoch:
            return
        lines = [
            json.dumps(
                {
                    "epoch": report.epoch,
                    "group": group,
                    "weights": _plain(weights),
                    "gradients": _plain(gradients),
                }
            )
            for group, weights, gradients in distributions(run.model, self.bins)
        ]
        with open(self.path, "ab") as file:
            # What stands there beyond is of another run, or of epochs that are done once more.
            file.truncate(self._size)
            file.write(("\n".join(lines) + "\n").encode())
            file.flush()
            self._size, self._epoch = file.tell(), report.epoch

    @hookimpl
    def valor_save_checkpoint(self) -> dict[str, Any]:
        """Give what a resumed run has to know."""
        return {"size": self._size, "epoch": self._epoch}

    @hookimpl
    def valor_load_checkpoint(self, state: Any) -> None:
        """Take it back."""
        kept = restored(NAME, state, {"size": (int,), "epoch": (int,)})
        # Without the file of then, it is begun anew.
        if kept["size"] <= os.path.getsize(self.path):
            self._size, self._epoch = kept["size"], kept["epoch"]


def _plain(counted: Distribution) -> dict[str, Any]:
    return {
        "low": counted.low,
        "high": counted.high,
        "counts": counted.counts,
        "not_finite": counted.not_finite,
    }


def histograms(
    *, path: str = "histograms.jsonl", every_epochs: int = 1, bins: int = 20
) -> Histograms:
    """Return `Histograms`, for ``callbacks=["histograms"]``.

    Args:
        path, every_epochs, bins: as for `Histograms`.

    >>> histograms(bins=5).bins
    5
    """
    return Histograms(path, every_epochs, bins)


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(name=NAME, call=histograms, validators=validators_of(Histograms))
