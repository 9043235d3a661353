"""nadam: a mean that looks one step ahead.

On paper, with beta1 = 1/2, beta2 = 3/4, epsilon = 1, r = 1/2 and no decay of the momentum, which
then is 1/4 at every step, for the gradients 3 and -3:

    m = 3/2, product 1/4; (1/4 * 3/2) / (15/16) + (3/4 * 3) / (3/4) = 2/5 + 3; v corrected 9
    m = -3/4, product 1/16; (1/4 * -3/4) / (63/64) - (3/4 * 3) / (15/16) = -4/21 - 12/5; v likewise
    w = 1 - 17/5 / 8, then 23/40 + 272/105 / 8
"""

from collections.abc import Callable
from typing import Any

import pytest

from valor import optimizer
from valor.exceptions import HyperparameterError
from valor_plugins.optimizers.nadam import nadam

PAPER = {"learning_rate": 0.5, "beta1": 0.5, "beta2": 0.75, "epsilon": 1.0}


def test_two_steps_on_paper(follow: Callable[..., Any]) -> None:
    first, second = follow("nadam", [3.0, -3.0], momentum_decay=0.0, **PAPER)
    assert first[0] == pytest.approx(23 / 40, rel=1e-15)
    assert first[1] == (3 / 2, 9 / 4, 1 / 4)
    assert second[0] == pytest.approx(151 / 168, rel=1e-15)
    assert second[1] == (-3 / 4, 63 / 16, 1 / 16)


@pytest.mark.parametrize(
    ("step", "momentum"),
    # 0.9 (1 - 0.96**(0.004 t) / 2): 0.96 is reached at step 250, its square at 500.
    [(250, 0.9 * (1 - 0.48)), (500, 0.9 * (1 - 0.4608)), (10**7, 0.9)],
)
def test_the_momentum_rises_from_half_of_beta1_to_beta1(step: int, momentum: float) -> None:
    _, state = nadam(1.0, 0.0, (0.0, 0.0, 1.0), step)
    assert state[2] == pytest.approx(momentum, rel=1e-12)


def test_it_looks_one_step_ahead() -> None:
    # Where the momentum leads counts as if it were there: without a gradient, it moves on by what
    # the following momentum makes of the mean.
    given = {"learning_rate": 1.0, "beta2": 0.0, "epsilon": 1.0, "momentum_decay": 0.004}
    parameter, _ = nadam(0.0, 0.0, (1.0, 0.0, 0.0), 249, **given)
    assert parameter == pytest.approx(-0.9 * (1 - 0.48) * 0.9, rel=1e-12)


@pytest.mark.parametrize("scale", [1e-3, 1.0, 1e100])
def test_a_constant_gradient_moves_by_the_learning_rate_in_the_end(
    scale: float, follow: Callable[..., Any]
) -> None:
    given = {"epsilon": 1e-300, "momentum_decay": 0.0}  # a momentum that rises adds its rise
    *_, before, after = follow("nadam", [scale] * 3000, learning_rate=0.25, **given)
    assert before[0] - after[0] == pytest.approx(0.25, rel=1e-12)


def test_it_finds_the_least_of_a_parabola(descend: Callable[..., float]) -> None:
    chosen = optimizer("nadam", learning_rate=0.05)
    assert descend(chosen, lambda w: 2 * (w - 3), -4.0, 2000) == pytest.approx(3.0, abs=1e-6)


@pytest.mark.parametrize("sign", [1, -1])
def test_extremes(sign: int, follow: Callable[..., Any]) -> None:
    assert [parameter for parameter, _ in follow("nadam", [sign * 0.0] * 3)] == [1.0] * 3
    moved = follow("nadam", [sign * 1e-300], learning_rate=1.0, parameter=0.0)[0][0]
    assert -sign * moved == pytest.approx(1.07e-292, rel=0.01)
    # A square that overflows: no step, then or later.
    found = follow("nadam", [sign * 1e300, 1.0, -1.0])
    assert [parameter for parameter, _ in found] == [1.0, 1.0, 1.0]
    # The product of the momenta vanishes in a long run, and nothing with it.
    assert nadam(1.0, 1.0, (1.0, 1.0, 0.0), 10**9)[0] < 1.0


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
        ("momentum_decay", -0.1),
        ("momentum_decay", float("inf")),
    ],
)
def test_hyperparameters_are_checked_when_they_are_bound(name: str, value: Any) -> None:
    with pytest.raises(HyperparameterError, match=f"optimizer 'nadam'.*{name}"):
        optimizer("nadam", **{name: value})
