"""softmax: probabilities from a layer's sums, with slopes that keep their digits."""

import itertools
import math
import random
from collections.abc import Sequence
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import MLP, Trainer, Valor
from valor_plugins.activations.softmax import softmax

from .oracle import PROMISED, ulps


def values_and_slopes(numbers: Sequence[float]) -> tuple[list[float], list[list[float]]]:
    """Return the outputs, and of each its derivatives by all inputs."""
    slopes = []
    for position in range(len(numbers)):
        inputs = [Valor(x) for x in numbers]
        output = softmax(inputs)[position]
        output.propagar_tudo()
        slopes.append([v.grad for v in inputs])
    return [output.data for output in softmax([Valor(x) for x in numbers])], slopes


def exact(numbers: Sequence[float]) -> tuple[list[Any], list[list[Any]]]:
    """Return them from the definition; the derivative by an input's own is p times the others."""
    exponentials = [mpmath.exp(mpf(x)) for x in numbers]
    p = [e / mpmath.fsum(exponentials) for e in exponentials]
    others = [mpmath.fsum(p[:i] + p[i + 1 :]) for i in range(len(p))]
    slopes = [
        [p[i] * others[i] if i == j else -p[i] * p[j] for j in range(len(p))] for i in range(len(p))
    ]
    return p, slopes


EXTREMES = (0.0, 1e-300, -1e-300, 37.0, -37.0, 710.0, -710.0, 1e6, -1e6)
LAYERS = [
    *([x] for x in EXTREMES),
    *map(list, itertools.product(EXTREMES, repeat=2)),
    *map(list, itertools.product((0.0, 37.0, -710.0, 1e6), repeat=3)),
    [0.0, 0.0, 0.0, 0.0],
    [2.0, 5.0, 5.0, 1.0, 5.0],
    [5.0, 5.0, 4.0, -300.0],
    [1.0, 2.0, 3.0, 4.0, 5.0, 6.0, 7.0, 8.0],
]


@pytest.mark.parametrize("numbers", LAYERS, ids=str)
def test_against_mpmath(numbers: list[float]) -> None:
    found, slopes = values_and_slopes(numbers)
    with mpmath.workprec(300):
        expected, expected_slopes = exact(numbers)
        for value, true in zip(found, expected, strict=True):
            assert ulps(value, true) <= PROMISED
        for row, true_row in zip(slopes, expected_slopes, strict=True):
            for slope, true in zip(row, true_row, strict=True):
                assert ulps(slope, true) <= 2 * PROMISED


def test_far_apart_a_difference_is_rounded_and_nothing_else() -> None:
    # An input is as if it were off by half of its last digit: e**d off by half an ulp of d.
    generator = random.Random(0)
    for _ in range(300):
        numbers = [generator.uniform(-120, 120) for _ in range(generator.randint(2, 6))]
        found, slopes = values_and_slopes(numbers)
        with mpmath.workprec(300):
            expected, expected_slopes = exact(numbers)
            for value, true in zip(found, expected, strict=True):
                assert abs(value - true) <= 4e-14 * true
            for row, true_row in zip(slopes, expected_slopes, strict=True):
                for slope, true in zip(row, true_row, strict=True):
                    assert abs(slope - true) <= 4e-14 * abs(true)


def test_values_worked_out_on_paper() -> None:
    found, slopes = values_and_slopes([math.log(2), math.log(5), math.log(3)])
    assert found == pytest.approx([0.2, 0.5, 0.3], rel=1e-15)
    assert slopes[0] == pytest.approx([0.16, -0.1, -0.06], rel=1e-15)
    assert slopes[1] == pytest.approx([-0.1, 0.25, -0.15], rel=1e-15)
    assert slopes[2] == pytest.approx([-0.06, -0.15, 0.21], rel=1e-15)


def test_where_one_is_certain_the_slopes_are_not_lost() -> None:
    # p (1 - p), with p rounded to 1, would be 0; so would e / total - e * e / total**2.
    found, slopes = values_and_slopes([800.0, 700.0])
    small = math.exp(-100)
    assert found == pytest.approx([1.0, small], rel=1e-15, abs=0)
    assert slopes[0] == pytest.approx([small, -small], rel=1e-15, abs=0)
    assert slopes[1] == pytest.approx([-small, small], rel=1e-15, abs=0)


@pytest.mark.parametrize("size", [2, 3, 4, 8])
def test_a_tie_shares_nothing_between_those_that_are_largest(size: int) -> None:
    found, slopes = values_and_slopes([7.0] * size)
    assert found == [1 / size] * size
    for i in range(size):
        expected = [-1 / size**2] * size
        expected[i] = (size - 1) / size**2
        assert slopes[i] == pytest.approx(expected, rel=1e-15, abs=0)


@pytest.mark.parametrize("x", [0.0, -1e6, 710.0, 1e308])
def test_a_layer_of_one_neuron_is_certain(x: float) -> None:
    assert values_and_slopes([x]) == ([1.0], [[0.0]])


@pytest.mark.parametrize("numbers", [[math.nan, 0.0], [0.0, math.nan], [1.0, math.nan, 2.0]])
def test_nan_is_not_hidden(numbers: list[float]) -> None:
    assert all(map(math.isnan, values_and_slopes(numbers)[0]))


def test_a_network_learns_classes() -> None:
    model = MLP(2, [3], activation="softmax", seed=0)
    x = [[0.0, 1.0], [1.0, 0.0], [-1.0, -1.0]]
    y = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    Trainer(model, loss="sum_squared_error").fit(x, y, epochs=3000)
    for sample, wanted in zip(x, y, strict=True):
        outputs = [output.data for output in model(sample)]
        assert sum(outputs) == pytest.approx(1.0, rel=1e-15)
        assert outputs.index(max(outputs)) == wanted.index(1.0)
        assert max(outputs) > 0.9
