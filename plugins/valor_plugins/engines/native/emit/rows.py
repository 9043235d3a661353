"""Samples outermost: every family that is kept is a matrix, one row a sample, lanes are members.

Rows are padded to whole vectors, so that no loop has a remainder. What is in the padding is
nobody's number: it is computed along, and neither summed nor given to anybody. A family of one
member has no padding, and its lanes are samples.
"""

from collections.abc import Callable, Iterable, Sequence

import attrs
import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.collect import gathered
from valor_plugins.engines.native.emit.frames import Index, Layout, Place, position, uniform
from valor_plugins.engines.native.emit.kernels import Kernel
from valor_plugins.engines.native.emit.operations import as_bits, as_number, emit
from valor_plugins.engines.native.emit.writer import Writer, literal, vector
from valor_plugins.engines.native.families import CONSTANT, Gradients, Operand, terms_of

SIDE_BY_SIDE = 8  # vectors of a column sum at once


@attrs.define(eq=False)
class Matrices:
    """Where the matrices of a block of samples are.

    Attributes:
        layout: where everything else is.
        base: names of the addresses of the first rows, by family.
        stride: from one row to the next, in doubles, by family.
        packed: by operand, the first double of a row in the uniform area with what its members
            take, for uniform operands that do not lie side by side.
    """

    layout: Layout
    base: dict[int, str] = attrs.field(factory=dict)
    stride: dict[int, int] = attrs.field(factory=dict)
    packed: dict[Operand, int] = attrs.field(factory=dict)

    def pack(self, operand: Operand) -> None:
        """See that the members of an operand can be loaded side by side."""
        layout = self.layout
        if operand.family == CONSTANT or layout.rolled.families[operand.family].code in (
            layout.scalars
        ):
            return
        index = self.index(operand)
        regular = index.table is None and index.strides[0] in (0, 1)
        if not regular and not layout.varies(operand) and operand not in self.packed:
            self.packed[operand] = layout.uniform_size
            layout.uniform_size += padded(len(operand.positions), layout.width)

    def index(self, operand: Operand) -> Index:
        """Return where the members of an operand are. A table has entries for the padding too."""
        index = self.layout.index(operand)
        if self.layout.varies(operand) and len(index.strides) == 1:
            irregular = index.table is not None or index.strides[0] not in (0, 1)
            if irregular and operand not in self._tables:
                more = padded(len(operand.positions), self.layout.width)
                places = np.pad(operand.positions, (0, more - len(operand.positions)), "edge")
                self._tables[operand] = self.layout.tables.add(places)
            return self._tables.get(operand, index)
        return index

    _tables: dict[Operand, Index] = attrs.field(factory=dict, init=False)

    def write_packing(self, writer: Writer) -> None:
        """Write the rows of uniform operands, once a batch."""
        layout = self.layout
        for operand, start in self.packed.items():
            size = len(operand.positions)
            with writer.loop(0, size, prefix="pack") as each:
                place = position(writer, layout.index(operand), (each.index,))
                value = uniform(writer, layout, operand, place)
                at = writer.times(writer.plus(each.index, start), 8)
                writer.store(value, writer.at("%uniform", at))

    def row(self, writer: Writer, number: int, sample: Place) -> str:
        """Return the address of a sample's row."""
        return writer.at(self.base[number], writer.times(sample, self.stride[number] * 8))

    def number(self, writer: Writer, operand: Operand, counters: Sequence[Place]) -> str:
        """Load what one member takes, a condition as 1 or 0: of the sample that comes first."""
        layout = self.layout
        sample, *inner = counters
        if operand.family == CONSTANT:
            return writer.constant(operand.value, 1)
        place = position(writer, layout.index(operand), tuple(inner))
        if not layout.varies(operand):
            return uniform(writer, layout, operand, place)
        row = self.row(writer, operand.family, sample)
        return writer.load(writer.at(row, writer.times(place, 8)))

    def lanes(self, writer: Writer, operand: Operand, rows: "Rows", member: Place) -> str:
        """Load what members that lie side by side take, of one sample."""
        value = rows.same.get(operand) or self._lanes(writer, operand, rows, member)
        return self._as_taken(writer, operand, value)

    def _lanes(self, writer: Writer, operand: Operand, rows: "Rows", member: Place) -> str:
        layout, width = self.layout, self.layout.width
        if operand.family == CONSTANT:
            return writer.constant(operand.value, width)
        if operand in self.packed:
            at = writer.times(writer.plus(member, self.packed[operand]), 8)
            return writer.load(writer.at("%uniform", at), width)
        index = self.index(operand)
        if not layout.varies(operand):
            place = writer.plus(member, index.start)
            code = layout.rolled.families[operand.family].code
            if code in layout.areas:
                return writer.load(writer.at(layout.areas[code], writer.times(place, 8)), width)
            at = writer.times(writer.plus(place, layout.cells[operand.family]), 8)
            return writer.load(writer.at("%uniform", at), width)
        row = rows.addresses[operand.family]
        if index.table is None:
            return writer.load(writer.at(row, writer.times(member, 8), index.start * 8), width)
        ones = []
        for lane in range(width):
            place = position(writer, index, (writer.plus(member, lane),))
            ones.append(writer.load(writer.at(row, writer.times(place, 8))))
        return gathered(writer, ones, width)

    def samples(self, writer: Writer, operand: Operand, sample: str) -> str:
        """Load what the only member of a family takes, of samples that follow each other."""
        layout, width = self.layout, self.layout.width
        if operand.family == CONSTANT:
            return writer.constant(operand.value, width)
        if not layout.varies(operand):
            value = writer.splat(self.number(writer, operand, (sample, 0)), width)
        else:
            stride = self.stride[operand.family]
            place = position(writer, layout.index(operand), (0,))
            at = writer.at(self.row(writer, operand.family, sample), writer.times(place, 8))
            if stride == 1:
                value = writer.load(at, width)
            else:
                ones = [writer.load(writer.at(at, k * stride * 8)) for k in range(width)]
                value = gathered(writer, ones, width)
        return self._as_taken(writer, operand, value)

    def _as_taken(self, writer: Writer, operand: Operand, value: str) -> str:
        if operand.family == CONSTANT:
            return value
        condition = self.layout.rolled.families[operand.family].code in ops.CONDITIONS
        return as_bits(writer, value, self.layout.width) if condition else value

    def is_same(self, operand: Operand) -> bool:
        """Tell whether all members take the same scalar, which is no constant."""
        if operand.family == CONSTANT:
            return False
        if self.layout.rolled.families[operand.family].code in self.layout.scalars:
            return True
        index = self.layout.index(operand)
        return index.table is None and index.strides[0] == 0


