"""Each operation, in any number of lanes, has the bits of Python's."""

import itertools
import math
from typing import Any

import numpy as np
import pytest

from valor.functions import TABLE
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.operations import as_bits, as_number, emit
from valor_plugins.engines.native.emit.writer import Writer, vector

from ..programs import VALUES

WIDTHS = [1, 2, 4, 8]
EDGES = (
    *(0.0, 5e-324, 2.5e-310, 2.2250738585072014e-308, 1e-20, 0.3, 0.5, 1.0, 1.5, 2.0, 3.0, 7.0),
    *(36.7, 700.0, 709.79, 745.2, 1e16, 2.0**53 + 2, 1.7976931348623157e308, math.inf),
)
NUMBERS = [*EDGES, *(-x for x in EDGES), math.nan]
ONE = (ops.COPY, ops.NEGATIVE, ops.ABSOLUTE, ops.SQRT, *range(ops.EXP, ops.POW))
TWO = (ops.ADD, ops.SUBTRACT, ops.MULTIPLY, ops.DIVIDE, ops.POW, ops.MAXIMUM, ops.MINIMUM)
COMPARISONS = (ops.LESS, ops.LESS_EQUAL, ops.EQUAL)


def same(found: Any, expected: Any) -> Any:
    """Tell where numbers have the same bits; every nan is the same."""
    found, expected = np.asarray(found, float), np.asarray(expected, float)
    return (found.view(np.int64) == expected.view(np.int64)) | (
        np.isnan(found) & np.isnan(expected)
    )


def computed(executed: Any, codes: Any, columns: list[list[float]], width: int) -> dict[int, Any]:
    """Run operations on columns of operands, in lanes; return each operation's results."""
    count = len(columns[0])
    size = -(-count // width) * width
    given = np.zeros((len(columns), size))
    given[:, :count] = columns
    results = np.full((len(codes), size), 99.0)

    def write(writer: Writer) -> None:
        with writer.loop(0, size, width) as each:
            at = writer.times(each.index, 8)
            operands = [
                writer.load(writer.at("%given", at, 8 * size * k), width)
                for k in range(len(columns))
            ]
            for k, code in enumerate(codes):
                value = emit(writer, code, operands, width)
                if code in ops.CONDITIONS:
                    value = as_number(writer, value, width)
                writer.store(value, writer.at("%results", at, 8 * size * k), width)

    executed(write, given=given, results=results)
    return {code: results[k, :count] for k, code in enumerate(codes)}


@pytest.mark.parametrize("width", WIDTHS)
def test_of_one_number(executed: Any, width: int) -> None:
    numbers = [*NUMBERS, *(0.37 * k - 20 for k in range(100))]
    for code, found in computed(executed, ONE, [numbers], width).items():
        row = TABLE.get(ops.OPERATIONS[code])
        expected = [row.value(x) if row else x for x in numbers]
        wrong = np.flatnonzero(~same(found, expected))
        assert [numbers[k] for k in wrong] == [], ops.OPERATIONS[code]


@pytest.mark.parametrize("width", WIDTHS)
def test_of_two_numbers(executed: Any, width: int) -> None:
    pairs = list(itertools.product(NUMBERS, repeat=2))
    columns = [list(column) for column in zip(*pairs, strict=True)]
    for code, found in computed(executed, (*TWO, *COMPARISONS), columns, width).items():
        expected = [VALUES[code](x, y) for x, y in pairs]
        wrong = np.flatnonzero(~same(found, expected))
        assert [pairs[k] for k in wrong] == [], ops.OPERATIONS[code]


@pytest.mark.parametrize("width", WIDTHS)
def test_of_several_numbers(executed: Any, width: int) -> None:
    """A sum goes from the first term to the last, and begins with it."""
    rows = [
        [1e16, 1.0, -1e16, 1.0],
        [1.0, 1e16, -1e16, 3.0],
        [-0.0, -0.0, -0.0, -0.0],
        [0.1, 0.2, 0.3, -0.6],
        [math.inf, 1.0, 2.0, 3.0],
    ]
    columns = [list(column) for column in zip(*rows, strict=True)]
    found = computed(executed, [ops.SUM], columns, width)[ops.SUM]
    assert same(found, [((a + b) + c) + d for a, b, c, d in rows]).all()


@pytest.mark.parametrize("width", WIDTHS)
def test_of_conditions(executed: Any, width: int) -> None:
    """Numbers to bits, logic, the choice, and bits to numbers."""
    cases = list(itertools.product((0.0, -0.0, 1.0, math.nan), repeat=2))
    size = -(-len(cases) // width) * width
    given, results = np.zeros((2, size)), np.zeros((6, size))
    given[:, : len(cases)] = np.transpose(cases)

    def write(writer: Writer) -> None:
        with writer.loop(0, size, width) as each:
            at = writer.times(each.index, 8)
            a, b = (writer.load(writer.at("%given", at, 8 * size * k), width) for k in range(2))
            p, q = as_bits(writer, a, width), as_bits(writer, b, width)
            both = emit(writer, ops.BOTH, [p, q], width)
            either = emit(writer, ops.EITHER, [p, q], width)
            no = emit(writer, ops.NOT, [p], width)
            first, second = writer.constant(2.0, width), writer.constant(-0.0, width)
            values = [as_number(writer, bits, width) for bits in (p, both, either, no)]
            values += [emit(writer, ops.SELECT, [first, second, bits], width) for bits in (p, no)]
            for k, value in enumerate(values):
                writer.store(value, writer.at("%results", at, 8 * size * k), width)

    executed(write, given=given, results=results)
    for k, (x, y) in enumerate(cases):
        p, q = x != 0, y != 0
        chosen = (2.0, -0.0) if p else (-0.0, 2.0)
        assert same(results[:, k], [p, p and q, p or q, not p, *chosen]).all(), (x, y)


def test_every_operation_was_tried() -> None:
    logic = (ops.SELECT, ops.BOTH, ops.EITHER, ops.NOT, ops.SUM)
    tried = sorted((*ONE, *TWO, *COMPARISONS, *logic))
    assert tried == list(range(ops.LAST_LEAF + 1, len(ops.OPERATIONS)))


@pytest.mark.parametrize("width", WIDTHS)
def test_only_what_is_called_is_declared(width: int) -> None:
    writer = Writer()
    kind = vector(width)
    emit(writer, ops.ADD, ["%a", "%b"], width)
    assert writer.declared == {}
    emit(writer, ops.SIN, ["%a"], width)
    emit(writer, ops.SIN, ["%b"], width)
    assert writer.declared == {"sin": "declare double @sin(double)"}
    emit(writer, ops.SQRT, ["%a"], width)
    (text,) = (text for name, text in writer.declared.items() if "sqrt" in name)
    assert text.startswith(f"declare {kind} @llvm.sqrt.")
