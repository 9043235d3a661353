"""`Valor`: what it holds, its operators both ways round, its functions, and what it refuses."""

import math
import operator
import subprocess
import sys
from collections.abc import Callable
from decimal import Decimal
from fractions import Fraction
from typing import Any

import numpy as np
import pytest

from valor import Valor, functions
from valor.exceptions import (
    InvalidArgumentError,
    InvalidNumberError,
    ValorError,
)

# Every kind of number that may stand on either side of a Valor; each is 2.5 or 3 as a float.
NUMBERS = [
    3,
    2.5,
    np.float64(2.5),
    np.float32(2.5),
    np.int64(3),
    Fraction(5, 2),
    Decimal("2.5"),
]
BAD_NUMBERS = [None, "1", [1.0], 1 + 0j, True, 10**400, np.bool_(True), np.array([1.0]), object()]


def gradient(formula: Callable[[Valor], Valor], at: float) -> float:
    x = Valor(at)
    formula(x).propagar_tudo()
    return x.grad


# What a Valor holds


def test_the_lessons_attributes() -> None:
    a, b = Valor(2.0, rotulo="a"), Valor(-3.0)
    y = a * b
    assert (a.data, a.grad, a.progenitor, a.operador_mae, a.rotulo) == (2.0, 0, (), "", "a")
    assert (y.data, y.grad, y.operador_mae, y.rotulo) == (-6.0, 0, "*", "")
    assert y.progenitor == (a, b)
    assert repr(y) == "Valor(data=-6.0)"


def test_the_lessons_positional_arguments() -> None:
    parent = Valor(1)
    y = Valor(5, (parent,), "made", "label")
    assert (y.data, y.progenitor, y.operador_mae, y.rotulo) == (5, (parent,), "made", "label")


@pytest.mark.parametrize("number", NUMBERS)
def test_any_real_number_becomes_an_int_or_a_float(number: Any) -> None:
    data = Valor(number).data
    assert data == float(number)
    assert type(data) is (int if number == 3 else float)


def test_ints_stay_ints_until_a_float_is_as_exact() -> None:
    assert repr(Valor(10) + 1) == "Valor(data=11)"
    assert repr(2 * Valor(10) - 1) == "Valor(data=19)"
    assert repr(Valor(7) ** 2) == "Valor(data=49)"
    assert type((Valor(2**53)).data) is int
    assert type((Valor(2**53) + 1).data) is float
    assert type((Valor(2**30) * 2**30).data) is float
    assert type((Valor(10) / 5).data) is float


def test_looking_at_the_number() -> None:
    v = Valor(2.5)
    assert float(v) == 2.5
    assert bool(v) is True
    assert bool(Valor(0.0)) is False
    assert f"{v:.3f}" == "2.500"
    assert f"{v}" == str(v) == "Valor(data=2.5)"


# Operators

OPERATORS: list[tuple[str, Callable[[Any, Any], Any], Any, Any]] = [
    # symbol, operator, derivative by the left operand, derivative by the right one
    ("+", operator.add, lambda a, b: 1.0, lambda a, b: 1.0),
    ("-", operator.sub, lambda a, b: 1.0, lambda a, b: -1.0),
    ("*", operator.mul, lambda a, b: b, lambda a, b: a),
    ("/", operator.truediv, lambda a, b: 1 / b, lambda a, b: -a / b**2),
    ("**", operator.pow, lambda a, b: b * a ** (b - 1), lambda a, b: a**b * math.log(a)),
]


