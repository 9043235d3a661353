"""Where the scalars of a program lie in memory, and how a kernel reaches them.

Samples are innermost: a *micro-block* is some vectors of samples, and its *frame* holds every
family that is kept, one row of lanes a member. What does not vary from sample to sample lies in an
area of its own, one double a member. Parameters lie in *slots*.
"""

from typing import Any

import attrs
import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.operations import as_bits
from valor_plugins.engines.native.emit.team import part
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.families import CONSTANT, Family, Operand, Rolled

Place = str | int


@attrs.frozen
class Index:
    """How a position follows from counters: ``start + Σ stride · counter``, or from a table.

    >>> Index.of(np.array([[3, 5], [4, 6]]))
    Index(start=3, strides=(1, 2), table=None)
    """

    start: int
    strides: tuple[int, ...]
    table: int | None = None

    @classmethod
    def of(cls, positions: Any) -> "Index | None":
        """Return the affine index of an array of positions; None if there is none."""
        positions = np.asarray(positions)
        start = int(positions.flat[0])
        strides, expected = [], np.asarray(start)
        for axis, size in enumerate(positions.shape):
            second = [0] * positions.ndim
            second[axis] = 1
            stride = int(positions[tuple(second)]) - start if size > 1 else 0
            strides.append(stride)
            expected = expected[..., None] + stride * np.arange(size)
        return cls(start, tuple(strides)) if np.array_equal(positions, expected) else None


class Tables:
    """Positions that follow no rule, in one array of 32-bit ints."""

    def __init__(self) -> None:
        self._parts: list[Any] = []
        self._size = 0

    def add(self, positions: Any) -> Index:
        """Keep an array, and return the index that looks positions up."""
        positions = np.asarray(positions)
        strides = tuple(int(np.prod(positions.shape[axis + 1 :])) for axis in range(positions.ndim))
        index = Index(0, strides, self._size)
        self._parts.append(positions.ravel().astype(np.int32))
        self._size += positions.size
        return index

    def array(self) -> Any:
        """Return all of them, with one entry at the least."""
        return np.concatenate([*self._parts, np.zeros(1, np.int32)])


class Layout:
    """The places of a program's families.

    Args:
        rolled: the program.
        width: how many doubles a vector has.
        vectors: how many vectors a micro-block has.
        slots: the slot of each parameter.
        areas: addresses of areas, by the code of the leaf that lies there.
        scalars: names of single scalars, by the code of their leaf.
    """

    def __init__(
        self,
        rolled: Rolled,
        width: int,
        vectors: int,
        slots: Any,
        areas: dict[int, str],
        scalars: dict[int, str],
        tables: Tables,
    ) -> None:
        self.rolled = rolled
        self.width, self.vectors = width, vectors
        self.micro = width * vectors
        self.slots = np.append(slots, len(slots))  # behind the parameters lies a 1
        self.areas, self.scalars, self.tables = areas, scalars, tables
        self.rows: dict[int, int] = {}  # of varying families, their first row in a frame
        self.cells: dict[int, int] = {}  # of uniform ones, their first double
        self.frame_rows = 0
        self.uniform_size = 0
        self._indices: dict[Operand, Index] = {}

    @property
    def frame_bytes(self) -> int:
        """How many bytes the frame of a micro-block has."""
        # Transposing reads whole squares, and so past the last row of a family.
        return (self.frame_rows + self.width) * self.micro * 8

    def keep(self, number: int) -> None:
        """Give a family a place in memory, unless it has one."""
        family = self.rolled.families[number]
        if number in self.rows or number in self.cells or family.code in self.scalars:
            return
        if family.varying:
            self.rows[number] = self.frame_rows
            self.frame_rows += family.size
        elif family.code not in self.areas:
            self.cells[number] = self.uniform_size
            self.uniform_size += family.size

    def index(self, operand: Operand) -> Index:
        """Return how an operand's positions follow from the counters of a kernel."""
        known = self._indices.get(operand)
        if known is None:
            positions = operand.positions
            if self.rolled.families[operand.family].code in (ops.PARAMETER, ops.GRADIENT):
                positions = self.slots[positions]
            known = Index.of(positions) or self.tables.add(positions)
            self._indices[operand] = known
        return known

    def varies(self, operand: Operand | None) -> bool:
        """Tell whether an operand lies in frames."""
        return (
            operand is not None
            and operand.family != CONSTANT
            and self.rolled.families[operand.family].varying
        )


