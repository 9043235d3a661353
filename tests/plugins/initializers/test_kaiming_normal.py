"""kaiming_normal: normally distributed, of the variance gain² / fan_in."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from valor import initializer
from valor.exceptions import HyperparameterError
from valor_plugins.initializers.kaiming_normal import kaiming_normal


# (fan_in, fan_out): the standard deviation; for the gain of relu, sqrt(2 / fan_in).
@pytest.mark.parametrize(
    ("widths", "deviation"), [((2, 1), 1.0), ((8, 1), 0.5), ((8, 200), 0.5), ((200, 3), 0.1)]
)
def test_the_spread(drawn: Callable[..., Any], widths: tuple[int, int], deviation: float) -> None:
    found = drawn(initializer("kaiming_normal"), *widths)
    assert found.mean == pytest.approx(0.0, abs=0.02 * deviation)
    assert found.deviation == pytest.approx(deviation, rel=0.02)
    # 20,000 normal draws reach beyond three deviations, which an even distribution never does.
    assert found.largest > 3 * deviation


def test_one_normal_draw() -> None:
    # gain / sqrt(fan_in): 1/2 for a gain of 1 and 4 inputs, 2 for one of 6 and 9.
    for fan_in, gain, deviation in ((4, 1.0, 0.5), (9, 6.0, 2.0)):
        expected = random.Random(5).normalvariate(0, deviation)
        assert kaiming_normal(random.Random(5), fan_in, 9, gain=gain) == expected


def test_signals_keep_their_size_behind_relu(drawn: Callable[..., Any]) -> None:
    # A weighted sum of fan_in numbers of mean square 1/2 (what relu leaves of mean square 1) has
    # the mean square fan_in · variance / 2, which is to be 1 again.
    found = drawn(initializer("kaiming_normal"), 50, 7)
    assert 50 * found.deviation**2 / 2 == pytest.approx(1.0, rel=0.04)


def test_biases_begin_at_0(biases: Callable[..., list[float]]) -> None:
    assert biases(initializer("kaiming_normal")) == [0.0] * 6


def test_hyperparameters() -> None:
    assert initializer("kaiming_normal").hyperparameters == {"gain": 2**0.5}
    for bad in (0.0, -1.0, "a"):
        with pytest.raises(HyperparameterError, match=r"initializer 'kaiming_normal'.*gain"):
            initializer("kaiming_normal", gain=bad)
