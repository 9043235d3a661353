"""Whole steps: how many are completed, in which order they sum, what they write and what not."""

import math
import struct
from array import array
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from valor import (
    EAGER,
    GradientTransform,
    Loss,
    Optimizer,
    Penalty,
    Plan,
    Schedule,
    Valor,
)
from valor.exceptions import NonFiniteError
from valor.functions import divide, log, where
from valor_plugins.engines.native import assemble, compile_run, guard, program


class Line:
    """``a x + b``, and a parameter that is frozen."""

    def __init__(self, formula: Callable[..., Any] = lambda a, b, c, x: a * x + b) -> None:
        self._formula = formula
        self._parameters = [Valor(0.5), Valor(0.25), Valor(0.0)]
        self._parameters[2].trainable = False

    def __call__(self, inputs: Any) -> Any:
        return self._formula(*self._parameters, inputs[0])

    def parametros(self) -> list[Valor]:
        return self._parameters


def squares(predicted: Any, target: Any) -> Any:
    return (predicted[0] - target[0]) ** 2


def descent(p: Any, g: Any, state: Any, step: Any, *, learning_rate: float = 0.01) -> Any:
    return p - learning_rate * g, (state[0] + 1,)


SQUARES = Loss("squares", squares)
DESCENT = Optimizer("descent", descent, state={"count": 0.0})
PLAN = Plan(
    inputs=[[0.1 * k - 1] for k in range(20)],
    targets=[[0.05 * k + 0.05] for k in range(20)],
    batch_size=2,
    epochs=10,
)


def bits(numbers: Any) -> list[bytes]:
    return [struct.pack("<d", x) for x in numbers]


@attrs.define
class Outcome:
    """What a run has done: losses, parameters, gradients and state as bits, and its error."""

    losses: list[bytes]
    numbers: list[bytes]
    error: str


def outcome(compile: Any, steps: int, **parts: Any) -> Outcome:
    model = parts.get("model", Line)()
    plan = attrs.evolve(PLAN, **parts.get("plan", {}))
    losses, error = array("d"), ""
    run = compile(model, parts.get("loss", SQUARES), parts.get("optimizer", DESCENT), plan)
    try:
        run.advance(steps, losses)
    except (NonFiniteError, ZeroDivisionError) as caught:
        error = str(caught)
    run.write_back()
    numbers = [each.data for each in model.parametros()]
    if not error:  # else eager has gone on with some gradients
        numbers += [each.grad for each in model.parametros()]
    numbers += [entry for entries in run.state() for entry in entries]
    return Outcome(bits(losses), bits(numbers), error)


