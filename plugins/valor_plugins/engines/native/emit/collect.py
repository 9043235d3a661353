"""Gradients: what each sample contributes, added from the last sample to the first.

That order is eager's, so a sum over samples must not be split. Lanes are parameters here: a
square of contributions (some parameters by some samples) is transposed in registers, and its rows
are added one after the other. Where the parameters form a grid, each contribution a product of a
row's scalar and a column's, the operands are transposed once, and not every product.
"""

from contextlib import nullcontext
from typing import Any

import attrs
import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.frames import Index, Layout, position, read, uniform
from valor_plugins.engines.native.emit.operations import as_number
from valor_plugins.engines.native.emit.team import Part, shared
from valor_plugins.engines.native.emit.update import Update
from valor_plugins.engines.native.emit.writer import Writer, vector
from valor_plugins.engines.native.families import CONSTANT, Gradients, Operand

ROWS = 6  # rows of a grid side by side: with two vectors each, twelve accumulators
PANEL_BYTES = 2**14


@attrs.frozen
class Block:
    """The samples that are at work.

    Attributes:
        samples: how many, in the compiled function.
        size: how many there are at the most.
        alone: whether gradients begin here, at +0, and not with what other blocks contributed.
    """

    samples: str
    size: int
    alone: bool


@attrs.frozen(eq=False)
class Outer:
    """A product of a row's scalar and a column's.

    Attributes:
        still: the factor that a row shares; `still_at` its position, by row.
        moving: the factor that a column shares; `moving_at` the position of the first one.
    """

    still: Operand
    still_at: Index
    moving: Operand
    moving_at: int


@attrs.frozen(eq=False)
class Grid:
    """Parameters in rows and columns.

    Attributes:
        rows, columns: how many.
        slot: of a row's first parameter, by row.
        products: what each sample adds, in order. A matrix that is used once has one.
    """

    rows: int
    columns: int
    slot: Index
    products: tuple[Outer, ...]


def grid_of(layout: Layout, group: Gradients) -> Grid | None:
    """Return the grid that some parameters form; None if they form none."""
    slots = layout.slots[group.parameters]
    order = np.argsort(slots)
    slots = slots[order]
    columns, products = 0, []
    for first, second in group.contributions:
        if second is None or not (layout.varies(first) and layout.varies(second)):
            return None
        for still, moving in ((first, second), (second, first)):
            s, m = still.positions.ravel()[order], moving.positions.ravel()[order]
            found = _columns(slots, s, m)
            if found < layout.width or (columns and found != columns):
                continue
            columns, by_row = found, s[::found]
            still_at = Index.of(by_row) or layout.tables.add(by_row)
            products.append(Outer(still, still_at, moving, int(m[0])))
            break
        else:
            return None
    by_row = slots[::columns]
    slot = Index.of(by_row) or layout.tables.add(by_row)
    return Grid(len(by_row), columns, slot, tuple(products))


def _columns(slots: Any, still: Any, moving: Any) -> int:
    """Return how long the rows are of a grid with these factors; 0 if it is none."""
    along = (np.diff(slots) == 1) & (np.diff(moving) == 1) & (np.diff(still) == 0)
    ends = np.flatnonzero(~along)
    columns = int(ends[0]) + 1 if len(ends) else len(slots)
    if len(slots) % columns:
        return 0
    slots, still, moving = (each.reshape(-1, columns) for each in (slots, still, moving))
    is_grid = (
        (slots == slots[:, :1] + np.arange(columns)).all()
        and (still == still[:, :1]).all()
        and (moving == moving[0]).all()
    )
    return columns if is_grid else 0


