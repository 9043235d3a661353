"""Gradients are eager's: the same contributions, in the same order, to the last bit."""

import math
import random
import struct
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from valor import Valor
from valor.functions import TABLE, exp, maximum, power_of, where
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Lists, Scalars

from .programs import ARITY, Graph, entry, interpreted, traced

NUMBERS = (0.7, -1.3, 1.0, -1.0, 0.0, -0.0, 2.5, 1e-320, 30.0, -30.0)


def bits(*numbers: float) -> list[bytes]:
    return [struct.pack("<d", x) for x in numbers]


def both_ways(
    formula: Callable[..., Any], numbers: list[float], inputs: list[float]
) -> tuple[list[float], list[float]]:
    """Return value and gradients, of eager and of the derived program."""
    parameters = [Valor(x) for x in numbers]
    program = traced(formula, parameters, len(inputs))
    found = interpreted(program, {ops.PARAMETER: numbers, ops.INPUT: inputs})
    root = formula(*parameters, *inputs)
    root.propagar_tudo()
    gradients = [found.gradients.get(k, 0.0) for k in range(len(numbers))]
    return [root.data, *(each.grad for each in parameters)], [found.root, *gradients]


def test_random_graphs_have_eager_gradients() -> None:
    compared = 0
    for seed in range(300):
        graph = Graph(seed)
        draw = random.Random(f"inputs {seed}")
        inputs = [entry(draw, graph.edges) for _ in range(graph.shape[0])]
        numbers = [each.data for each in graph.parametros()]
        expected, found = both_ways(graph.total, numbers, inputs)
        # Eager pushes no gradient of 0, not even through an infinite slope; a step that meets
        # such a thing is eager's.
        if all(map(math.isfinite, found)):
            assert bits(*expected) == bits(*found), seed
            compared += 1
    assert compared > 200


@pytest.mark.parametrize("name", [name for name in TABLE if name != "where"])
def test_every_row(name: str) -> None:
    row = TABLE[name]
    for x in NUMBERS:
        for y in NUMBERS if ARITY[name] == 2 else [0.0]:
            arguments = [x, y][: ARITY[name]]
            expected, found = both_ways(row, arguments, [])
            if all(map(math.isfinite, found)):
                assert bits(*expected) == bits(*found), arguments


@pytest.mark.parametrize("exponent", [0, 1, 2, 3, -1, -2, 0.5, -0.5, 1.5, 2.0])
def test_constant_powers(exponent: float) -> None:
    for x in NUMBERS:
        expected, found = both_ways(power_of(exponent), [x], [])
        if all(map(math.isfinite, found)):
            assert bits(*expected) == bits(*found), x


@pytest.mark.parametrize(
    ("formula", "gradients"),
    [
        (lambda a, b: a - b, [1.0, -1.0]),
        (lambda a, b: b - a, [-1.0, 1.0]),
        (lambda a, b: -a + b, [-1.0, 1.0]),
        (lambda a, b: 5 - a, [-1.0, 0.0]),
        (lambda a, b: a * b, [3.0, 2.0]),
        (lambda a, b: a * a * b, [12.0, 4.0]),
        (lambda a, b: where(a < b, a - 2 * b, 7 * a), [1.0, -2.0]),
        (lambda a, b: where(a > b, a - 2 * b, 7 * a), [7.0, 0.0]),
        (lambda a, b: maximum(a, b) * 4, [0.0, 4.0]),
    ],
)
def test_signs_and_sides(formula: Any, gradients: list[float]) -> None:
    expected, found = both_ways(formula, [2.0, 3.0], [])
    assert expected[1:] == found[1:] == gradients


# Order


def constants_of(program: Scalars, k: int) -> list[float]:
    """Return the contributions to a parameter, each a constant times the seed, or the seed."""

    def slope(identity: int) -> int:
        if identity < 0:
            return identity
        assert program.code[identity] == ops.MULTIPLY
        return int(program.right[identity])

    return [program.tape.constants[slope(each)] for each in program.contributions[k].tolist()]


