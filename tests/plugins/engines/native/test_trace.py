"""From formulas to scalars: what is written down, and what is refused by file and line."""

import itertools
import math
import struct
from collections.abc import Callable
from typing import Any

import pytest

from valor import Valor
from valor.exceptions import CannotCompileError, InvalidNumberError
from valor.functions import (
    TABLE,
    absolute,
    clip,
    divide,
    dot,
    log,
    maximum,
    minimum,
    power_of,
    where,
)
from valor_plugins.engines.native import tape as ops
from valor_plugins.engines.native.derive import Scalars
from valor_plugins.engines.native.emit.evaluate import forward_only
from valor_plugins.engines.native.trace import Tracer

from .programs import ARITY, EDGES, interpreted, traced

Formula = Callable[..., Any]


def bits(x: float) -> bytes:
    return struct.pack("<d", x if x == x else math.nan)


def plain(formula: Formula, count: int) -> Scalars:
    """Trace a formula of plain numbers."""
    tracer = Tracer()
    root = tracer.id_of(formula(*tracer.numbers(ops.INPUT, count)))
    scalars = forward_only(tracer.tape)
    scalars.root = root
    return scalars


# Values

FORMULAS: list[Formula] = [
    lambda a, b: a + b,
    lambda a, b: a - b,
    lambda a, b: b - a,
    lambda a, b: a * b,
    lambda a, b: divide(a, b),
    lambda a, b: divide(2, a) - 3 * b,
    lambda a, b: 1 - a + (b - 1),
    lambda a, b: -a * +b,
    lambda a, b: abs(a) - absolute(b),
    lambda a, b: maximum(a, b) - minimum(1, b),
    lambda a, b: maximum(b, a) * minimum(b, a),
    lambda a, b: clip(a, -1, b),
    lambda a, b: where(a < b, a, 2),
    lambda a, b: where(a <= b, a, 2),
    lambda a, b: where(a > b, a, 2),
    lambda a, b: where(a >= b, 3, b),
    lambda a, b: where((a > b) & (a > 0), a, b),
    lambda a, b: where((a > b) | (a < 0), a, b),
    lambda a, b: where((a > b) & True | False, a, b),
    lambda a, b: where((a > b) & False, a, b) + where(True & (a > b), b, a),
    lambda a, b: where(a > b, where(b > 0, 1, 2), where(a > 0, 3, -4)) * a,
    lambda a, b: power_of(3)(a) + power_of(-1)(b),
    lambda a, b: power_of(0.5)(a) + power_of(2)(b) - power_of(0)(a),
    lambda a, b: TABLE["power"](a, b),
    lambda a, b: TABLE["power"](2, a) + TABLE["power"](b, 2),
]


@pytest.mark.parametrize("number", range(len(FORMULAS)))
def test_scalars_and_plain_numbers_are_computed_as_eager_does(number: int) -> None:
    """Whichever of the two are parameters and inputs."""
    formula = FORMULAS[number]
    numbers = [Valor(1.0), Valor(1.0)]
    programs = [
        traced(formula, numbers),
        traced(formula, numbers[:1], 1),
        traced(lambda b, a: formula(a, b), numbers[:1], 1),
        plain(formula, 2),
    ]
    for a, b in itertools.product((*EDGES, 3.0, math.inf), repeat=2):
        expected = formula(a, b)
        leaves = (
            {ops.PARAMETER: [a, b]},
            {ops.PARAMETER: [a], ops.INPUT: [b]},
            {ops.PARAMETER: [b], ops.INPUT: [a]},
            {ops.INPUT: [a, b]},
        )
        for program, given in zip(programs, leaves, strict=True):
            assert bits(interpreted(program, given).root) == bits(expected), (a, b)


@pytest.mark.parametrize("name", [name for name in TABLE if name != "where"])
def test_every_row_of_the_table(name: str) -> None:
    row, count = TABLE[name], ARITY[name]
    programs = [traced(row, [Valor(1.0) for _ in range(count)])]
    programs.append(plain(row, count))
    for arguments in itertools.product((*EDGES, 0.03, math.inf, -math.inf), repeat=count):
        expected = row(*arguments)
        for program, code in zip(programs, (ops.PARAMETER, ops.INPUT), strict=True):
            found = interpreted(program, {code: arguments}).root
            assert bits(found) == bits(expected), arguments


