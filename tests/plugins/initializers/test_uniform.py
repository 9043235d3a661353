"""uniform: evenly between two bounds; the lesson's are -1 and 1."""

import random
import statistics

import pytest

from valor import MLP, initializer
from valor.exceptions import HyperparameterError
from valor_plugins.initializers.uniform import uniform


def test_it_draws_as_the_lesson_does() -> None:
    drawn = [uniform(random.Random(5), fan_in, 1) for fan_in in (1, 10)]
    assert drawn == [random.Random(5).uniform(-1, 1)] * 2
    names = [p.data for p in MLP(3, [3, 2, 1], initializer="uniform", seed=5).parametros()]
    assert names == [p.data for p in MLP(3, [3, 2, 1], seed=5).parametros()]


def test_it_takes_one_draw_from_the_generator_it_is_given() -> None:
    used, other = random.Random(5), random.Random(5)
    uniform(used, 3, 2, low=2.0, high=3.0)
    other.random()
    assert used.getstate() == other.getstate()


def test_bounds_and_evenness() -> None:
    generator = random.Random(1)
    drawn = [uniform(generator, 3, 2, low=2.0, high=6.0) for _ in range(4000)]
    assert all(2.0 <= number <= 6.0 for number in drawn)
    assert statistics.mean(drawn) == pytest.approx(4.0, abs=0.1)
    assert statistics.pstdev(drawn) == pytest.approx(4 / 12**0.5, abs=0.05)


def test_hyperparameters() -> None:
    bound = initializer("uniform", low=-0.5)
    assert bound.hyperparameters == {"low": -0.5, "high": 1.0}
    for bad in ("a", None, float("nan")):
        with pytest.raises(HyperparameterError, match=r"initializer 'uniform'.*high"):
            initializer("uniform", high=bad)
