"""amsgrad: adam with a second mean that does not forget.

With beta1 = 1/2, beta2 = 3/4, epsilon = 1 and r = 1/2 the first step is adam's. At the second, the
correction of the square is 1 - 9/16 = 7/16: so a largest one of 7 counts as 16, whose root is 4.
"""

from collections.abc import Callable
from typing import Any

import pytest

from valor import optimizer
from valor.exceptions import HyperparameterError
from valor_plugins.optimizers.amsgrad import amsgrad

PAPER = {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}


def test_two_steps_on_paper(follow: Callable[..., Any]) -> None:
    # A mean square of 27/16 + 9/4 = 63/16 is larger than the one before.
    first, second = follow("amsgrad", [3.0, -3.0], **PAPER)
    assert first == (5 / 8, (3 / 2, 9 / 4, 9 / 4))
    assert second[0] == pytest.approx(3 / 4, rel=1e-15)
    assert second[1] == (-3 / 4, 63 / 16, 63 / 16)


def test_a_step_with_a_larger_square_behind_it() -> None:
    # m = 3/4 + 3/2, corrected 3; v = 63/16 < 7: w = 5/8 - 3/2 / (4 + 1)
    parameter, state = amsgrad(5 / 8, 3.0, (3 / 2, 9 / 4, 7.0), 2, **PAPER)
    assert parameter == pytest.approx(13 / 40, rel=1e-15)
    assert state == (9 / 4, 63 / 16, 7.0)


def test_the_largest_square_never_falls(follow: Callable[..., Any]) -> None:
    found = follow("amsgrad", [1.0, 10.0, *[0.01] * 500, 20.0, 0.0], beta2=0.9)
    largest = [state[2] for _, state in found]
    assert largest == sorted(largest)
    assert largest[-1] > largest[1] == largest[500]
    assert found[500][1][1] < 1e-3


def test_the_example_on_which_adam_goes_the_wrong_way(follow: Callable[..., Any]) -> None:
    # Theorem 1 of the paper: of every three gradients one is C and two are -1. Their mean says
    # down; adam, whose second mean forgets the large one, goes up.
    c = 3.0
    gradients = [c if step % 3 == 1 else -1.0 for step in range(1, 3001)]
    more = {"learning_rate": 0.01, "beta1": 0.0, "beta2": 1 / (1 + c * c)}
    assert follow("adam", gradients, parameter=0.0, **more)[-1][0] > 1
    assert follow("amsgrad", gradients, parameter=0.0, **more)[-1][0] < -1


def test_it_finds_the_least_of_a_parabola(descend: Callable[..., float]) -> None:
    chosen = optimizer("amsgrad", learning_rate=0.1)
    assert descend(chosen, lambda w: 2 * (w - 3), -4.0, 4000) == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes(sign: int, follow: Callable[..., Any]) -> None:
    assert follow("amsgrad", [sign * 0.0] * 3)[-1] == (1.0, (0.0, 0.0, 0.0))
    assert follow("amsgrad", [sign * 1e-300], learning_rate=1.0, parameter=0.0)[0][0] == (
        pytest.approx(-sign * 1e-292, rel=1e-12)
    )
    # A square that overflows: no step, then or later.
    found = follow("amsgrad", [sign * 1e300, 1.0, -1.0])
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
    with pytest.raises(HyperparameterError, match=f"optimizer 'amsgrad'.*{name}"):
        optimizer("amsgrad", **{name: value})
