"""Families in loops: which go together, what has a place in memory, and long sums in tiles."""

import random
from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pytest

from valor.functions import TABLE, absolute, exp, where
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Lists
from valor_plugins.engines.native.emit.evaluate import forward_only
from valor_plugins.engines.native.emit.frames import Layout, Tables
from valor_plugins.engines.native.emit.kernels import (
    ACCUMULATORS,
    TERMS,
    keep_what_crosses,
    schedule,
)
from valor_plugins.engines.native.emit.loops import LoopTransforms
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.families import CONSTANT, Family, Operand, Rolled
from valor_plugins.engines.native.reroll import reroll
from valor_plugins.engines.native.trace import Tracer

from ..programs import interpreted

Formula = Callable[[list[Any]], list[Any]]


def members(*positions: int) -> Any:
    return np.array(positions)


def rolled(*families: Family) -> Rolled:
    last = Operand(len(families) - 1, members(0))
    return Rolled(list(families), last, [], [], 0)


def same(number: int, size: int = 3) -> Operand:
    return Operand(number, np.arange(size))


INPUTS = Family(ops.INPUT, 3, varying=True)
PARAMETERS = Family(ops.PARAMETER, 3)


def computed(code: int, *operands: Operand, size: int = 3, varying: bool = True) -> Family:
    return Family(code, size, list(operands), varying=varying)


# Which go together


def test_members_of_the_same_number_share_a_loop() -> None:
    kernels = schedule(
        rolled(INPUTS, computed(ops.EXP, same(0)), computed(ops.ADD, same(1), same(0)))
    )
    assert [(k.size, k.varying, k.families, k.alone) for k in kernels] == [(3, True, [1, 2], False)]


@pytest.mark.parametrize(
    "second",
    [
        computed(ops.ADD, Operand(1, members(1, 2, 0)), same(0)),  # another member's value
        computed(ops.ADD, Operand(1, members(0, 0, 0)), same(0)),
        computed(ops.ADD, Operand(1, members(0, 1)), Operand(0, members(0, 1)), size=2),
    ],
)
def test_what_reads_other_members_comes_later(second: Family) -> None:
    kernels = schedule(rolled(INPUTS, computed(ops.EXP, same(0)), second))
    assert [kernel.families for kernel in kernels] == [[1], [2]]


def test_what_is_the_same_for_all_samples_has_loops_of_its_own() -> None:
    kernels = schedule(
        rolled(
            PARAMETERS,
            INPUTS,
            computed(ops.EXP, same(0), varying=False),
            computed(ops.ADD, same(2), same(1)),
            computed(ops.SIN, same(2), varying=False),
        )
    )
    assert [(kernel.varying, kernel.families) for kernel in kernels] == [
        (False, [2, 4]),
        (True, [3]),
    ]


def test_a_long_sum_is_alone_and_its_users_come_after_it() -> None:
    terms = np.arange(3)[None, :] * np.ones((3, 1), int)
    total = Family(ops.SUM, 3, runs=[(Operand(1, terms), Operand(0, terms))], varying=True)
    kernels = schedule(
        rolled(
            PARAMETERS,
            INPUTS,
            computed(ops.EXP, same(1)),
            total,
            computed(ops.ADD, same(3), same(2)),
        )
    )
    assert [(kernel.families, kernel.alone) for kernel in kernels] == [
        ([2], False),
        ([3], True),
        ([4], False),
    ]


def test_operands_always_come_first() -> None:
    draw = random.Random(0)
    for _ in range(100):
        families = [INPUTS, PARAMETERS]
        for number in range(2, 12):
            size, varying = draw.choice([2, 3]), draw.random() < 0.6
            operands = []
            for _ in range(2):
                other = draw.randrange(number if varying else 2)
                count = families[other].size
                positions = [draw.randrange(count) for _ in range(size)]
                if count == size and draw.random() < 0.6:
                    positions = list(range(size))
                operands.append(Operand(other, members(*positions)))
            varying = any(families[each.family].varying for each in operands)
            families.append(computed(ops.ADD, *operands, size=size, varying=varying))
        kernels = schedule(rolled(*families))
        home = {number: k for k, kernel in enumerate(kernels) for number in kernel.families}
        assert sorted(home) == list(range(2, 12))
        for number, k in home.items():
            family, kernel = families[number], kernels[k]
            assert (family.size, family.varying) == (kernel.size, kernel.varying)
            for operand in family.operands:
                there = home.get(operand.family, -1)
                alike = np.array_equal(operand.positions, np.arange(family.size))
                assert there < k or (there == k and alike and operand.family < number)


# What has a place


