"""LLVM's assembly: numbers to the bit, transposition, addresses, loops and branches."""

import math
import struct
from typing import Any

import numpy as np
import pytest

from valor_plugins.engines.native.emit.writer import Writer, literal, vector

WIDTHS = [1, 2, 4, 8]


@pytest.mark.parametrize("x", [0.0, -0.0, 1.0, 0.1, 5e-324, -1e308, math.inf, -math.inf])
def test_a_literal_keeps_every_bit(executed: Any, x: float) -> None:
    for width in WIDTHS:
        results = np.zeros(width)
        executed(
            lambda w, n=width: w.store(w.constant(x, n), "%results", n),
            results=results,
        )
        assert results.tobytes() == struct.pack("<d", x) * width
    assert literal(1.0) == "0x3FF0000000000000"


def test_one_lane_is_a_plain_number() -> None:
    assert [vector(1), vector(4), vector(1, "i1"), vector(2, "i1")] == [
        "double",
        "<4 x double>",
        "i1",
        "<2 x i1>",
    ]
    writer = Writer()
    assert writer.splat("%x", 1) == "%x"
    assert writer.constant(0.5, 1) == literal(0.5)
    assert writer.lines == []


@pytest.mark.parametrize("width", WIDTHS)
def test_a_splat_is_the_same_in_every_lane(executed: Any, width: int) -> None:
    given, results = np.array([3.25]), np.zeros(width)
    executed(
        lambda w: w.store(w.splat(w.load("%given"), width), "%results", width),
        given=given,
        results=results,
    )
    assert results.tolist() == [3.25] * width


@pytest.mark.parametrize("width", WIDTHS)
def test_transposed(executed: Any, width: int) -> None:
    given = np.arange(1.0, width * width + 1).reshape(width, width)
    results = np.zeros_like(given)

    def write(writer: Writer) -> None:
        rows = [writer.load(writer.at("%given", 8 * width * k), width) for k in range(width)]
        before = list(rows)
        for k, row in enumerate(writer.transposed(rows, width)):
            writer.store(row, writer.at("%results", 8 * width * k), width)
        assert rows == before

    executed(write, given=given, results=results)
    assert (results == given.T).all()


@pytest.mark.parametrize("width", [2, 4, 8])
def test_lanes_are_taken_and_put_together(executed: Any, width: int) -> None:
    given, results = np.arange(2.0 * width), np.zeros(width + 1)
    lanes = [width + 1, *range(width - 1)]

    def write(writer: Writer) -> None:
        a, b = writer.load("%given", width), writer.load(writer.at("%given", 8 * width), width)
        writer.store(writer.shuffle(a, b, width, lanes), "%results", width)
        last = writer.extract(b, width, width - 1)
        writer.store(last, writer.at("%results", 8 * width))

    executed(write, given=given, results=results)
    assert results.tolist() == [*given[lanes], 2 * width - 1]


# Control


@pytest.mark.parametrize(
    ("start", "stop", "step", "visited"),
    [
        (0, 5, 1, [0, 1, 2, 3, 4]),
        (2, 9, 3, [2, 5, 8]),
        (3, 3, 1, []),
        (5, 0, -1, [4, 3, 2, 1, 0]),
        (6, 0, -2, [4, 2, 0]),
        (8, 4, -4, [4]),
        (0, 0, -1, []),
    ],
)
@pytest.mark.parametrize("known", [True, False], ids=["literals", "names"])
def test_a_loop_visits(
    executed: Any, start: int, stop: int, step: int, visited: list[int], known: bool
) -> None:
    """Upwards, and downwards from just below the start; carrying what it has seen."""
    results = np.full(12, -1, np.int64)

    def write(writer: Writer) -> None:
        begin, end = (start, stop) if known else ("%start", "%stop")
        carried = [("i64", "0"), ("double", literal(1.0))]
        with writer.loop(begin, end, step, carried) as each:
            count, product = each.values
            place = writer.at("%results", writer.times(count, 8))
            writer.store(each.index, place, kind="i64")
            factor = writer.let(f"sitofp i64 {writer.plus(each.index, 2)} to double")
            each.next = [
                str(writer.plus(count, 1)),
                writer.op("fsub", "double", factor, product),
            ]
        count, product = each.result
        writer.store(count, writer.at("%results", 80), kind="i64")
        writer.store(product, writer.at("%results", 88))

    executed(write, results=results, start=start, stop=stop)
    assert results[: len(visited)].tolist() == visited
    assert results[len(visited) : 10].tolist() == [-1] * (10 - len(visited))
    assert results[10] == len(visited)
    expected = 1.0
    for index in visited:
        expected = index + 2 - expected
    assert results[11:].view(float)[0] == expected


