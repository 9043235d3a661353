"""Finding the first number that stopped being finite, by walking the graph of a batch."""

import math
from collections.abc import Mapping, Sequence

from valor._graph import Valor
from valor._traversal import topological_order
from valor.contracts import Formula
from valor.exceptions import NonFiniteError


def value_error(
    total: Valor, samples: Sequence[Valor], rows: Sequence[int], epoch: int, batch: int
) -> NonFiniteError:
    """Return the error for a batch whose loss is not finite.

    Args:
        total: the batch's loss.
        samples: the losses of its samples.
        rows: the samples' rows in the training data.
        epoch, batch: where the batch stands, counted from 1.
    """
    for row, sample in zip(rows, samples, strict=True):
        for node in topological_order(sample):
            if not math.isfinite(node.data):
                return _error("value", node, node.data, row, epoch, batch)
    for node in topological_order(total):
        if not math.isfinite(node.data):
            return _error("value", node, node.data, None, epoch, batch)
    raise ValueError("every number of the graph is finite")


def gradient_error(
    total: Valor, samples: Sequence[Valor], rows: Sequence[int], epoch: int, batch: int
) -> NonFiniteError | None:
    """Return the error for a batch with a gradient that is not finite; None if all are.

    The culprit is the operation closest to the loss that received a finite gradient and pushed
    one that is not; failing that, one whose push made a sum of finite gradients overflow.
    """
    backward = topological_order(total)[::-1]
    for node in backward:
        for slope in (node._left_slope, node._right_slope):
            pushed = node.grad * slope if node.grad and slope else 0.0
            if not math.isfinite(pushed):
                return _error("gradient", node, pushed, _row_of(node, samples, rows), epoch, batch)
    for node in backward:
        for parent in node.progenitor:
            if not math.isfinite(parent.grad):
                row = _row_of(node, samples, rows)
                return _error("gradient", node, parent.grad, row, epoch, batch)
    return None


def _row_of(node: Valor, samples: Sequence[Valor], rows: Sequence[int]) -> int | None:
    """Return the row of the first sample whose loss was computed from a scalar."""
    for row, sample in zip(rows, samples, strict=True):
        if node in topological_order(sample):
            return row
    return None


def formula_error(
    record: Formula, what: str, operands: Mapping[str, float], result: float, epoch: int, batch: int
) -> NonFiniteError:
    """Return the error for a formula of the step that made something not finite.

    Args:
        record: the formula.
        what: what it would have made so, in words.
        operands: what it was given, by name.
        result: what it made.
        epoch, batch: where the batch stands, counted from 1.
    """
    return NonFiniteError(
        f"epoch {epoch}, batch {batch}: {record} would set {what} to {result}, from "
        f"{' and '.join(f'{name} {number!r}' for name, number in operands.items())}; "
        "the step was not applied",
        epoch=epoch,
        batch=batch,
        sample=None,
        operation=str(record),
        operands=tuple(operands.values()),
    )


def _error(
    what: str, node: Valor, number: float, row: int | None, epoch: int, batch: int
) -> NonFiniteError:
    operands = tuple(parent.data for parent in node.progenitor)
    operation = node.operador_mae or "a given number"
    label = f" {node.rotulo!r}" if node.rotulo else ""
    where = f"epoch {epoch}, batch {batch}" + ("" if row is None else f", sample x[{row}]")
    made = f"operation {operation!r} of operands {operands!r}" if operands else operation
    push = "pushed the gradient" if what == "gradient" else "made the value"
    return NonFiniteError(
        f"{where}: the first scalar that is not finite is{label} the {what} {number}; "
        f"{made} {push}; the step was not applied",
        epoch=epoch,
        batch=batch,
        sample=row,
        operation=operation,
        operands=operands,
    )
