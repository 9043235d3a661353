"""A scalar program written out: one operation a scalar, in lanes.

For formulas of a single parameter, which are short and the same for all: optimizers and penalties.
"""

from collections.abc import Callable, Mapping, Sequence

import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Lists, Scalars
from valor_plugins.engines.native.emit.operations import emit
from valor_plugins.engines.native.emit.team import Part
from valor_plugins.engines.native.emit.writer import Writer, literal
from valor_plugins.engines.native.families import Operand
from valor_plugins.engines.native.tape import NOTHING, Tape

NOTHING_KNOWN: Mapping[int, str] = {}


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
    known: Mapping[int, str] = NOTHING_KNOWN,
) -> list[str]:
    """Write a program out, and return the names of the wanted scalars.

    Args:
        writer: where to.
        scalars: the program.
        leaf: returns the name of a leaf, from its code and its index.
        wanted: ids.
        width: how many lanes.
        known: names, by id, of scalars that are there already, as single doubles.
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
        if node < 0:
            return writer.constant(scalars.tape.constants[node], width)
        if node not in names:
            names[node] = writer.splat(known[node], width)
        return names[node]

    needed: set[int] = {node for node in wanted if node >= 0}
    for node in reversed(range(len(code))):
        if node in needed and code[node] > ops.LAST_LEAF and node not in known:
            needed.update(each for each in operands(node) if each >= 0)
    for node in sorted(needed.difference(known)):
        if code[node] <= ops.LAST_LEAF:
            names[node] = leaf(code[node], left[node])
        else:
            names[node] = emit(writer, code[node], [name(each) for each in operands(node)], width)
    return [name(node) for node in wanted]


def same_for_all(scalars: Scalars, leaves: Sequence[int]) -> list[int]:
    """Return the numbers that are computed from nothing but constants and leaves of some codes."""
    same: set[int] = set()
    for node, (code, left, right) in enumerate(
        zip(scalars.code.tolist(), scalars.left.tolist(), scalars.right.tolist(), strict=True)
    ):
        operands = (left, right, scalars.condition.get(node, NOTHING))
        if code <= ops.LAST_LEAF:
            if code in leaves:
                same.add(node)
        elif code not in ops.CONDITIONS and all(each < 0 or each in same for each in operands):
            same.add(node)
    return sorted(same)


def poison(writer: Writer, scalars: Scalars, bits: Sequence[str], width: int) -> str | None:
    """Return lanes that are nan where a check failed and 0 elsewhere; None without checks."""
    total: str | None = None
    for check in bits:
        nan, zero = writer.constant(float("nan"), width), writer.constant(0.0, width)
        value = emit(writer, ops.SELECT, [nan, zero, check], width)
        total = value if total is None else emit(writer, ops.ADD, [total, value], width)
    return total


def write_checks(
    writer: Writer,
    checks: Sequence[Operand],
    samples: Part,
    read: Callable[[Operand, str], str],
) -> str | None:
    """Write a look at conditions that must not hold; return a number that is nan if one does.

    Args:
        writer: where to.
        checks: the conditions.
        samples: from which sample to which.
        read: returns 1 or 0, of a condition and a sample.
    """
    zero, nan = literal(0.0), literal(float("nan"))
    doubt = None
    for check in checks:
        with writer.loop(*samples, carried=[("double", zero)], prefix="check") as sample:
            failed = writer.let(f"fcmp une double {read(check, sample.index)}, {zero}")
            before = sample.values[0]
            sample.next = [writer.let(f"select i1 {failed}, double {nan}, double {before}")]
        found = sample.result[0]
        doubt = found if doubt is None else writer.op("fadd", "double", doubt, found)
    return doubt
