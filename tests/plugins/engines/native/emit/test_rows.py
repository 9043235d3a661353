"""Loops over rows of samples, each kind alone, against NumPy; what is beside them is left alone."""

from typing import Any

import attrs
import numpy as np
import pytest

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.frames import Index, Layout, Tables
from valor_plugins.engines.native.emit.kernels import Kernel
from valor_plugins.engines.native.emit.rows import (
    SIDE_BY_SIDE,
    Matrices,
    padded,
    write_columns,
    write_elements,
    write_terms,
)
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.families import CONSTANT, Family, Gradients, Operand, Rolled
from valor_plugins.engines.native.machine import compiled, machine

WIDTH = machine().width
SAMPLES = 5
AREAS = "frames", "parameters", "uniform", "gradients", "tables"


@attrs.define(eq=False)
class Bench:
    """Families on a bench: parameters, two matrices of inputs, and what is computed of them.

    Attributes:
        size: how many members each matrix has.
        families: what is computed; their operands' numbers count from the parameters, 0, on.
    """

    size: int
    families: list[Family] = attrs.field(factory=list)
    samples: int = SAMPLES
    parameters: int = 3 * 8 * 20
    layout: Layout = attrs.field(init=False)
    matrices: Matrices = attrs.field(init=False)
    numbers: list[Any] = attrs.field(init=False)
    slots: Any = attrs.field(init=False)

    def __attrs_post_init__(self) -> None:
        leaves = [Family(code, self.size, varying=True) for code in (ops.INPUT, ops.TARGET)]
        known = [Family(ops.PARAMETER, self.parameters), *leaves, *self.families]
        rolled = Rolled(known, Operand(CONSTANT), [], [], 0)
        self.slots = np.arange(self.parameters)[::-1].copy()
        areas, tables = {ops.PARAMETER: "%parameters"}, Tables()
        self.layout = Layout(rolled, WIDTH, 1, self.slots, areas, {ops.SEED: "%seed"}, tables)
        self.matrices = Matrices(self.layout)
        rows = padded(max(self.samples, 2), WIDTH)
        draw = np.random.default_rng(0)
        self.numbers = [draw.uniform(-1, 1, self.parameters)]
        for number, family in enumerate(known[1:], 1):
            self.layout.keep(number)
            self.matrices.stride[number] = padded(family.size, WIDTH)
            shape = rows, self.matrices.stride[number]
            self.numbers.append(draw.uniform(-1, 1, shape))

    def run(self, write: Any, gradients: Any = None) -> Any:
        """Compile what `write` writes, run it, and return the gradients."""
        writer = Writer()
        for position, area in enumerate(AREAS):
            writer.line(f"%{area}_at = getelementptr i8, ptr %context, i64 {8 * position}")
            writer.line(f"%{area} = load ptr, ptr %{area}_at")
        writer.line("%seed = fadd double 0.0, 0.5")
        start = 0
        for number, numbers in enumerate(self.numbers[1:], 1):
            self.matrices.base[number] = writer.at("%frames", start * 8)
            start += numbers.size
        self.matrices.write_packing(writer)
        write(writer, "%steps")
        head = "define i64 @run(ptr noalias %context, i64 %steps) {\nentry:"
        text = [*writer.declared.values(), head, *writer.lines, "ret i64 0\n}\n"]
        frames = np.concatenate([*(each.ravel() for each in self.numbers[1:]), np.zeros(2 * WIDTH)])
        parameters = np.zeros(self.parameters + WIDTH)
        parameters[self.slots] = self.numbers[0]
        uniform = np.zeros(self.layout.uniform_size + WIDTH)
        if gradients is None:
            gradients = np.zeros(self.parameters)
        arrays = frames, parameters, uniform, gradients, self.layout.tables.array()
        context = np.array([each.ctypes.data for each in arrays])
        code = compiled("\n".join(text))
        code.run(context.ctypes.data, self.samples)
        start = 0
        for number, numbers in enumerate(self.numbers[1:], 1):
            self.numbers[number] = frames[start : start + numbers.size].reshape(numbers.shape)
            start += numbers.size
        return gradients

    def of(self, operand: Operand) -> Any:
        """Return what an operand's members are, a row a sample."""
        if operand.family == CONSTANT:
            return operand.value
        numbers = self.numbers[operand.family][..., operand.positions]
        return numbers[: self.samples] if operand.family else numbers[None]


SIZES = [1, 2, WIDTH - 1, WIDTH, WIDTH + 1, 3 * WIDTH + 2]


def test_rows_are_whole_vectors_or_one_double() -> None:
    assert [padded(size, 4) for size in (1, 2, 4, 5, 8, 9)] == [1, 4, 4, 8, 8, 12]


def operands(size: int) -> dict[str, Operand]:
    """Return every way in which the members of a family may take something."""
    there = np.arange(size)
    return {
        "row": Operand(1, there),
        "backwards": Operand(1, there[::-1].copy()),
        "without a rule": Operand(1, there * there % size),
        "one for all": Operand(1, np.full(size, size - 1)),
        "parameters": Operand(0, 400 - there),  # whose slots go up
        "parameters backwards": Operand(0, 3 + there),
        "parameters without a rule": Operand(0, 7 + there * there % 5),
        "one parameter": Operand(0, np.full(size, 9)),
        "constant": Operand(CONSTANT, value=0.75),
    }


