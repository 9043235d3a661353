"""Finding the first number that stopped being finite, by walking the graph of a batch."""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence

from valor._graph import Valor
from valor._traversal import topological_order
from valor.contracts import Formula
from valor.exceptions import NonFiniteError

LONGEST_SUM = 4  # sums in a row that are told one by one


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
    topological_order(total)  # raises where a scalar is its own ancestor: no path would end
    path = [total]
    while (culprit := _spoiled_by(path[-1])) is not None:
        path.append(culprit)
    places = {sample: row for row, sample in zip(rows, samples, strict=True)}
    row = next((places[node] for node in path if node in places), None)
    return _error("value", path[::-1], path[-1].data, row, epoch, batch)


def _spoiled_by(node: Valor) -> Valor | None:
    """Return the first operand that made a scalar not finite; None if it did so by itself."""
    spoiled = [parent for parent in node.progenitor if not math.isfinite(parent.data)]
    if node._right is not None and len(spoiled) > 1 and not node._left_slope:
        return spoiled[1]  # of `where`, the branch that was not taken has no part in it
    return spoiled[0] if spoiled else None


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
                path, row = _path_of(node, backward), _row_of(node, samples, rows)
                return _error("gradient", path, pushed, row, epoch, batch)
    for node in backward:
        for parent in node.progenitor:
            if not math.isfinite(parent.grad):
                path, row = _path_of(node, backward), _row_of(node, samples, rows)
                return _error("gradient", path, parent.grad, row, epoch, batch)
    return None


def _path_of(node: Valor, backward: Sequence[Valor]) -> list[Valor]:
    """Return the scalars that a gradient came through, from where it is to the loss."""
    users: dict[Valor, Valor] = {}
    for user in backward:
        for parent in user.progenitor if user.grad else ():
            users.setdefault(parent, user)
    path = [node]
    while path[-1] in users:
        path.append(users[path[-1]])
    return path


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
    what: str, path: Sequence[Valor], number: float, row: int | None, epoch: int, batch: int
) -> NonFiniteError:
    node = path[0]
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
        path=tuple(_told(path, what == "gradient")),
        through=tuple(_owners(path)),
    )


def _told(path: Sequence[Valor], with_gradients: bool) -> Iterator[str]:
    """Yield a line for each scalar of a path; of a long row of sums, for the first and the last."""
    for operation, group in itertools.groupby(path, lambda node: node.operador_mae):
        nodes = list(group)
        for position, node in enumerate(nodes):
            if operation == "+" and 0 < position < len(nodes) - 1 and len(nodes) > LONGEST_SUM:
                if position == 1:
                    yield f"… {len(nodes) - 2} more sums"
                continue
            gradient = f", gradient {node.grad!r}" if with_gradients else ""
            yield f"{_computed(node)} {node.data!r}{gradient}"


def _computed(node: Valor) -> str:
    """Return how a scalar was made, up to the equals sign."""
    if not node.progenitor:
        return f"{node.rotulo or 'a given number'} ="
    operands = ", ".join(
        f"{parent.data!r} ({parent.rotulo})" if parent.rotulo else repr(parent.data)
        for parent in node.progenitor
    )
    label = f"{node.rotulo}: " if node.rotulo else ""
    return f"{label}{node.operador_mae or 'an operation'} of {operands} ="


def _owners(path: Sequence[Valor]) -> list[str]:
    """Return what the labels of parameters on a path say they belong to, each once."""
    labels = [_first_label(path[0])]
    for node in path:
        labels += [parent.rotulo for parent in node.progenitor if not parent.progenitor]
    owners = (label.rpartition(".")[0] for label in labels)
    return [owner for owner in dict.fromkeys(owners) if owner]


def _first_label(node: Valor) -> str:
    """Return the label of the nearest given number that a scalar was computed from."""
    seen, level = {node}, [node]
    while level:
        for each in level:
            if each.rotulo and not each.progenitor:
                return each.rotulo
        level = [parent for each in level for parent in each.progenitor if parent not in seen]
        seen.update(level)
    return ""
