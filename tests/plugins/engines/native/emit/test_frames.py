"""Where scalars lie: positions by rule or by table, places of families, and reading them."""

import math
from typing import Any

import numpy as np
import pytest

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.frames import (
    Index,
    Layout,
    Tables,
    position,
    read,
    row_address,
    write_rows,
)
from valor_plugins.engines.native.emit.operations import as_number
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.families import CONSTANT, Family, Operand, Rolled

# Positions


@pytest.mark.parametrize(
    ("positions", "start", "strides"),
    [
        ([7], 7, (0,)),
        ([4, 5, 6], 4, (1,)),
        ([6, 4, 2], 6, (-2,)),
        ([3, 3, 3], 3, (0,)),
        ([[0, 1, 2], [3, 4, 5]], 0, (3, 1)),
        ([[0, 3], [1, 4], [2, 5]], 0, (1, 3)),
        ([[5, 3, 1]], 5, (0, -2)),
        ([[2], [9]], 2, (7, 0)),
    ],
)
def test_affine_positions(positions: Any, start: int, strides: tuple[int, ...]) -> None:
    assert Index.of(np.array(positions)) == Index(start, strides)


@pytest.mark.parametrize(
    "positions", [[0, 1, 3], [1, 0, 1], [[0, 1], [2, 4]], [[0, 1], [1, 3], [2, 5]], [0, 2, 4, 7]]
)
def test_positions_without_a_rule(positions: Any) -> None:
    assert Index.of(np.array(positions)) is None


def test_tables_lie_one_after_the_other() -> None:
    tables = Tables()
    assert tables.array().tolist() == [0]
    assert tables.add(np.array([5, 1, 4])) == Index(0, (1,), 0)
    assert tables.add(np.array([[9, 8], [2, 7]])) == Index(0, (2, 1), 3)
    assert tables.add(np.array([6])) == Index(0, (1,), 7)
    assert tables.array().tolist() == [5, 1, 4, 9, 8, 2, 7, 6, 0]
    assert tables.array().dtype == np.int32


@pytest.mark.parametrize(
    "positions",
    [[[0, 1, 2], [10, 11, 12]], [[7, 7, 7], [5, 5, 5]], [[3, 1, 4], [1, 5, 9]], [[8, 6, 4]]],
)
@pytest.mark.parametrize("known", [True, False], ids=["literals", "names"])
def test_positions_are_computed_from_counters(executed: Any, positions: Any, known: bool) -> None:
    positions = np.array(positions)
    tables = Tables()
    tables.add(np.array([99, 98]))
    index = Index.of(positions) or tables.add(positions)
    results = np.full(positions.shape, -1, np.int64)

    def write(writer: Writer) -> None:
        rows, columns = positions.shape

        def note(i: Any, j: Any) -> None:
            place = writer.plus(writer.times(i, columns), j)
            found = writer.let(f"add i64 {position(writer, index, (i, j))}, 0")
            writer.store(found, writer.at("%results", writer.times(place, 8)), kind="i64")

        if known:
            for i, j in np.ndindex(rows, columns):
                note(i, j)
            return
        with writer.loop(0, rows) as row, writer.loop(0, columns) as column:
            note(row.index, column.index)

    executed(write, tables=tables.array(), results=results)
    assert (results == positions).all()


# Places

PARAMETERS, INPUTS, SEED, UNIFORM, VARYING, CONDITION, UNIFORM_CONDITION, LATER = range(8)
SLOTS = np.array([2, 0, 3, 1])


def layout(width: int = 1, vectors: int = 1) -> Layout:
    families = [
        Family(ops.PARAMETER, 4),
        Family(ops.INPUT, 3, varying=True),
        Family(ops.SEED, 1),
        Family(ops.EXP, 5),
        Family(ops.SIN, 2, varying=True),
        Family(ops.LESS, 2, varying=True),
        Family(ops.LESS, 1),
        Family(ops.COS, 6),
    ]
    rolled = Rolled(families, Operand(VARYING, np.array([0])), [], [], 0)
    areas, scalars = {ops.PARAMETER: "%parameters"}, {ops.SEED: "%seed"}
    return Layout(rolled, width, vectors, SLOTS, areas, scalars, Tables())


def test_families_are_kept_where_they_belong_once() -> None:
    made = layout(4, 2)
    for number in (VARYING, UNIFORM, INPUTS, VARYING, UNIFORM, LATER, PARAMETERS, SEED):
        made.keep(number)
    assert made.rows == {VARYING: 0, INPUTS: 2}
    assert made.cells == {UNIFORM: 0, LATER: 5}
    assert (made.frame_rows, made.uniform_size, made.micro) == (5, 11, 8)
    # A square that begins at the last row does not reach beyond the frame.
    assert made.frame_bytes >= (made.frame_rows - 1 + made.width) * made.micro * 8


def test_parameters_are_found_by_their_slots() -> None:
    made = layout()
    some, every = (Operand(PARAMETERS, np.array(each)) for each in ([1, 3], [0, 1, 2, 3]))
    others = Operand(UNIFORM, every.positions)
    assert made.index(some) == Index(0, (1,))
    assert made.index(every).table is not None
    assert made.index(others) == Index(0, (1,))
    assert made.tables.array().tolist() == [2, 0, 3, 1, 0]