WAYS = list(operands(1))


def test_a_table_has_entries_for_the_padding() -> None:
    size = WIDTH + 1
    operand = operands(size)["backwards"]
    bench = Bench(size)
    bench.matrices.pack(operand)
    index = bench.matrices.index(operand)
    assert index.table is not None
    entries = bench.layout.tables.array()[index.table : -1]  # the last one is there in any case
    assert len(entries) == padded(size, WIDTH)
    assert set(entries) == set(range(size))


@pytest.mark.parametrize("samples", [1, WIDTH, WIDTH + 1])
@pytest.mark.parametrize("size", SIZES)
def test_elements(size: int, samples: int) -> None:
    """A chain, in one loop, that takes operands in all ways; and a choice by a condition."""
    there = np.arange(size)
    families = []
    before = Operand(2, there)
    for operand in operands(size).values():
        families.append(Family(ops.ADD, size, [operand, before], varying=True))
        before = Operand(2 + len(families), there)
    last = before.family
    families.append(Family(ops.LESS, size, [before, Operand(1, there)], varying=True))
    chosen = [Operand(1, there), Operand(CONSTANT, value=2.0), Operand(last + 1, there)]
    families.append(Family(ops.SELECT, size, chosen, varying=True))
    bench = Bench(size, families, samples)
    for family in families:
        for operand in family.operands:
            bench.matrices.pack(operand)
    total = bench.of(Operand(2, there))
    for operand in operands(size).values():
        total = total + bench.of(operand)
    kernel = Kernel(size, True, list(range(3, 3 + len(families))))
    bench.run(lambda writer, count: write_elements(writer, bench.matrices, kernel, count))
    found = [bench.of(Operand(number, there)) for number in (last, last + 1, last + 2)]
    np.testing.assert_allclose(found[0], total, rtol=1e-14, atol=1e-14)
    smaller = total < bench.of(Operand(1, there))
    np.testing.assert_array_equal(found[1], smaller)
    np.testing.assert_array_equal(found[2], np.where(smaller, bench.of(Operand(1, there)), 2.0))


@pytest.mark.parametrize("size", [1, 3])
@pytest.mark.parametrize("terms", [1, 9])
def test_terms(size: int, terms: int) -> None:
    first = Operand(1, np.add.outer(np.arange(size), np.arange(terms)))
    second = Operand(2, np.broadcast_to(np.arange(terms)[::-1], (size, terms)).copy())
    for pair in ((first, second), (second, None), (first, Operand(CONSTANT, value=-2.0))):
        family = Family(ops.SUM, size, runs=[pair], varying=True)
        bench = Bench(size + terms, [family])
        expected = bench.of(pair[0]) * (1.0 if pair[1] is None else bench.of(pair[1]))
        bench.run(lambda writer, count, of=bench.matrices: write_terms(writer, of, 3, count))
        found = bench.of(Operand(3, np.arange(size)))
        np.testing.assert_allclose(found, expected.sum(axis=-1), rtol=1e-14, atol=1e-14)


# One vector, some, and several rounds of the most side by side; each with a last one that is whole
# or is not.
MOST = SIDE_BY_SIDE * WIDTH
COLUMNS = [*SIZES, MOST - 1, MOST, MOST + 1, 2 * MOST - 1, 2 * MOST, 2 * MOST + 3]


def collected(bench: Bench, group: Gradients, alone: bool) -> None:
    """Collect a group's gradients, and compare all there are."""
    for pair in group.contributions:
        for factor in pair:
            if factor is not None:
                bench.matrices.pack(factor)
    before = np.random.default_rng(1).uniform(-1, 1, bench.parameters)
    expected = before.copy()
    slots = bench.slots[group.parameters]
    if alone:
        expected[slots] = 0
    for first, second in group.contributions:
        product = bench.of(first) * (1.0 if second is None else bench.of(second))
        expected[slots] += product.sum(axis=0)
    found = bench.run(
        lambda writer, count: write_columns(writer, bench.matrices, group, count, alone), before
    )
    np.testing.assert_allclose(found, expected, rtol=1e-13, atol=1e-13)


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("size", COLUMNS)
def test_columns(size: int, alone: bool) -> None:
    """Biases: each its own column, some way from each other."""
    parameters = 11 + 2 * np.arange(size)
    collected(Bench(size), Gradients(parameters, [(Operand(1, np.arange(size)), None)]), alone)


@pytest.mark.parametrize("way", WAYS)
def test_columns_take_factors_in_every_way(way: str) -> None:
    size = 2 * WIDTH + 1
    factor, row = operands(size)[way], Operand(2, np.arange(size))
    parameters = 5 + np.arange(size) * np.arange(size) % (2 * size + 1)  # no rule
    parameters = 5 + np.argsort(parameters, kind="stable")
    assert Index.of(parameters) is None
    contributions = [(row, factor), (Operand(1, np.arange(size)), None), (factor, row)]
    collected(Bench(size), Gradients(parameters, contributions), False)