@pytest.mark.parametrize("number", NUMBERS)
@pytest.mark.parametrize(("symbol", "apply", "by_left", "by_right"), OPERATORS)
def test_operators_both_ways_round(
    symbol: str, apply: Any, by_left: Any, by_right: Any, number: Any
) -> None:
    v, plain = Valor(1.75), float(number)

    forward = apply(v, number)
    assert isinstance(forward, Valor)
    assert forward.data == pytest.approx(apply(1.75, plain), rel=1e-15)
    assert forward.operador_mae.startswith(symbol)
    assert forward.progenitor[0] is v
    forward.propagar_tudo()
    assert v.grad == pytest.approx(by_left(1.75, plain), rel=1e-15)

    v.grad = 0
    backward = apply(number, v)
    assert isinstance(backward, Valor)
    assert backward.data == pytest.approx(apply(plain, 1.75), rel=1e-15)
    assert backward.operador_mae == symbol
    assert backward.progenitor[0].data == plain
    assert backward.progenitor[1] is v
    backward.propagar_tudo()
    assert v.grad == pytest.approx(by_right(plain, 1.75), rel=1e-15)


@pytest.mark.parametrize(("symbol", "apply", "by_left", "by_right"), OPERATORS)
def test_operators_between_two_scalars(
    symbol: str, apply: Any, by_left: Any, by_right: Any
) -> None:
    a, b = Valor(1.75), Valor(-0.5)
    y = apply(a, b)
    y.propagar_tudo()
    assert (y.data, y.operador_mae, y.progenitor) == (apply(1.75, -0.5), symbol, (a, b))
    assert a.grad == pytest.approx(by_left(1.75, -0.5), rel=1e-15)
    assert b.grad == pytest.approx(by_right(1.75, -0.5), rel=1e-15)


def test_unary_operators() -> None:
    assert ((-Valor(2.0)).data, gradient(operator.neg, 2.0)) == (-2.0, -1.0)
    assert ((+Valor(2.0)).data, gradient(operator.pos, 2.0)) == (2.0, 1.0)
    assert (abs(Valor(-2.0)).data, gradient(abs, -2.0), gradient(abs, 2.0)) == (2.0, -1.0, 1.0)


def test_division_is_division() -> None:
    assert (Valor(3) / 10).data == 0.3  # 3 * 10**-1 is 0.30000000000000004
    assert (3 / Valor(10)).data == 0.3


def test_no_number_makes_an_operation_raise() -> None:
    zero = Valor(0.0)
    assert (1 / zero).data == math.inf
    assert math.isnan((zero / zero).data)
    assert math.isnan((Valor(-1.0) ** 0.5).data)
    assert Valor(710.0).exp().data == math.inf
    assert (Valor(10.0) ** 400).data == math.inf
    assert zero.log().data == -math.inf
    assert (Valor(1e308) * 10).data == math.inf


@pytest.mark.parametrize("number", NUMBERS)
def test_comparisons_look_at_the_number_and_return_bool(number: Any) -> None:
    for compare in (operator.lt, operator.le, operator.gt, operator.ge):
        for data in (1.0, float(number), 4.0):
            for result, expected in (
                (compare(Valor(data), number), compare(data, float(number))),
                (compare(number, Valor(data)), compare(float(number), data)),
                (compare(Valor(data), Valor(number)), compare(data, float(number))),
            ):
                assert result is expected


def test_nan_compares_false() -> None:
    nan = Valor(math.nan)
    assert [nan < 1, nan > 1, nan <= nan, nan >= nan] == [False] * 4


def test_equality_and_hash_are_by_identity() -> None:
    a, b = Valor(1.0), Valor(1.0)
    assert a == a
    assert a != b
    assert (a == 1.0) is False
    assert len({a, b, a}) == 2
    assert hash(a) != hash(b)


UNARY = ["exp", "expm1", "log", "log1p", "sqrt", "sin", "cos", "tanh"]
UNARY += ["sig", "softplus", "erf", "erfc"]
BINARY = ["maximum", "minimum"]


@pytest.mark.parametrize("name", UNARY)
def test_a_function_is_also_a_method(name: str) -> None:
    function = getattr(functions, name)
    v = Valor(0.75)
    method = getattr(v, name)()
    assert method.data == function(v).data == function(0.75)
    assert method.operador_mae == function(v).operador_mae == name
    assert method.progenitor == (v,)
    step = 1e-6
    slope = (function(0.75 + step) - function(0.75 - step)) / (2 * step)
    assert gradient(lambda x: getattr(x, name)(), 0.75) == pytest.approx(slope, rel=1e-8)
    assert gradient(lambda x: getattr(x, name)(), 0.75) == gradient(function, 0.75)


