"""What the tests of initializers measure: the spread of many draws, always the same ones."""

import random
import statistics
from collections.abc import Callable

import attrs
import pytest

from valor import MLP, Initializer

DRAWS = 20_000


@attrs.frozen
class Draws:
    """The mean, the standard deviation and the largest magnitude of many draws."""

    mean: float
    deviation: float
    largest: float


@pytest.fixture
def drawn() -> Callable[[Initializer, int, int], Draws]:
    """Draw from an initializer, with a seed of its own for each pair of widths."""

    def draw(record: Initializer, fan_in: int, fan_out: int) -> Draws:
        generator = random.Random(f"{fan_in} {fan_out}")
        numbers = [record.formula(generator, fan_in, fan_out) for _ in range(DRAWS)]
        return Draws(statistics.mean(numbers), statistics.pstdev(numbers), max(map(abs, numbers)))

    return draw


@pytest.fixture
def biases() -> Callable[[Initializer], list[float]]:
    """Return the biases that a network begins with."""

    def begin(record: Initializer) -> list[float]:
        mlp = MLP(3, [4, 2], initializer=record, seed=1)
        assert all(
            peso.data for camada in mlp.camadas for n in camada.neuronios for peso in n.pesos
        )
        return [neuronio.vies.data for camada in mlp.camadas for neuronio in camada.neuronios]

    return begin
