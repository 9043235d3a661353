"""Every bundled optimizer, gradient transform and schedule is compiled, and gives eager's bits.

Parameters, gradients, losses and optimizer state of 72 steps in mini-batches of unequal size are
compared, and no step is left to eager.
"""

import math
from collections.abc import Callable
from typing import Any

import pytest

from valor import (
    MLP,
    GradientTransform,
    Loss,
    Optimizer,
    Plan,
    Schedule,
    Trainer,
    gradient_transform,
    loss,
    optimizer,
    plugin_manager,
    schedule,
)
from valor.contracts import Formula
from valor.functions import absolute
from valor.testing import records

pytestmark = pytest.mark.once

CALLS = [1, 2, 5, 40, 24]
SAMPLES, BATCH = 10, 4  # of which the third batch has two

RECORDS = records("valor-framework", plugin_manager(strict=True, environment=False))
VARIANTS: dict[str, list[dict[str, Any]]] = {
    "adam": [{"beta1": 0.0}, {"beta2": 0.0}],
    "adamw": [{"weight_decay": 0.5}],
    "gradient_descent": [
        {"momentum": 0.9},
        {"weight_decay": 0.1},
        {"momentum": 0.9, "weight_decay": 0.1},
        {"momentum": 0.9, "nesterov": True, "weight_decay": 0.1},
    ],
    "lion": [{"weight_decay": 0.5, "learning_rate": 0.01}],
    "nadam": [{"momentum_decay": 0.0}, {"momentum_decay": 1.0}],
    "rmsprop": [
        {"centered": True},
        {"momentum": 0.9},
        {"momentum": 0.9, "centered": True},
    ],
    "clip_by_norm": [{"limit": 0.05}, {"limit": 1e6}],
    "clip_by_value": [{"limit": 0.01}],
    "cosine_with_restarts": [{"cycle": 7}, {"cycle": 5, "growth": 2}],
    "exponential_decay": [{"every": 10}],
    "step_decay": [{"every": 10}],
    "warm_up": [{"steps": 9, "then": "linear"}, {"steps": 9, "then": "cosine"}],
}


def variants(kind: type[Formula]) -> list[Any]:
    """Return the bundled records of a kind, each with its defaults and with others."""
    found = []
    for record in RECORDS:
        if isinstance(record, kind):
            found += [record, *(record.bind(**bound) for bound in VARIANTS.get(record.name, []))]
    return found


def told(record: Formula) -> str:
    return "-".join([record.name, *(f"{name}={value}" for name, value in record.bound.items())])


OPTIMIZERS = variants(Optimizer)
SCHEDULES = [record for record in variants(Schedule) if not record.state]


def test_the_variants_are_of_what_exists() -> None:
    assert set(VARIANTS) <= {record.name for record in RECORDS}


def network() -> MLP:
    return MLP(3, [5, 4, 2], activation="tanh", seed=7)


def data() -> tuple[list[list[float]], list[list[float]]]:
    inputs = [[math.sin(3 * row + column) for column in range(3)] for row in range(SAMPLES)]
    return inputs, [[math.cos(row), math.sin(2 * row)] for row in range(SAMPLES)]


def run_of(chosen: Optimizer, *transforms: GradientTransform, **more: Any) -> Callable[[], Any]:
    """Return what makes a run anew: model, loss, optimizer and plan."""

    def make() -> Any:
        inputs, targets = data()
        plan = Plan(
            inputs,
            targets,
            batch_size=BATCH,
            epochs=sum(CALLS) // 3,
            shuffle=True,
            seed=5,
            gradient_transforms=transforms,
            **more,
        )
        return network(), loss("mean_squared_error"), chosen, plan

    return make


@pytest.fixture
def same_bits(exact: Any, differences: Any) -> Callable[..., None]:
    """Return what asserts that native gives eager's bits, without eager's help."""

    def check(make: Callable[[], Any]) -> None:
        assert exact(make, CALLS) == ""
        assert differences.steps == sum(CALLS) == 72
        assert differences.replayed == 0

    return check


@pytest.mark.parametrize("chosen", OPTIMIZERS, ids=told)
def test_an_optimizer(chosen: Optimizer, same_bits: Callable[..., None]) -> None:
    same_bits(run_of(chosen))


@pytest.mark.parametrize("chosen", OPTIMIZERS, ids=told)
def test_an_optimizer_with_a_schedule_late_in_a_run(
    chosen: Optimizer, same_bits: Callable[..., None]
) -> None:
    # What depends on the step and on the rate is computed once a step: so late, powers are small.
    rate = schedule("cosine_decay", first=0.01)
    same_bits(run_of(chosen.bind(learning_rate=rate), first_step=30_000, first_epoch=10_000))


@pytest.mark.parametrize("transform", variants(GradientTransform), ids=told)
@pytest.mark.parametrize("name", ["gradient_descent", "adam"])
def test_a_gradient_transform(
    name: str, transform: GradientTransform, same_bits: Callable[..., None]
) -> None:
    same_bits(run_of(optimizer(name), transform))


def test_transforms_one_after_the_other(same_bits: Callable[..., None]) -> None:
    by_value = gradient_transform("clip_by_value", limit=0.05)
    by_norm = gradient_transform("clip_by_norm", limit=0.1)
    same_bits(run_of(optimizer("rmsprop", centered=True), by_value, by_norm))


@pytest.mark.parametrize("chosen", SCHEDULES, ids=told)
def test_a_schedule(chosen: Schedule, same_bits: Callable[..., None]) -> None:
    same_bits(run_of(optimizer("adam", learning_rate=chosen)))


def steep(predicted: Any, target: Any, *, slope: float = 1.0) -> Any:
    total = 0.0
    for p, t in zip(predicted, target, strict=True):
        total = total + slope * absolute(p - t)
    return total


@pytest.mark.parametrize("slope", [1e200, 1e-200, 1e-300])
@pytest.mark.parametrize("chosen", OPTIMIZERS, ids=told)
def test_gradients_whose_squares_overflow_or_vanish(
    chosen: Optimizer, slope: float, exact: Any
) -> None:
    # Where parameters stop being finite, native lets eager name the culprit.
    for transforms in ((), (gradient_transform("clip_by_norm"),)):
        plan = Plan(*data(), batch_size=BATCH, epochs=4, gradient_transforms=transforms)
        given = Loss("steep", steep).bind(slope=slope), chosen, plan
        assert exact(lambda given=given: (network(), *given), [3, 4]) == ""


@pytest.mark.parametrize("name", ["adam", "gradient_descent"])
def test_a_whole_run_of_a_trainer(name: str) -> None:
    found = []
    for engine in ("eager", "native"):
        model = network()
        run = Trainer(
            model,
            loss="mean_squared_error",
            optimizer=optimizer(
                name, learning_rate=schedule("on_plateau", first=0.3, factor=0.5, patience=1)
            ),
            engine=engine,
            seed=5,
            gradient_transforms=[gradient_transform("clip_by_norm", limit=0.5)],
        ).fit(*data(), epochs=60, batch_size=BATCH, shuffle=True)
        assert run.engine == engine
        found.append([*run.history["loss"], *(p.data for p in model.parametros())])
    assert found[0] == found[1]
