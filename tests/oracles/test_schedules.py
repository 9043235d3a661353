"""Schedules beside those of PyTorch and optax, step by step, to 1e-12.

PyTorch's schedulers and optax's count the steps from 0; their rate 0 is that of our step 1.
"""

import math
import random
from collections.abc import Callable
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import optax
import pytest
import torch
from torch.optim import lr_scheduler

from valor import schedule

jax.config.update("jax_enable_x64", True)
torch.set_default_dtype(torch.float64)

TOTAL = 200


def ours(name: str, total: int = TOTAL, **hyperparameters: Any) -> np.ndarray:
    formula = schedule(name, **hyperparameters).formula
    return np.array([formula(step, total) for step in range(1, total + 1)])


def torchs(make: Callable[[Any], Any], first: float, total: int = TOTAL) -> np.ndarray:
    descent = torch.optim.SGD([torch.zeros(1, requires_grad=True)], first)
    scheduler = make(descent)
    found = [descent.param_groups[0]["lr"]]
    for _ in range(total - 1):
        descent.step()
        scheduler.step()
        found.append(descent.param_groups[0]["lr"])
    return np.array(found)


def optaxs(theirs: Any, total: int = TOTAL) -> np.ndarray:
    return np.array([float(theirs(jnp.array(count))) for count in range(total)])


def assert_same(found: np.ndarray, expected: np.ndarray) -> None:
    # Near 0, what a cosine leaves is as exact as the largest rate.
    assert np.max(np.abs(found - expected)) <= 1e-12 * np.max(expected)


def warmed(rest: Callable[[Any], Any]) -> Callable[[Any], Any]:
    """Return PyTorch's warm-up of 20 steps, and what follows it."""

    def make(descent: Any) -> Any:
        rise = lr_scheduler.LinearLR(descent, start_factor=1 / 20, total_iters=19)
        return lr_scheduler.SequentialLR(descent, [rise, rest(descent)], milestones=[20])

    return make


RISE = optax.linear_schedule(0.5 / 20, 0.5, 19)
CASES: dict[str, tuple[str, dict[str, Any], Any, Any]] = {
    "constant": (
        "constant_rate",
        {"rate": 0.5},
        lambda d: lr_scheduler.ConstantLR(d, factor=1.0),
        optax.constant_schedule(0.5),
    ),
    "step": (
        "step_decay",
        {"first": 0.5, "factor": 0.3, "every": 30},
        lambda d: lr_scheduler.StepLR(d, 30, gamma=0.3),
        optax.exponential_decay(0.5, 30, 0.3, staircase=True),
    ),
    "exponential": (
        "exponential_decay",
        {"first": 0.5, "factor": 0.3, "every": 30},
        lambda d: lr_scheduler.ExponentialLR(d, gamma=0.3 ** (1 / 30)),
        optax.exponential_decay(0.5, 30, 0.3),
    ),
    "line": (
        "polynomial_decay",
        {"first": 0.5},
        lambda d: lr_scheduler.PolynomialLR(d, total_iters=TOTAL),
        optax.linear_schedule(0.5, 0.0, TOTAL),
    ),
    "polynomial": (
        "polynomial_decay",
        {"first": 0.5, "power": 2.5},
        lambda d: lr_scheduler.PolynomialLR(d, total_iters=TOTAL, power=2.5),
        optax.polynomial_schedule(0.5, 0.0, 2.5, TOTAL),
    ),
    "polynomial to a rate": (
        "polynomial_decay",
        {"first": 0.5, "last": 0.1, "power": 2.5},
        None,
        optax.polynomial_schedule(0.5, 0.1, 2.5, TOTAL),
    ),
    "cosine": (
        "cosine_decay",
        {"first": 0.5},
        lambda d: lr_scheduler.CosineAnnealingLR(d, TOTAL),
        optax.cosine_decay_schedule(0.5, TOTAL),
    ),
    "cosine to a rate": (
        "cosine_decay",
        {"first": 0.5, "last": 0.1},
        lambda d: lr_scheduler.CosineAnnealingLR(d, TOTAL, eta_min=0.1),
        optax.cosine_decay_schedule(0.5, TOTAL, alpha=0.2),
    ),
    "restarts": (
        "cosine_with_restarts",
        {"first": 0.5, "last": 0.1, "cycle": 30},
        lambda d: lr_scheduler.CosineAnnealingWarmRestarts(d, 30, eta_min=0.1),
        None,
    ),
    "growing cycles": (
        "cosine_with_restarts",
        {"first": 0.5, "cycle": 13, "growth": 2},
        lambda d: lr_scheduler.CosineAnnealingWarmRestarts(d, 13, T_mult=2),
        optax.sgdr_schedule(
            [
                {"init_value": 0.5, "peak_value": 0.5, "warmup_steps": 0, "decay_steps": steps}
                for steps in (13, 26, 52, 104, 208)
            ]
        ),
    ),
    "one cycle": (
        "one_cycle",
        {"highest": 0.5},
        lambda d: lr_scheduler.OneCycleLR(d, 0.5, total_steps=TOTAL, cycle_momentum=False),
        None,
    ),
    "warm-up": (
        "warm_up",
        {"highest": 0.5, "steps": 20},
        lambda d: lr_scheduler.LinearLR(d, start_factor=1 / 20, total_iters=19),
        optax.warmup_constant_schedule(0.5 / 20, 0.5, 19),
    ),
    "warm-up, then a line": (
        "warm_up",
        {"highest": 0.5, "steps": 20, "then": "linear"},
        warmed(lambda d: lr_scheduler.PolynomialLR(d, total_iters=TOTAL - 20)),
        optax.join_schedules([RISE, optax.linear_schedule(0.5, 0.0, TOTAL - 20)], [20]),
    ),
    "warm-up, then a cosine": (
        "warm_up",
        {"highest": 0.5, "steps": 20, "then": "cosine", "last": 0.1},
        warmed(lambda d: lr_scheduler.CosineAnnealingLR(d, TOTAL - 20, eta_min=0.1)),
        optax.join_schedules([RISE, optax.cosine_decay_schedule(0.5, TOTAL - 20, 0.2)], [20]),
    ),
}


