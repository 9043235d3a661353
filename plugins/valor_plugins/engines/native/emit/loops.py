"""Second emitter, re-rolled loops: for programs of any size.

A block's samples go through the families kernel by kernel; then every parameter collects what the
block contributes.
"""

from collections.abc import Sequence
from typing import Any

import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.collect import (
    Block,
    Transposed,
    grid_of,
    read_sample,
    write_grid,
    write_list,
    write_transposition,
)
from valor_plugins.engines.native.emit.evaluate import write_checks
from valor_plugins.engines.native.emit.frames import Index, Layout, Tables, position, read
from valor_plugins.engines.native.emit.kernels import (
    Kernel,
    keep_what_crosses,
    schedule,
    write_kernel,
)
from valor_plugins.engines.native.emit.team import Part, barrier, part
from valor_plugins.engines.native.emit.update import Update
from valor_plugins.engines.native.emit.writer import Writer, literal
from valor_plugins.engines.native.families import Rolled

PADDING = 25  # a batch may have one lane without a sample for so many with one
BLOCK = 128  # samples at the most
FRAMES = 2**24  # bytes that the frames of a block may take, where that leaves a few micro-blocks


def _vectors(batch: int, width: int) -> int:
    """Return how many vectors to take side by side: two, unless many lanes would be empty.

    >>> [_vectors(batch, width=8) for batch in (8, 16, 20, 100, 1000)]
    [1, 2, 1, 1, 2]
    """
    empty = -batch % (2 * width) - -batch % width
    return 1 if batch <= width or empty * PADDING > batch else 2


