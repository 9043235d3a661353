"""Third emitter, for mode "fast": products of matrices by BLAS, and fused loops between them.

A long sum over what varies and what does not is a product of matrices, and so is the gradient of a
grid of parameters.
"""

from typing import Any

import attrs
import numpy as np

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.aligned import Uneven, aligned
from valor_plugins.engines.native.emit.collect import Grid, grid_of
from valor_plugins.engines.native.emit.dgemm import available, write_dgemm
from valor_plugins.engines.native.emit.evaluate import write_checks
from valor_plugins.engines.native.emit.frames import Index, Layout, Tables
from valor_plugins.engines.native.emit.kernels import (
    Kernel,
    keep_what_crosses,
    schedule,
    write_kernel,
)
from valor_plugins.engines.native.emit.rows import (
    Matrices,
    padded,
    write_columns,
    write_elements,
    write_terms,
)
from valor_plugins.engines.native.emit.update import Update
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.families import CONSTANT, Gradients, Rolled, terms_of

BLOCK = 512  # samples at the most
FRAMES = 2**26  # bytes that the matrices of a block may take
SAMPLES = 16  # in a smaller batch, BLAS has too little to do
WORK = 2**16  # products a sample, below which loops are as good
SHARE = 0.95  # of the products that matrices must have


@attrs.frozen
class Product:
    """A long sum as a product of matrices: what varies, times what does not.

    Attributes:
        moving: the family that varies; `moving_at` its first term.
        still: the address of the other matrix' area; `still_at` its first double.
        terms: how many.
        stride: from one row of the other matrix to the next.
        by_term: whether its rows are terms, and not members.
    """

    moving: int
    moving_at: int
    still: str
    still_at: int
    terms: int
    stride: int
    by_term: bool


def product_of(layout: Layout, number: int) -> Product | None:
    """Return the product that a family is; None if it is none."""
    family = layout.rolled.families[number]
    if len(family.runs) != 1:
        return None
    first, second = family.runs[0]
    if second is None or CONSTANT in (first.family, second.family):
        return None
    moving, still = (first, second) if layout.varies(first) else (second, first)
    code = layout.rolled.families[still.family].code
    if not layout.varies(moving) or layout.varies(still) or code in layout.scalars:
        return None
    places = still.positions
    area, offset = "%uniform", layout.cells.get(still.family, 0)
    if code in layout.areas:
        area, offset = layout.areas[code], 0
        places = layout.slots[places] if code == ops.PARAMETER else places
    along, across = Index.of(moving.positions), Index.of(places)
    members, terms = places.shape
    if along is None or across is None or along.strides != (0, 1 if terms > 1 else 0):
        return None
    by_member, by_term = across.strides
    if members == 1:
        by_member = 1 if by_term != 1 else terms
    at = {"moving": moving.family, "moving_at": along.start, "terms": terms}
    at |= {"still": area, "still_at": across.start + offset}
    if by_term == 1 and by_member >= terms:
        return Product(**at, stride=by_member, by_term=False)
    if by_member == 1 and by_term >= members:
        return Product(**at, stride=by_term, by_term=True)
    return None


def matrix_grid(layout: Layout, group: Gradients) -> Grid | None:
    """Return the grid of a group of parameters whose gradient is a product of matrices."""
    grid = grid_of(layout, group)
    if grid is None or grid.slot.table is not None:
        return None
    still_at = [product.still_at for product in grid.products]
    if any(each.table is not None for each in still_at):
        return None
    if grid.rows > 1 and (
        grid.slot.strides[0] < grid.columns or any(each.strides[0] != 1 for each in still_at)
    ):
        return None
    return grid


