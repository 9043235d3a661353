"""lion: steps of one length.

On paper, with beta1 = 1/2, beta2 = 3/4, r = 1/2 and a weight decay of 1/4, for the gradients 3 and
-1:

    3/2 is positive: w = 7/8 - 1/2, m = 3/4
    3/8 - 1/2 is negative: w = 7/8 * 3/8 + 1/2, m = 9/16 - 1/4
"""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from valor import optimizer
from valor.exceptions import HyperparameterError


def test_two_steps_on_paper(follow: Callable[..., Any]) -> None:
    given = {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.75, "weight_decay": 0.25}
    assert follow("lion", [3.0, -1.0], **given) == [(3 / 8, (3 / 4,)), (53 / 64, (5 / 16,))]


def test_every_step_is_as_long_as_the_learning_rate(follow: Callable[..., Any]) -> None:
    draw = random.Random(4)
    gradients = [draw.gauss(0, 1) * 10 ** draw.uniform(-6, 6) for _ in range(200)]
    found = follow("lion", gradients, parameter=0.0, learning_rate=0.25)
    places = [0.0, *(parameter for parameter, _ in found)]
    moves = {b - a for a, b in itertools.pairwise(places)}
    assert moves == {-0.25, 0.25}


@pytest.mark.parametrize("scale", [2.0**-900, 2.0**-20, 2.0**40, 2.0**900])
def test_the_gradients_scale_does_not_matter(scale: float, follow: Callable[..., Any]) -> None:
    gradients = [1.0, -0.5, 2.0, 0.25, -3.0, 0.1, 0.1] * 10
    one = [parameter for parameter, _ in follow("lion", gradients)]
    assert [p for p, _ in follow("lion", [g * scale for g in gradients])] == one


def test_direction_and_momentum_have_different_memories(follow: Callable[..., Any]) -> None:
    # After 300 steps the gradient turns from 1 to -1, and m from 0.951 to 1.951 * 0.99**n - 1. With
    # beta1 = 0 the step turns at once; with 0.9, once 0.9 m is below 0.1, after 57 steps more.
    gradients = [1.0] * 300 + [-1.0] * 100
    for beta1, steps in ((0.0, 0), (0.9, 57)):
        found = follow("lion", gradients, beta1=beta1)
        parameters = [parameter for parameter, _ in found]
        lowest = min(range(400), key=parameters.__getitem__)
        assert lowest - 299 == steps, beta1


def test_it_finds_the_least_of_a_parabola(descend: Callable[..., float]) -> None:
    # To within a step, or a few.
    chosen = optimizer("lion", learning_rate=0.001)
    assert descend(chosen, lambda w: 2 * (w - 3), 1.0, 4000) == pytest.approx(3.0, abs=0.02)


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes(sign: int, follow: Callable[..., Any]) -> None:
    assert follow("lion", [sign * 0.0] * 3)[-1] == (1.0, (0.0,))
    for magnitude in (1e-300, 1e300):
        found = follow("lion", [sign * magnitude] * 2, learning_rate=0.25)
        assert [parameter for parameter, _ in found] == [1 - sign * 0.25, 1 - sign * 0.5]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", -0.01),
        ("learning_rate", float("nan")),
        ("beta1", -0.1),
        ("beta1", 1.0),
        ("beta1", float("nan")),
        ("beta2", -0.1),
        ("beta2", 1.0),
        ("beta2", float("nan")),
        ("weight_decay", -0.1),
        ("weight_decay", float("inf")),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=f"optimizer 'lion'.*{name}"):
        optimizer("lion", **{name: value})
