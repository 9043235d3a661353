"""A scalar program written out: one operation a scalar, in lanes.

For formulas of a single parameter, which are short and the same for all: optimizers and penalties.
"""

from collections.abc import Callable, Sequence

import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Lists, Scalars
from valor_plugins.engines.native.emit.operations import emit
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.tape import NOTHING, Tape


def forward_only(tape: Tape) -> Scalars:
    """Return what is on a tape as a program without gradients."""
    nothing = Lists(np.zeros(0, np.int32), np.zeros(1, np.int64), np.zeros(0, np.int32))
    return Scalars(
        code=np.frombuffer(tape.code, np.int8).copy(),
        left=np.frombuffer(tape.left, np.int32).copy(),
        right=np.frombuffer(tape.right, np.int32).copy(),
        condition=tape.condition,
        sums=nothing,
        root=NOTHING,
        contributions=nothing,
        checks=tape.checks,
        tape=tape,
    )


def evaluate(
    writer: Writer,
    scalars: Scalars,
    leaf: Callable[[int, int], str],
    wanted: Sequence[int],
    width: int,
) -> list[str]:
    """Write a program out, and return the names of the wanted scalars.

    Args:
        writer: where to.
        scalars: the program.
        leaf: returns the name of a leaf, from its code and its index.
        wanted: ids.
        width: how many lanes.
    """
    code, left, right = (column.tolist() for column in (scalars.code, scalars.left, scalars.right))
    terms = {int(k): scalars.sums[i].tolist() for i, k in enumerate(scalars.sums.owner)}
    names: dict[int, str] = {}

    def operands(node: int) -> list[int]:
        if node in terms:
            return list(terms[node])
        given = [left[node], right[node], scalars.condition.get(node, NOTHING)]
        return [each for each in given if each != NOTHING]

    def name(node: int) -> str:
        return names[node] if node >= 0 else writer.constant(scalars.tape.constants[node], width)

    needed: set[int] = {node for node in wanted if node >= 0}
    for node in reversed(range(len(code))):
        if node in needed and code[node] > ops.LAST_LEAF:
            needed.update(each for each in operands(node) if each >= 0)
    for node in sorted(needed):
        if code[node] <= ops.LAST_LEAF:
            names[node] = leaf(code[node], left[node])
        else:
            names[node] = emit(writer, code[node], [name(each) for each in operands(node)], width)
    return [name(node) for node in wanted]


def poison(writer: Writer, scalars: Scalars, bits: Sequence[str], width: int) -> str | None:
    """Return lanes that are nan where a check failed and 0 elsewhere; None without checks."""
    total: str | None = None
    for check in bits:
        nan, zero = writer.constant(float("nan"), width), writer.constant(0.0, width)
        value = emit(writer, ops.SELECT, [nan, zero, check], width)
        total = value if total is None else emit(writer, ops.ADD, [total, value], width)
    return total