@pytest.mark.parametrize("case", [name for name, case in CASES.items() if case[2]])
def test_beside_torch(case: str) -> None:
    name, hyperparameters, theirs, _ = CASES[case]
    assert_same(ours(name, **hyperparameters), torchs(theirs, 0.5))


@pytest.mark.parametrize("case", [name for name, case in CASES.items() if case[3]])
def test_beside_optax(case: str) -> None:
    name, hyperparameters, _, theirs = CASES[case]
    assert_same(ours(name, **hyperparameters), optaxs(theirs))


@pytest.mark.parametrize("rise", [0.1, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("total", [1, 2, 3, 7, 97])
def test_one_cycle_of_any_length(total: int, rise: float) -> None:
    def theirs(descent: Any) -> Any:
        return lr_scheduler.OneCycleLR(
            descent,
            0.5,
            total_steps=total,
            pct_start=rise,
            div_factor=4.0,
            final_div_factor=5.0,
            cycle_momentum=False,
        )

    given = {"highest": 0.5, "rise": rise, "div_factor": 4.0, "final_div_factor": 5.0}
    if rise * total == 1:
        with pytest.raises(ZeroDivisionError):  # the rise has no length
            torchs(theirs, 0.5, total)
        return
    assert_same(ours("one_cycle", total, **given), torchs(theirs, 0.5, total))


def test_optax_is_at_the_top_one_step_later_and_at_the_end_after_the_run() -> None:
    # PyTorch, and ours, are at the top at step 60 of 200 and at the end at step 200.
    found = ours("one_cycle", highest=0.5)
    expected = optaxs(optax.cosine_onecycle_schedule(TOTAL, 0.5), TOTAL + 1)
    assert [int(np.argmax(each)) + 1 for each in (found, expected)] == [60, 61]
    assert found[-1] == pytest.approx(expected[-1], rel=1e-9)
    assert expected[-2] > 10 * expected[-1]


def test_optax_warms_up_from_a_first_rate_that_is_given() -> None:
    # Which is 0 most of the time: a step that moves nothing. Ours begins one step later, as
    # PyTorch's LinearLR does with 1/steps.
    expected = optaxs(optax.warmup_constant_schedule(0.0, 0.5, 20))
    assert expected[0] == 0.0
    assert_same(ours("warm_up", highest=0.5, steps=20)[:-1], expected[1:])


# On plateau


def losses(seed: int) -> list[float]:
    """Return losses that fall, stay, and rise, some as good as the best by a hair."""
    draw = random.Random(f"losses {seed}")
    found, best = [], 4.0
    for _ in range(300):
        best *= draw.choice([1.0, 1.0, 1.0, 0.95, 1 - 0.9e-2, 1 - 1.1e-2])
        found.append(best * draw.choice([1.0, 1.0, 1.3, 1 - 1e-4]))
    return found


def rates(given: list[float], **hyperparameters: Any) -> list[float]:
    """Return the rate after each loss, as a trainer would ask for it."""
    formula = schedule("on_plateau", first=0.5, **hyperparameters).formula
    state = (math.inf, math.inf, 0.0, 0.0, 0.0)
    found = []
    for step, loss in enumerate(given, start=2):
        rate, state = formula(step, 1000, (loss, *state[1:]))
        found.append(rate)
    return found


PLATEAUS = [
    {"patience": 2},
    {"patience": 0, "factor": 0.5, "threshold": 1e-2},
    {"patience": 3, "factor": 0.5, "threshold": 1e-2, "cooldown": 4},
    {"patience": 1, "factor": 0.7, "threshold": 0.0, "cooldown": 1, "lowest": 0.02},
]


@pytest.mark.parametrize("hyperparameters", PLATEAUS, ids=str)
@pytest.mark.parametrize("seed", range(5))
def test_on_plateau_beside_torch(seed: int, hyperparameters: dict[str, Any]) -> None:
    # eps=0: PyTorch leaves out falls of less than 1e-8, ours none.
    given = {"factor": 0.1, "threshold": 1e-4, "cooldown": 0, **hyperparameters}
    given["min_lr"] = given.pop("lowest", 0.0)
    descent = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.5)
    scheduler = lr_scheduler.ReduceLROnPlateau(descent, eps=0.0, **given)
    expected = []
    for loss in losses(seed):
        scheduler.step(loss)
        expected.append(descent.param_groups[0]["lr"])
    assert len(set(expected)) > 3
    assert rates(losses(seed), **hyperparameters) == pytest.approx(expected, rel=1e-12, abs=1e-300)


@pytest.mark.parametrize("hyperparameters", PLATEAUS, ids=str)
def test_on_plateau_beside_optax(hyperparameters: dict[str, Any]) -> None:
    # optax's patience is over with the last of so many epochs, ours and PyTorch's with the next.
    given = {"factor": 0.1, "cooldown": 0, **hyperparameters}
    theirs = optax.contrib.reduce_on_plateau(
        given["factor"],
        given["patience"] + 1,
        rtol=given.get("threshold", 1e-4),
        atol=1e-300,
        cooldown=given["cooldown"],
        min_scale=given.get("lowest", 0.0) / 0.5,
    )

    def step(state: Any, loss: Any) -> Any:
        _, state = theirs.update(jnp.array(0.0), state, value=loss)
        return state, state.scale

    _, scales = jax.lax.scan(step, theirs.init(jnp.array(0.0)), jnp.array(losses(0)))
    expected = (0.5 * scales).tolist()
    assert rates(losses(0), **hyperparameters) == pytest.approx(expected, rel=1e-12, abs=1e-300)


def test_a_loss_below_0_has_to_fall_too() -> None:
    # Of PyTorch, -1 is 20 percent better than -1: the threshold is multiplied by the loss itself.
    descent = torch.optim.SGD([torch.zeros(1, requires_grad=True)], 0.5)
    scheduler = lr_scheduler.ReduceLROnPlateau(descent, patience=2, threshold=0.2)
    for _ in range(9):
        scheduler.step(-1.0)
    assert descent.param_groups[0]["lr"] == 0.5
    assert rates([-1.0] * 9, patience=2, threshold=0.2)[-1] < 0.5
