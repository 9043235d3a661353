"""adamw: adam's steps, and a decay that its means do not see.

The first two steps of adam (its own test has them) with beta1 = 1/2, beta2 = 3/4, epsilon = 1 and
r = 1/2 are -3/8 and 1/8. A weight decay of 1/4 multiplies the parameter by 1 - 1/8 before each.
"""

from collections.abc import Callable
from typing import Any

import pytest

from valor import optimizer
from valor.exceptions import HyperparameterError

PAPER = {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}


def test_two_steps_on_paper(follow: Callable[..., Any]) -> None:
    first, second = follow("adamw", [3.0, -3.0], weight_decay=0.25, **PAPER)
    assert first == (1 / 2, (3 / 2, 9 / 4))  # 7/8 - 3/8
    assert second[0] == pytest.approx(9 / 16, rel=1e-15)  # 7/16 + 1/8
    assert second[1] == (-3 / 4, 63 / 16)


def test_without_decay_it_is_adam(follow: Callable[..., Any]) -> None:
    gradients = [0.3, -2.0, 1e-4, 0.0, 5.0, -0.1]
    assert follow("adamw", gradients, weight_decay=0.0) == follow("adam", gradients)


@pytest.mark.parametrize("scale", [0.0, 1e-6, 1.0, 1e6])
def test_the_decay_does_not_depend_on_the_gradients(
    scale: float, follow: Callable[..., Any]
) -> None:
    # What the decay adds to adam's way is a geometric series of its own.
    gradients = [scale * slope for slope in (1.0, -0.5, 2.0, 0.25)]
    parameters = {}
    for name, more in (("adam", {}), ("adamw", {"weight_decay": 0.25})):
        far = follow(name, gradients, parameter=8.0, learning_rate=0.1, **more)
        near = follow(name, gradients, parameter=4.0, learning_rate=0.1, **more)
        parameters[name] = [a[0] - b[0] for a, b in zip(far, near, strict=True)]
    assert parameters["adam"] == pytest.approx([4.0] * 4, rel=1e-12)
    shrunk = [4.0 * (1 - 0.1 * 0.25) ** n for n in (1, 2, 3, 4)]
    assert parameters["adamw"] == pytest.approx(shrunk, rel=1e-12)


def test_it_finds_the_least_of_a_parabola(descend: Callable[..., float]) -> None:
    chosen = optimizer("adamw", learning_rate=0.05, weight_decay=0.0)
    assert descend(chosen, lambda w: 2 * (w - 3), -4.0, 2000) == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes(sign: int, follow: Callable[..., Any]) -> None:
    more = {"learning_rate": 0.5, "weight_decay": 0.25}
    assert follow("adamw", [sign * 0.0] * 2, **more)[-1] == (49 / 64, (0.0, 0.0))
    assert follow("adamw", [sign * 1e-300] * 2, **more)[-1][0] == 49 / 64
    # A square that overflows: the parameter only shrinks.
    found = follow("adamw", [sign * 1e300, 1.0], **more)
    assert [parameter for parameter, _ in found] == [7 / 8, 49 / 64]


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
        ("weight_decay", -0.1),
        ("weight_decay", float("inf")),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=f"optimizer 'adamw'.*{name}"):
        optimizer("adamw", **{name: value})
