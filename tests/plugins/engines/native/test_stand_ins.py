"""Stand-ins: operators each way round, conditions, and what belongs to another trace."""

import math
import operator
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from valor import Valor
from valor.exceptions import CannotCompileError
from valor.functions import exp, where
from valor.standin import StandIn
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.stand_ins import refuse
from valor_plugins.engines.native.trace import Tracer


def written(tracer: Tracer, value: Any) -> tuple[Any, ...]:
    """Return an operation and its operands; constants as what they are."""
    tape = tracer.tape
    identity = tracer.id_of(value)
    operands = [
        each if each >= 0 else tape.constants[each]
        for each in (tape.left[identity], tape.right[identity])
        if each != ops.NOTHING
    ]
    return ops.OPERATIONS[tape.code[identity]], *operands


BINARY: list[tuple[str, Callable[[Any, Any], Any]]] = [
    ("add", lambda a, b: a + b),
    ("subtract", lambda a, b: a - b),
    ("multiply", lambda a, b: a * b),
]


@pytest.mark.parametrize(("name", "compute"), BINARY)
def test_operands_keep_their_sides(name: str, compute: Callable[[Any, Any], Any]) -> None:
    tracer, parameters = Tracer(), [Valor(1.0), Valor(2.0)]
    with tracer.parameters(parameters):
        p, q = parameters
        (x,) = tracer.numbers(ops.INPUT, 1)
        t = p * x
        for a, b, expected in [
            (p, q, (0, 1)),
            (q, p, (1, 0)),
            (p, x, (0, 2)),
            (x, p, (2, 0)),
            (t, x, (3, 2)),
            (x, t, (2, 3)),
            (t, p, (3, 0)),
            (p, t, (0, 3)),
            (t, t, (3, 3)),
            (t, 0.5, (3, 0.5)),
            (0.5, t, (0.5, 3)),
            (2, p, (2.0, 0)),
            (p, np.float64(0.5), (0, 0.5)),
            (np.float64(0.5), p, (0.5, 0)),
            (p, Valor(0.25), (0, 0.25)),
            (Valor(0.25), p, (0.25, 0)),
        ]:
            result = compute(a, b)
            assert written(tracer, result) == (name, *expected)
            assert isinstance(result, Valor)
        assert written(tracer, compute(x, 0.5)) == (name, 2, 0.5)
        assert written(tracer, compute(0.5, x)) == (name, 0.5, 2)
        assert not isinstance(compute(x, x), Valor)


def test_unary_plus_is_nothing_and_minus_a_negation() -> None:
    tracer = Tracer()
    (x,) = tracer.numbers(ops.INPUT, 1)
    assert +x is x
    assert written(tracer, -x) == ("negative", 0)


@pytest.mark.parametrize(
    ("compare", "expected"),
    [
        (operator.lt, ("less", 0, 1)),
        (operator.gt, ("less", 1, 0)),
        (operator.le, ("less_equal", 0, 1)),
        (operator.ge, ("less_equal", 1, 0)),
    ],
)
def test_comparisons(compare: Any, expected: tuple[Any, ...]) -> None:
    tracer = Tracer()
    x, y = tracer.numbers(ops.INPUT, 2)
    chosen = where(compare(x, y), x, y)
    condition = tracer.tape.condition[tracer.id_of(chosen)]
    tape = tracer.tape
    assert (ops.OPERATIONS[tape.code[condition]], tape.left[condition], tape.right[condition]) == (
        expected
    )
    assert written(tracer, chosen) == ("select", 0, 1)


def test_conditions_join_with_what_is_known_without_a_trace() -> None:
    tracer = Tracer()
    x, y = tracer.numbers(ops.INPUT, 2)
    condition = x < y
    assert (condition & True) is (True & condition) is condition
    assert (condition | False) is (False | condition) is condition
    assert (condition & False) is (False & condition) is False
    assert (condition | True) is (True | condition) is True


def test_equality_of_scalars_is_identity_as_in_eager() -> None:
    tracer, parameter = Tracer(), Valor(1.0)
    with tracer.parameters([parameter]):
        product = parameter * 2.0
        assert product == product
        assert product != parameter
        assert {product: 1}[product] == 1


