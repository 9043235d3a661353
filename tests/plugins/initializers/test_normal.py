"""normal: normally distributed, with a mean and a standard deviation."""

import math
import random
import statistics
from collections.abc import Callable
from typing import Any

import pytest

from valor import MLP, initializer
from valor.exceptions import HyperparameterError
from valor_plugins.initializers.normal import normal


def test_mean_and_deviation_whatever_the_widths(drawn: Callable[..., Any]) -> None:
    for widths in ((3, 2), (400, 10)):
        found = drawn(initializer("normal", mean=2.0, deviation=0.5), *widths)
        assert found.mean == pytest.approx(2.0, abs=0.02)
        assert found.deviation == pytest.approx(0.5, rel=0.02)


def test_the_shape_of_the_bell() -> None:
    generator, bell = random.Random(1), statistics.NormalDist()
    numbers = [normal(generator, 3, 2) for _ in range(20_000)]
    for edge in (-2.0, -1.0, -0.5, 0.0, 0.5, 1.0, 2.0):
        share = sum(number < edge for number in numbers) / len(numbers)
        assert share == pytest.approx(bell.cdf(edge), abs=0.012)


def test_the_draws_are_the_same_in_every_version_of_python() -> None:
    generator = random.Random(2024)
    expected = [
        -0.18882392519787947,
        -0.5442955397371017,
        -0.5335875229456438,
        1.0688537730883607,
        -0.5301325610863279,
    ]
    assert [normal(generator, 1, 1) for _ in expected] == pytest.approx(expected, rel=1e-12)


def test_nothing_is_kept_between_draws() -> None:
    # random.gauss would keep its second number, so that a draw depended on how many came before.
    generator = random.Random(5)
    normal(generator, 3, 2)
    *_, kept = generator.getstate()
    assert kept is None
    assert normal(generator, 3, 2) != normal(random.Random(5), 3, 2)


def test_biases_are_drawn_too() -> None:
    values = [p.data for p in MLP(3, [2], initializer="normal", seed=5).parametros()]
    generator = random.Random(5)
    assert values == [normal(generator, 3, 2) for _ in range(8)]


def test_a_deviation_of_0_is_the_mean() -> None:
    assert normal(random.Random(0), 3, 2, mean=-1.5, deviation=0.0) == -1.5


def test_hyperparameters() -> None:
    assert initializer("normal").hyperparameters == {"mean": 0.0, "deviation": 1.0}
    for bad in (-0.1, math.inf, "a"):
        with pytest.raises(HyperparameterError, match=r"initializer 'normal'.*deviation"):
            initializer("normal", deviation=bad)