@pytest.mark.parametrize(
    "formula",
    [
        lambda w, v: where(v > 0, 0, 1) * -1 / w,  # of ints there is no negative zero
        lambda w, v: w / -(where(v > 0, 0, 3) * where(v > 0, 2, -1)),
        lambda w, v: w * power_of(2)(where(v > 0, 1, 2) + where(v > 0, 3, 0.5)),
        lambda w, v: w / (maximum(0, where(v > 0, 0, -1)) * -1),
        lambda w, v: w / (where(v > 0, 0.0, 1) * -1),
        lambda w, v: w * abs(where(v > 0, -2, 0) - 3),
        lambda w, v: w / (where(v > 0, v, 0) * where(v > 0, v, -1)),
        lambda w, v: w / (maximum(v, 0) * -1),
        lambda w, v: w / (minimum(v, 0) * -1),
        lambda w, v: w / (maximum(0, v) * -1) - w / -minimum(0, v),
    ],
)
def test_ints_have_no_negative_zero(formula: Formula) -> None:
    program = traced(formula, [Valor(1.0), Valor(1.0)])
    for w, v in itertools.product((1.0, -1.0), (1.0, -1.0, 0.0)):
        expected = formula(Valor(w), Valor(v)).data
        assert bits(interpreted(program, {ops.PARAMETER: [w, v]}).root) == bits(expected)


def test_scalars_are_written_once_each_time_and_numbers_once() -> None:
    """What eager makes a scalar of takes part in the order of gradients; plain numbers do not."""
    tracer = Tracer()
    (x, y) = tracer.numbers(ops.INPUT, 2)
    with tracer.parameters([parameter := Valor(1.0)]):
        assert tracer.id_of(x * y) == tracer.id_of(x * y)
        assert tracer.id_of(parameter * x) != tracer.id_of(parameter * x)
        assert tracer.is_scalar(parameter * x)
        assert not tracer.is_scalar(x * y)


# Checks: where plain Python would raise


@pytest.mark.parametrize(
    ("formula", "raises"),
    [
        (lambda x, y: x / y, lambda x, y: y == 0),
        (lambda x, y: 1 / y, lambda x, y: y == 0),
        (lambda x, y: x / 2, lambda x, y: False),
        (lambda x, y: divide(x, y), lambda x, y: False),
        (lambda x, y: x**y, None),
        (lambda x, y: x**-1.5, None),
        (lambda x, y: 2.0**x, None),
    ],
)
def test_checks_hold_where_python_raises(formula: Formula, raises: Any) -> None:
    program = plain(formula, 2)
    for x, y in itertools.product((0.0, -0.0, 1.0, -2.0, 0.5, 1e300, 5000.0), repeat=2):
        try:
            result = formula(x, y)
            failed = isinstance(result, complex)
        except (ZeroDivisionError, OverflowError):
            failed = True
        if raises is not None:
            assert failed == raises(x, y)
        found = interpreted(program, {ops.INPUT: [x, y]})
        assert any(found.checks) == failed
        if not failed:
            assert bits(found.root) == bits(result)


def test_whole_numbers_that_floats_cannot_hold_are_checked() -> None:
    tracer = Tracer()
    (step,) = tracer.numbers(ops.STEP, 1)
    tracer.tape.whole[tracer.id_of(step)] = tracer.tape.ALWAYS
    root = tracer.id_of(step * step + 1)
    scalars = forward_only(tracer.tape)
    scalars.root = root
    for number, failed in ((3.0, False), (2.0**26, False), (2.0**27, True)):
        assert any(interpreted(scalars, {ops.STEP: [number]}).checks) == failed


def test_ints_that_are_small_for_sure_need_no_check() -> None:
    tracer = Tracer()
    (x,) = tracer.numbers(ops.INPUT, 1)
    sign = where(x > 0, 1, where(x < 0, -1, 0))
    size = 3 * sign - 2 * (sign + 1) * sign
    assert tracer.tape.checks == []
    for _ in range(34):  # up to 7 * 2**34
        size = size * 2
    assert tracer.tape.checks == []
    root = size * where(x > 1, 2**30, 3)
    assert len(tracer.tape.checks) == 1
    scalars = forward_only(tracer.tape)
    scalars.root = tracer.id_of(root)
    for number in (-2.0, -1.0, 0.0, 0.5, 2.0):
        sign = (number > 0) - (number < 0)
        exact = (3 * sign - 2 * (sign + 1) * sign) * 2**34 * (2**30 if number > 1 else 3)
        found = interpreted(scalars, {ops.INPUT: [number]})
        assert any(found.checks) == (abs(exact) > 2**53)
        assert any(found.checks) or found.root == exact


