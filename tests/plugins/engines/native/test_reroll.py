"""From scalars to families: the same bits, only identities that hold, and few families."""

import math
import random
import struct
from collections import Counter
from collections.abc import Callable
from operator import neg
from typing import Any

import pytest

from valor import Valor
from valor.functions import absolute, exp, maximum, where
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Scalars
from valor_plugins.engines.native.emit.evaluate import forward_only
from valor_plugins.engines.native.families import Rolled
from valor_plugins.engines.native.reroll import LONG, reroll
from valor_plugins.engines.native.trace import Tracer

from .programs import Graph, Result, entry, interpreted, traced


def bits(result: Result) -> list[bytes]:
    numbers = [result.root, *(result.gradients[k] for k in sorted(result.gradients))]
    return [struct.pack("<d", x if x == x else math.nan) for x in numbers]


def names(rolled: Rolled) -> Counter[str]:
    """Return how many families of each operation there are."""
    return Counter(family.name for family in rolled.families if family.code > ops.LAST_LEAF)


def sizes(rolled: Rolled, code: int) -> list[int]:
    return [family.size for family in rolled.families if family.code == code]


def plain(formula: Callable[..., Any], count: int = 1) -> Scalars:
    """Trace a formula of plain numbers, without a gradient."""
    tracer = Tracer()
    root = tracer.id_of(formula(*tracer.numbers(ops.INPUT, count)))
    scalars = forward_only(tracer.tape)
    scalars.root = root
    return scalars


def check(scalars: Scalars, leaves: Any) -> None:
    rolled = reroll(scalars)
    expected, found = interpreted(scalars, leaves), interpreted(rolled, leaves)
    assert bits(expected) == bits(found)
    assert expected.checks == found.checks


# The same bits


def test_random_graphs_keep_their_bits() -> None:
    simpler = 0
    for seed in range(1000, 1200):
        graph = Graph(seed)
        draw = random.Random(f"inputs {seed}")
        scalars = traced(graph.total, graph.parametros(), graph.shape[0])
        rolled = reroll(scalars)
        assert rolled.scalars == len(scalars.code)
        simpler += rolled.size < rolled.scalars
        for _ in range(3):
            leaves = {
                ops.PARAMETER: [entry(draw, 0.3) for _ in graph.parametros()],
                ops.INPUT: [entry(draw, 0.3) for _ in range(graph.shape[0])],
            }
            expected, found = interpreted(scalars, leaves), interpreted(rolled, leaves)
            assert bits(expected) == bits(found), seed
            assert expected.gradients.keys() == found.gradients.keys()
    assert simpler > 150


# Simplifying


@pytest.mark.parametrize(
    "formula",
    [
        lambda x: x * 1.0,
        lambda x: 1 * x,
        lambda x: neg(neg(x)),
        lambda x: neg(neg(neg(neg(x)))),
        lambda x: x / 1.0,
        lambda x: x / 1 * 1.0,
        lambda x: neg(1 * neg(x)),
    ],
)
def test_an_identity_is_its_operand(formula: Any) -> None:
    rolled = reroll(plain(formula))
    assert rolled.families[rolled.root.family].code == ops.INPUT
    for x in (0.0, -0.0, 3.5, math.inf, math.nan):
        assert bits(interpreted(rolled, {ops.INPUT: [x]})) == [struct.pack("<d", x)]


@pytest.mark.parametrize(
    ("formula", "negative_zero"),
    [
        (lambda x: x + 0.0, 0.0),  # what would lose the sign of zero, or make one
        (lambda x: 0 + x, 0.0),
        (lambda x: 0.0 - x, 0.0),
        (lambda x: x * -1.0, 0.0),
        (lambda x: x * 0.0, -0.0),
        (lambda x: x - x, 0.0),
        (lambda x: absolute(x), 0.0),
        (lambda x: 1.0 / x, -math.inf),
        (lambda x: x * 2.0, -0.0),
    ],
)
def test_what_is_no_identity_is_computed(formula: Any, negative_zero: float) -> None:
    rolled = reroll(plain(formula))
    assert names(rolled).total() >= 1
    assert bits(interpreted(rolled, {ops.INPUT: [-0.0]})) == [struct.pack("<d", negative_zero)]


def test_copies_are_what_they_copy() -> None:
    scalars = traced(lambda a: exp(a), [Valor(0.5)])
    assert (scalars.code == ops.COPY).any()
    assert names(reroll(scalars)) == {"exp": 1}  # the value, the result and the slope


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        (lambda x, y: (x * y) / (y * x), {"multiply": 1, "divide": 1}),
        (lambda x, y: (x + y) / (y + x), {"add": 1, "divide": 1}),
        (lambda x, y: (x / y) * (x / y), {"divide": 1, "multiply": 1}),
        (lambda x, y: exp(x * 2.0) * exp(2.0 * x), {"multiply": 2, "exp": 1}),
        (lambda x, y: maximum(x, y) / maximum(x, y), {"maximum": 1, "divide": 1}),
        (lambda x, y: where(x > y, x, y) * where(y < x, x, y), {"less": 1, "select": 1}),
    ],
)
def test_equal_scalars_are_one(formula: Any, expected: dict[str, int]) -> None:
    scalars = plain(formula, 2)
    found = names(reroll(scalars))
    assert {name: found[name] for name in expected} == expected
    if "select" in expected:
        assert found["multiply"] == 1
    for x, y in ((3.0, 7.0), (-0.0, 0.0), (0.0, -0.0), (math.nan, 1.0)):
        check(scalars, {ops.INPUT: [x, y]})


