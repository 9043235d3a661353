"""Room 2, derive: the gradient of a traced scalar, as more scalars.

The sweep is eager's own (`Valor.propagar_tudo`): nodes in the reverse of a depth-first post-order,
each pushing to its left parent, then to its right one. It runs on the raw trace: merging equal
scalars first would change in which order a scalar used twice collects its contributions. The
result is, for every parameter, an ordered list of contributions.
"""

from collections.abc import Sequence
from typing import Any

import attrs
import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.order import eager_order
from valor_plugins.engines.native.tape import NOTHING, Tape

Ids = np.ndarray[Any, np.dtype[np.int32]]


@attrs.define(eq=False)
class Lists:
    """Lists of ids, one after the other: list k goes from ``start[k]`` to ``start[k + 1]``."""

    owner: Ids
    start: Any
    ids: Ids

    def __len__(self) -> int:
        return len(self.owner)

    def __getitem__(self, k: int) -> Ids:
        return self.ids[self.start[k] : self.start[k + 1]]

    def chosen(self, which: Any) -> "Lists":
        """Return some of the lists, by a mask."""
        count = np.diff(self.start)
        start = np.concatenate([[0], np.cumsum(count[which])])
        return Lists(self.owner[which], start, self.ids[np.repeat(which, count)])


@attrs.define(eq=False)
class Scalars:
    """A scalar program as arrays, in an order in which operands come first.

    Attributes:
        code, left, right: an entry a scalar, as on the tape.
        condition: of each `select`, the id of its condition.
        sums: of each scalar with code `SUM`, the ids of its terms in the order of the sum.
        root: the id of the result.
        contributions: of each parameter that has any, ids in the order in which eager adds them.
        checks: ids of conditions that must not hold.
        tape: where it comes from; constants are there.
    """

    code: Any
    left: Ids
    right: Ids
    condition: dict[int, int]
    sums: Lists
    root: int
    contributions: Lists
    checks: Sequence[int]
    tape: Tape


def derive(tape: Tape, root: int, seed: int) -> Scalars:
    """Return the program of a traced scalar and of its gradient.

    Args:
        tape: where it was traced.
        root: its id.
        seed: the id of the gradient it starts with.
    """
    code = np.frombuffer(tape.code, np.int8).copy()
    left = np.frombuffer(tape.left, np.int32).copy()
    right = np.frombuffer(tape.right, np.int32).copy()
    parents, slopes = _edges(tape, code, left, right)
    order, needed = eager_order(root, parents, code == ops.PARAMETER)
    edges = _Edges(tape, root, order, needed, parents, slopes)
    return edges.program(code, left, right, root, seed)


def _edges(tape: Tape, code: Any, left: Ids, right: Ids) -> tuple[Any, Any]:
    """Return each scalar's parents and slopes by them, two columns each."""
    parents = np.full((len(code), 2), NOTHING, np.int32)
    slopes = np.full((len(code), 2), NOTHING, np.int32)
    one, minus_one = tape.constant(1), tape.constant(-1)
    implied: dict[int, tuple[Any, ...]] = {
        ops.ADD: (left, right, one, one),
        ops.SUBTRACT: (left, right, one, minus_one),
        ops.MULTIPLY: (left, right, right, left),
        ops.NEGATIVE: (left, NOTHING, minus_one, NOTHING),
    }
    scalar = np.ones(len(code), bool)
    scalar[list(tape.plain)] = False
    for operation, columns in implied.items():
        where = np.flatnonzero((code == operation) & scalar)
        for target, position, column in zip(
            (parents, parents, slopes, slopes), (0, 1, 0, 1), columns, strict=True
        ):
            target[where, position] = column[where] if isinstance(column, np.ndarray) else column
    if tape.slopes:
        ids = np.fromiter(tape.slopes, np.int64, len(tape.slopes))
        explicit = np.array(list(tape.slopes.values()), np.int64).astype(np.int32)
        parents[ids], slopes[ids] = explicit[:, :2], explicit[:, 2:]
    # A parent counts if it is a parameter, or has parents itself.
    counts = (code == ops.PARAMETER) | (parents != NOTHING).any(axis=1)
    parents[(parents < 0) | ~counts[np.maximum(parents, 0)]] = NOTHING
    return parents, slopes


def _pushed(consumer: Ids, targets: Ids, useful: Any, root: int) -> Any:
    """Return the pushes of those who are pushed to themselves, in the order of the sweep."""
    reached = {root}
    result = np.zeros(len(useful), bool)
    for edge in np.flatnonzero(useful).tolist():
        if int(consumer[edge]) in reached:
            reached.add(int(targets[edge]))
            result[edge] = True
    return result


