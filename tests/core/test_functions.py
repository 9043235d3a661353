"""Numbers: IEEE 754 throughout, kinks, powers, choices, ints, and what is no number.

How accurate the functions are is measured in test_accuracy.py.
"""

import math
from collections.abc import Callable
from typing import Any

import mpmath
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from valor import Valor, functions
from valor.exceptions import InvalidArgumentError
from valor.functions import TABLE, clip, maximum, minimum, power_of, where
from valor.testing._probe import Probe, number_in

ELEMENTARY = (
    *("exp", "expm1", "log", "log1p", "sqrt", "sin", "cos"),
    *("tanh", "sig", "softplus", "erf", "erfc"),
)

inf, nan = math.inf, math.nan
floats = st.floats(allow_nan=False)
everything = st.floats()


def bits(x: float) -> str:
    """Tell numbers apart to the last bit, with the sign of a zero, and an int from a float."""
    return repr(x)


def gradient(formula: Callable[..., Valor], *numbers: float) -> tuple[float, ...]:
    """Return the gradient of a formula by each of its arguments."""
    arguments = [Valor(x) for x in numbers]
    formula(*arguments).propagar_tudo()
    return tuple(argument.grad for argument in arguments)


# The lesson's wrong numbers, right


@pytest.mark.parametrize("x", [37.0, 372.5, 400.0, 709.5, 710.0, -37.0, -400.0, -710.0, -745.0])
@pytest.mark.parametrize("name", ["sig", "tanh", "softplus"])
def test_tails(name: str, x: float) -> None:
    with mpmath.workprec(2500):
        exact = {
            "sig": lambda t: 1 / (1 + mpmath.exp(-t)),
            "tanh": mpmath.tanh,
            "softplus": lambda t: mpmath.log(1 + mpmath.exp(t)),
        }[name]
        expected = float(exact(mpmath.mpf(x)))
        slope = float(mpmath.diff(exact, mpmath.mpf(x)))
    v = Valor(x)
    result = getattr(v, name)()
    result.propagar_tudo()
    assert abs(result.data - expected) <= 4 * math.ulp(expected)
    assert abs(v.grad - slope) <= 4 * math.ulp(slope)


def test_the_gradient_of_sig_at_400_is_not_1() -> None:
    assert gradient(Valor.sig, 400.0)[0] == pytest.approx(1.9151695967140057e-174, rel=1e-14)


def test_division_is_division() -> None:
    assert (Valor(3) / Valor(10)).data == 0.3 != 3 * 10**-1
    assert (3 / Valor(10)).data == 0.3


# IEEE 754: no number makes an operation raise


@pytest.mark.parametrize(
    ("formula", "numbers", "expected"),
    [
        (lambda a, b: a / b, (1.0, 0.0), inf),
        (lambda a, b: a / b, (1, 0), inf),
        (lambda a, b: a / b, (-1.0, 0.0), -inf),
        (lambda a, b: a / b, (1.0, -0.0), -inf),
        (lambda a, b: a / b, (-1.0, -0.0), inf),
        (lambda a, b: a / b, (0.0, 0.0), nan),
        (lambda a, b: a / b, (nan, 0.0), nan),
        (lambda a, b: a / b, (inf, 0.0), inf),
        (lambda a, b: a / b, (1.0, inf), 0.0),
        (lambda a, b: a * b, (1e300, 1e300), inf),
        (lambda a, b: a * b, (inf, 0.0), nan),
        (lambda a, b: a - b, (inf, inf), nan),
        (functions.exp, (710.0,), inf),
        (functions.exp, (710,), inf),
        (functions.exp, (-746.0,), 0.0),
        (functions.exp, (-inf,), 0.0),
        (functions.expm1, (710.0,), inf),
        (functions.expm1, (-inf,), -1.0),
        (functions.log, (0.0,), -inf),
        (functions.log, (-0.0,), -inf),
        (functions.log, (0,), -inf),
        (functions.log, (-1.0,), nan),
        (functions.log, (inf,), inf),
        (functions.log1p, (-1.0,), -inf),
        (functions.log1p, (-2.0,), nan),
        (functions.sqrt, (-1.0,), nan),
        (functions.sqrt, (-0.0,), -0.0),
        (functions.sqrt, (inf,), inf),
        (functions.sin, (inf,), nan),
        (functions.cos, (-inf,), nan),
        (functions.tanh, (inf,), 1.0),
        (functions.sig, (-inf,), 0.0),
        (functions.sig, (inf,), 1.0),
        (functions.softplus, (inf,), inf),
        (functions.softplus, (-inf,), 0.0),
        (functions.erf, (-inf,), -1.0),
        (functions.erfc, (30.0,), 0.0),
        (lambda x: x**2, (1e200,), inf),
        (lambda x: x**-1, (0.0,), inf),
        (lambda x: x**-1, (-0.0,), -inf),
        (lambda x: x**0.5, (-1.0,), nan),
        (lambda x: x**0.3, (-1.0,), nan),
        (lambda x: x**3, (-1e200,), -inf),
        (lambda x: x**4, (-1e200,), inf),
        (lambda x: x**2.5, (1e200,), inf),
        (lambda x: x**-3, (0.0,), inf),
        (lambda x: x**-3, (-0.0,), -inf),
        (lambda x: x**-4, (-0.0,), inf),
        (lambda x: x**-0.3, (0.0,), inf),
        (lambda x: x**0, (0.0,), 1.0),
        (lambda x: x**0, (nan,), 1.0),
        (lambda a, b: a**b, (0.0, 0.0), 1.0),
        (lambda a, b: a**b, (0, 0), 1),
        (lambda a, b: a**b, (-8.0, 1 / 3), nan),
        (lambda a, b: a**b, (10.0, 400.0), inf),
        (lambda x: 2**x, (2000.0,), inf),
        (lambda x: abs(x), (-inf,), inf),
    ],
)
def test_special_values(formula: Any, numbers: tuple[float, ...], expected: float) -> None:
    result = formula(*(Valor(x) for x in numbers))
    assert bits(result.data) == bits(expected)
    result.propagar_tudo()  # an infinite derivative is no error either