@pytest.mark.parametrize(
    "attribute",
    ["data", "grad", "progenitor", "operador_mae", "propagar", "propagar_tudo", "zero_grad"],
)
def test_attributes_are_neither_read_nor_set(attribute: str) -> None:
    tracer, parameter = Tracer(), Valor(1.0)
    with tracer.parameters([parameter]):
        for scalar in (parameter, parameter * 2.0):
            with pytest.raises(CannotCompileError, match=rf"`\.{attribute}`"):
                getattr(scalar, attribute)
            with pytest.raises(CannotCompileError, match=rf"`\.{attribute}`"):
                setattr(scalar, attribute, 0)


def test_each_trace_has_stand_ins_of_its_own() -> None:
    (old,) = Tracer().numbers(ops.INPUT, 1)
    tracer = Tracer()
    (new,) = tracer.numbers(ops.INPUT, 1)
    assert isinstance(old, StandIn)
    assert type(old) is not type(new)
    for compute in (lambda: new + old, lambda: exp(new) * old, lambda: tracer.id_of(old)):
        with pytest.raises(CannotCompileError, match="earlier call"):
            compute()


def test_a_refusal_names_the_nearest_line_that_is_not_ours() -> None:
    with pytest.raises(CannotCompileError) as caught:
        refuse("does what it must not", "do something else")
    line = test_a_refusal_names_the_nearest_line_that_is_not_ours.__code__.co_firstlineno + 2
    assert str(caught.value) == (
        f"{__file__}, line {line}: the formula does what it must not; do something else"
    )


# Refusals


KEPT: list[Any] = []


@pytest.mark.parametrize(
    ("formula", "fault"),
    [
        (lambda v, x: v if v > 0 else x, "looks at a number, by `if`"),
        (lambda v, x: v if x < 0 else x, "looks at a number, by `if`"),
        (lambda v, x: max(v, x), "looks at a number, by `if`"),
        (lambda v, x: v and x, "looks at a number, by `if`"),
        (lambda v, x: not x, "looks at a number, by `if`"),
        (lambda v, x: v * float(v), r"by `float\(\)`"),
        (lambda v, x: v * math.exp(x), r"by `float\(\)`"),
        (lambda v, x: v * int(x), r"by `int\(\)`"),
        (lambda v, x: v * v.data, r"by `\.data`"),
        (lambda v, x: v * (v * x).grad, r"reads `\.grad`"),
        (lambda v, x: (v * x).propagar_tudo(), r"reads `\.propagar_tudo`"),
        (lambda v, x: f"{v * x}" and v, "by `format"),
        (lambda v, x: v * {x: 1}[x], r"by `hash\(\)`"),
        (lambda v, x: v * (x == 0), "by `==`"),
        (lambda v, x: v * (x in (1.0, 2.0)), "by `==`"),
        (lambda v, x: v * (v > 0), "outcome of a comparison|earlier call"),
        (lambda v, x: where((v > 0) > x, v, x), "compares the outcome"),
        (lambda v, x: exp(v > 0), "computes with the outcome"),
        (lambda v, x: v * KEPT[0], "computed in an earlier call"),
    ],
)
def test_a_refusal_names_the_line_of_the_formula(formula: Callable[..., Any], fault: str) -> None:
    KEPT[:] = Tracer().numbers(ops.INPUT, 1)
    line = formula.__code__.co_firstlineno
    tracer, parameter = Tracer(), Valor(1.0)
    (x,) = tracer.numbers(ops.INPUT, 1)
    with pytest.raises(CannotCompileError, match=fault) as caught, tracer.parameters([parameter]):
        formula(parameter, x)
    assert str(caught.value).startswith(f"{__file__}, line {line}: the formula ")
    assert type(parameter) is Valor


def test_what_was_computed_from_a_parameter_before_is_refused_and_from_constants_is_one() -> None:
    parameter, tracer = Valor(2.0), Tracer()
    stale, constant = parameter * 3, Valor(2.0) * 3
    with tracer.parameters([parameter]):
        (parameter * constant).index
        with pytest.raises(CannotCompileError, match="computed before it was called"):
            parameter * stale
    assert 6.0 in tracer.tape.constants.values