class Rows:
    """One sample's rows: what is loaded or computed once a sample.

    Attributes:
        addresses: where they begin, by family.
        same: what all members of an operand share, in all lanes.
    """

    def __init__(
        self, writer: Writer, matrices: Matrices, sample: Place, families: Iterable[int]
    ) -> None:
        self.addresses = {n: matrices.row(writer, n, sample) for n in dict.fromkeys(families)}
        self.same: dict[Operand, str] = {}

    def share(
        self, writer: Writer, matrices: Matrices, sample: Place, operands: Iterable[Operand]
    ) -> None:
        """Load what is the same for all members."""
        for operand in operands:
            if matrices.is_same(operand):
                value = matrices.number(writer, operand, (sample, 0))
                self.same[operand] = writer.splat(value, matrices.layout.width)


def padded(size: int, width: int) -> int:
    """Return the length of a row: whole vectors, or one double for one member."""
    return size if size == 1 else -(-size // width) * width


def write_elements(writer: Writer, matrices: Matrices, kernel: Kernel, samples: str) -> None:
    """Write the families of a kernel: for every sample its members, in lanes."""
    layout = matrices.layout
    width = layout.width
    families, here = layout.rolled.families, set(kernel.families)
    taken = [operand for number in kernel.families for operand in families[number].operands]
    outside = [operand for operand in taken if operand.family not in here]
    kept = [number for number in kernel.families if number in matrices.base]
    if kernel.size == 1:
        with writer.loop(0, samples, width, prefix="samples") as each:
            index = each.index
            _write_members(
                writer,
                layout,
                kernel,
                lambda operand: matrices.samples(writer, operand, index),
                {number: matrices.row(writer, number, index) for number in kept},
            )
        return
    needed = [operand.family for operand in outside if layout.varies(operand)]
    with writer.loop(0, samples, prefix="sample") as sample:
        rows = Rows(writer, matrices, sample.index, [*kept, *needed])
        rows.share(writer, matrices, sample.index, outside)
        with writer.loop(0, padded(kernel.size, width), width, prefix="members") as each:
            index = each.index
            offset = writer.times(index, 8)
            _write_members(
                writer,
                layout,
                kernel,
                lambda operand: matrices.lanes(writer, operand, rows, index),
                {number: writer.at(rows.addresses[number], offset) for number in kept},
            )


def _write_members(
    writer: Writer,
    layout: Layout,
    kernel: Kernel,
    load: Callable[[Operand], str],
    targets: dict[int, str],
) -> None:
    values: dict[int, str] = {}
    for number in kernel.families:
        family = layout.rolled.families[number]
        operands = [
            values[operand.family] if operand.family in values else load(operand)
            for operand in family.operands
        ]
        value = values[number] = emit(writer, family.code, operands, layout.width)
        if number in targets:
            if family.code in ops.CONDITIONS:
                value = as_number(writer, value, layout.width)
            writer.store(value, targets[number], layout.width)


def write_terms(writer: Writer, matrices: Matrices, number: int, samples: str) -> None:
    """Write a long sum that is no product of matrices, term by term: it is a short one."""
    family = matrices.layout.rolled.families[number]
    pair = family.runs[0]
    factors = [factor for factor in pair if factor is not None]
    with writer.loop(0, samples, prefix="sample") as sample:
        row = matrices.row(writer, number, sample.index)
        with writer.loop(0, family.size, prefix="member") as member:
            first = [("double", literal(0.0))]
            with writer.loop(0, terms_of(pair), 1, first, prefix="terms") as term:
                at = sample.index, member.index, term.index
                value = matrices.number(writer, factors[0], at)
                if len(factors) == 2:
                    other = matrices.number(writer, factors[1], at)
                    value = writer.op("fmul", "double", value, other)
                term.next = [writer.op("fadd", "double", term.values[0], value)]
            writer.store(term.result[0], writer.at(row, writer.times(member.index, 8)))


def write_columns(
    writer: Writer, matrices: Matrices, group: Gradients, samples: str, alone: bool
) -> None:
    """Write the gradients of parameters that form no grid: sums of columns, members in lanes."""
    layout = matrices.layout
    width, kind = layout.width, vector(layout.width)
    slots = layout.slots[group.parameters]
    slot = Index.of(slots) or layout.tables.add(slots)
    factors = [factor for pair in group.contributions for factor in pair if factor is not None]
    needed = [factor.family for factor in factors if layout.varies(factor)]
    start = 0
    while start < len(slots):
        left = max(1, (len(slots) - start) // width)  # what fills no vector comes last, by itself
        vectors = SIDE_BY_SIDE if left >= SIDE_BY_SIDE else left
        stop = start + (left // vectors) * vectors * width
        with writer.loop(start, min(stop, len(slots)), vectors * width, prefix="columns") as first:
            zero = [(kind, writer.constant(0.0, width))] * vectors
            with writer.loop(0, samples, 1, zero, prefix="sample") as sample:
                rows = Rows(writer, matrices, sample.index, needed)
                rows.share(writer, matrices, sample.index, factors)
                sample.next = [
                    _contribution(
                        writer, matrices, group, rows, writer.plus(first.index, v * width), before
                    )
                    for v, before in enumerate(sample.values)
                ]
            whole = stop <= len(slots)
            for v, total in enumerate(sample.result):
                lanes = width if whole else min(width, len(slots) - start - v * width)
                for lane in range(lanes):
                    member = writer.plus(first.index, v * width + lane)
                    place = position(writer, slot, (member,))
                    at = writer.at("%gradients", writer.times(place, 8))
                    value = writer.extract(total, width, lane)
                    if not alone:
                        value = writer.op("fadd", "double", writer.load(at), value)
                    writer.store(value, at)
        start = stop


def _contribution(
    writer: Writer, matrices: Matrices, group: Gradients, rows: Rows, member: Place, total: str
) -> str:
    kind = vector(matrices.layout.width)
    for first, second in group.contributions:
        value = matrices.lanes(writer, first, rows, member)
        if second is not None:
            value = writer.op("fmul", kind, value, matrices.lanes(writer, second, rows, member))
        total = writer.op("fadd", kind, total, value)
    return total
