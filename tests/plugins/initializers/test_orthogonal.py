"""orthogonal: the weights of a layer in orthonormal rows or columns, each such matrix as likely."""

import random
from typing import Any

import numpy as np
import pytest

from valor import MLP, initializer
from valor.exceptions import HyperparameterError
from valor_plugins.initializers.orthogonal import orthogonal

WIDTHS = [(1, 1), (1, 5), (5, 1), (2, 2), (4, 4), (7, 3), (3, 7), (40, 40), (100, 20), (20, 100)]


@pytest.mark.parametrize("widths", WIDTHS)
def test_rows_or_columns_are_orthonormal(widths: tuple[int, int]) -> None:
    fan_in, fan_out = widths
    for seed in range(10):
        weights = np.array(orthogonal(random.Random(seed), fan_in, fan_out))
        assert weights.shape == (fan_out, fan_in)
        products = weights @ weights.T if fan_out <= fan_in else weights.T @ weights
        assert abs(products - np.eye(min(widths))).max() < 1e-14


@pytest.mark.parametrize("widths", WIDTHS)
def test_it_is_q_of_a_decomposition_with_a_positive_diagonal(widths: tuple[int, int]) -> None:
    fan_in, fan_out = widths
    generator = random.Random(8)
    longer = max(widths)
    normal = [[generator.normalvariate(0, 1) for _ in range(longer)] for _ in range(min(widths))]
    q, r = np.linalg.qr(np.array(normal).T)
    q = q * np.sign(np.diag(r))
    expected = q.T if fan_out <= fan_in else q
    found = np.array(orthogonal(random.Random(8), fan_in, fan_out))
    assert abs(found - expected).max() < 1e-12


def test_vectors_that_are_nearly_parallel_become_orthogonal() -> None:
    class Narrow(random.Random):
        """Every vector is (1, 1, 1, 1) and very little else."""

        def normalvariate(self, mu: float = 0.0, sigma: float = 1.0) -> float:
            return 1 + 1e-10 * super().normalvariate(mu, sigma)

    weights = np.array(orthogonal(Narrow(3), 4, 4))
    assert abs(weights @ weights.T - np.eye(4)).max() < 1e-14


def test_every_direction_is_as_likely() -> None:
    # Of the first column of a random rotation or reflection in n dimensions: E x = 0,
    # E x² = 1/n, E x⁴ = 3 / (n (n + 2)); and rotations are as frequent as reflections.
    n, generator = 3, random.Random(4)
    drawn = np.array([orthogonal(generator, n, n) for _ in range(6000)])
    assert abs(drawn.mean(axis=0)).max() < 0.03
    assert abs((drawn**2).mean(axis=0) - 1 / n).max() < 0.02
    assert abs((drawn**4).mean(axis=0) - 3 / (n * (n + 2))).max() < 0.02
    assert abs(np.linalg.det(drawn).mean()) < 0.05
    # The trace has the mean 0 and the variance 1 (Diaconis and Shahshahani, 1994).
    traces = np.trace(drawn, axis1=1, axis2=2)
    assert abs(traces.mean()) < 0.05
    assert traces.var() == pytest.approx(1.0, abs=0.06)


def test_a_vector_of_zeros_is_drawn_again() -> None:
    class AtFirst(random.Random):
        draws = 0

        def normalvariate(self, mu: float = 0.0, sigma: float = 1.0) -> float:
            self.draws += 1
            return 0.0 if self.draws <= 3 else super().normalvariate(mu, sigma)

    found = orthogonal(AtFirst(9), 3, 2)
    assert found == orthogonal(random.Random(9), 3, 2)


def test_the_gain_is_the_length() -> None:
    plain = np.array(orthogonal(random.Random(2), 6, 4))
    assert np.array_equal(orthogonal(random.Random(2), 6, 4, gain=2.0), 2 * plain)


def test_a_network_begins_with_it_and_with_biases_of_0() -> None:
    mlp = MLP(5, [5, 3], initializer="orthogonal", seed=6)
    generator = random.Random(6)
    for camada, widths in zip(mlp.camadas, ((5, 5), (5, 3)), strict=True):
        rows = [[peso.data for peso in neuronio.pesos] for neuronio in camada.neuronios]
        assert rows == orthogonal(generator, *widths)
        assert [neuronio.vies.data for neuronio in camada.neuronios] == [0.0] * widths[1]


def test_lengths_are_kept_through_many_linear_layers() -> None:
    mlp = MLP(4, [4] * 30, activation="identity", initializer="orthogonal", seed=6)
    x: Any = [1.0, -2.0, 0.5, 3.0]
    outputs = [output.data for output in mlp(x)]
    assert np.linalg.norm(outputs) == pytest.approx(np.linalg.norm(x), rel=1e-13)


def test_hyperparameters() -> None:
    assert initializer("orthogonal").hyperparameters == {"gain": 1.0}
    for bad in (0.0, -1.0, "a"):
        with pytest.raises(HyperparameterError, match=r"initializer 'orthogonal'.*gain"):
            initializer("orthogonal", gain=bad)
