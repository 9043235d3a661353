"""lecun_normal: normally distributed, of the variance 1 / fan_in."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from valor import initializer
from valor_plugins.initializers.lecun_normal import lecun_normal


# (fan_in, fan_out): the standard deviation, 1 / sqrt(fan_in).
@pytest.mark.parametrize(
    ("widths", "deviation"), [((1, 1), 1.0), ((4, 1), 0.5), ((4, 200), 0.5), ((100, 3), 0.1)]
)
def test_the_spread(drawn: Callable[..., Any], widths: tuple[int, int], deviation: float) -> None:
    found = drawn(initializer("lecun_normal"), *widths)
    assert found.mean == pytest.approx(0.0, abs=0.02 * deviation)
    assert found.deviation == pytest.approx(deviation, rel=0.02)
    # 20,000 normal draws reach beyond three deviations, which an even distribution never does.
    assert found.largest > 3 * deviation


def test_one_normal_draw() -> None:
    for fan_in, deviation in ((4, 0.5), (16, 0.25)):
        expected = random.Random(5).normalvariate(0, deviation)
        assert lecun_normal(random.Random(5), fan_in, 9) == expected


def test_biases_begin_at_0(biases: Callable[..., list[float]]) -> None:
    assert biases(initializer("lecun_normal")) == [0.0] * 6
