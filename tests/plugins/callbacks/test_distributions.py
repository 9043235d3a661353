"""How numbers are counted: against NumPy's histograms, and at the ends of what a float can hold."""

import math
import random
from typing import Any

import numpy as np
import pytest

from valor import MLP, PluginManager, Valor
from valor_plugins.callbacks.distributions import distribution, distributions


@pytest.mark.parametrize("seed", range(5))
def test_the_counts_are_those_of_numpy(seed: int) -> None:
    generator = random.Random(seed)
    values = [generator.gauss(0, 3) for _ in range(500)]
    counted = distribution(values, 17)
    counts, edges = np.histogram(values, bins=17)
    assert list(counted.counts) == counts.tolist()
    assert counted.limits == pytest.approx(edges[1:].tolist(), rel=1e-12)
    assert (counted.low, counted.high) == (min(values), max(values))
    assert counted.total == pytest.approx(math.fsum(values), rel=1e-12)
    assert counted.squares == pytest.approx(math.fsum(v * v for v in values), rel=1e-12)


@pytest.mark.parametrize(
    "values",
    [
        [1.0],
        [2.0, 2.0, 2.0],
        [0.0, -0.0],
        [5e-324, 0.0],
        [-1.7e308, 1.7e308, 0.0],
        [1.0, math.nextafter(1.0, 2.0)],
        [-5e-324, 5e-324],
    ],
)
@pytest.mark.parametrize("bins", [1, 2, 30])
def test_every_number_is_counted_once_whatever_the_range(values: list[float], bins: int) -> None:
    counted = distribution(values, bins)
    assert sum(counted.counts) == len(values)
    assert len(counted.counts) == len(counted.limits) == bins
    assert all(map(math.isfinite, counted.limits))
    assert counted.limits == sorted(counted.limits)
    assert counted.limits[-1] == counted.high


def test_what_is_not_finite_is_counted_apart() -> None:
    counted = distribution([math.nan, 1.0, math.inf, 3.0, -math.inf], 2)
    assert (counted.low, counted.high, counted.counts, counted.not_finite) == (1.0, 3.0, (1, 1), 3)
    nothing = distribution([math.nan], 2)
    assert (nothing.low, nothing.high, nothing.counts, nothing.not_finite) == (0.0, 0.0, (0, 0), 1)


def test_groups_are_the_weights_and_the_biases_of_a_layer(bundled: PluginManager) -> None:
    model = MLP(3, [4, 2], seed=0, plugins=bundled)
    for place, parameter in enumerate(model.parametros()):
        parameter.grad = float(place)
    found = {name: (weights, slopes) for name, weights, slopes in distributions(model, 5)}
    assert list(found) == [
        "camadas[0].pesos",
        "camadas[0].vies",
        "camadas[1].pesos",
        "camadas[1].vies",
    ]
    assert [sum(weights.counts) for weights, _ in found.values()] == [12, 4, 8, 2]
    biases = [neuron.vies for neuron in model.camadas[0].neuronios]
    weights, slopes = found["camadas[0].vies"]
    assert weights.low == min(bias.data for bias in biases)
    assert (slopes.low, slopes.high) == (3.0, 15.0)


def test_a_model_that_names_nothing_has_one_group() -> None:
    class Model:
        def parametros(self) -> list[Any]:
            return [Valor(1.0), Valor(2.0), Valor(3.0, rotulo="w[0]"), Valor(4.0, rotulo="w[1]")]

    assert [name for name, *_ in distributions(Model(), 2)] == ["parameters", "w"]