# Refusals


def test_a_refusal_deep_in_a_function_of_ours_names_the_line_that_called_it() -> None:
    def formula(v: Any) -> Any:
        return clip(v, 0, v.data)

    with pytest.raises(CannotCompileError) as caught:
        traced(formula, [Valor(1.0)])
    assert f"line {formula.__code__.co_firstlineno + 1}:" in str(caught.value)


def test_forbidden_scalars_are_refused_and_others_are_constants() -> None:
    other, constant = Valor(2.0), Valor(3.0)
    tracer = Tracer(forbidden=[other])
    (x,) = tracer.numbers(ops.INPUT, 1)
    assert tracer.tape.constants[tracer.id_of(constant)] == 3.0
    assert tracer.is_scalar(x * constant)
    with pytest.raises(CannotCompileError, match="computed before"):
        x * other


def test_what_is_no_number_is_refused() -> None:
    tracer = Tracer()
    (x,) = tracer.numbers(ops.INPUT, 1)
    for wrong in ("1", None, 1j, [1.0], True):
        with pytest.raises((InvalidNumberError, TypeError)):
            tracer.id_of(wrong)
    with pytest.raises((InvalidNumberError, TypeError)):
        x * "1"


def test_a_power_of_whole_plain_numbers_is_refused() -> None:
    tracer = Tracer()
    (x,) = tracer.numbers(ops.INPUT, 1)
    with pytest.raises(CannotCompileError, match="power of whole numbers"):
        where(x > 0, 2, 3) ** 2
    assert tracer.id_of(where(x > 0, 2.0, 3) ** 2.0) >= 0


# Parameters


def test_parameters_are_themselves_again_afterwards() -> None:
    parameters, tracer = [Valor(1.0), Valor(2)], Tracer()

    def trace() -> None:
        with tracer.parameters(parameters):
            assert all(type(each) is not Valor for each in parameters)
            assert [tracer.id_of(each) for each in parameters] == [0, 1]
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        trace()
    assert [type(each) for each in parameters] == [Valor, Valor]
    assert [each.data for each in parameters] == [1.0, 2]
    assert log(parameters[1]).data == math.log(2)


def test_leaves_are_numbered_by_kind() -> None:
    tracer = Tracer()
    inputs, targets = tracer.numbers(ops.INPUT, 2), tracer.numbers(ops.TARGET, 1)
    tape = tracer.tape
    found = [(tape.code[tracer.id_of(x)], tape.left[tracer.id_of(x)]) for x in (*inputs, *targets)]
    assert found == [(ops.INPUT, 0), (ops.INPUT, 1), (ops.TARGET, 0)]


@pytest.mark.parametrize("count", [1, 2, 3, 10])
def test_a_sum_of_products_is_written_down_as_the_loop_writes_it(count: int) -> None:
    tapes = []
    for whole in (True, False):
        parameters, tracer = [Valor(1.0) for _ in range(count)], Tracer()
        with tracer.parameters(parameters):
            inputs = tracer.numbers(ops.INPUT, count)
            for _ in range(2):
                if whole:
                    outputs = [dot(inputs, parameters), dot(parameters, parameters)]
                else:
                    outputs = []
                    for a in (inputs, parameters):
                        total = a[0] * parameters[0]
                        for x, y in zip(a[1:], parameters[1:], strict=True):
                            total = total + x * y
                        outputs.append(total)
                inputs = [outputs[k % 2] for k in range(count)]
        tape = tracer.tape
        tapes.append([column.tolist() for column in (tape.code, tape.left, tape.right)])
    assert tapes[0] == tapes[1]


def test_a_sum_of_products_with_plain_numbers_is_the_loop() -> None:
    parameters, tracer = [Valor(1.0), Valor(2.0)], Tracer()
    with tracer.parameters(parameters):
        total = dot([0.5, 3], parameters)
        (number,) = tracer.numbers(ops.INPUT, 1)
        plain = dot([number], [number])
        assert tracer.is_scalar(total)
        assert not tracer.is_scalar(plain)