@given(everything, everything)
def test_no_number_makes_an_operation_raise(x: float, y: float) -> None:
    a, b = Valor(x), Valor(y)
    results = [a + b, a - b, a * b, a / b, a**b, -a, abs(a), a.maximum(b), a.minimum(b)]
    results += [a**2, a**3, a**-1, a**-2, a**0.5, a**0, a**y, y**a, clip(a, -1, 1)]
    results += [getattr(a, name)() for name in ELEMENTARY]
    for result in results:
        assert type(result.data) in (float, int)
        result.propagar_tudo()


@given(floats)
def test_functions_give_the_same_bits_on_floats_and_on_valor(x: float) -> None:
    for name in ELEMENTARY:
        function = getattr(functions, name)
        assert bits(function(x)) == bits(function(Valor(x)).data)


# Powers


@given(floats)
def test_powers_with_a_rule_of_their_own(x: float) -> None:
    assert bits((Valor(x) ** 2).data) == bits(x * x)
    assert bits((Valor(x) ** -1).data) == bits(functions.divide(1, x))
    assert bits((Valor(x) ** 0.5).data) == bits(functions.sqrt(x))
    assert (Valor(x) ** 0).data == 1
    assert bits(gradient(lambda v: v**2, x)[0]) == bits(2.0 * x if x else 0)
    assert gradient(lambda v: v**0, x) == (0,)


@given(st.floats(1e-100, 1e100), st.sampled_from([1, -1]))
def test_derivatives_of_powers_to_the_last_bit(size: float, sign: int) -> None:
    x = sign * size
    assert gradient(lambda v: v**-1, x) == (-((1 / x) * (1 / x)),)
    assert gradient(lambda v: v**0.5, size) == (0.5 / math.sqrt(size),)
    assert gradient(lambda v: v**3, x) == (3 * (x * x),)
    assert gradient(lambda v: v**2.5, size) == (2.5 * math.pow(size, 1.5),)
    assert gradient(lambda v: v**1, x) == (1,)


@pytest.mark.parametrize("x", [2, 3.0, -4.0, 0.0, 1e-200])
@pytest.mark.parametrize("exponent", [2, -1, 3, 0, 0.5])
def test_an_exponent_may_be_a_valor(x: float, exponent: float) -> None:
    constant = Valor(x) ** exponent
    variable = Valor(x) ** Valor(exponent)
    assert bits(variable.data) == bits(constant.data)
    by_constant = gradient(lambda v: v**exponent, x)[0]
    by_variable = gradient(lambda v, e: v**e, x, exponent)[0]
    assert by_variable == pytest.approx(by_constant, rel=1e-15, nan_ok=True)


@pytest.mark.parametrize(
    ("x", "exponent", "expected"),
    [
        (2.0, 3.0, (12.0, 8 * math.log(2))),
        (0.0, 2.0, (0.0, 0)),
        (0.0, 0.0, (0, 0)),
        (5.0, 0.0, (0, math.log(5))),
        (0.5, -2.0, (-16.0, 4 * math.log(0.5))),
    ],
)
def test_the_gradient_of_a_power_by_base_and_exponent(
    x: float, exponent: float, expected: tuple[float, float]
) -> None:
    assert gradient(lambda v, e: v**e, x, exponent) == pytest.approx(expected, rel=1e-15)


def test_a_negative_base_has_no_derivative_by_its_exponent() -> None:
    by_base, by_exponent = gradient(lambda v, e: v**e, -2.0, 3.0)
    assert by_base == 12.0
    assert math.isnan(by_exponent)


# Kinks and choices


@pytest.mark.parametrize(("x", "slope"), [(0.0, 0), (-0.0, 0), (0, 0), (2.0, 1), (-2.0, -1)])
def test_the_derivative_of_the_absolute_value(x: float, slope: float) -> None:
    assert gradient(abs, x) == (slope,)