def test_the_last_to_use_a_scalar_contributes_first() -> None:
    def formula(a: Any) -> Any:
        return a * 1e16 + a * -1e16 + a * 3.0

    program = traced(formula, [Valor(1.0)])
    assert constants_of(program, 0) == [3.0, -1e16, 1e16]
    expected, found = both_ways(formula, [1.0], [])
    assert expected == found
    assert found[1] == 4.0  # and 3.0 from the first to the last


def test_a_left_parent_is_reached_before_a_right_one() -> None:
    program = traced(lambda a, x: (a * x) * a, [Valor(1.0)], 1)
    first, second = program.contributions[0].tolist()
    # The product a x is the slope of the root's right parent, which is pushed to before a x is.
    assert program.code[int(program.right[first])] == ops.MULTIPLY
    assert program.code[int(program.right[second])] == ops.INPUT


def test_a_shared_scalar_sums_what_its_consumers_push_from_the_last_on() -> None:
    def formula(a: Any) -> Any:
        shared = exp(a)
        return shared * 1e16 + shared * -1e16 + shared * 3.0

    program = traced(formula, [Valor(0.0)])
    assert len(program.sums) == 1
    slopes = [program.tape.constants[int(program.right[each])] for each in program.sums[0]]
    assert slopes == [3.0, -1e16, 1e16]
    assert len(program.contributions[0]) == 1
    expected, found = both_ways(formula, [0.0], [])
    assert expected == found
    assert found[1] == 4.0


def test_a_chain_of_slopes_of_one_hands_its_gradient_through() -> None:
    program = traced(lambda a, b: ((a + b) + 1) + 2, [Valor(1.0), Valor(2.0)])
    assert [constants_of(program, k) for k in range(2)] == [[1.0], [1.0]]
    assert len(program.code) == len(program.tape)  # nothing had to be written down


# What contributes


def test_what_a_result_does_not_use_has_no_contributions() -> None:
    program = traced(lambda a, b, c: c * c + 0 * b, [Valor(1.0), Valor(2.0), Valor(3.0)])
    assert program.contributions.owner.tolist() == [2]
    assert len(program.contributions[0]) == 2


def test_slopes_that_are_zero_push_nothing() -> None:
    program = traced(lambda a, b: a * 0.0 + b * 0 + a, [Valor(math.inf), Valor(1.0)])
    assert program.contributions.owner.tolist() == [0]
    assert constants_of(program, 0) == [1.0]


@pytest.mark.parametrize(
    "formula",
    [
        lambda a, x: exp(a) * 0 + a * x,
        lambda a, x: (a * x) * 0.0 + a * x,
        lambda a, x: (a + x) * 0 + a,
        lambda a, x: -(x - a) * 0 + a,
        lambda a, x: exp(a) ** 0 + a * x,
        lambda a, x: exp(exp(a) * a) * 0 + a * x,
    ],
)
def test_what_nobody_pushes_to_pushes_nothing(formula: Any) -> None:
    program = traced(formula, [Valor(0.5)], 1)
    assert len(program.contributions[0]) == 1
    expected, found = both_ways(formula, [0.5], [3.0])
    assert expected == found


def test_checks_and_conditions_are_those_of_the_trace() -> None:
    program = traced(lambda a, x: where(a > x, a, 1.0) * (1 / x), [Valor(1.0)], 1)
    for x, failed in ((2.0, False), (0.0, True), (-0.0, True)):
        assert interpreted(program, {ops.PARAMETER: [1.0], ops.INPUT: [x]}).checks == [failed]


def test_lists_are_chosen_by_a_mask() -> None:
    ids = np.array([3, 1, 4, 1, 5, 9], np.int32)
    lists = Lists(np.array([7, 8, 9], np.int32), np.array([0, 2, 2, 6]), ids)
    assert [lists[k].tolist() for k in range(len(lists))] == [[3, 1], [], [4, 1, 5, 9]]
    some = lists.chosen(np.array([True, False, True]))
    assert some.owner.tolist() == [7, 9]
    assert [some[k].tolist() for k in range(len(some))] == [[3, 1], [4, 1, 5, 9]]
    assert len(lists.chosen(np.zeros(3, bool))) == 0