@attrs.define(eq=False)
class Transposed:
    """Families with samples outermost, for the columns of grids.

    Attributes:
        start: of a family, its first double in a sample's row.
        width: how many doubles a sample's row has.
    """

    start: dict[int, int] = attrs.field(factory=dict)
    width: int = 0

    def need(self, layout: Layout, grid: Grid) -> None:
        """Make room for the moving factors of a grid. Inputs lie so already, in the data."""
        for product in grid.products:
            number = product.moving.family
            family = layout.rolled.families[number]
            if family.code != ops.INPUT and number not in self.start:
                self.start[number] = self.width
                self.width += -(-family.size // layout.width) * layout.width


def write_transposition(writer: Writer, layout: Layout, needed: Transposed, blocks: Part) -> None:
    """Write the copies of families with samples outermost."""
    if not needed.start:
        return
    width, micro = layout.width, layout.micro
    with writer.loop(*blocks, prefix="transpose") as block:
        frame = writer.at("%frames", writer.times(block.index, layout.frame_bytes))
        target = writer.at("%transposed", writer.times(block.index, micro * needed.width * 8))
        for number, start in needed.start.items():
            size = layout.rolled.families[number].size
            with writer.loop(0, size, width, prefix="square") as square:
                rows = writer.plus(square.index, layout.rows[number])
                from_ = writer.at(frame, writer.times(rows, micro * 8))
                to = writer.at(target, writer.times(writer.plus(square.index, start), 8))
                for v in range(layout.vectors):
                    lines = [
                        writer.load(writer.at(from_, (r * micro + v * width) * 8), width)
                        for r in range(width)
                    ]
                    for lane, line in enumerate(writer.transposed(lines, width)):
                        sample = v * width + lane
                        writer.store(line, writer.at(to, sample * needed.width * 8), width)


def write_grid(
    writer: Writer,
    layout: Layout,
    grid: Grid,
    needed: Transposed,
    block: Block,
    update: Update | None = None,
) -> None:
    """Write the sums of a grid of parameters, over the samples of a block, and perhaps the update.

    Columns go in panels whose moving factors the first cache holds for all samples.
    """
    whole = grid.rows - grid.rows % ROWS
    pieces = [(0, whole, ROWS), (whole, grid.rows, grid.rows - whole)]
    column = 0
    halves = [layout.width >> k for k in range(layout.width.bit_length())]  # down to 1
    for width, vectors in ((layout.width, 2), *((half, 1) for half in halves)):
        step = width * vectors
        stop = column + (grid.columns - column) // step * step
        if stop == column:
            continue
        panel = max(step, PANEL_BYTES // (8 * block.size) // step * step)
        with writer.loop(column, stop, panel, prefix="panel") as columns:
            end = writer.least(writer.plus(columns.index, panel), stop)
            for start, last, count in pieces:
                if last == start:
                    continue
                with (
                    shared(writer, start, last, count, "rows") as rows,
                    writer.loop(columns.index, end, step, prefix="columns") as tile,
                ):
                    row, lanes = (rows.index, count), (tile.index, width, vectors)
                    _write_grid_tile(writer, layout, grid, needed, block, update, row, lanes)
        column = stop


def _write_grid_tile(
    writer: Writer,
    layout: Layout,
    grid: Grid,
    needed: Transposed,
    block: Block,
    update: Update | None,
    rows: tuple[str, int],
    columns: tuple[str, int, int],
) -> None:
    (row, count), (column, width, vectors) = rows, columns
    kind, micro = vector(width), layout.micro
    slots, places = [], []
    stills: list[list[str | int]] = [[] for _ in grid.products]
    for j in range(count):
        counter = (writer.plus(row, j),)
        slot = writer.plus(position(writer, grid.slot, counter), column)
        slots.append(slot)
        places.append(writer.at("%gradients", writer.times(slot, 8)))
        for product, rows_of in zip(grid.products, stills, strict=True):
            at = position(writer, product.still_at, counter)
            at = writer.plus(at, layout.rows[product.still.family])
            rows_of.append(writer.times(at, micro * 8))
    zero = writer.constant(0.0, width)
    carried = [
        (kind, zero if block.alone else writer.load(writer.at(place, v * width * 8), width))
        for place in places
        for v in range(vectors)
    ]
    firsts = [writer.times(writer.plus(column, each.moving_at), 8) for each in grid.products]
    with writer.loop(block.samples, 0, -1, carried, prefix="samples") as sample:
        frame = _lane_address(writer, layout, sample.index)
        following = list(sample.values)
        for product, first, rows_of in zip(grid.products, firsts, stills, strict=True):
            line = _line(writer, layout, product.moving.family, needed, sample.index)
            line = writer.at(line, first)
            moving = [writer.load(writer.at(line, v * width * 8), width) for v in range(vectors)]
            for j, still in enumerate(rows_of):
                factor = writer.splat(writer.load(writer.at(frame, still)), width)
                for v in range(vectors):
                    value = writer.op("fmul", kind, factor, moving[v])
                    place = j * vectors + v
                    following[place] = writer.op("fadd", kind, following[place], value)
        sample.next = following
    totals = [(*divmod(position_, vectors), total) for position_, total in enumerate(sample.result)]
    if update is not None:
        doubts = [
            update.write(writer, writer.plus(slots[j], v * width), total, width)
            for j, v, total in totals
        ]
        update.note(writer, doubts, width)
    # Nobody sees the gradients of a step that is updated here, but those of a call's last one.
    with nullcontext() if update is None else writer.when("%last", "keep"):
        for j, v, total in totals:
            writer.store(total, writer.at(places[j], v * width * 8), width)


def _line(writer: Writer, layout: Layout, number: int, needed: Transposed, sample: str) -> str:
    """Return the address of a family's members for one sample, side by side."""
    if layout.rolled.families[number].code == ops.INPUT:
        return writer.load(writer.at("%rows", writer.times(sample, 8)), kind="ptr")
    row = writer.times(sample, needed.width * 8)
    return writer.at("%transposed", row, needed.start[number] * 8)


def _lane_address(writer: Writer, layout: Layout, sample: str) -> str:
    """Return the address of a sample's lane in the first row of its frame."""
    return writer.load(writer.at("%lanes", writer.times(sample, 8)), kind="ptr")


def write_list(writer: Writer, layout: Layout, group: Gradients, block: Block) -> None:
    """Write the sums of parameters that form no grid, over the samples of a block."""
    width = layout.width
    slots = layout.slots[group.parameters]
    slot = Index.of(slots) or layout.tables.add(slots)
    whole = len(slots) - len(slots) % width
    for start, stop, count in ((0, whole, width), (whole, len(slots), len(slots) - whole)):
        if stop > start:
            with shared(writer, start, stop, count, "list") as first:
                _write_list_tile(writer, layout, group, slot, block, first.index, count)


def _write_list_tile(
    writer: Writer,
    layout: Layout,
    group: Gradients,
    slot: Index,
    block: Block,
    first: str,
    count: int,
) -> None:
    width, kind = layout.width, vector(layout.width)
    counters = [(writer.plus(first, j),) for j in range(count)]
    places = [
        writer.at("%gradients", writer.times(position(writer, slot, counter), 8))
        for counter in counters
    ]
    total = writer.constant(0.0, width)
    if not block.alone:
        total = gathered(writer, [writer.load(place) for place in places], width)
    sources = [
        [_Source(writer, layout, factor, counter) for factor in pair if factor is not None]
        for pair in group.contributions
        for counter in counters
    ]

    def add(total: str, sample: str, valid: str | None) -> str:
        """Add the contributions of `width` samples, the last one first."""
        frame = _lane_address(writer, layout, sample)
        squares = []
        for c in range(len(group.contributions)):
            lines = []
            for factors in sources[c * count : (c + 1) * count]:
                values = [factor.lanes(frame) for factor in factors]
                line = values[0]
                if len(values) == 2:
                    line = writer.op("fmul", kind, values[0], values[1])
                if valid is not None:
                    zero = writer.constant(0.0, width)
                    bits = vector(width, "i1")
                    line = writer.let(f"select {bits} {valid}, {kind} {line}, {kind} {zero}")
                lines.append(line)
            lines += [writer.constant(0.0, width)] * (width - count)
            squares.append(writer.transposed(lines, width))
        for lane in reversed(range(width)):
            for square in squares:
                total = writer.op("fadd", kind, total, square[lane])
        return total

    full = writer.let(f"and i64 {block.samples}, {-width}")
    rest = writer.let(f"sub i64 {block.samples}, {full}")
    before = writer.block
    some = writer.let(f"icmp ne i64 {rest}, 0")
    with writer.when(some, "partial"):
        partial = add(total, full, lanes_below(writer, rest, width))
        there = writer.block
    total = writer.let(f"phi {kind} [ {total}, %{before} ], [ {partial}, %{there} ]")
    with writer.loop(full, 0, -width, [(kind, total)], prefix="samples") as sample:
        sample.next = [add(sample.values[0], sample.index, None)]
    for lane, place in enumerate(places):
        writer.store(writer.extract(sample.result[0], width, lane), place)


class _Source:
    """A factor of a contribution: its row in the frames, or what is the same for all samples."""

    def __init__(
        self, writer: Writer, layout: Layout, operand: Operand, counter: tuple[str | int, ...]
    ) -> None:
        self._writer, self._width = writer, layout.width
        self._same: str | None = None
        if operand.family == CONSTANT:
            self._same = writer.constant(operand.value, layout.width)
            return
        place = position(writer, layout.index(operand), counter)
        if layout.varies(operand):
            row = writer.plus(layout.rows[operand.family], place)
            self._row = writer.times(row, layout.micro * 8)
        else:
            self._same = writer.splat(uniform(writer, layout, operand, place), layout.width)

    def lanes(self, frame: str) -> str:
        """Load some samples, beginning at the lane that an address in the first row says."""
        if self._same is not None:
            return self._same
        return self._writer.load(self._writer.at(frame, self._row), self._width)


def gathered(writer: Writer, scalars: list[str], width: int) -> str:
    """Put scalars into the first lanes of a vector; the others are 0."""
    value = writer.constant(0.0, width)
    for lane, scalar in enumerate(scalars):
        value = writer.let(f"insertelement {vector(width)} {value}, double {scalar}, i64 {lane}")
    return value


def lanes_below(writer: Writer, count: str, width: int) -> str:
    """Return bits that are set in the first `count` lanes."""
    whole = vector(width, "i64")
    numbers = "<" + ", ".join(f"i64 {lane}" for lane in range(width)) + ">"
    one = writer.let(f"insertelement {whole} poison, i64 {count}, i64 0")
    limit = writer.let(
        f"shufflevector {whole} {one}, {whole} poison, <{width} x i32> zeroinitializer"
    )
    return writer.let(f"icmp slt {whole} {numbers}, {limit}")


def read_sample(writer: Writer, layout: Layout, operand: Operand, sample: str) -> str:
    """Load one scalar of a sample, given by its number in the block; a condition as 1 or 0."""
    value = read(writer, layout, operand, (0,), _lane_address(writer, layout, sample))
    if layout.rolled.families[operand.family].code in ops.CONDITIONS:
        return as_number(writer, value, 1)
    return value
