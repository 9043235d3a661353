"""What is measured at the end of an epoch: the loss of validation data, and metrics."""

import sys
from collections.abc import Sequence
from typing import Any

import attrs

from valor._data import Rows, Table
from valor._eager import eager_forward
from valor._scaling import Scaling
from valor.contracts import Engine, Forward, Loss, Metric
from valor.exceptions import CannotCompileError, InvalidArgumentError, MissingExtraError
from valor.functions import number


@attrs.frozen(eq=False)
class Measured:
    """Samples to measure a model on.

    Attributes:
        inputs, targets: the samples, as the model takes and gives them.
        metrics: what is measured beside the loss.
        prefix: what names of columns in the history begin with: ``validation_``, or nothing where
            it is the training data that is measured.
        scaling: how targets were scaled; metrics are about the numbers before that.
    """

    inputs: Rows
    targets: Rows
    metrics: Sequence[Metric] = ()
    prefix: str = ""
    scaling: Scaling | None = None

    def as_tables(self) -> "Measured":
        """Return the same samples as an engine reads them fastest, again and again: as arrays.

        Nobody has to have NumPy for that: where nothing has imported it, they stay what they are.
        """
        numpy = sys.modules.get("numpy")
        if numpy is None:
            return self
        inputs, targets = (
            rows if isinstance(rows, Table) else Table(numpy.array(rows, numpy.float64))
            for rows in (self.inputs, self.targets)
        )
        return attrs.evolve(self, inputs=inputs, targets=targets)

    def numbers(self, forward: Forward, loss: Loss) -> dict[str, float]:
        """Return the loss, and every metric, by name."""
        outputs, losses = forward(self.inputs, self.targets)
        total = losses[0]
        for each in losses[1:]:
            total += each
        found = {"loss": total / len(losses) if loss.reduction == "mean" else total}
        if self.metrics:
            targets = list(self.targets)
            if self.scaling is not None:
                outputs = list(self.scaling.unscaled_outputs(outputs))
                targets = list(self.scaling.unscaled_outputs(targets))
            for metric in self.metrics:
                value = metric(outputs, targets)
                found[metric.name] = float(number(value, f"the value of {metric}"))
        return found

    def columns(self, forward: Forward, loss: Loss) -> dict[str, float]:
        """Return what goes into the history: the loss only where it is not that of the training."""
        return {
            f"{self.prefix}{name}": value
            for name, value in self.numbers(forward, loss).items()
            if self.prefix or name != "loss"
        }


def check_metrics(metrics: Sequence[Metric]) -> None:
    """See that every metric has a name of its own.

    Raises:
        InvalidArgumentError: two have one name, or one is called "loss".
    """
    names = ["loss", *(metric.name for metric in metrics)]
    for name in names:
        if names.count(name) > 1:
            raise InvalidArgumentError(f"metrics must have names of their own, not two {name!r}")


def forward_of(
    engine: Engine, model: Any, loss: Loss | None, inputs: Rows, targets: Rows
) -> Forward:
    """Return what computes outputs and losses: by the engine, or eagerly where it cannot."""
    widths = len(inputs[0]), len(targets[0]) if loss is not None else 0
    if engine.forward is not None:
        try:
            return engine.forward(model, loss, *widths)
        except (CannotCompileError, MissingExtraError):
            pass  # the run's report has said so of the engine already
    return eager_forward(model, loss, *widths)