def test_loops_nest_and_branches_join(executed: Any) -> None:
    results = np.zeros((3, 4))

    def write(writer: Writer) -> None:
        with writer.loop(0, 3) as row, writer.loop(0, 4) as column:
            above = writer.let(f"icmp sgt i64 {column.index}, {row.index}")
            with writer.when(above):
                place = writer.plus(writer.times(row.index, 4), column.index)
                writer.store(literal(1.0), writer.at("%results", writer.times(place, 8)))

    executed(write, results=results)
    assert (results == np.triu(np.ones((3, 4)), 1)).all()


# Whole numbers


def test_what_is_known_is_folded() -> None:
    writer = Writer()
    assert [writer.times(3, 4), writer.times("%i", 0), writer.times(0, "%i")] == [12, 0, 0]
    assert [writer.times("%i", 1), writer.times(1, "%i")] == ["%i", "%i"]
    assert [writer.plus(3, 4), writer.plus("%i", 0), writer.plus(0, "%i")] == [7, "%i", "%i"]
    assert writer.at("%base") == writer.at("%base", 0) == writer.at("%base", 8, -8) == "%base"
    assert writer.lines == []


def test_addresses_and_least(executed: Any) -> None:
    given, results = np.arange(10.0), np.zeros(3)

    def write(writer: Writer) -> None:
        for k, (a, b) in enumerate([("%two", 5), ("%five", "%two"), (3, "%two")]):
            least = writer.least(a, b)
            there = writer.at("%given", 8, writer.times(least, 8), 16, writer.times("%two", 8))
            writer.store(writer.load(there), writer.at("%results", 8 * k))

    executed(write, given=given, results=results, two=2, five=5)
    assert results.tolist() == [7.0, 7.0, 7.0]


# Fusing


def test_what_is_handed_over_has_a_place_and_a_kind() -> None:
    writer = Writer()
    writer.given("rows", 3)
    writer.given("count", 4, "i64")
    assert writer.lines == [
        "%rows_at = getelementptr i8, ptr %context, i64 24",
        "%rows = load ptr, ptr %rows_at",
        "%count_at = getelementptr i8, ptr %context, i64 32",
        "%count = load i64, ptr %count_at",
    ]


def test_only_fast_mode_may_fuse() -> None:
    for contract in (False, True):
        writer = Writer(contract)
        for operation in ("fadd", "fsub", "fmul"):
            writer.op(operation, "double", "%a", "%b")
        assert [" contract " in line for line in writer.lines] == [contract] * 3
    writer.op("fdiv", "double", "%a", "%b")
    writer.op("and", "i1", "%a", "%b")
    assert not any("contract" in line for line in writer.lines[3:])


def test_exact_mode_rounds_twice(executed: Any) -> None:
    a = 1.0 + 2.0**-30
    given, results = np.array([a, -a * a]), np.zeros(1)

    def write(writer: Writer) -> None:
        x, minus_square = writer.load("%given"), writer.load(writer.at("%given", 8))
        square = writer.op("fmul", "double", x, x)
        writer.store(writer.op("fadd", "double", square, minus_square), "%results")

    executed(write, given=given, results=results)
    assert results[0] == 0.0