@pytest.mark.parametrize(
    ("function", "a", "b", "expected"),
    [
        (maximum, 2.0, 1.0, (1, 0)),
        (maximum, 1.0, 2.0, (0, 1)),
        (maximum, 3.0, 3.0, (0.5, 0.5)),
        (maximum, 0.0, -0.0, (0.5, 0.5)),
        (minimum, 2.0, 1.0, (0, 1)),
        (minimum, 1.0, 2.0, (1, 0)),
        (minimum, 3.0, 3.0, (0.5, 0.5)),
    ],
)
def test_the_gradient_of_the_larger_and_the_smaller(
    function: Any, a: float, b: float, expected: tuple[float, float]
) -> None:
    assert gradient(function, a, b) == expected


@given(everything, everything)
def test_the_larger_and_the_smaller(a: float, b: float) -> None:
    if math.isnan(a) or math.isnan(b):
        assert math.isnan(maximum(a, b))
        assert math.isnan(minimum(a, b))
    else:
        assert maximum(a, b) == max(a, b)
        assert minimum(a, b) == min(a, b)


@pytest.mark.parametrize(
    ("x", "slope"), [(-2.0, 0), (-1.0, 1), (0.5, 1), (1.0, 1), (2.0, 0), (-inf, 0)]
)
def test_clip(x: float, slope: float) -> None:
    assert clip(Valor(x), -1.0, 1.0).data == min(max(x, -1.0), 1.0)
    assert gradient(lambda v: clip(v, -1.0, 1.0), x) == (slope,)
    assert gradient(lambda v: v.clip(-1.0, 1.0), x) == (slope,)


@pytest.mark.parametrize(
    "branch",
    [
        lambda v: v.log(),  # -inf at 0, with an infinite derivative
        lambda v: (v - 1).log(),  # nan
        lambda v: 1 / v,
        lambda v: v**0.5,
        lambda v: (v - 1) ** 0.5,
        lambda v: v * inf,
    ],
)
def test_the_branch_not_taken_gets_no_gradient_whatever_its_value(branch: Any) -> None:
    assert gradient(lambda v: where(v > 0, branch(v), 3 * v), 0.0) == (3,)
    assert gradient(lambda v: where(v <= 0, 3 * v, branch(v)), 0.0) == (3,)


def test_both_branches_are_in_the_graph() -> None:
    a, b = Valor(1.0), Valor(2.0)
    result = where(a < b, a, b)
    assert result.progenitor == (a, b)
    assert result.operador_mae == "where"


def test_where_takes_the_outcome_of_any_comparison() -> None:
    assert where(np.float64(1) > 0, 1.0, 2.0) == 1.0
    assert where(False, 1.0, 2.0) == 2.0
    assert where(True, Valor(1.0), 2.0).data == 1.0
    for condition in (1, 1.0, None, "yes", Valor(1.0)):
        with pytest.raises(InvalidArgumentError, match="condition must be a comparison"):
            where(condition, 1.0, 2.0)


# Derivatives can be traced


def rows() -> list[tuple[str, Any]]:
    found = [(name, row) for name, row in TABLE.items() if name != "where"]
    return found + [(f"x ** {e}", power_of(e)) for e in (0, 2, 3, -1, -2, 0.5, 1.5, 2.4)]


@pytest.mark.parametrize(("name", "row"), rows(), ids=[name for name, _ in rows()])
@given(x=everything, y=everything)
def test_a_derivative_is_a_formula_that_an_engine_can_trace(
    name: str, row: Any, x: float, y: float
) -> None:
    arity = row.derivative.__code__.co_argcount - 1
    numbers = [x, y][:arity]
    value = row.value(*numbers)
    plain = row.derivative(*numbers, value)
    traced = row.derivative(*map(Probe, numbers), Probe(value))
    for found, expected in zip(
        traced if arity > 1 else (traced,), plain if arity > 1 else (plain,), strict=True
    ):
        assert bits(float(number_in(found))) == bits(float(expected))


@given(everything | st.floats(-1, 1))
@pytest.mark.parametrize("name", ["sig", "tanh", "softplus"])
def test_what_is_built_from_others_can_be_traced(name: str, x: float) -> None:
    traced = TABLE[name].value(Probe(x))
    assert bits(float(number_in(traced))) == bits(TABLE[name].value(x))


# Around 0.2, tanh goes over from a series to the exponential.


@given(st.floats(allow_nan=False) | st.floats(-0.3, 0.3))
def test_tanh_is_odd_and_close_to_the_library(x: float) -> None:
    assert bits(functions.tanh(-x)) == bits(-functions.tanh(x))
    assert abs(functions.tanh(x) - math.tanh(x)) <= 5 * math.ulp(math.tanh(x))
    assert abs(functions.tanh(x)) <= 1


@pytest.mark.parametrize("x", [0.0, -0.0, 5e-324, -5e-324, 2.3e-308, -1e-200, 1e-9])
def test_tanh_of_what_is_tiny_is_itself(x: float) -> None:
    assert bits(functions.tanh(x)) == bits(x)
    assert bits(Valor(x).tanh().data) == bits(x)
