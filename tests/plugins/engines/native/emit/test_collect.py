"""Gradients: which parameters form a grid, and sums from the last sample to the first."""

import random
from typing import Any

import numpy as np
import pytest

from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.emit.collect import (
    Block,
    Grid,
    Transposed,
    gathered,
    grid_of,
    lanes_below,
    write_grid,
    write_list,
)
from valor_plugins.engines.native.emit.frames import Index, Layout, Tables
from valor_plugins.engines.native.emit.operations import as_number
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.families import CONSTANT, Family, Gradients, Operand, Rolled

WIDTHS = [2, 4, 8]
INPUTS, HIDDEN, PARAMETERS = range(3)  # of these the last does not vary


def layout(width: int, slots: Any, vectors: int = 1) -> Layout:
    families = [
        Family(ops.INPUT, 40, varying=True),
        Family(ops.SIN, 40, varying=True),
        Family(ops.PARAMETER, len(slots)),
    ]
    rolled = Rolled(families, Operand(HIDDEN, np.array([0])), [], [], 0)
    areas = {ops.PARAMETER: "%parameters"}
    made = Layout(rolled, width, vectors, slots, areas, {}, Tables())
    made.keep(INPUTS)
    made.keep(HIDDEN)
    return made


def group(parameters: Any, *pairs: tuple[Any, Any]) -> Gradients:
    """Return a group; a factor is a number, or a family and its positions."""

    def factor(given: Any) -> Operand | None:
        if given is None:
            return None
        if isinstance(given, float):
            return Operand(CONSTANT, value=given)
        return Operand(given[0], np.array(given[1]))

    return Gradients(np.array(parameters), [(a, b) for a, b in (map(factor, p) for p in pairs)])  # type: ignore[misc]


def weights(rows: int, columns: int) -> tuple[Any, Any]:
    """Return the factors of a layer's weights: by row of the hidden scalar, by column the input."""
    still = np.repeat(np.arange(rows), columns)
    moving = np.tile(np.arange(columns), rows)
    return (HIDDEN, still), (INPUTS, moving + 3)


# Grids


@pytest.mark.parametrize("turned", [False, True], ids=["still first", "moving first"])
def test_the_weights_of_a_layer_form_a_grid(turned: bool) -> None:
    still, moving = weights(5, 8)
    pair = (moving, still) if turned else (still, moving)
    grid = grid_of(layout(4, np.arange(50)), group(np.arange(2, 42), pair))
    assert grid is not None
    assert (grid.rows, grid.columns) == (5, 8)
    (product,) = grid.products
    assert (product.still.family, product.moving.family) == (HIDDEN, INPUTS)
    assert (grid.slot, product.still_at) == (Index(2, (8,)), Index(0, (1,)))
    assert product.moving_at == 3


def test_rows_may_lie_anywhere() -> None:
    """Biases between them, and neurons in any order."""
    still, moving = weights(3, 4)
    slots = np.array([*range(20, 24), *range(5, 9), *range(12, 16)])
    made = layout(4, slots)
    grid = grid_of(made, group(np.arange(12), (still, moving)))
    assert grid is not None
    assert (grid.rows, grid.columns) == (3, 4)
    table = made.tables.array()
    rows = [table[grid.slot.table + k] for k in range(3)]  # type: ignore[operator]
    stills = [table[grid.products[0].still_at.table + k] for k in range(3)]  # type: ignore[operator]
    assert sorted(zip(rows, stills, strict=True)) == [(5, 1), (12, 2), (20, 0)]


def test_what_forms_no_grid() -> None:
    slots = np.arange(50)
    still, moving = weights(5, 8)
    other = (HIDDEN, still[1].copy())
    other[1][17] = 0
    uneven = (INPUTS, moving[1].copy())
    uneven[1][30] += 1
    for parameters, pairs in [
        (np.arange(40), [(still, moving), (still, uneven)]),
        (np.arange(40), [(still, None)]),
        (np.arange(40), [(still, (PARAMETERS, moving[1]))]),  # does not vary
        (np.arange(40), [(still, 2.0)]),
        (np.arange(40), [(other, moving)]),
        (np.arange(40), [(still, uneven)]),
        ([*range(16), *range(17, 41)], [(still, moving)][:0] or [(other, uneven)]),
        (np.arange(0, 40, 2), [((HIDDEN, still[1][:20]), (INPUTS, moving[1][:20]))]),
    ]:
        assert grid_of(layout(4, slots), group(parameters, *pairs)) is None
    assert grid_of(layout(8, slots), group(np.arange(35), weights(5, 7))) is None  # narrow
    grid = grid_of(layout(4, slots), group(np.arange(40), (still, moving), (moving, still)))
    assert grid is not None
    assert [each.still.family for each in grid.products] == [HIDDEN, HIDDEN]


# Sums


