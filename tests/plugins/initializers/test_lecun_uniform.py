"""lecun_uniform: evenly distributed, of the variance 1 / fan_in."""

import random
from collections.abc import Callable
from typing import Any

import pytest

from valor import initializer
from valor_plugins.initializers.lecun_uniform import lecun_uniform


# (fan_in, fan_out): the standard deviation, 1 / sqrt(fan_in).
@pytest.mark.parametrize(
    ("widths", "deviation"), [((1, 1), 1.0), ((4, 1), 0.5), ((4, 200), 0.5), ((100, 3), 0.1)]
)
def test_the_spread(drawn: Callable[..., Any], widths: tuple[int, int], deviation: float) -> None:
    found = drawn(initializer("lecun_uniform"), *widths)
    assert found.mean == pytest.approx(0.0, abs=0.02 * deviation)
    assert found.deviation == pytest.approx(deviation, rel=0.02)
    # An even distribution ends at sqrt(3) deviations, and 20,000 draws come near.
    assert 0.999 * 3**0.5 * deviation < found.largest <= 3**0.5 * deviation * (1 + 1e-15)


def test_one_even_draw_between_the_bounds() -> None:
    # sqrt(3 / fan_in)
    for fan_in, bound in ((3, 1.0), (12, 0.5)):
        expected = random.Random(5).uniform(-bound, bound)
        assert lecun_uniform(random.Random(5), fan_in, 9) == expected


def test_biases_begin_at_0(biases: Callable[..., list[float]]) -> None:
    assert biases(initializer("lecun_uniform")) == [0.0] * 6
