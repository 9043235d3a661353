"""Programs as families: few of them however many scalars there are, and what each one tells."""

import struct
from collections import Counter
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from valor import Camada, Valor
from valor.functions import absolute, exp, where
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Scalars
from valor_plugins.engines.native.families import CONSTANT, Family, Operand, Rolled, terms_of
from valor_plugins.engines.native.reroll import LONG, reroll

from .programs import Result, interpreted, traced


def bits(result: Result) -> list[bytes]:
    numbers = [result.root, *(result.gradients[k] for k in sorted(result.gradients))]
    return [struct.pack("<d", x) for x in numbers]


def names(rolled: Rolled) -> Counter[str]:
    """Return how many families of each operation there are."""
    return Counter(family.name for family in rolled.families if family.code > ops.LAST_LEAF)


def sizes(rolled: Rolled, code: int) -> list[int]:
    return [family.size for family in rolled.families if family.code == code]


def check(scalars: Scalars, leaves: Any) -> None:
    assert bits(interpreted(scalars, leaves)) == bits(interpreted(reroll(scalars), leaves))


@pytest.mark.parametrize("neurons", [3, 20])
def test_a_layer_is_one_sum(neurons: int) -> None:
    layer = Camada(10, neurons, activation="tanh", seed=0)
    parameters = layer.parametros()

    def formula(*leaves: Any) -> Any:
        first, *rest = layer.outputs(leaves[len(parameters) :])
        for each in rest:
            first = first * each
        return first

    scalars = traced(formula, parameters, 10)
    rolled = reroll(scalars)
    assert sizes(rolled, ops.SUM) == [neurons]
    assert sizes(rolled, ops.EXP) == [neurons]
    (total,) = (family for family in rolled.families if family.code == ops.SUM)
    shapes = [[f.positions.shape for f in pair if f is not None] for pair in total.runs]
    assert [(neurons, 10)] * 2 in shapes  # products of weights and inputs
    assert total.varying
    leaves = {
        ops.PARAMETER: [each.data for each in parameters],
        ops.INPUT: [0.1 * k - 0.4 for k in range(10)],
    }
    check(scalars, leaves)


def softmax(count: int) -> Callable[..., Any]:
    def formula(*leaves: Any) -> Any:
        weights, x = leaves[:count], leaves[count]
        exponentials = [exp(weight * x) for weight in weights]
        total = exponentials[0]
        for each in exponentials[1:]:
            total = total + each
        parts = [each / total for each in exponentials]
        result = parts[0] * parts[0]
        for part in parts[1:]:
            result = result + part * part
        return result

    return formula


def attention(count: int) -> Callable[..., Any]:
    def formula(*leaves: Any) -> Any:
        queries, keys, x = leaves[:count], leaves[count : 2 * count], leaves[2 * count]
        score = exp(queries[0] * x) * exp(keys[0] + x)
        for query, key in zip(queries[1:], keys[1:], strict=True):
            score = score + exp(query * x) * exp(key + x)
        return where(score > 1, score, 0.1 * score)

    return formula


@pytest.mark.parametrize(("make", "parts"), [(softmax, 1), (attention, 2)])
def test_the_number_of_families_does_not_grow(make: Any, parts: int) -> None:
    found = []
    for count in (LONG + 2, 40):
        numbers = [0.3 - 0.07 * k for k in range(count * parts)]
        scalars = traced(make(count), [Valor(x) for x in numbers], 1)
        found.append(names(reroll(scalars)))
        check(scalars, {ops.PARAMETER: numbers, ops.INPUT: [0.7]})
    assert found[0] == found[1]


def test_varying_is_what_depends_on_the_sample() -> None:
    scalars = traced(lambda a, b, x: exp(a * b) * absolute(x) - b, [Valor(1.0), Valor(2.0)], 1)
    rolled = reroll(scalars)
    varying = {family.name: family.varying for family in rolled.families}
    assert (varying["parameter"], varying["input"]) == (False, True)
    assert (varying["exp"], varying["absolute"], varying["subtract"]) == (False, True, True)


def test_parameters_are_grouped_by_what_they_collect() -> None:
    def formula(*leaves: Any) -> Any:
        total = leaves[0] * leaves[0]
        for weight in leaves[1:5]:
            total = total + weight * leaves[5]
        return total

    rolled = reroll(traced(formula, [Valor(0.1 * k) for k in range(5)], 1))
    groups = {tuple(group.parameters.tolist()): group for group in rolled.gradients}
    assert sorted(groups) == [(0,), (1, 2, 3, 4)]
    assert [len(groups[key].contributions) for key in sorted(groups)] == [2, 1]
    ((first, second),) = groups[1, 2, 3, 4].contributions
    assert rolled.families[first.family].code == ops.INPUT
    assert second is None or second.family == CONSTANT


def test_terms_and_sizes() -> None:
    table = Operand(0, np.zeros((4, 5), int))
    single, constant = Operand(0, np.zeros((4, 1), int)), Operand(CONSTANT, value=2.0)
    assert [terms_of((table, None)), terms_of((constant, table))] == [5, 5]
    assert [terms_of((single, None)), terms_of((constant, None))] == [1, 1]
    families = [
        Family(ops.INPUT, 7, varying=True),
        Family(ops.EXP, 3, [Operand(0, np.arange(3))]),
        Family(ops.SUM, 4, runs=[(table, None), (constant, None), (table, constant)]),
    ]
    rolled = Rolled(families, Operand(2, np.array([0])), [], [], 100)
    assert [family.name for family in families] == ["input", "exp", "sum"]
    assert rolled.size == 7 + 3 + 4 * 11
