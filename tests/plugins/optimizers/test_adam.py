"""adam: Kingma and Ba's recurrences, worked out on paper.

With beta1 = 1/2, beta2 = 3/4, epsilon = 1 and r = 1/2, for the gradients 3 and -3:

    m = 3/2, v = 9/4, corrected 3 and 9: w = 1 - 3/2 / (3 + 1)
    m = 3/4 - 3/2, v = 27/16 + 9/4, corrected -1 and 9: w = 5/8 + 1/2 / (3 + 1)

An epsilon inside the root, or added before the correction, would give other numbers.
"""

import itertools
import random
from collections.abc import Callable
from typing import Any

import pytest

from valor import optimizer
from valor.exceptions import HyperparameterError

PAPER = {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}


def test_two_steps_on_paper(follow: Callable[..., Any]) -> None:
    first, second = follow("adam", [3.0, -3.0], **PAPER)
    assert first == (5 / 8, (3 / 2, 9 / 4))
    assert second[0] == pytest.approx(3 / 4, rel=1e-15)
    assert second[1] == (-3 / 4, 63 / 16)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6, 1e100])
def test_a_constant_gradient_moves_by_the_learning_rate(
    scale: float, follow: Callable[..., Any]
) -> None:
    # Section 2.1: the step does not depend on the gradient's scale, and both means are unbiased.
    found = follow("adam", [scale] * 50, learning_rate=0.25, epsilon=1e-300)
    steps = [1.0 - 0.25 * n for n in range(1, 51)]
    assert [parameter for parameter, _ in found] == pytest.approx(steps, rel=1e-12, abs=1e-12)


def test_steps_are_bounded(follow: Callable[..., Any]) -> None:
    # Section 2.1: by r (1 - beta1) / sqrt(1 - beta2), which a first gradient after a long calm
    # comes near to ...
    bound = 0.1 / 0.001**0.5
    *_, before, after = follow("adam", [0.0] * 3000 + [5.0], learning_rate=1.0)
    assert 0.9 * bound < before[0] - after[0] < bound
    # ... and by about r for gradients as they come.
    draw = random.Random(1)
    found = follow("adam", [draw.gauss(0, 1) for _ in range(1000)], learning_rate=1.0)
    places = [1.0, *(parameter for parameter, _ in found)]
    moves = [abs(b - a) for a, b in itertools.pairwise(places)]
    assert max(moves) < 1.01


def test_it_finds_the_least_of_a_parabola(descend: Callable[..., float]) -> None:
    chosen = optimizer("adam", learning_rate=0.05)
    assert descend(chosen, lambda w: 2 * (w - 3), -4.0, 2000) == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes(sign: int, follow: Callable[..., Any]) -> None:
    # Nothing to move for, and nothing to move by.
    assert follow("adam", [sign * 0.0] * 3)[-1] == (1.0, (0.0, 0.0))
    # A square that underflows: epsilon is what is divided by.
    assert follow("adam", [sign * 1e-300], learning_rate=1.0, parameter=0.0)[0][0] == (
        pytest.approx(-sign * 1e-292, rel=1e-12)
    )
    # A square that overflows: no step, then or later.
    found = follow("adam", [sign * 1e300, 1.0, -1.0])
    assert [parameter for parameter, _ in found] == [1.0, 1.0, 1.0]


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
        ("epsilon", 0.0),
        ("epsilon", -1e-8),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=f"optimizer 'adam'.*{name}"):
        optimizer("adam", **{name: value})