@pytest.mark.parametrize("name", BINARY)
def test_a_function_of_two_is_also_a_method(name: str) -> None:
    function = getattr(functions, name)
    a, b = Valor(0.75), Valor(-2.0)
    for y in (getattr(a, name)(b), function(a, b), getattr(a, name)(-2.0), function(0.75, b)):
        assert y.data == function(0.75, -2.0)


def test_clip_is_also_a_method() -> None:
    assert [Valor(x).clip(0, 1).data for x in (-3.0, 0.5, 7.0)] == [0, 0.5, 1]
    assert [gradient(lambda v: v.clip(0, 1), x) for x in (-3.0, 0.5, 7.0)] == [0, 1.0, 0]


# What is refused


@pytest.mark.parametrize("bad", [*BAD_NUMBERS, Valor(1.0)], ids=lambda bad: type(bad).__name__)
def test_data_that_is_no_real_number_is_refused(bad: Any) -> None:
    with pytest.raises(InvalidNumberError, match="data must be a") as caught:
        Valor(bad)
    assert isinstance(caught.value, ValorError)


@pytest.mark.parametrize("bad", BAD_NUMBERS, ids=lambda bad: type(bad).__name__)
@pytest.mark.parametrize("apply", [row[1] for row in OPERATORS])
def test_operands_that_are_no_real_numbers_are_refused(apply: Any, bad: Any) -> None:
    with pytest.raises(InvalidNumberError, match=r"(operand|exponent) must be a"):
        apply(Valor(1.0), bad)
    with pytest.raises(InvalidNumberError, match="operand must be a"):
        apply(bad, Valor(1.0))


@pytest.mark.parametrize("compare", [operator.lt, operator.le, operator.gt, operator.ge])
def test_comparing_with_what_is_no_number_is_refused(compare: Any) -> None:
    with pytest.raises(InvalidNumberError, match="operand must be a real number"):
        compare(Valor(1.0), "2")


def test_other_arguments_are_refused_by_name() -> None:
    v = Valor(1.0)
    with pytest.raises(InvalidArgumentError, match="progenitor must be a tuple of Valor, not 5"):
        Valor(1.0, 5)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match=r"progenitor must hold Valor objects only.*2.0"):
        Valor(1.0, (v, 2.0))  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="operador_mae must be a str, not 7"):
        Valor(1.0, (v,), 7)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="rotulo must be a str, not 7"):
        Valor(1.0, rotulo=7)  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="propagar must be a function, not 3"):
        v.propagar = 3  # type: ignore[assignment]
    with pytest.raises(AttributeError):
        v.dta = 3.0  # type: ignore[attr-defined]  # a slip of the pen is not kept silently


def test_bad_input_is_refused_also_under_python_o() -> None:
    script = (
        "from valor import MLP, Trainer, Valor\n"
        "from valor.exceptions import ValorError\n"
        "bad = [None, '1', [1.0], 1j, True, 10**400, Valor(1.0)]\n"
        "for value in bad:\n"
        "    try: Valor(value)\n"
        "    except ValorError as error: print('data' in str(error))\n"
        "for value in bad[:-1]:\n"
        "    try: Valor(2.0) * value\n"
        "    except ValorError as error: print('operand' in str(error))\n"
        "try: MLP(3, [2])([1.0, 2.0])\n"
        "except ValorError as error: print('x must have 3 values' in str(error))\n"
        "for y in ([1.0, 2.0], [float('nan')], [], [[1.0, 2.0]]):\n"
        "    try: Trainer(MLP(1, [1])).fit([1.0], y, epochs=1)\n"
        "    except ValorError as error: print('y' in str(error))\n"
        "print(__debug__)"
    )
    result = subprocess.run(
        [sys.executable, "-O", "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout.split() == ["True"] * (7 + 6 + 1 + 4) + ["False"]
