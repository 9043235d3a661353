"""Loops over families: element by element, and long sums in tiles.

The order of every sum is that of its terms; lanes are samples (or, where nothing varies from sample
to sample, there is one lane), so no addition changes its place.
"""

from collections.abc import Callable, Sequence

import attrs
import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.frames import Layout, read, row_address
from valor_plugins.engines.native.emit.operations import as_number, emit
from valor_plugins.engines.native.emit.team import Part
from valor_plugins.engines.native.emit.writer import Writer, vector
from valor_plugins.engines.native.families import CONSTANT, Family, Operand, Pair, Rolled, terms_of

# In one pass over long sums, for some micro-blocks: the first cache holds the terms of a tile.
TERMS = 128
PANEL = 2
ACCUMULATORS = 12  # vectors of sums side by side: as many as AVX2 has room for


@attrs.define(eq=False)
class Kernel:
    """Families of one size that are computed in one loop.

    Attributes:
        size: how many members they have.
        varying: whether the loop runs for each micro-block.
        families: their numbers, operands first.
        alone: whether it is a long sum, or joins families.
    """

    size: int
    varying: bool
    families: list[int]
    alone: bool = False


def schedule(rolled: Rolled) -> list[Kernel]:
    """Put families into as few loops as their operands allow."""
    kernels: list[Kernel] = []
    where: dict[int, int] = {}
    for number, family in enumerate(rolled.families):
        if family.code <= ops.LAST_LEAF:
            continue
        if family.runs or family.parts:
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
                not kernel.alone
                and (kernel.size, kernel.varying) == (family.size, family.varying)
                and np.array_equal(operand.positions, np.arange(family.size))
            )
            earliest = max(earliest, there if together else there + 1)
        for there in range(earliest, len(kernels)):
            kernel = kernels[there]
            if not kernel.alone and (kernel.size, kernel.varying) == (
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
            if family.runs or family.parts:
                layout.keep(number)
            for part in family.parts:
                layout.keep(part)
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


def write_kernel(writer: Writer, layout: Layout, kernel: Kernel, blocks: Part = (0, 1)) -> None:
    """Write the loop of a kernel.

    Args:
        writer, layout: where to, and what is where.
        kernel: what.
        blocks: from which micro-block to which, if it varies from sample to sample.
    """
    if kernel.alone:
        joins = layout.rolled.families[kernel.families[0]].parts
        (_write_join if joins else _write_sum)(writer, layout, kernel, blocks)
        return
    if not kernel.varying:
        with writer.loop(0, kernel.size, prefix="uniform") as element:
            _write_members(writer, layout, kernel, element.index, "", 1, 1)
        return
    with writer.loop(*blocks, prefix="blocks") as block:
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


def _write_join(writer: Writer, layout: Layout, kernel: Kernel, blocks: Part) -> None:
    """Write the copy of several families into one."""
    number = kernel.families[0]
    with writer.loop(*blocks, prefix="blocks") as block:
        frame = writer.at("%frames", writer.times(block.index, layout.frame_bytes))
        start = 0
        for part in layout.rolled.families[number].parts:
            size = layout.rolled.families[part].size
            with writer.loop(0, size, prefix="join") as element:
                for v in range(layout.vectors):
                    lane, to = v * layout.width, writer.plus(element.index, start)
                    at = writer.at(
                        row_address(writer, layout, part, element.index, frame), lane * 8
                    )
                    value = writer.load(at, layout.width)
                    _store(writer, layout, number, value, to, frame, lane, layout.width)
            start += size


def _write_sum(writer: Writer, layout: Layout, kernel: Kernel, blocks: Part) -> None:
    """Write a family of long sums: passes over terms, tiles of sums, micro-blocks, then terms.

    A pass has no more terms than the caches hold for all sums. Between two passes the sums lie in
    memory, and the second goes on where the first left off.
    """
    number = kernel.families[0]
    tile = min(ACCUMULATORS // layout.vectors, kernel.size)
    whole = kernel.size - kernel.size % tile
    pieces = [(0, whole, tile)]
    if whole < kernel.size:
        pieces.append((whole, kernel.size, kernel.size - whole))
    for position, stretches in enumerate(_passes(layout.rolled.families[number])):
        if not kernel.varying:
            for start, stop, count in pieces:
                with writer.loop(start, stop, count, prefix="tile") as first:
                    members = [writer.plus(first.index, j) for j in range(count)]
                    _Tile(writer, layout, number, members, 1, 1).write(stretches, "", position > 0)
            continue
        with writer.loop(*blocks, PANEL, prefix="panel") as panel:
            end = writer.least(writer.plus(panel.index, PANEL), blocks[1])
            for start, stop, count in pieces:
                with writer.loop(start, stop, count, prefix="tile") as first:
                    members = [writer.plus(first.index, j) for j in range(count)]
                    sums = _Tile(writer, layout, number, members, layout.width, layout.vectors)
                    with writer.loop(panel.index, end, prefix="blocks") as block:
                        offset = writer.times(block.index, layout.frame_bytes)
                        sums.write(stretches, writer.at("%frames", offset), position > 0)


Stretch = tuple[Pair, int, int]


def _passes(family: Family) -> list[list[Stretch]]:
    """Cut the terms of a long sum into passes of stretches: two factors, from term to term."""
    passes: list[list[Stretch]] = [[]]
    room = TERMS
    for pair in family.runs:
        start, length = 0, terms_of(pair)
        while start < length:
            if room <= 0:
                passes.append([])
                room = TERMS
            # A few more terms are no reason for a pass of their own.
            taken = min(length - start, room if length - start > room + TERMS // 4 else length)
            passes[-1].append((pair, start, start + taken))
            start += taken
            room -= taken
    return passes


class _Tile:
    """Some sums side by side, each in its own order, for some vectors of samples."""

    def __init__(
        self,
        writer: Writer,
        layout: Layout,
        number: int,
        members: Sequence[str | int],
        width: int,
        vectors: int,
    ) -> None:
        self._writer, self._layout, self._number = writer, layout, number
        self._members = members
        self._width, self._vectors = width, vectors
        self._kind = vector(width)

    def write(self, stretches: Sequence[Stretch], frame: str, going_on: bool) -> None:
        """Write some terms of each sum, into the rows of its family.

        Args:
            stretches: which terms.
            frame: the address of the micro-block's frame.
            going_on: whether earlier terms lie in the rows already.
        """
        writer, layout = self._writer, self._layout
        totals = self._rows(frame) if going_on else []
        for pair, first, stop in stretches:
            start = first
            if not totals:
                totals = self._added(pair, first, frame, None)
                start = first + 1
            if start == stop:
                continue
            carried = [(self._kind, total) for total in totals]
            with writer.loop(start, stop, carried=carried, prefix="terms") as term:
                term.next = self._added(pair, term.index, frame, term.values)
            totals = term.result
        for total, (member, lane) in zip(totals, self._places(), strict=True):
            _store(writer, layout, self._number, total, member, frame, lane, self._width)

    def _places(self) -> list[tuple[str | int, int]]:
        return [(member, v * self._width) for member in self._members for v in range(self._vectors)]

    def _rows(self, frame: str) -> list[str]:
        writer, layout = self._writer, self._layout
        if self._number in layout.cells:
            row = Operand(self._number, np.arange(layout.rolled.families[self._number].size))
            return [read(writer, layout, row, (member,), "") for member in self._members]
        return [
            writer.load(
                writer.at(row_address(writer, layout, self._number, member, frame), lane * 8),
                self._width,
            )
            for member, lane in self._places()
        ]

    def _added(
        self, pair: Pair, term: str | int, frame: str, totals: Sequence[str] | None
    ) -> list[str]:
        """Write one term of each sum, added to what there is: each product just before its sum."""
        writer, kind = self._writer, self._kind
        columns = [self._factor(factor, term, frame) for factor in pair if factor is not None]
        result = []
        for position in range(len(self._members) * self._vectors):
            value = columns[0](position)
            if len(columns) == 2:
                value = writer.op("fmul", kind, value, columns[1](position))
            if totals is not None:
                value = writer.op("fadd", kind, totals[position], value)
            result.append(value)
        return result

    def _factor(self, factor: Operand, term: str | int, frame: str) -> Callable[[int], str]:
        """Return what gives a factor of a sum; what several sums share is loaded once."""
        layout = self._layout
        varies = layout.varies(factor)
        shared = factor.family == CONSTANT
        if not shared:
            index = layout.index(factor)
            shared = index.table is None and index.strides[0] == 0
        loaded: dict[tuple[int, int], str] = {}

        def value(position: int) -> str:
            j, v = divmod(position, self._vectors)
            key = (0 if shared else j, v if varies else 0)
            if key not in loaded:
                counters = self._members[key[0]], term
                lane = key[1] * self._width
                loaded[key] = read(self._writer, layout, factor, counters, frame, lane, self._width)
            return loaded[key]

        return value
