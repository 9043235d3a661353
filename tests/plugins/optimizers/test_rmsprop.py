"""rmsprop: plain, with momentum, and centered.

On paper, with decay = 3/4, epsilon = 2 and r = 1/2, for the gradients 4 and -2:

    s = 4, d = 4 / (2 + 2) = 1, w = 1 - 1/2
    s = 3 + 1, d = -2 / (2 + 2) = -1/2, w = 1/2 + 1/4

With a momentum of 1/2, the velocities are 1 and 1/2 - 1/2. Centered, with decay = 1/2, for 4 and 3:

    mean 2, mean square 8, variance 8 - 4, d = 4 / (2 + 2), w = 1 - 1/2
    mean 5/2, mean square 17/2, variance 17/2 - 25/4 = 9/4, d = 3 / (3/2 + 2), w = 1/2 - 3/7
"""

import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import pytest

from valor import optimizer
from valor.exceptions import HyperparameterError

PAPER = {"learning_rate": 0.5, "epsilon": 2.0}


def test_two_steps_on_paper(follow: Callable[..., Any]) -> None:
    assert follow("rmsprop", [4.0, -2.0], decay=0.75, **PAPER) == [
        (1 / 2, (4.0, 0.0, 0.0)),
        (3 / 4, (4.0, 0.0, 0.0)),
    ]


def test_two_steps_with_momentum(follow: Callable[..., Any]) -> None:
    assert follow("rmsprop", [4.0, -2.0], decay=0.75, momentum=0.5, **PAPER) == [
        (1 / 2, (4.0, 0.0, 1.0)),
        (1 / 2, (4.0, 0.0, 0.0)),
    ]


def test_two_steps_centered(follow: Callable[..., Any]) -> None:
    first, second = follow("rmsprop", [4.0, 3.0], decay=0.5, centered=True, **PAPER)
    assert first == (1 / 2, (4.0, 2.0, 0.0))
    assert second[0] == pytest.approx(1 / 14, rel=1e-15)
    assert second[1] == (9 / 4, 5 / 2, 0.0)


def test_centered_the_square_is_the_variance(follow: Callable[..., Any]) -> None:
    # The mean of the squares less the square of the mean, in exact arithmetic.
    draw = random.Random(3)
    gradients = [draw.uniform(-1, 2) for _ in range(60)]
    decay = Fraction(0.9)
    square = mean = Fraction(0)
    found = follow("rmsprop", gradients, decay=0.9, centered=True)
    for gradient, (_, state) in zip(map(Fraction, gradients), found, strict=True):
        square = decay * square + (1 - decay) * gradient * gradient
        mean = decay * mean + (1 - decay) * gradient
        assert state[:2] == pytest.approx((float(square - mean * mean), float(mean)), rel=1e-12)


def test_centered_on_gradients_that_hardly_differ(follow: Callable[..., Any]) -> None:
    # The difference of the two large numbers would have no digit left, and might be below 0.
    found = follow("rmsprop", [1e8 + 1e-4 * n for n in range(400)], decay=0.5, centered=True)
    assert all(parameter == parameter for parameter, _ in found)
    assert 0 < found[-1][1][0] < 1e-6


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6])
def test_a_constant_gradient_moves_by_the_learning_rate_in_the_end(
    scale: float, follow: Callable[..., Any]
) -> None:
    *_, before, after = follow("rmsprop", [scale] * 500, learning_rate=0.25, epsilon=1e-300)
    assert before[0] - after[0] == pytest.approx(0.25, rel=1e-12)


def test_it_finds_the_least_of_a_parabola(descend: Callable[..., float]) -> None:
    # It does not come to rest by itself: its steps stay near the learning rate.
    for more in ({}, {"momentum": 0.5}, {"centered": True}):
        chosen = optimizer("rmsprop", learning_rate=0.01, **more)
        assert descend(chosen, lambda w: 2 * (w - 3), -4.0, 3000) == pytest.approx(3.0, abs=0.05)


@pytest.mark.parametrize("more", [{}, {"momentum": 0.9}, {"centered": True}])
@pytest.mark.parametrize("sign", [1, -1])
def test_extremes(sign: int, more: dict[str, Any], follow: Callable[..., Any]) -> None:
    assert follow("rmsprop", [sign * 0.0] * 3, **more)[-1] == (1.0, (0.0, 0.0, 0.0))
    assert follow("rmsprop", [sign * 1e-300], learning_rate=1.0, parameter=0.0, **more)[0][0] == (
        pytest.approx(-sign * 1e-292, rel=1e-12)
    )
    # A square that overflows: no step, then or later.
    found = follow("rmsprop", [sign * 1e300, 1.0, -1.0], **more)
    assert [parameter for parameter, _ in found] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", -0.01),
        ("learning_rate", float("nan")),
        ("decay", -0.1),
        ("decay", 1.0),
        ("decay", float("nan")),
        ("momentum", -0.1),
        ("momentum", 1.0),
        ("momentum", float("nan")),
        ("epsilon", 0.0),
        ("epsilon", -1e-8),
        ("centered", 1),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=f"optimizer 'rmsprop'.*{name}"):
        optimizer("rmsprop", **{name: value})