def expected(made: Layout, given: Gradients, scalars: Any, before: Any, alone: bool) -> Any:
    """Add up what samples contribute, one after the other, from the last to the first."""
    result = before.copy()
    for k, parameter in enumerate(given.parameters.tolist()):
        slot = made.slots[parameter]
        total = 0.0 if alone else float(before[slot])
        for sample in reversed(range(scalars[INPUTS].shape[1])):
            for pair in given.contributions:
                value = 1.0
                for factor in pair:
                    if factor is None:
                        continue
                    if factor.family == CONSTANT:
                        value *= factor.value
                        continue
                    position = factor.positions[k]
                    if factor.family == PARAMETERS:
                        value *= scalars[PARAMETERS][made.slots[position]]
                    else:
                        value *= scalars[factor.family][position, sample]
                total += value
        result[slot] = total
    return result


def collected(
    executed: Any, made: Layout, given: Gradients, count: int, alone: bool, grid: Grid | None
) -> None:
    """Collect the gradients of some samples, and compare them with what is expected."""
    draw = np.random.default_rng(count)
    spread = 10.0 ** draw.integers(-8, 8, (2, 40, count))
    inputs, hidden = draw.uniform(-1, 1, (2, 40, count)) * spread
    parameters, before = draw.uniform(-1, 1, (2, len(made.slots)))
    blocks = -(-count // made.micro)
    frames = np.full((blocks, made.frame_bytes // 8), np.nan)
    for k in range(count):
        block, lane = divmod(k, made.micro)
        rows = frames[block, : made.frame_rows * made.micro].reshape(-1, made.micro)
        rows[made.rows[INPUTS] :][:40, lane] = inputs[:, k]
        rows[made.rows[HIDDEN] :][:40, lane] = hidden[:, k]
    block, lane = np.divmod(np.arange(blocks * made.micro), made.micro)
    data = np.ascontiguousarray(inputs.T)
    gradients = before.copy()

    def write(writer: Writer) -> None:
        samples = Block("%samples", blocks * made.micro, alone)
        if grid is None:
            write_list(writer, made, given, samples)
        else:
            write_grid(writer, made, grid, Transposed(), samples)

    executed(
        write,
        gradients=gradients,
        parameters=parameters,
        frames=frames,
        lanes=frames.ctypes.data + block * made.frame_bytes + lane * 8,
        rows=data.ctypes.data + np.minimum(np.arange(blocks * made.micro), count - 1) * 320,
        tables=made.tables.array,
        samples=count,
    )
    wanted = expected(made, given, (inputs, hidden, parameters), before, alone)
    assert gradients.tobytes() == wanted.tobytes()


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize(("rows", "columns"), [(1, 8), (6, 9), (7, 16), (3, 35), (20, 13)])
@pytest.mark.parametrize("width", WIDTHS)
def test_grids(executed: Any, width: int, rows: int, columns: int, alone: bool) -> None:
    count = rows + columns
    made = layout(width, np.arange(rows * columns + 5), 1 + alone)
    given = group(np.arange(3, 3 + rows * columns), weights(rows, columns))
    grid = grid_of(made, given)
    assert grid is not None
    collected(executed, made, given, count, alone, grid)


@pytest.mark.parametrize("alone", [True, False])
@pytest.mark.parametrize("size", [1, 3, 8, 11])
@pytest.mark.parametrize("width", WIDTHS)
def test_lists(executed: Any, width: int, size: int, alone: bool) -> None:
    """Products and single factors, constants and what does not vary, in slots of any order."""
    draw = random.Random(size)

    def some(count: int) -> list[int]:
        return [draw.randrange(count) for _ in range(size)]

    slots = np.array(draw.sample(range(30), 30))
    for count in (1, width, 3 * width + 1):
        made = layout(width, slots, 2)
        given = group(
            draw.sample(range(30), size),
            ((INPUTS, some(40)), (HIDDEN, range(size))),
            ((HIDDEN, some(40)), None),
            ((INPUTS, range(size)), (PARAMETERS, some(30))),
            ((HIDDEN, some(40)), -0.75),
        )
        collected(executed, made, given, count, alone, None)


@pytest.mark.parametrize("width", WIDTHS)
def test_lanes_below_and_gathered(executed: Any, width: int) -> None:
    for count in range(width + 1):
        results = np.zeros((2, width))

        def write(writer: Writer, count: int = count, results: Any = results) -> None:
            bits = as_number(writer, lanes_below(writer, "%count", width), width)
            writer.store(bits, "%results", width)
            scalars = [writer.constant(k + 1.0, 1) for k in range(count)]
            writer.store(gathered(writer, scalars, width), writer.at("%results", 8 * width), width)

        executed(write, results=results, count=count)
        assert results[0].tolist() == [float(k < count) for k in range(width)]
        assert results[1].tolist() == [k + 1.0 if k < count else 0.0 for k in range(width)]
