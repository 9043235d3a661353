"""Loops over families: element by element, and long sums in tiles.

The order of every sum is that of its terms; lanes are samples (or, where nothing varies from sample
to sample, there is one lane), so no addition changes its place.
"""

from collections.abc import Sequence

import attrs
import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.frames import Layout, read, row_address
from valor_plugins.engines.native.emit.operations import as_number, emit
from valor_plugins.engines.native.emit.writer import Writer, vector
from valor_plugins.engines.native.reroll import CONSTANT, Operand, Rolled

TILE = 6  # sums side by side: with two vectors each, as many accumulators as AVX2 has room for


@attrs.define(eq=False)
class Kernel:
    """Families of one size that are computed in one loop.

    Attributes:
        size: how many members they have.
        varying: whether the loop runs for each micro-block.
        families: their numbers, operands first; a long sum is alone.
        is_sum: whether it is a long sum.
    """

    size: int
    varying: bool
    families: list[int]
    is_sum: bool = False


def schedule(rolled: Rolled) -> list[Kernel]:
    """Put families into as few loops as their operands allow."""
    kernels: list[Kernel] = []
    where: dict[int, int] = {}
    for number, family in enumerate(rolled.families):
        if family.code <= ops.LAST_LEAF:
            continue
        if family.runs:
            where[number] = len(kernels)
            kernels.append(Kernel(family.size, family.varying, [number], True))
            continue
        earliest = 0
        for operand in family.operands:
            there = where.get(operand.family)
            if there is None:
                continue
            kernel = kernels[there]
            together = (
                not kernel.is_sum
                and (kernel.size, kernel.varying) == (family.size, family.varying)
                and np.array_equal(operand.positions, np.arange(family.size))
            )
            earliest = max(earliest, there if together else there + 1)
        for there in range(earliest, len(kernels)):
            kernel = kernels[there]
            if not kernel.is_sum and (kernel.size, kernel.varying) == (
                family.size,
                family.varying,
            ):
                break
        else:
            there = len(kernels)
            kernels.append(Kernel(family.size, family.varying, []))
        kernels[there].families.append(number)
        where[number] = there
    return kernels


def keep_what_crosses(layout: Layout, kernels: Sequence[Kernel]) -> None:
    """Give places to the families that are read outside of the loop that computes them."""
    rolled = layout.rolled
    home = {number: k for k, kernel in enumerate(kernels) for number in kernel.families}
    for k, kernel in enumerate(kernels):
        for number in kernel.families:
            family = rolled.families[number]
            if family.runs:
                layout.keep(number)
            for operand in _operands(rolled, number):
                if operand.family != CONSTANT and (
                    home.get(operand.family) != k
                    or not np.array_equal(operand.positions, np.arange(family.size))
                ):
                    layout.keep(operand.family)
    for operand in _results(rolled):
        if operand.family != CONSTANT:
            layout.keep(operand.family)


def _operands(rolled: Rolled, number: int) -> list[Operand]:
    family = rolled.families[number]
    inside = [factor for pair in family.runs for factor in pair if factor is not None]
    return family.operands + inside


def _results(rolled: Rolled) -> list[Operand]:
    factors = [
        factor
        for group in rolled.gradients
        for pair in group.contributions
        for factor in pair
        if factor is not None
    ]
    return [rolled.root, *rolled.checks, *factors]


def write_kernel(writer: Writer, layout: Layout, kernel: Kernel, blocks: str) -> None:
    """Write the loop of a kernel.

    Args:
        writer, layout: where to, and what is where.
        kernel: what.
        blocks: how many micro-blocks there are.
    """
    if kernel.is_sum:
        _write_sum(writer, layout, kernel, blocks)
        return
    if not kernel.varying:
        with writer.loop(0, kernel.size, prefix="uniform") as element:
            _write_members(writer, layout, kernel, element.index, "", 1, 1)
        return
    with writer.loop(0, blocks, prefix="blocks") as block:
        frame = writer.at("%frames", writer.times(block.index, layout.frame_bytes))
        with writer.loop(0, kernel.size, prefix="map") as element:
            _write_members(
                writer, layout, kernel, element.index, frame, layout.width, layout.vectors
            )


def _write_members(
    writer: Writer,
    layout: Layout,
    kernel: Kernel,
    element: str,
    frame: str,
    width: int,
    vectors: int,
) -> None:
    """Write what one member of each family of a loop is, for some vectors of samples."""
    families = layout.rolled.families
    here = set(kernel.families)
    for v in range(vectors):
        values: dict[int, str] = {}
        for number in kernel.families:
            family = families[number]
            operands = [
                values[operand.family]
                if operand.family in here and operand.family in values
                else read(writer, layout, operand, (element,), frame, v * width, width)
                for operand in family.operands
            ]
            value = values[number] = emit(writer, family.code, operands, width)
            if number in layout.rows or number in layout.cells:
                if family.code in ops.CONDITIONS:
                    value = as_number(writer, value, width)
                _store(writer, layout, number, value, element, frame, v * width, width)