@pytest.mark.parametrize(
    ("formula", "code"),
    [
        (lambda x, y: (x - y) * (y - x), ops.SUBTRACT),
        (lambda x, y: (x / y) * (y / x), ops.DIVIDE),
        (lambda x, y: maximum(x, y) * maximum(y, x), ops.MAXIMUM),  # of 0.0 and -0.0, the first
        (lambda x, y: where(x < y, x, y) * where(y < x, x, y), ops.LESS),
    ],
)
def test_operands_keep_their_order(formula: Any, code: int) -> None:
    scalars = plain(formula, 2)
    assert sum(sizes(reroll(scalars), code)) == 2
    for x, y in ((3.0, 7.0), (7.0, 3.0), (-0.0, 0.0), (0.0, -0.0)):
        check(scalars, {ops.INPUT: [x, y]})


def test_a_scalar_that_turns_out_constant_has_a_place() -> None:
    # The gradient that reaches the exponential is 1.0 times 3.0.
    scalars = traced(lambda a: exp(a) * 3.0, [Valor(0.0)])
    assert interpreted(reroll(scalars), {ops.PARAMETER: [0.0]}).gradients == {0: 3.0}
    check(scalars, {ops.PARAMETER: [0.5]})


def test_what_nobody_needs_is_dropped() -> None:
    rolled = reroll(plain(lambda x: (exp(x), x * 3.0)[1]))
    assert names(rolled) == {"multiply": 1}


# Long sums, and what follows from one step to the next


def test_a_recurrence_keeps_its_order() -> None:
    def formula(keep: Any, *inputs: Any) -> Any:
        memory = keep * inputs[0]
        for x in inputs[1:]:
            memory = memory * keep + x
        return memory

    scalars = traced(formula, [Valor(0.4)], 20)
    check(scalars, {ops.PARAMETER: [0.4], ops.INPUT: [1.0 / (k + 1) for k in range(20)]})


def test_a_long_sum_keeps_the_order_of_its_terms() -> None:
    numbers = [1e16, 1.0, -1e16, 3.0, 1e-3, -2.0, 1e16, 7.0, -1e16, 5.0]

    def formula(*terms: Any) -> Any:
        total = terms[0]
        for term in terms[1:]:
            total = total + term
        return total

    for count in (LONG - 1, LONG, len(numbers)):
        scalars = plain(formula, count)
        assert names(reroll(scalars))["sum"] == (count >= LONG)
        check(scalars, {ops.INPUT: numbers[:count]})


@pytest.mark.parametrize("tail", [[0.5, 0.5], [0.5, 0.5, 0.5, 0.25], [1, 1, 1.0], [-0.0, 0.0, 0.0]])
def test_equal_constants_in_a_long_sum_all_count(tail: list[float]) -> None:
    def formula(*terms: Any) -> Any:
        total = terms[0]
        for term in (*terms[1:5], *tail, *terms[5:], *tail):
            total = total + term
        return total

    scalars = plain(formula, 10)
    assert names(reroll(scalars))["sum"] == 1
    check(scalars, {ops.INPUT: [0.3 * k - 1 for k in range(10)]})


def test_a_product_that_is_used_elsewhere_too_is_no_part_of_a_sum() -> None:
    def formula(*leaves: Any) -> Any:
        products = [a * b for a, b in zip(leaves[:10], leaves[10:], strict=True)]
        total = products[0]
        for each in products[1:]:
            total = total + each
        return total * products[3]

    scalars = plain(formula, 20)
    rolled = reroll(scalars)
    # One product is computed, and read by the sum and by the product after it.
    assert sorted(sizes(rolled, ops.MULTIPLY)) == [1, 1]
    check(scalars, {ops.INPUT: [0.3 * k - 2 for k in range(20)]})


def skipping(width: int, keep_alone: bool) -> Scalars:
    """Trace two layers of which the second adds what it was given; its biases are left out."""

    def formula(*given: Any) -> Any:
        weights, (x,) = given[:-1], given[-1:]
        values = [exp(weight * x) for weight in weights[:width]]
        outputs = []
        for k in range(width):
            row = weights[width * (k + 1) : width * (k + 2)]
            total = values[0] * row[0]
            for value, weight in zip(values[1:], row[1:], strict=True):
                total = total + value * weight
            outputs.append(absolute(total) + values[k])
        if keep_alone:  # one input is used once more than the others
            outputs.append(values[2] * weights[0])
        result = outputs[0]
        for each in outputs[1:]:
            result = result + each * each
        return result

    parameters = [Valor(math.sin(k)) for k in range(width * (width + 1))]
    return traced(formula, parameters, 1)


@pytest.mark.parametrize("keep_alone", [False, True])
@pytest.mark.parametrize("width", [LONG, 11])
def test_sums_whose_terms_change_places_are_one_family(width: int, keep_alone: bool) -> None:
    scalars = skipping(width, keep_alone)
    rolled = reroll(scalars)
    leaves = {
        ops.PARAMETER: [math.sin(k) for k in range(width * (width + 1))],
        ops.INPUT: [0.7],
    }
    assert bits(interpreted(rolled, leaves)) == bits(interpreted(scalars, leaves))
    joined = [family for family in rolled.families if family.parts]
    assert [family.size for family in joined] == [
        sum(rolled.families[part].size for part in family.parts) for family in joined
    ]
    sums = [family.size for family in rolled.families if family.runs and family.size > 1]
    assert max(sums) == width
    assert len(rolled.families) < 30  # and not more, the wider the layer is
    assert len(joined) >= 1
