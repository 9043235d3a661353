"""xavier_normal: normally distributed, of the variance gain² · 2 / (fan_in + fan_out)."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from valor import initializer
from valor.exceptions import HyperparameterError
from valor_plugins.initializers.xavier_normal import xavier_normal


# (fan_in, fan_out): the standard deviation; for a gain of 1, sqrt(2 / (fan_in + fan_out)).
@pytest.mark.parametrize(
    ("widths", "deviation"),
    [((1, 1), 1.0), ((6, 2), 0.5), ((2, 6), 0.5), ((30, 20), 0.2), ((150, 50), 0.1)],
)
def test_the_spread(drawn: Callable[..., Any], widths: tuple[int, int], deviation: float) -> None:
    found = drawn(initializer("xavier_normal"), *widths)
    assert found.mean == pytest.approx(0.0, abs=0.02 * deviation)
    assert found.deviation == pytest.approx(deviation, rel=0.02)
    # 20,000 normal draws reach beyond three deviations, which an even distribution never does.
    assert found.largest > 3 * deviation


def test_one_normal_draw() -> None:
    # sqrt(2 / (1 + 1)) is 1, and sqrt(2 / (3 + 5)) is 1/2.
    for widths, deviation in (((1, 1), 1.0), ((3, 5), 0.5)):
        expected = random.Random(5).normalvariate(0, deviation)
        assert xavier_normal(random.Random(5), *widths) == expected


def test_the_gain_stretches_what_is_drawn() -> None:
    for gain in (0.5, 4.0):
        one = xavier_normal(random.Random(3), 4, 3)
        assert xavier_normal(random.Random(3), 4, 3, gain=gain) == pytest.approx(
            gain * one, rel=1e-14
        )


def test_biases_begin_at_0(biases: Callable[..., list[float]]) -> None:
    assert biases(initializer("xavier_normal")) == [0.0] * 6


def test_hyperparameters() -> None:
    assert initializer("xavier_normal").hyperparameters == {"gain": 1.0}
    for bad in (0.0, -1.0, "a"):
        with pytest.raises(HyperparameterError, match=r"initializer 'xavier_normal'.*gain"):
            initializer("xavier_normal", gain=bad)