def _store(
    writer: Writer,
    layout: Layout,
    number: int,
    value: str,
    place: str | int,
    frame: str,
    lane: int,
    width: int,
) -> None:
    if number in layout.cells:
        cell = writer.plus(layout.cells[number], place)
        writer.store(value, writer.at("%uniform", writer.times(cell, 8)))
    else:
        address = row_address(writer, layout, number, place, frame)
        writer.store(value, writer.at(address, lane * 8), width)


def _write_sum(writer: Writer, layout: Layout, kernel: Kernel, blocks: str) -> None:
    """Write a family of long sums: tiles of sums outside, micro-blocks, then terms."""
    number = kernel.families[0]
    operands = _operands(layout.rolled, number)
    regular = all(
        operand.family == CONSTANT or layout.index(operand).table is None for operand in operands
    )
    tile = min(TILE if regular else 1, kernel.size)
    whole = kernel.size - kernel.size % tile
    pieces = [(0, whole, tile)]
    if whole < kernel.size:
        pieces.append((whole, kernel.size, kernel.size - whole))
    for start, stop, count in pieces:
        with writer.loop(start, stop, count, prefix="tile") as first:
            if not kernel.varying:
                _write_tile(writer, layout, number, first.index, count, "", 1, 1)
                continue
            with writer.loop(0, blocks, prefix="blocks") as block:
                frame = writer.at("%frames", writer.times(block.index, layout.frame_bytes))
                _write_tile(
                    writer,
                    layout,
                    number,
                    first.index,
                    count,
                    frame,
                    layout.width,
                    layout.vectors,
                )


def _write_tile(
    writer: Writer,
    layout: Layout,
    number: int,
    first: str,
    count: int,
    frame: str,
    width: int,
    vectors: int,
) -> None:
    """Write some sums side by side, each in its own order, for some vectors of samples."""
    kind = vector(width)
    family = layout.rolled.families[number]
    members = [writer.plus(first, j) for j in range(count)]
    totals: list[str] = []
    for pair in family.runs:
        terms = next(o for o in pair if o is not None)
        length = 1 if terms.family == CONSTANT else terms.positions.shape[1]
        if terms.family == CONSTANT and pair[1] is not None and pair[1].family != CONSTANT:
            length = pair[1].positions.shape[1]
        begin = 0
        if not totals:
            totals = _terms(writer, layout, pair, members, 0, frame, width, vectors)
            begin = 1
        if begin == length:
            continue
        carried = [(kind, total) for total in totals]
        with writer.loop(begin, length, carried=carried, prefix="terms") as term:
            added = _terms(writer, layout, pair, members, term.index, frame, width, vectors)
            term.next = [
                writer.op("fadd", kind, total, value)
                for total, value in zip(term.values, added, strict=True)
            ]
        totals = term.result
    for j, member in enumerate(members):
        for v in range(vectors):
            _store(
                writer, layout, number, totals[j * vectors + v], member, frame, v * width, width
            )


def _terms(
    writer: Writer,
    layout: Layout,
    pair: tuple[Operand, Operand | None],
    members: Sequence[str | int],
    term: str | int,
    frame: str,
    width: int,
    vectors: int,
) -> list[str]:
    """Write one term of each sum of a tile; what several sums share is loaded once."""
    columns = [
        _factor(writer, layout, factor, members, term, frame, width, vectors)
        for factor in pair
        if factor is not None
    ]
    if len(columns) == 1:
        return columns[0]
    kind = vector(width)
    return [writer.op("fmul", kind, a, b) for a, b in zip(*columns, strict=True)]


def _factor(
    writer: Writer,
    layout: Layout,
    factor: Operand,
    members: Sequence[str | int],
    term: str | int,
    frame: str,
    width: int,
    vectors: int,
) -> list[str]:
    lanes = [v * width for v in range(vectors)] if layout.varies(factor) else [0]
    shared = factor.family == CONSTANT or layout.index(factor).strides[0] == 0
    if factor.family != CONSTANT and layout.index(factor).table is not None:
        shared = False
    rows = []
    for member in members[:1] if shared else members:
        row = [
            read(writer, layout, factor, (member, term), frame, lane, width) for lane in lanes
        ]
        rows.append(row if len(row) == vectors else row * vectors)
    if shared:
        rows = rows * len(members)
    return [value for row in rows for value in row]