class Loops:
    """The families of a program, in loops, for the samples of a block.

    Args:
        rolled: the program of one sample.
        width: how many doubles a vector has.
        slots: the slot of each parameter.
        tables: where positions without a rule go.
        shape: how many inputs and targets a sample has.
        batch: how many samples there are at once, at the most.
    """

    def __init__(
        self,
        rolled: Rolled,
        width: int,
        slots: Any,
        tables: Tables,
        shape: tuple[int, int],
        batch: int,
    ) -> None:
        vectors = _vectors(batch, width)
        areas = {ops.PARAMETER: "%parameters"}
        scalars = {ops.SEED: "%seed"}
        self.layout = Layout(rolled, width, vectors, slots, areas, scalars, tables)
        self.rolled, self.width, self.micro = rolled, width, self.layout.micro
        self.row_bytes = shape[0] * 8, shape[1] * 8
        self.kernels: list[Kernel] = schedule(rolled)
        keep_what_crosses(self.layout, self.kernels)
        fit = max(4, FRAMES // self.layout.frame_bytes) * self.micro
        self.block = min(BLOCK, fit, -(-batch // self.micro) * self.micro)

    @property
    def sizes(self) -> dict[str, int]:
        """How many doubles each area needs."""
        blocks = self.block // self.micro
        return {
            "uniform": self.layout.uniform_size,
            "frames": blocks * self.layout.frame_bytes // 8,
        }

    def write_uniform(self, writer: Writer) -> None:
        """Write what is the same for all samples of a batch."""
        for kernel in self.kernels:
            if not kernel.varying:
                write_kernel(writer, self.layout, kernel)

    def write_families(self, writer: Writer, samples: str) -> Part:
        """Write what differs from sample to sample; return this thread's part of the frames."""
        layout = self.layout
        count = writer.let(f"udiv i64 {writer.plus(samples, self.micro - 1)}, {self.micro}")
        blocks = part(writer, 0, count)
        for number, family in enumerate(self.rolled.families):
            if number in layout.rows and family.code in (ops.INPUT, ops.TARGET):
                rows = "%rows" if family.code == ops.INPUT else "%target_rows"
                self._write_loading(writer, number, rows, blocks)
        for kernel in self.kernels:
            if kernel.varying:
                write_kernel(writer, layout, kernel, blocks)
        return blocks

    def _write_loading(self, writer: Writer, number: int, rows: str, blocks: Part) -> None:
        """Write the way from rows of data to rows of lanes."""
        layout, width = self.layout, self.width
        size = self.rolled.families[number].size
        whole = size - size % width
        with writer.loop(*blocks, prefix="load") as block:
            frame = writer.at("%frames", writer.times(block.index, layout.frame_bytes))
            frame = writer.at(frame, layout.rows[number] * layout.micro * 8)
            for v in range(layout.vectors):
                at = writer.at(rows, writer.times(block.index, layout.micro * 8), v * width * 8)
                lines = [writer.load(writer.at(at, lane * 8), kind="ptr") for lane in range(width)]
                if whole:
                    with writer.loop(0, whole, width, prefix="columns") as column:
                        offset = writer.times(column.index, 8)
                        loaded = [writer.load(writer.at(line, offset), width) for line in lines]
                        place = writer.at(frame, writer.times(column.index, layout.micro * 8))
                        for k, row in enumerate(writer.transposed(loaded, width)):
                            at = writer.at(place, (k * layout.micro + v * width) * 8)
                            writer.store(row, at, width)
                for column_ in range(whole, size):
                    place = writer.at(frame, (column_ * layout.micro + v * width) * 8)
                    for lane, line in enumerate(lines):
                        value = writer.load(writer.at(line, column_ * 8))
                        writer.store(value, writer.at(place, lane * 8))


class LoopSamples(Loops):
    """The samples of a block, and what they contribute to gradients. See `Loops`.

    Args:
        rolled, width, slots, tables, shape, batch: as there.
        begun: whether gradients begin with what penalties push.
        at_once: how many of the first slots may be updated as soon as their gradients are there.
    """

    emitter = "re-rolled loops"
    multiple = 1  # a batch may have any size

    def __init__(
        self,
        rolled: Rolled,
        width: int,
        slots: Any,
        tables: Tables,
        shape: tuple[int, int],
        batch: int,
        begun: bool,
        at_once: int = 0,
    ) -> None:
        super().__init__(rolled, width, slots, tables, shape, batch)
        self.grids = [(group, grid_of(self.layout, group)) for group in rolled.gradients]
        self.transposed = Transposed()
        for _, grid in self.grids:
            if grid is not None:
                self.transposed.need(self.layout, grid)
        self.alone = batch <= self.block and not begun
        self.updated = self._updated(at_once) if self.alone else 0

    def _updated(self, at_once: int) -> int:
        """Return how many slots, from the first on, are those of whole grids."""
        updated = 0
        places = [np.sort(self.layout.slots[group.parameters]) for group, _ in self.grids]
        for k in sorted(range(len(places)), key=lambda k: int(places[k][0])):
            stop = updated + len(places[k])
            whole = np.array_equal(places[k], np.arange(updated, stop))
            if self.grids[k][1] is None or stop > at_once or not whole:
                break
            updated = stop
        return updated

    @property
    def sizes(self) -> dict[str, int]:
        """How many doubles each area needs."""
        return {**super().sizes, "transposed": self.block * self.transposed.width}

    def lanes(self, frames: int) -> Any:
        """Return the address of each sample's lane in the first row of its frame.

        Args:
            frames: the address of the first frame.
        """
        block, lane = np.divmod(np.arange(self.block), self.micro)
        return frames + block * self.layout.frame_bytes + lane * 8

    def write_block(
        self, writer: Writer, samples: str, first: str, update: Update | None = None
    ) -> str | None:
        """Write a block: its losses and gradients; return a number that is nan if a check fails."""
        layout, blocks = self.layout, self.write_families(writer, samples)
        own = part(writer, 0, samples, self.micro)
        with writer.loop(*own, prefix="losses") as sample:
            value = read_sample(writer, layout, self.rolled.root, sample.index)
            place = writer.times(writer.plus(sample.index, first), 8)
            writer.store(value, writer.at("%sample_losses", place))
        write_transposition(writer, layout, self.transposed, blocks)
        barrier(writer)
        block = Block(samples, self.block, self.alone)
        for group, grid in self.grids:
            if grid is None:
                write_list(writer, layout, group, block)
            else:
                here = layout.slots[group.parameters[0]] < self.updated
                write_grid(writer, layout, grid, self.transposed, block, update if here else None)
        return write_checks(
            writer, self.rolled.checks, own, lambda *which: read_sample(writer, layout, *which)
        )


class LoopTransforms:
    """Gradient transforms, in loops over families: a program in which no sample takes part."""

    def __init__(self, rolled: Rolled, slots: Any, tables: Tables, offset: int) -> None:
        areas = {ops.GRADIENT: "%gradients"}
        self.layout = Layout(rolled, 1, 1, slots, areas, {}, tables)
        self.rolled = rolled
        self.layout.uniform_size = offset  # behind the area of the samples' program
        self.kernels: Sequence[Kernel] = schedule(rolled)
        keep_what_crosses(self.layout, self.kernels)

    def write(self, writer: Writer) -> str | None:
        """Write the transforms; return a number that is nan if a check fails."""
        layout = self.layout
        for kernel in self.kernels:
            write_kernel(writer, layout, kernel)
        for group in self.rolled.gradients:
            slots = layout.slots[group.parameters]
            slot = Index.of(slots) or layout.tables.add(slots)
            with writer.loop(0, len(slots), prefix="transformed") as each:
                counter = (each.index,)
                factors = [
                    read(writer, layout, factor, counter, "")
                    for factor in group.contributions[0]
                    if factor is not None
                ]
                value = factors[0]
                if len(factors) == 2:
                    value = writer.op("fmul", "double", factors[0], factors[1])
                place = writer.times(position(writer, slot, counter), 8)
                writer.store(value, writer.at("%transformed", place))
        doubt = None
        for check in self.rolled.checks:
            bits = read(writer, layout, check, (0,), "")
            nan, zero = literal(float("nan")), literal(0.0)
            value = writer.let(f"select i1 {bits}, double {nan}, double {zero}")
            doubt = value if doubt is None else writer.op("fadd", "double", doubt, value)
        return doubt