def position(writer: Writer, index: Index, counters: tuple[Place, ...]) -> Place:
    """Write down where a member is, from the counters of the loops around it."""
    place: Place = index.start
    for counter, stride in zip(counters, index.strides, strict=True):
        place = writer.plus(place, writer.times(counter, stride))
    if index.table is None:
        return place
    offset = writer.times(writer.plus(place, index.table), 4)
    entry = writer.load(writer.at("%tables", offset), kind="i32")
    return writer.let(f"sext i32 {entry} to i64")


def row_address(writer: Writer, layout: Layout, number: int, place: Place, frame: str) -> str:
    """Return the address of a member's lanes in a frame."""
    row = writer.plus(layout.rows[number], place)
    return writer.at(frame, writer.times(row, layout.micro * 8))


def uniform(writer: Writer, layout: Layout, operand: Operand, place: Place) -> str:
    """Load a scalar that is the same for all samples."""
    family: Family = layout.rolled.families[operand.family]
    if family.code in layout.scalars:
        return layout.scalars[family.code]
    if family.code in layout.areas:
        return writer.load(writer.at(layout.areas[family.code], writer.times(place, 8)))
    cell = writer.plus(layout.cells[operand.family], place)
    return writer.load(writer.at("%uniform", writer.times(cell, 8)))


def read(
    writer: Writer,
    layout: Layout,
    operand: Operand,
    counters: tuple[Place, ...],
    frame: str,
    lane: Place = 0,
    width: int = 1,
) -> str:
    """Load an operand into `width` lanes, as numbers or, of a condition, as bits.

    Args:
        writer, layout: where to, and what is where.
        operand: what.
        counters: of the loops around it.
        frame: the address of the micro-block's frame.
        lane: the first lane of the micro-block that is wanted.
        width: how many.
    """
    if operand.family == CONSTANT:
        return writer.constant(operand.value, width)
    place = position(writer, layout.index(operand), counters)
    if layout.varies(operand):
        address = row_address(writer, layout, operand.family, place, frame)
        value = writer.load(writer.at(address, writer.times(lane, 8)), width)
    else:
        value = writer.splat(uniform(writer, layout, operand, place), width)
    if layout.rolled.families[operand.family].code in ops.CONDITIONS:
        return as_bits(writer, value, width)
    return value


def write_rows(
    writer: Writer,
    row_bytes: tuple[int, int],
    micro: int,
    start: Place,
    samples: str,
    order: str | None = None,
) -> None:
    """Note where the rows of data of some samples are. Lanes without a sample repeat the last one.

    Args:
        writer: where to.
        row_bytes: how long a row is, of inputs and of targets.
        micro: how many lanes a micro-block has.
        start: the first sample.
        samples: how many there are.
        order: the address of the row of each sample; without it, or where it is null, rows follow
            each other.
    """
    lanes = writer.let(f"and i64 {writer.plus(samples, micro - 1)}, {-micro}")
    last = writer.let(f"sub i64 {samples}, 1")
    shuffled = None if order is None else writer.let(f"icmp ne ptr {order}, null")
    with writer.loop(*part(writer, 0, lanes, micro), prefix="row") as lane:
        beyond = writer.let(f"icmp slt i64 {lane.index}, {last}")
        inside = writer.let(f"select i1 {beyond}, i64 {lane.index}, i64 {last}")
        row = writer.plus(start, inside)
        if shuffled is not None:
            before, place = writer.block, row
            with writer.when(shuffled, "shuffled"):
                known = writer.load(writer.at(f"{order}", writer.times(place, 8)), kind="i64")
                there = writer.block
            row = writer.let(f"phi i64 [ {place}, %{before} ], [ {known}, %{there} ]")
        for base, size, kept in zip(
            ("%inputs", "%targets"), row_bytes, ("%rows", "%target_rows"), strict=True
        ):
            address = writer.at(base, writer.times(row, size))
            writer.store(address, writer.at(kept, writer.times(lane.index, 8)), kind="ptr")
