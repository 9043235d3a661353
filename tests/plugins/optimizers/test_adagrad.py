"""adagrad: the sum of all squares.

On paper, with epsilon = 1 and r = 1/2, for the gradients 3 and -4:

    s = 9, w = 1 - 3/2 / (3 + 1)
    s = 25, w = 5/8 + 4/2 / (5 + 1)
"""

import itertools
from collections.abc import Callable
from typing import Any

import pytest

from valor import optimizer
from valor.exceptions import HyperparameterError


def test_two_steps_on_paper(follow: Callable[..., Any]) -> None:
    first, second = follow("adagrad", [3.0, -4.0], learning_rate=0.5, epsilon=1.0)
    assert first == (5 / 8, (9.0,))
    assert second[0] == pytest.approx(23 / 24, rel=1e-15)
    assert second[1] == (25.0,)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e100])
def test_steps_fall_with_the_root_of_their_number(scale: float, follow: Callable[..., Any]) -> None:
    found = follow("adagrad", [scale] * 100, learning_rate=1.0, epsilon=1e-300)
    places = [1.0, *(parameter for parameter, _ in found)]
    moves = [a - b for a, b in itertools.pairwise(places)]
    assert moves == pytest.approx([n**-0.5 for n in range(1, 101)], rel=1e-12)


def test_a_rare_gradient_moves_farther(follow: Callable[..., Any]) -> None:
    frequent = follow("adagrad", [1.0] * 100)
    rare = follow("adagrad", [0.0] * 99 + [1.0])
    assert rare[-2][0] - rare[-1][0] == pytest.approx(10 * (frequent[-2][0] - frequent[-1][0]))


def test_it_finds_the_least_of_a_parabola(descend: Callable[..., float]) -> None:
    chosen = optimizer("adagrad", learning_rate=1.0)
    assert descend(chosen, lambda w: 2 * (w - 3), -4.0, 2000) == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes(sign: int, follow: Callable[..., Any]) -> None:
    assert follow("adagrad", [sign * 0.0] * 3)[-1] == (1.0, (0.0,))
    assert follow("adagrad", [sign * 1e-300], learning_rate=1.0, parameter=0.0)[0][0] == (
        pytest.approx(-sign * 1e-290, rel=1e-12)
    )
    # A square that overflows: no step, then or later.
    found = follow("adagrad", [sign * 1e300, 1.0, -1.0])
    assert [parameter for parameter, _ in found] == [1.0, 1.0, 1.0]


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("learning_rate", 0.0),
        ("learning_rate", -0.01),
        ("learning_rate", float("nan")),
        ("epsilon", 0.0),
        ("epsilon", -1e-8),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=f"optimizer 'adagrad'.*{name}"):
        optimizer("adagrad", **{name: value})