@pytest.fixture(params=[10**6, 0], ids=["straight line", "loops"])
def emitter(request: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(assemble, "STRAIGHT", request.param)


@pytest.fixture
def replays(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """The steps that were completed whenever eager was asked for the next; the guard apart."""
    asked: list[int] = []

    def compile(model: Any, loss: Any, optimizer: Any, plan: Plan) -> Any:
        asked.append(plan.completed_steps)
        return EAGER.compile(model, loss, optimizer, plan)

    monkeypatch.setattr(guard, "BUDGET", 0)
    monkeypatch.setattr(program, "EAGER", attrs.evolve(EAGER, compile=compile))
    return asked


# How many steps are completed


def rising(step: int, total: int) -> float:
    return math.inf if step == 4 else 0.01


def dividing(p: Any, g: Any, state: Any, step: Any) -> Any:
    return p - 0.01 * g / (4 - step), state


def hiding(p: Any, g: Any, state: Any, step: Any) -> Any:
    return p - g / (3 + 1 / (4 - step)), state


def overflowing(p: Any, g: Any, state: Any, step: Any) -> Any:
    return p - g * 1e308 * where(step >= 4, 1e308, 0.0), state


def infinite(parameter: Any) -> Any:
    return parameter * parameter + divide(0.0, parameter - 0.5)


def rows(column: str, odd: float) -> dict[str, Any]:
    """Return the data, with something odd in the fourth batch."""
    data = [[*row] for row in getattr(PLAN, column)]
    data[7] = [odd]
    return {column: data}


FAILURES: dict[str, tuple[int, dict[str, Any]]] = {
    "an input": (3, {"plan": rows("inputs", math.inf)}),
    "a target": (3, {"plan": rows("targets", math.nan)}),
    "a value that is too large": (3, {"plan": rows("inputs", 1e200)}),
    "a gradient alone": (
        3,
        {
            "model": lambda: Line(lambda a, b, c, x: (a * x + b) / 1e180),
            "loss": Loss("steep", lambda p, t: (p[0] * 1e180 - t[0]) * 1e10),
            "plan": rows("inputs", 1e300),
        },
    ),
    "a learning rate": (3, {"optimizer": DESCENT.bind(learning_rate=Schedule("rising", rising))}),
    "a division of the optimizer": (3, {"optimizer": Optimizer("dividing", dividing)}),
    "a division that leaves no trace": (3, {"optimizer": Optimizer("hiding", hiding)}),
    "a new parameter": (3, {"optimizer": Optimizer("overflowing", overflowing)}),
    "a penalty": (0, {"plan": {"penalties": (Penalty("infinite", infinite),)}}),
    "a division of a loss": (
        3,
        {"loss": Loss("ratio", lambda p, t: p[0] / t[0]), "plan": rows("targets", 0.0)},
    ),
}


@pytest.mark.usefixtures("emitter")
@pytest.mark.parametrize("what", FAILURES)
def test_a_step_that_goes_wrong_is_not_completed(what: str, replays: list[int]) -> None:
    completed, parts = FAILURES[what]
    expected = outcome(EAGER.compile, 8, **parts)
    found = outcome(compile_run, 8, **parts)
    assert expected == found
    assert expected.error
    assert len(found.losses) == completed
    assert replays == [completed]


@pytest.mark.usefixtures("emitter")
def test_a_transform_does_not_hide_a_gradient_that_went_wrong(replays: list[int]) -> None:
    record = GradientTransform(
        "zeros", lambda gradients: [where(g > 0, 0.0, 0.0) for g in gradients]
    )
    model = lambda: Line(lambda a, b, c, x: where(a * 0 + x > 9, log(a - a), a * x) + b)  # noqa: E731
    parts = {"model": model, "plan": {"gradient_transforms": (record,)}}
    expected, found = outcome(EAGER.compile, 2, **parts), outcome(compile_run, 2, **parts)
    assert expected == found
    # Eager finds nothing wrong: it pushes no gradient of 0.
    assert (expected.error, len(found.losses)) == ("", 2)
    assert replays == [0, 1]


@pytest.mark.usefixtures("emitter")
def test_a_frozen_parameter_whose_gradient_is_nan_is_doubted(replays: list[int]) -> None:
    parts = {"model": lambda: Line(lambda a, b, c, x: a * x + where(c > 0, log(c), b))}
    expected, found = outcome(EAGER.compile, 2, **parts), outcome(compile_run, 2, **parts)
    assert expected == found


@pytest.mark.usefixtures("emitter")
def test_all_steps_in_one_call_without_eager(replays: list[int]) -> None:
    for steps in (0, 1, 7, 100):
        expected, found = outcome(EAGER.compile, steps), outcome(compile_run, steps)
        assert expected == found
        assert len(found.losses) == steps
    assert replays == []


# Batches


@pytest.mark.usefixtures("emitter")
@pytest.mark.parametrize("reduction", ["sum", "mean"])
@pytest.mark.parametrize("batch", [1, 2, 3, 7, 19, 20, 50])
def test_batches(batch: int, reduction: str, replays: list[int]) -> None:
    parts = {
        "loss": Loss("squares", squares, reduction=reduction),
        "plan": {"batch_size": batch, "shuffle": batch % 2 == 1, "first_step": 5},
    }
    expected, found = outcome(EAGER.compile, 10, **parts), outcome(compile_run, 10, **parts)
    assert expected == found
    assert replays == []


@pytest.mark.usefixtures("emitter")
def test_losses_are_summed_forward_and_gradients_backward(replays: list[int]) -> None:
    """Several blocks of them, of very different sizes."""
    inputs = [[(-1.0) ** k * 10.0 ** (k % 13 - 6)] for k in range(300)]
    targets = [[10.0 ** (k % 7 - 3)] for k in range(300)]
    plan = {"inputs": inputs, "targets": targets, "batch_size": 300}
    parts = {"plan": plan, "optimizer": DESCENT.bind(learning_rate=1e-20)}
    expected, found = outcome(EAGER.compile, 3, **parts), outcome(compile_run, 3, **parts)
    assert expected == found
    assert replays == []


@pytest.mark.usefixtures("emitter")
@pytest.mark.parametrize("zero", [0.0, -0.0])
def test_a_loss_of_zero_keeps_its_sign(zero: float) -> None:
    parts = {"loss": Loss("zero", lambda p, t: abs(p[0]) * zero), "plan": {"batch_size": 1}}
    expected, found = outcome(EAGER.compile, 2, **parts), outcome(compile_run, 2, **parts)
    assert expected == found
    assert found.losses == bits([zero] * 2)


# Penalties, transforms, optimizers


def by_step(p: Any, g: Any, state: Any, step: Any, *, learning_rate: float = 0.01) -> Any:
    first, second = state
    return p - learning_rate * g / step, (second + g, first - step)


def halved(gradients: list[Any]) -> list[Any]:
    return [g / 2 + gradients[0] for g in gradients]


@pytest.mark.usefixtures("emitter")
def test_everything_at_once(replays: list[int]) -> None:
    plan = {
        "penalties": (
            Penalty("square", lambda p: 0.1 * p * p),
            Penalty("size", lambda p: 1e16 * abs(p)),
            Penalty("back", lambda p: -1e16 * abs(p)),
        ),
        "gradient_transforms": (GradientTransform("halved", halved),),
        "first_step": 3,
        "completed_steps": 12,
        "state": [(0.5, 1.5), (2.5, 3.5), (4.5, 5.5)],
        "batch_size": 3,
    }
    rate = Schedule("falling", lambda step, total: 1e-18 / step + total * 1e-22)
    chosen = Optimizer("by_step", by_step, state={"first": 0.0, "second": 1.0})
    parts = {"plan": plan, "optimizer": chosen.bind(learning_rate=rate)}
    expected, found = outcome(EAGER.compile, 9, **parts), outcome(compile_run, 9, **parts)
    assert expected == found
    assert replays == []
