"""xavier_uniform: evenly distributed, of the variance gain² · 2 / (fan_in + fan_out)."""

import random
from collections.abc import Callable
from typing import Any

import attrs
import pytest

from valor import Camada, initializer
from valor.exceptions import HyperparameterError
from valor_plugins.initializers.xavier_uniform import xavier_uniform


# (fan_in, fan_out): the standard deviation; for a gain of 1, sqrt(2 / (fan_in + fan_out)).
@pytest.mark.parametrize(
    ("widths", "deviation"),
    [((1, 1), 1.0), ((6, 2), 0.5), ((2, 6), 0.5), ((30, 20), 0.2), ((150, 50), 0.1)],
)
def test_the_spread(drawn: Callable[..., Any], widths: tuple[int, int], deviation: float) -> None:
    found = drawn(initializer("xavier_uniform"), *widths)
    assert found.mean == pytest.approx(0.0, abs=0.02 * deviation)
    assert found.deviation == pytest.approx(deviation, rel=0.02)
    # An even distribution ends at sqrt(3) deviations, and 20,000 draws come near.
    assert 0.999 * 3**0.5 * deviation < found.largest <= 3**0.5 * deviation * (1 + 1e-15)


def test_one_even_draw_between_the_bounds() -> None:
    # sqrt(6 / (4 + 2)) is 1, and sqrt(6 / (8 + 16)) is 1/2.
    for widths, bound in (((4, 2), 1.0), ((8, 16), 0.5)):
        expected = random.Random(5).uniform(-bound, bound)
        assert xavier_uniform(random.Random(5), *widths) == expected


def test_the_gain_stretches_what_is_drawn() -> None:
    for gain in (0.5, 4.0):
        one = xavier_uniform(random.Random(3), 4, 3)
        assert xavier_uniform(random.Random(3), 4, 3, gain=gain) == pytest.approx(
            gain * one, rel=1e-14
        )


def test_the_settings_of_scikit_learn() -> None:
    # Its bound is sqrt(6 / (fan_in + fan_out)), but sqrt(2 / …) for the logistic function; and its
    # biases are drawn as well.
    logistic = initializer("xavier_uniform", gain=1 / 3**0.5)
    expected = random.Random(5).uniform(-0.5, 0.5)
    assert logistic.formula(random.Random(5), 5, 3) == pytest.approx(expected, rel=1e-14)
    drawn = attrs.evolve(logistic, biases=True)
    generator = random.Random(5)
    expected = [generator.uniform(-0.5, 0.5) for _ in range(18)]
    values = [parameter.data for parameter in Camada(5, 3, initializer=drawn, seed=5).parametros()]
    assert values == pytest.approx(expected, rel=1e-14)


def test_biases_begin_at_0(biases: Callable[..., list[float]]) -> None:
    assert biases(initializer("xavier_uniform")) == [0.0] * 6


def test_hyperparameters() -> None:
    assert initializer("xavier_uniform").hyperparameters == {"gain": 1.0}
    for bad in (0.0, -1.0, "a"):
        with pytest.raises(HyperparameterError, match=r"initializer 'xavier_uniform'.*gain"):
            initializer("xavier_uniform", gain=bad)
