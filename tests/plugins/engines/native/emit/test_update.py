"""The optimizer's formula, for parameters in lanes."""

import math
from typing import Any

import numpy as np
import pytest

from valor import Optimizer, Schedule
from valor.functions import sqrt, where
from valor_plugins.engines.native.emit.update import Update
from valor_plugins.engines.native.emit.writer import Writer
from valor_plugins.engines.native.formulas import scheduled, trace_optimizer

STRIDE = 16


def adam(p: Any, g: Any, state: Any, step: Any, *, learning_rate: float = 0.01) -> Any:
    mean, square = 0.9 * state[0] + 0.1 * g, 0.99 * state[1] + 0.01 * g * g
    rate = where(step > 2, learning_rate / step, learning_rate)
    return p - rate * mean / (1 - 0.9**step) / (sqrt(square) + 1e-8), (mean, square)


def keeping(p: Any, g: Any, state: Any, step: Any, *, learning_rate: float = 0.01) -> Any:
    return p - learning_rate * g * state[0], (state[0], state[1] + g)


ADAM = Optimizer("adam", adam, state={"mean": 0.0, "square": 0.0})
KEEPING = Optimizer("keeping", keeping, state={"scale": 2.0, "sum": 0.0})


def run(
    executed: Any, optimizer: Optimizer, gradients: Any, width: int, step: int, rate: float = 0.01
) -> tuple[Any, Any, float]:
    """Update as many parameters as there are gradients; return them, the state, and the doubt."""
    count = len(gradients)
    parameters, state = np.linspace(-1, 1, STRIDE), np.linspace(0.1, 3, 2 * STRIDE)
    areas = {
        "parameters": parameters,
        "next_parameters": np.full(STRIDE, 7.0),
        "state": state,
        "next_state": np.full(2 * STRIDE, 7.0),
        "gradients": np.array(gradients),
        "rates": np.array([rate]),
        "doubts_found": np.zeros(1),
    }
    update = Update(trace_optimizer(optimizer), width, STRIDE, scheduled(optimizer))

    def write(writer: Writer) -> None:
        writer.line(f"%first_step = add i64 0, {step - 1}")
        writer.line("%step = add i64 0, 0")
        update.declare(writer)
        update.begin(writer)
        for place in range(0, count, width):
            lanes = width if place + width <= count else 1
            for start in range(place, min(place + width, count), lanes):
                gradient = writer.load(writer.at("%gradients", 8 * start), lanes)
                update.note(writer, [update.write(writer, start, gradient, lanes)], lanes)
        writer.store(update.doubt(writer), "%doubts_found")

    executed(write, **areas)
    return areas["next_parameters"], areas["next_state"], float(areas["doubts_found"][0])


@pytest.mark.parametrize("step", [1, 2, 3, 1000])
@pytest.mark.parametrize("width", [2, 4, 8])
def test_each_parameter_gets_what_the_formula_says(executed: Any, width: int, step: int) -> None:
    gradients = [math.sin(3 * k) for k in range(13)]
    parameters, state, doubt = run(executed, ADAM, gradients, width, step)
    old, kept = np.linspace(-1, 1, STRIDE), np.linspace(0.1, 3, 2 * STRIDE)
    for k, gradient in enumerate(gradients):
        given = float(old[k]), gradient, (float(kept[k]), float(kept[STRIDE + k])), step
        new, (mean, square) = adam(*given)
        assert (parameters[k], state[k], state[STRIDE + k]) == (new, mean, square)
    assert (parameters[13:] == 7.0).all()
    assert doubt == 0.0


@pytest.mark.parametrize(("bad", "place"), [(math.inf, 0), (math.nan, 5), (-math.inf, 12)])
def test_what_is_not_finite_is_noted(executed: Any, bad: float, place: int) -> None:
    gradients = [0.5] * 13
    gradients[place] = bad
    assert math.isnan(run(executed, ADAM, gradients, 4, 1)[2])


def test_state_that_is_handed_on_is_not_written(executed: Any) -> None:
    _, state, _ = run(executed, KEEPING, [1.0] * STRIDE, 4, 1)
    assert (state[:STRIDE] == 7.0).all()
    assert np.array_equal(state[STRIDE:], np.linspace(0.1, 3, 2 * STRIDE)[STRIDE:] + 1.0)


def test_a_schedule_gives_each_step_its_rate(executed: Any) -> None:
    falling = Schedule("falling", lambda step, total: 1 / step)
    chosen = KEEPING.bind(learning_rate=falling)
    parameters, _, _ = run(executed, chosen, [1.0] * STRIDE, 8, 5, rate=0.25)
    expected = np.linspace(-1, 1, STRIDE) - 0.25 * np.linspace(0.1, 3, 2 * STRIDE)[:STRIDE]
    assert np.array_equal(parameters, expected)


def test_what_follows_from_the_step_is_computed_once() -> None:
    writer = Writer()
    update = Update(trace_optimizer(ADAM), 4, STRIDE, False)
    update.begin(writer)
    powers = [line for line in writer.lines if "@pow(" in line]
    assert len(powers) == 1
    update.write(writer, 0, "%gradient", 4)
    assert [line for line in writer.lines if "@pow(" in line] == powers