def test_only_what_leaves_its_loop_has_a_place() -> None:
    program = rolled(
        PARAMETERS,
        INPUTS,
        computed(ops.EXP, same(1)),  # read in its loop only
        computed(ops.ADD, same(2), same(0)),
        computed(ops.MULTIPLY, Operand(3, members(2, 0)), Operand(CONSTANT, value=2.0), size=2),
        computed(ops.COPY, Operand(4, members(1)), size=1),
    )
    program.checks = [Operand(3, members(0))]
    areas = {ops.PARAMETER: "%parameters"}
    layout = Layout(program, 4, 2, np.arange(3), areas, {}, Tables())
    keep_what_crosses(layout, schedule(program))
    assert sorted(layout.rows) == [1, 3, 4, 5]
    assert layout.cells == {}
    starts = sorted((row, program.families[number].size) for number, row in layout.rows.items())
    assert [row for row, _ in starts] == [0, *np.cumsum([size for _, size in starts])[:-1]]


# Loops at work: a program that has no samples


def transformed(executed: Any, formula: Formula, gradients: Sequence[float]) -> tuple[Any, Any]:
    """Return what loops make of gradients, and what the interpreter does."""
    tracer, count = Tracer(), len(gradients)
    results = formula(tracer.numbers(ops.GRADIENT, count))
    ids = np.array([tracer.id_of(each) for each in results], np.int32)
    scalars = forward_only(tracer.tape)
    scalars.contributions = Lists(np.arange(count, dtype=np.int32), np.arange(count + 1), ids)
    program, tables = reroll(scalars), Tables()
    loops = LoopTransforms(program, np.arange(count), tables, 5)
    found = np.full(count, 99.0)

    def write(writer: Writer) -> None:
        assert loops.write(writer) is None

    executed(
        write,
        gradients=np.array(gradients, float),
        transformed=found,
        uniform=np.zeros(loops.layout.uniform_size + 1),
        tables=tables.array,
    )
    expected = interpreted(program, {ops.GRADIENT: list(gradients)}).gradients
    return found.tolist(), [expected[k] for k in range(count)]


def numbers(count: int) -> list[float]:
    draw = random.Random(count)
    return [draw.uniform(-1, 1) * 10.0 ** draw.randint(-3, 3) for _ in range(count)]


@pytest.mark.parametrize("count", [1, 2, 7, 30])
def test_elementwise(executed: Any, count: int) -> None:
    def formula(given: list[Any]) -> list[Any]:
        shifted = [*given[1:], given[0]]
        parts = [absolute(a) * exp(-abs(b)) for a, b in zip(given, shifted, strict=True)]
        return [where(a > b, a - b, b * 2) for a, b in zip(parts, parts[::-1], strict=True)]

    found, expected = transformed(executed, formula, numbers(count))
    assert found == expected


@pytest.mark.parametrize(
    ("count", "terms"),
    [
        (1, 9),
        (ACCUMULATORS, 12),
        (ACCUMULATORS // 2 + 1, 40),
        (ACCUMULATORS + 5, TERMS),
        (3, 2 * TERMS + 50),
        (7, 500),
    ],
)
@pytest.mark.parametrize("regular", [True, False], ids=["by rule", "by table"])
def test_long_sums(executed: Any, count: int, terms: int, regular: bool) -> None:
    """In tiles and passes, and yet each in the order of its terms."""
    size = count + terms

    def formula(given: list[Any]) -> list[Any]:
        draw = random.Random(0)
        sums = []
        for k in range(count):
            first = [given[k + t] for t in range(terms)]
            second = given[:terms]
            if not regular:
                first = [draw.choice(given) for _ in range(terms)]
            total = first[0] * second[0]
            for a, b in zip(first[1:], second[1:], strict=True):
                total = total + a * b
            sums.append(total)
        return [given[k] + sums[k % count] for k in range(size)]

    found, expected = transformed(executed, formula, numbers(size))
    assert found == expected


@pytest.mark.parametrize("first", [TERMS - 1, TERMS, TERMS + 1, TERMS + 22, TERMS + 40])
@pytest.mark.parametrize("second", [3, 60, TERMS, TERMS + 30, 2 * TERMS + 5])
def test_sums_longer_than_a_pass_then_others(executed: Any, first: int, second: int) -> None:
    """A pass may be somewhat longer than its room; the next one begins where it ended."""

    def formula(given: list[Any]) -> list[Any]:
        total = given[0] * given[0]
        for k in range(1, first):
            total = total + given[k] * given[k - 1]
        for a in given[:second]:
            total = total + exp(-abs(a)) * a
        for a in given[:first]:
            total = total + a
        return [total, *given[1:]]

    found, expected = transformed(executed, formula, numbers(2 * TERMS + 10))
    assert found == expected


def test_sums_of_several_stretches(executed: Any) -> None:
    """Products, single terms, constants and shared factors, one after the other."""

    def formula(given: list[Any]) -> list[Any]:
        results = []
        for k in range(8):
            total = given[k] * given[0]
            for t in range(9):
                total = total + given[t] * given[k + t]
            for t in range(10):
                total = total + given[t]
            total = total + 0.25
            for t in range(9):
                total = total + TABLE["sin"](given[k]) * given[t + 1]
            results.append(total)
        return [*results, *given[8:]]

    found, expected = transformed(executed, formula, numbers(20))
    assert found == expected
