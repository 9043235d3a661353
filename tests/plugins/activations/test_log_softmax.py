"""log_softmax: logarithms of probabilities from a layer's sums, also of those next to 1 or to 0."""

import itertools
import math
import random
from collections.abc import Sequence
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import MLP, Loss, Trainer, Valor
from valor_plugins.activations.log_softmax import log_softmax

from .oracle import PROMISED, ulps


def values_and_slopes(numbers: Sequence[float]) -> tuple[list[float], list[list[float]]]:
    """Return the outputs, and of each its derivatives by all inputs."""
    slopes = []
    for position in range(len(numbers)):
        inputs = [Valor(x) for x in numbers]
        output = log_softmax(inputs)[position]
        output.propagar_tudo()
        slopes.append([v.grad for v in inputs])
    return [output.data for output in log_softmax([Valor(x) for x in numbers])], slopes


def exact(numbers: Sequence[float]) -> tuple[list[Any], list[list[Any]]]:
    """Return them from the definition: by its own input the slope is what all others have."""
    exponentials = [mpmath.exp(mpf(x)) for x in numbers]
    total = mpmath.fsum(exponentials)
    p = [e / total for e in exponentials]
    values = []
    for i, x in enumerate(numbers):
        # Where x is the largest, the rest is small beside it and may need more digits than these.
        rest = mpmath.fsum(mpmath.exp(mpf(y) - mpf(x)) for j, y in enumerate(numbers) if j != i)
        values.append(-mpmath.log1p(rest))
    slopes = [
        [mpmath.fsum(p[:i] + p[i + 1 :]) if i == j else -p[j] for j in range(len(p))]
        for i in range(len(p))
    ]
    return values, slopes


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
                assert abs(value - true) <= 4e-14 * abs(true)
            for row, true_row in zip(slopes, expected_slopes, strict=True):
                for slope, true in zip(row, true_row, strict=True):
                    assert abs(slope - true) <= 4e-14 * abs(true)


def test_values_worked_out_on_paper() -> None:
    found, slopes = values_and_slopes([math.log(2), math.log(5), math.log(3)])
    expected = [math.log(p) for p in (0.2, 0.5, 0.3)]
    assert found == pytest.approx(expected, rel=1e-15)
    for i in range(3):
        row = [-0.2, -0.5, -0.3]
        row[i] += 1
        assert slopes[i] == pytest.approx(row, rel=1e-15)


def test_where_one_is_certain_the_rest_is_not_lost() -> None:
    # log(1 + e**-100), with the sum rounded to 1, would be 0, and its slope 1 - 1.
    found, slopes = values_and_slopes([800.0, 700.0])
    small = math.exp(-100)
    assert found == pytest.approx([-small, -100.0], rel=1e-15, abs=0)
    assert slopes[0] == pytest.approx([small, -small], rel=1e-15, abs=0)
    assert slopes[1] == pytest.approx([-1.0, 1.0], rel=1e-15, abs=0)


@pytest.mark.parametrize("size", [2, 3, 4, 8])
def test_a_tie_shares_nothing_between_those_that_are_largest(size: int) -> None:
    found, slopes = values_and_slopes([7.0] * size)
    assert found == pytest.approx([-math.log(size)] * size, rel=1e-15)
    for i in range(size):
        expected = [-1 / size] * size
        expected[i] += 1
        assert slopes[i] == pytest.approx(expected, rel=1e-15, abs=0)


@pytest.mark.parametrize("x", [0.0, -1e6, 710.0, 1e308])
def test_a_layer_of_one_neuron_is_certain(x: float) -> None:
    assert values_and_slopes([x]) == ([0.0], [[0.0]])


@pytest.mark.parametrize("numbers", [[math.nan, 0.0], [0.0, math.nan], [1.0, math.nan, 2.0]])
def test_nan_is_not_hidden(numbers: list[float]) -> None:
    assert all(map(math.isnan, values_and_slopes(numbers)[0]))


def test_a_network_learns_classes() -> None:
    def negative_log_likelihood(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
        total = -target[0] * predicted[0]
        for p, t in zip(predicted[1:], target[1:], strict=True):
            total = total - t * p
        return total

    model = MLP(2, [3], activation="log_softmax", seed=0)
    x = [[0.0, 1.0], [1.0, 0.0], [-1.0, -1.0]]
    y = [[1.0, 0.0, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 1.0]]
    Trainer(model, loss=Loss("likelihood", negative_log_likelihood)).fit(x, y, epochs=1000)
    for sample, wanted in zip(x, y, strict=True):
        probabilities = [math.exp(output.data) for output in model(sample)]
        assert sum(probabilities) == pytest.approx(1.0, rel=1e-14)
        assert probabilities.index(max(probabilities)) == wanted.index(1.0)
        assert max(probabilities) > 0.9