class _Edges:
    """The pushes of a backward sweep, grouped by whom they reach, in eager's order."""

    def __init__(
        self, tape: Tape, root: int, order: Ids, needed: Any, parents: Any, slopes: Any
    ) -> None:
        self._tape = tape
        consumers = order[::-1]
        targets, slope = parents[consumers].ravel(), slopes[consumers].ravel()
        useful = (targets >= 0) & needed[np.maximum(targets, 0)]
        useful &= (slope != tape.constant(0)) & (slope != tape.constant(0.0))
        consumer = np.repeat(consumers, 2)
        reached = np.zeros(len(needed), bool)
        reached[root] = True
        reached[targets[useful]] = True
        if not reached[consumer[useful]].all():
            useful &= _pushed(consumer, targets, useful, root)
        consumer, targets, slope = consumer[useful], targets[useful], slope[useful]
        # Parameters last; everything else in the order of the sweep, so that operands come first.
        position = np.arange(len(needed), 2 * len(needed), dtype=np.int32)
        position[consumers] = np.arange(len(consumers), dtype=np.int32)
        by_target = np.argsort(position[targets], kind="stable")
        self.consumer = consumer[by_target]
        self.slope = slope[by_target]
        targets = targets[by_target]
        first = np.ones(len(targets), bool)
        first[1:] = targets[1:] != targets[:-1]
        self.start = np.flatnonzero(first)
        self.count = np.diff(np.append(self.start, len(targets)))
        self.target = targets[self.start]

    def program(self, code: Any, left: Ids, right: Ids, root: int, seed: int) -> Scalars:
        """Write the gradients down behind the forward program."""
        tape = self._tape
        one, minus_one = tape.constant(1), tape.constant(-1)
        is_parameter = code[self.target] == ops.PARAMETER
        summed = (self.count > 1) & ~is_parameter
        computed = self.slope != one
        group = np.repeat(np.arange(len(self.start)), self.count)
        before = np.cumsum(summed) - summed
        edge_id = len(code) + np.cumsum(computed) - 1 + before[group]
        last = self.start + self.count - 1
        sum_id = edge_id[last] + 1 if len(last) else last
        gradient = self._gradients(root, seed, len(code), edge_id, computed, sum_id, summed)
        pushed = np.where(computed, edge_id, gradient[self.consumer]).astype(np.int32)

        size = len(code) + int(computed.sum()) + int(summed.sum())
        code, left, right = (
            np.concatenate([column, np.full(size - len(column), fill, column.dtype)])
            for column, fill in ((code, 0), (left, NOTHING), (right, NOTHING))
        )
        ids = edge_id[computed]
        negated = self.slope[computed] == minus_one
        code[ids] = np.where(negated, ops.NEGATIVE, ops.MULTIPLY)
        left[ids] = gradient[self.consumer[computed]]
        right[ids] = np.where(negated, NOTHING, self.slope[computed])
        code[sum_id[summed]] = ops.SUM
        start = np.append(self.start, len(pushed))
        sums = Lists(sum_id.astype(np.int32), start, pushed).chosen(summed)
        gradients = Lists(self.target, start, pushed).chosen(is_parameter)
        gradients.owner = left[gradients.owner]
        return Scalars(
            code=code,
            left=left,
            right=right,
            condition=tape.condition,
            sums=sums,
            root=root,
            contributions=gradients,
            checks=tape.checks,
            tape=tape,
        )

    def _gradients(
        self,
        root: int,
        seed: int,
        size: int,
        edge_id: Any,
        computed: Any,
        sum_id: Any,
        summed: Any,
    ) -> Ids:
        """Return the id of each scalar's gradient."""
        gradient = np.full(size, NOTHING, np.int32)
        gradient[root] = seed
        single = self.count == 1
        edge = self.start[single]
        own = computed[edge]
        gradient[self.target[single][own]] = edge_id[edge[own]]
        gradient[self.target[summed]] = sum_id[summed]
        # A scalar with one consumer and slope 1 has its consumer's gradient, and so on up.
        mine, through = self.target[single][~own], np.arange(size)
        up = self.consumer[edge[~own]]
        while True:
            through[mine] = up
            further = through[up]
            if (further == up).all():
                gradient[mine] = gradient[up]
                return gradient
            up = further
