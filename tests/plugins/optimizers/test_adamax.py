"""adamax: the largest gradient, which fades.

On paper, with beta1 = 1/2, beta2 = 3/4, epsilon = 1 and r = 1/2, for the gradients 3 and -1:

    m = 3/2, corrected 3; u = 3 + 1; w = 1 - 3/2 / 4
    m = 3/4 - 1/2, corrected 1/3; u = max(3, 1 + 1); w = 5/8 - 1/6 / 3
"""

import random
from collections.abc import Callable
from typing import Any

import pytest

from valor import optimizer
from valor.exceptions import HyperparameterError


def test_two_steps_on_paper(follow: Callable[..., Any]) -> None:
    given = {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}
    first, second = follow("adamax", [3.0, -1.0], **given)
    assert first == (5 / 8, (3 / 2, 4.0))
    assert second[0] == pytest.approx(41 / 72, rel=1e-15)
    assert second[1] == (1 / 4, 3.0)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e6, 1e300])
def test_a_constant_gradient_moves_by_the_learning_rate(
    scale: float, follow: Callable[..., Any]
) -> None:
    found = follow("adamax", [scale] * 50, learning_rate=0.25, epsilon=1e-300)
    steps = [1.0 - 0.25 * n for n in range(1, 51)]
    assert [parameter for parameter, _ in found] == pytest.approx(steps, rel=1e-12, abs=1e-12)


def test_it_is_the_limit_of_adams_norm(follow: Callable[..., Any]) -> None:
    # Section 7.1: u is the limit of (sum of beta2**(p (t - i)) |g(i)|**p)**(1/p) for large p.
    draw = random.Random(2)
    gradients = [draw.gauss(0, 1) for _ in range(40)]
    p, beta2 = 4000, 0.9
    for step, (_, state) in enumerate(follow("adamax", gradients, beta2=beta2), start=1):
        faded = [abs(g) * beta2 ** (step - i) for i, g in enumerate(gradients[:step], start=1)]
        top = max(faded)
        norm = top * sum((each / top) ** p for each in faded) ** (1 / p)
        assert state[1] == pytest.approx(norm, rel=1e-3, abs=2e-8)


def test_it_finds_the_least_of_a_parabola(descend: Callable[..., float]) -> None:
    chosen = optimizer("adamax", learning_rate=0.05)
    assert descend(chosen, lambda w: 2 * (w - 3), -4.0, 4000) == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes(sign: int, follow: Callable[..., Any]) -> None:
    assert [parameter for parameter, _ in follow("adamax", [sign * 0.0] * 3)] == [1.0] * 3
    assert follow("adamax", [sign * 1e-300], learning_rate=1.0, parameter=0.0)[0][0] == (
        pytest.approx(-sign * 1e-292, rel=1e-12)
    )
    # There is no square to overflow.
    found = follow("adamax", [sign * 1e300], learning_rate=0.25)
    assert found[0][0] == pytest.approx(1.0 - sign * 0.25, rel=1e-15)


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
    with pytest.raises(HyperparameterError, match=f"optimizer 'adamax'.*{name}"):
        optimizer("adamax", **{name: value})
