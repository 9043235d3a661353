"""Stand-ins: operators each way round, conditions, and what belongs to another trace."""

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
    ("add", operator.add),
    ("subtract", operator.sub),
    ("multiply", operator.mul),
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
