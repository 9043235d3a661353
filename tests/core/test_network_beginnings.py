"""How `Neuronio`, `Camada` and `MLP` begin: seeds and initializers."""

import random
from typing import Any

import numpy as np
import pytest

from valor import MLP, Camada, Initializer, Neuronio
from valor.exceptions import FormulaError, InvalidNumberError, ValorError


def data(scalars: Any) -> list[float]:
    return [scalar.data for scalar in scalars]


def test_without_a_seed_the_draws_are_the_lessons() -> None:
    random.seed(1234)
    expected = [random.uniform(-1, 1) for _ in range(23)]
    after = random.random()
    random.seed(1234)
    mlp = MLP(3, [3, 2, 1])
    assert data(mlp.parametros()) == expected
    assert random.random() == after
    random.seed(1234)
    assert data(Neuronio(3).parametros()) == expected[:4]
    random.seed(1234)
    assert data(Camada(3, 3).parametros()) == expected[:12]


def test_with_a_seed_global_random_state_is_neither_read_nor_written() -> None:
    random.seed(1)
    before = random.getstate()
    numbers_before = np.random.get_state()[1].tolist()
    first = data(MLP(3, [3, 2, 1], seed=7).parametros())
    assert random.getstate() == before
    random.seed(2)
    before = random.getstate()
    assert data(MLP(3, [3, 2, 1], seed=7).parametros()) == first
    assert data(Camada(3, 3, seed=7).parametros()) == first[:12]
    assert data(Neuronio(3, seed=7).parametros()) == first[:4]
    assert random.getstate() == before
    assert np.random.get_state()[1].tolist() == numbers_before
    generator = random.Random(7)
    assert first == [generator.uniform(-1, 1) for _ in range(23)]
    assert data(MLP(3, [3, 2, 1], seed=8).parametros()) != first
    assert data(MLP(3, [3, 2, 1], seed=random.Random(7)).parametros()) == first


def test_the_first_layer_does_not_depend_on_later_ones() -> None:
    short, long = MLP(3, [3, 1], seed=7), MLP(3, [3, 2, 1], seed=7)
    assert data(short.camadas[0].parametros()) == data(long.camadas[0].parametros())


def test_an_initializer_gets_the_widths_of_its_layer() -> None:
    seen = []

    def noting(random: random.Random, fan_in: int, fan_out: int) -> float:
        seen.append((fan_in, fan_out))
        return len(seen) / 8

    mlp = MLP(3, [2, 1], initializer=noting)
    assert seen == [(3, 2)] * 8 + [(2, 1)] * 3
    assert data(mlp.parametros()) == [n / 8 for n in range(1, 12)]


def test_an_initializer_by_name_by_record_and_with_hyperparameters(bundled: Any) -> None:
    from valor import initializer

    def draws(low: float, high: float) -> list[float]:
        generator = random.Random(3)
        return [generator.uniform(low, high) for _ in range(9)]

    by_name = MLP(2, [2, 1], initializer="uniform", seed=3, plugins=bundled)
    assert data(by_name.parametros()) == draws(-1, 1)
    narrow = initializer("uniform", low=-0.1, high=0.1, plugins=bundled)
    assert data(MLP(2, [2, 1], initializer=narrow, seed=3).parametros()) == draws(-0.1, 0.1)
    zero = Initializer("zero", lambda random, fan_in, fan_out: 0.0)
    assert data(MLP(2, [2, 1], initializer=zero).parametros()) == [0.0] * 9


def test_biases_may_begin_at_0() -> None:
    record = Initializer("fan", lambda random, fan_in, fan_out: random.random(), biases=False)
    generator = random.Random(7)
    weights = [generator.random() for _ in range(8)]
    expected = [number for at in range(0, 8, 2) for number in (weights[at], weights[at + 1], 0.0)]
    assert data(Neuronio(2, initializer=record, seed=7).parametros()) == expected[:3]
    assert data(Camada(2, 4, initializer=record, seed=7).parametros()) == expected
    assert data(MLP(2, [2, 2], initializer=record, seed=7).parametros()) == expected


def in_turn(random: random.Random, fan_in: int, fan_out: int) -> list[list[float]]:
    """Count the weights of a layer, row by row, from a number that is drawn."""
    first = random.random()
    return [[first + row * fan_in + place for place in range(fan_in)] for row in range(fan_out)]


def test_an_initializer_over_a_layer_draws_its_weights_as_a_whole() -> None:
    record = Initializer("in_turn", in_turn, over="layer")
    generator = random.Random(7)
    one, two = generator.random(), generator.random()
    first = [one, one + 1, one + 2, 0.0, one + 3, one + 4, one + 5, 0.0]
    mlp = MLP(3, [2, 1], initializer=record, seed=7)
    assert data(mlp.parametros()) == [*first, two, two + 1, 0.0]
    assert data(Camada(3, 2, initializer=record, seed=7).parametros()) == first
    assert data(Neuronio(3, initializer=record, seed=7, fan_out=2).parametros()) == first[:4]
    assert [p.rotulo for p in mlp.camadas[1].parametros()] == [
        "camadas[1].neuronios[0].pesos[0]",
        "camadas[1].neuronios[0].pesos[1]",
        "camadas[1].neuronios[0].vies",
    ]
    random.seed(7)
    assert data(Camada(3, 2, initializer=record).parametros()) == first


@pytest.mark.parametrize(
    ("call", "error", "message"),
    [
        (lambda r, m, n: 0.5, FormulaError, "must return a list of lists, not 0.5"),
        (lambda r, m, n: [0.5] * n, FormulaError, r"must return a list of lists, not \[0.5, 0.5"),
        (lambda r, m, n: [[0.5] * n] * m, FormulaError, "must return 2 rows of 3 numbers"),
        (lambda r, m, n: [[0.5] * m] * 3, FormulaError, "must return 2 rows of 3 numbers"),
        (lambda r, m, n: [[None] * m] * n, InvalidNumberError, "a value of initializer 'whole'"),
    ],
)
def test_what_an_initializer_over_a_layer_returns_is_checked(
    call: Any, error: type[ValorError], message: str
) -> None:
    with pytest.raises(error, match=message):
        Camada(3, 2, initializer=Initializer("whole", call, over="layer"))