def test_an_operand_has_one_index() -> None:
    made = layout()
    operand = Operand(UNIFORM, np.array([0, 1, 3]))
    assert made.index(operand) is made.index(operand)
    assert len(made.tables.array()) == 4


def test_what_varies() -> None:
    made = layout()
    found = [made.varies(Operand(number, np.array([0]))) for number in range(8)]
    assert found == [False, True, False, False, True, True, False, False]
    assert not made.varies(Operand(CONSTANT, value=1.0))
    assert not made.varies(None)


# Reading


@pytest.mark.parametrize("width", [1, 2, 4, 8])
def test_operands_are_read_into_lanes(executed: Any, width: int) -> None:
    made = layout(width, 2)
    for number in range(8):
        made.keep(number)
    frames = np.arange(2.0 * made.frame_bytes / 8) + 1000
    frame = frames[made.frame_bytes // 8 :].reshape(-1, made.micro)  # the second one
    frame[made.rows[CONDITION] + 1] = np.arange(made.micro) % 3
    uniform = np.arange(100.0, 100 + made.uniform_size)
    uniform[made.cells[UNIFORM_CONDITION]] = 1.0
    parameters = np.array([0.0, 0.1, 0.2, 0.3])
    operands = [
        Operand(CONSTANT, value=-0.0),
        Operand(PARAMETERS, np.array([3, 2, 0, 1])),
        Operand(SEED, np.array([0])),
        Operand(UNIFORM, np.array([4, 3, 2, 1])),
        Operand(VARYING, np.array([1, 0])),
        Operand(INPUTS, np.array([2, 0, 1])),
        Operand(CONDITION, np.array([0, 1])),
        Operand(UNIFORM_CONDITION, np.array([0])),
    ]
    counters = [
        1 if operand.positions is None or len(operand.positions) > 1 else 0 for operand in operands
    ]
    expected = [
        [-0.0] * width,
        [parameters[SLOTS[2]]] * width,
        [0.25] * width,
        [100 + made.cells[UNIFORM] + 3.0] * width,
        frame[made.rows[VARYING] + 0, width : 2 * width],
        frame[made.rows[INPUTS] + 0, width : 2 * width],
        (np.arange(width, 2 * width) % 3 != 0) * 1.0,
        [1.0] * width,
    ]
    results = np.full((len(operands), width), math.nan)

    def write(writer: Writer) -> None:
        writer.line("%seed = load double, ptr %seeds")
        second = writer.at("%frames", made.frame_bytes)
        for k, (operand, counter) in enumerate(zip(operands, counters, strict=True)):
            value = read(writer, made, operand, (counter,), second, width, width)
            if operand.family in (CONDITION, UNIFORM_CONDITION):
                value = as_number(writer, value, width)
            writer.store(value, writer.at("%results", 8 * width * k), width)

    tables = made.tables
    for operand in operands:
        if operand.family != CONSTANT:
            made.index(operand)
    executed(
        write,
        frames=frames,
        uniform=uniform,
        parameters=parameters,
        seeds=np.array([0.25]),
        tables=tables.array(),
        results=results,
    )
    for k, values in enumerate(expected):
        assert results[k].tobytes() == np.array(values, float).tobytes(), k


def test_the_address_of_a_row(executed: Any) -> None:
    made = layout(2, 2)
    made.keep(INPUTS)
    made.keep(VARYING)
    frames, results = np.arange(made.frame_bytes / 8), np.zeros(1)

    def write(writer: Writer) -> None:
        address = row_address(writer, made, VARYING, 1, "%frames")
        writer.store(writer.load(address), "%results")

    executed(write, frames=frames, results=results)
    assert results[0] == (3 + 1) * made.micro


# Rows of data


@pytest.mark.parametrize("order", [None, [5, 2, 0, 1, 4, 3]])
@pytest.mark.parametrize(("start", "samples"), [(0, 1), (0, 4), (1, 5), (2, 3), (5, 1)])
def test_where_rows_are_is_noted_for_whole_micro_blocks(
    executed: Any, order: list[int] | None, start: int, samples: int
) -> None:
    inputs, targets = np.zeros((6, 3)), np.zeros((6, 1))
    notes = np.zeros(12, np.int64), np.zeros(12, np.int64)
    areas = {} if order is None else {"order": np.array(order, np.int64)}
    executed(
        lambda writer: write_rows(
            writer, (24, 8), 4, start, "%samples", "%order" if areas else None
        ),
        inputs=inputs,
        targets=targets,
        rows=notes[0],
        target_rows=notes[1],
        samples=samples,
        **areas,
    )
    lanes = -(-samples // 4) * 4
    places = [start + min(lane, samples - 1) for lane in range(lanes)]
    expected = [place if order is None else order[place] for place in places]
    for data, noted in zip((inputs, targets), notes, strict=True):
        found = (noted[:lanes] - data.ctypes.data) // data.strides[0]
        assert found.tolist() == expected
        assert not noted[lanes:].any()