class BlasSamples:
    """The samples of a block, by BLAS.

    Args:
        rolled: the program of one sample, aligned.
        width: how many doubles a vector has.
        slots: the slot of each parameter.
        tables: where positions without a rule go.
        shape: how many inputs and targets a sample has.
        batch: how many samples the largest batch has.
        begun: whether gradients begin with what penalties push.
    """

    emitter = "matrix products"
    multiple = 1  # a batch may have any size
    updated = 0

    def __init__(
        self,
        rolled: Rolled,
        width: int,
        slots: Any,
        tables: Tables,
        shape: tuple[int, int],
        batch: int,
        begun: bool,
    ) -> None:
        areas = {ops.PARAMETER: "%parameters"}
        scalars = {ops.SEED: "%seed"}
        self.layout = Layout(rolled, width, 1, slots, areas, scalars, tables)
        self.rolled, self.width, self.shape = rolled, width, shape
        self.micro = 1
        self.row_bytes = shape[0] * 8, shape[1] * 8
        self.kernels: list[Kernel] = schedule(rolled)
        keep_what_crosses(self.layout, self.kernels)
        self.products = {
            number: product_of(self.layout, number)
            for kernel in self.kernels
            if kernel.alone and kernel.varying
            for number in kernel.families
        }
        self.grids = [(group, matrix_grid(self.layout, group)) for group in rolled.gradients]
        self.matrices = Matrices(self.layout)
        self._prepare()
        self._count_at = self.layout.uniform_size
        self.layout.uniform_size += width  # room for loads of whole vectors, too
        self.block = max(1, min(batch, BLOCK, FRAMES // 8 // max(1, self._row)))
        self.alone = batch <= self.block and not begun

    def _prepare(self) -> None:
        """Give every family that is kept a matrix, and see to what is not side by side."""
        families, width = self.rolled.families, self.width
        for kernel in self.kernels:
            if kernel.varying and not kernel.alone and kernel.size > 1:
                for number in kernel.families:
                    for operand in families[number].operands:
                        self.matrices.pack(operand)
        for group, grid in self.grids:
            if grid is None:
                for pair in group.contributions:
                    for factor in pair:
                        if factor is not None:
                            self.matrices.pack(factor)
        self._row = 0
        self._direct = self._inputs_only_in_products()
        for number in self.layout.rows:
            if number != self._direct:
                self.matrices.stride[number] = padded(families[number].size, width)
                self._row += self.matrices.stride[number]

    def _inputs_only_in_products(self) -> int | None:
        """Return the family of inputs, if products read it where the data is."""
        codes = [family.code for family in self.rolled.families]
        if ops.INPUT not in codes:
            return None
        number = codes.index(ops.INPUT)
        read = [self.rolled.root, *self.rolled.checks]
        for kernel in self.kernels:
            for each in kernel.families:
                if self.products.get(each) is None:
                    read += self.rolled.families[each].operands
                    read += [f for p in self.rolled.families[each].runs for f in p if f]
        for group, grid in self.grids:
            if grid is None:
                read += [f for pair in group.contributions for f in pair if f]
        return None if any(operand.family == number for operand in read) else number

    @property
    def sizes(self) -> dict[str, int]:
        """How many doubles each area needs."""
        rows = padded(max(self.block, 2), self.width)
        return {
            "uniform": self.layout.uniform_size,
            "frames": rows * self._row + 2 * self.width,
            "transposed": self.block * self.shape[0] if self._direct is not None else 0,
        }

    def lanes(self, frames: int) -> Any:
        """Return nothing: samples have rows, not lanes."""
        return np.zeros(0, np.int64)

    def fits(self) -> bool:
        """Tell whether matrices have almost all of the work, and enough of it."""
        inside = outside = 0
        for kernel in self.kernels:
            for number in kernel.families:
                family = self.rolled.families[number]
                product = self.products.get(number)
                if product is not None:
                    inside += family.size * product.terms
                elif kernel.varying and family.runs:
                    outside += family.size * terms_of(family.runs[0])
        for group, grid in self.grids:
            size = len(group.parameters)
            if grid is not None:
                inside += size * len(grid.products)
            else:
                outside += size * len(group.contributions)
        return inside >= max(WORK, SHARE * (inside + outside))

    def write_uniform(self, writer: Writer) -> None:
        """Write what is the same for all samples of a batch."""
        for kernel in self.kernels:
            if not kernel.varying:
                write_kernel(writer, self.layout, kernel)
        self.matrices.write_packing(writer)
        rows = padded(max(self.block, 2), self.width)
        start = 0
        for number, stride in self.matrices.stride.items():
            self.matrices.base[number] = writer.at("%frames", start * 8)
            start += rows * stride

    def write_block(
        self, writer: Writer, samples: str, first: str, update: Update | None = None
    ) -> str | None:
        """Write a block: its losses and gradients; return a number that is nan if a check fails."""
        matrices = self.matrices
        count = writer.let(f"trunc i64 {samples} to i32")
        self._count = writer.at("%uniform", self._count_at * 8)
        writer.store(count, self._count, kind="i32")
        self._write_rows(writer, samples)
        for kernel in self.kernels:
            if not kernel.varying:
                continue
            if not kernel.alone:
                write_elements(writer, matrices, kernel, samples)
                continue
            product = self.products[kernel.families[0]]
            if product is None:
                write_terms(writer, matrices, kernel.families[0], samples)
            else:
                self._write_product(writer, kernel.families[0], product)
        with writer.loop(0, samples, prefix="losses") as sample:
            value = matrices.number(writer, self.rolled.root, (sample.index, 0))
            place = writer.times(writer.plus(sample.index, first), 8)
            writer.store(value, writer.at("%sample_losses", place))
        for group, grid in self.grids:
            if grid is None:
                write_columns(writer, matrices, group, samples, self.alone)
            else:
                self._write_grid(writer, grid)
        return write_checks(
            writer,
            self.rolled.checks,
            (0, samples),
            lambda check, sample: matrices.number(writer, check, (sample, 0)),
        )

    def _write_rows(self, writer: Writer, samples: str) -> None:
        """Write the way from data to matrices. What lies in order is not copied for products."""
        for number, family in enumerate(self.rolled.families):
            if family.code not in (ops.INPUT, ops.TARGET) or number not in self.layout.rows:
                continue
            kept = "%rows" if family.code == ops.INPUT else "%target_rows"
            if number != self._direct:
                stride = self.matrices.stride[number]
                base = self.matrices.base[number]
                _write_copy(writer, kept, base, stride, family.size, samples)
                continue
            width = self.shape[0]
            there = writer.load(kept, kind="ptr")
            shuffled = writer.let("icmp ne ptr %order, null")
            before = writer.block
            with writer.when(shuffled, "gather"):
                _write_copy(writer, kept, "%transposed", width, width, samples)
                after = writer.block
            base = writer.let(f"phi ptr [ {there}, %{before} ], [ %transposed, %{after} ]")
            self.matrices.base[number], self.matrices.stride[number] = base, width

    def _write_product(self, writer: Writer, number: int, product: Product) -> None:
        """Write ``sums = moving · still``, each row a sample."""
        matrices = self.matrices
        write_dgemm(
            writer,
            "N" if product.by_term else "T",
            "N",
            (self.rolled.families[number].size, self._count, product.terms),
            (writer.at(product.still, product.still_at * 8), product.stride),
            (
                writer.at(matrices.base[product.moving], product.moving_at * 8),
                matrices.stride[product.moving],
            ),
            0.0,
            (matrices.base[number], matrices.stride[number]),
        )

    def _write_grid(self, writer: Writer, grid: Grid) -> None:
        """Write the gradients of a grid: each product ``still' · moving``, summed over samples."""
        matrices = self.matrices
        row = grid.slot.strides[0] if grid.rows > 1 else grid.columns
        for number, each in enumerate(grid.products):
            moving, still = each.moving.family, each.still.family
            write_dgemm(
                writer,
                "N",
                "T",
                (grid.columns, grid.rows, self._count),
                (writer.at(matrices.base[moving], each.moving_at * 8), matrices.stride[moving]),
                (writer.at(matrices.base[still], each.still_at.start * 8), matrices.stride[still]),
                0.0 if self.alone and not number else 1.0,
                (writer.at("%gradients", grid.slot.start * 8), row),
            )


def _write_copy(
    writer: Writer, kept: str, target: str, stride: int, size: int, samples: str
) -> None:
    """Write the copy of rows of data, side by side."""
    name = "llvm.memcpy.p0.p0.i64"
    writer.declared[name] = f"declare void @{name}(ptr, ptr, i64, i1)"
    with writer.loop(0, samples, prefix="copy") as sample:
        source = writer.load(writer.at(kept, writer.times(sample.index, 8)), kind="ptr")
        place = writer.at(target, writer.times(sample.index, stride * 8))
        writer.line(f"call void @{name}(ptr {place}, ptr {source}, i64 {size * 8}, i1 false)")


def blas_samples(
    rolled: Rolled, width: int, slots: Any, shape: tuple[int, int], batch: int, begun: bool
) -> BlasSamples | None:
    """Return the emitter for a program whose work is in matrices; None for all others."""
    if batch < SAMPLES or not available():
        return None
    try:
        in_order = aligned(rolled, slots)
    except Uneven:
        return None
    samples = BlasSamples(in_order, width, slots, Tables(), shape, batch, begun)
    return samples if samples.fits() else None
