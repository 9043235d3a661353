"""The table of elementary functions: value, derivative and symbol, one row each.

This is the single source of every derivative in the project: the scalar graph, the engines and
the conformance kit all read it. The public functions (`exp`, `sig`, `where`, …) work alike on
plain numbers, on `Valor` and on whatever an engine traces with: they hand themselves and their
arguments to the first argument whose type has a ``__valor_apply__(function, arguments)``, and
compute with plain numbers where none has.

Numbers follow IEEE 754: no number makes a function raise. Derivatives are written as formulas over
the same functions, without ``if``, so that an engine can trace them.
"""

import functools
import math
import operator
from collections.abc import Callable
from typing import Any

from valor._dot import dot
from valor._rows import LARGEST_EXACT_INT, TABLE, Function, Scalar, number, row_of
from valor.exceptions import InvalidArgumentError, shown

__all__ = [
    "TABLE",
    "Function",
    "absolute",
    "clip",
    "cos",
    "divide",
    "dot",
    "erf",
    "erfc",
    "exp",
    "expm1",
    "log",
    "log1p",
    "maximum",
    "minimum",
    "number",
    "power_of",
    "sig",
    "sin",
    "softplus",
    "sqrt",
    "tanh",
    "where",
]

# Arithmetic. `Valor` binds these to Python's operators.

TABLE["add"] = Function("add", "+", operator.add, lambda a, b, y: (1, 1))
TABLE["subtract"] = Function("subtract", "-", operator.sub, lambda a, b, y: (1, -1))
TABLE["multiply"] = Function("multiply", "*", operator.mul, lambda a, b, y: (b, a))
TABLE["negative"] = Function("negative", "neg", operator.neg, lambda x, y: -1)
TABLE["absolute"] = Function(
    "absolute", "abs", operator.abs, lambda x, y: where(x > 0, 1, where(x < 0, -1, 0))
)


@row_of("/", lambda a, b, y: (divide(1, b), -divide(y, b)))
def divide(a: Scalar, b: Scalar) -> Scalar:
    """Return a / b as IEEE 754 has it: a division by zero is infinite, or nan for 0/0.

    >>> divide(3, 10), divide(-1, 0), divide(0, 0)
    (0.3, -inf, nan)
    """
    try:
        return a / b
    except ZeroDivisionError:
        if a == 0 or a != a:
            return math.nan
        return math.copysign(math.inf, a) * math.copysign(1.0, b)


def _pow(x: float, exponent: float) -> float:
    if exponent == 2:
        return x * x
    if exponent == -1:
        return TABLE["divide"].value(1, x)
    if exponent == 0.5:
        return TABLE["sqrt"].value(x)
    odd = abs(exponent) <= LARGEST_EXACT_INT and exponent % 2 == 1
    try:
        result = math.pow(x, exponent)
    except OverflowError:
        return -math.inf if x < 0 and odd else math.inf
    except ValueError:
        if x != 0:
            return math.nan  # a negative number to a fractional power
        return math.copysign(math.inf, x) if odd else math.inf
    if type(x) is int and type(exponent) is int and exponent >= 0:
        return x**exponent if abs(result) <= LARGEST_EXACT_INT else result
    return result


def _pow_derivative(x: Scalar, exponent: float, y: Scalar) -> Scalar:
    if exponent == 0:
        return 0
    if exponent == 2:
        return 2 * x
    if exponent == -1:
        return -(y * y)
    if exponent == 0.5:
        return divide(0.5, y)
    return exponent * power_of(exponent - 1)(x)


def _power_derivative(a: Scalar, b: Scalar, y: Scalar) -> tuple[Scalar, Scalar]:
    """Return both partial derivatives of a**b, for an exponent that is a scalar itself."""
    by_base = b * TABLE["power"](a, b - 1)
    by_exponent = y * log(a)
    return (
        where(b <= 0, where(b >= 0, 0, by_base), by_base),
        # The limit from the right, and what PyTorch does: 0**b does not move with b.
        where(absolute(a) <= 0, where(b >= 0, 0, by_exponent), by_exponent),
    )


TABLE["power"] = Function("power", "**", _pow, _power_derivative)


def power_of(exponent: float) -> Function:
    """Return the row of ``x ** exponent`` for a constant exponent.

    2 is x*x, -1 is 1/x, 0.5 is the square root, anything else is the C library's pow.

    Raises:
        InvalidNumberError: the exponent is no number.

    >>> power_of(2).value(3.0), power_of(2).derivative(3.0, 9.0), power_of(2).symbol
    (9.0, 6.0, '**2')
    """
    try:
        return _power_row(exponent)
    except TypeError:  # what has no hash is no number either
        number(exponent, "exponent")
        raise


@functools.lru_cache(maxsize=256, typed=True)
def _power_row(exponent: float) -> Function:
    exponent = number(exponent, "exponent")
    return Function(
        f"power_of({exponent})",
        f"**{exponent}",
        lambda x: _pow(x, exponent),
        lambda x, y: _pow_derivative(x, exponent, y),
        exponent,
    )


# Elementary functions. Sources of the formulas: NIST Digital Library of Mathematical Functions
# (https://dlmf.nist.gov), chapters 4 (elementary functions) and 7 (error functions).


@row_of("exp", lambda x, y: y)
def exp(x: Scalar) -> Scalar:
    """Return e**x; infinite past 709.78.

    >>> exp(0), exp(1000)
    (1.0, inf)
    """
    try:
        return math.exp(x)
    except OverflowError:
        return math.inf


@row_of("expm1", lambda x, y: exp(x))
def expm1(x: Scalar) -> Scalar:
    """Return e**x - 1 without the loss of digits near 0.

    >>> expm1(1e-20)
    1e-20
    """
    try:
        return math.expm1(x)
    except OverflowError:
        return math.inf


@row_of("log", lambda x, y: divide(1, x))
def log(x: Scalar) -> Scalar:
    """Return the natural logarithm; -inf at 0, nan below.

    >>> log(1), log(0), log(-1)
    (0.0, -inf, nan)
    """
    if x > 0:
        return math.log(x)
    return -math.inf if x == 0 else math.nan


@row_of("log1p", lambda x, y: divide(1, 1 + x))
def log1p(x: Scalar) -> Scalar:
    """Return log(1 + x) without the loss of digits near 0; -inf at -1, nan below.

    >>> log1p(1e-20), log1p(-1)
    (1e-20, -inf)
    """
    if x > -1:
        return math.log1p(x)
    return -math.inf if x == -1 else math.nan


@row_of("sqrt", lambda x, y: divide(0.5, y))
def sqrt(x: Scalar) -> Scalar:
    """Return the square root; nan below 0.

    >>> sqrt(9), sqrt(-1)
    (3.0, nan)
    """
    return math.nan if x < 0 else math.sqrt(x)


@row_of("sin", lambda x, y: cos(x))
def sin(x: Scalar) -> Scalar:
    """Return the sine of x radians; nan at infinity.

    >>> sin(0), sin(math.inf)
    (0.0, nan)
    """
    return math.sin(x) if math.isfinite(x) else math.nan


@row_of("cos", lambda x, y: -sin(x))
def cos(x: Scalar) -> Scalar:
    """Return the cosine of x radians; nan at infinity.

    >>> cos(0)
    1.0
    """
    return math.cos(x) if math.isfinite(x) else math.nan


def _either(
    condition: Any,
    then: Callable[[Scalar], Scalar],
    otherwise: Callable[[Scalar], Scalar],
    x: Scalar,
) -> Scalar:
    """Return ``then(x)`` or ``otherwise(x)``: computed alone if the condition is known."""
    if condition is True:
        return then(x)
    return otherwise(x) if condition is False else where(condition, then(x), otherwise(x))


def _tanh_derivative(x: Scalar, y: Scalar) -> Scalar:
    # sech(x)**2 from the exponential: 1 - y*y would have no digits left where y rounds to 1.
    e = exp(-2 * absolute(x))
    return 4 * e / (1 + e * (2 + e))


def _tanh_near_zero(x: Scalar) -> Scalar:
    # x (1 + c1 x**2 + … + c8 x**16), with Bernoulli's numbers: DLMF 4.33.3. Below 0.2, what is left
    # out is less than half an ulp.
    c1, c2, c3, c4 = -1 / 3, 2 / 15, -17 / 315, 62 / 2835
    c5, c6, c7, c8 = -1382 / 155925, 21844 / 6081075, -929569 / 638512875, 6404582 / 10854718875
    s = x * x
    rest = s * (c1 + s * (c2 + s * (c3 + s * (c4 + s * (c5 + s * (c6 + s * (c7 + s * c8)))))))
    return x * (1 + rest)


def _tanh_elsewhere(x: Scalar) -> Scalar:
    e = exp(-2 * absolute(x))
    return where(x < 0, e - 1, 1 - e) / (1 + e)


@row_of("tanh", _tanh_derivative)
def tanh(x: Scalar) -> Scalar:
    """Return the hyperbolic tangent, computed from `exp` as its derivative is.

    >>> tanh(0), tanh(1000)
    (0.0, 1.0)
    """
    return _either(x * x < 0.04, _tanh_near_zero, _tanh_elsewhere, x)


def _sig_derivative(x: Scalar, y: Scalar) -> Scalar:
    # e / (1 + e)**2; the square written out loses less than the square of a rounded sum.
    e = exp(-absolute(x))
    return e / (1 + e * (2 + e))


@row_of("sig", _sig_derivative)
def sig(x: Scalar) -> Scalar:
    """Return the logistic sigmoid 1 / (1 + e**-x), exact in both tails.

    >>> sig(0), sig(-745), sig(710)
    (0.5, 5e-324, 1.0)
    """
    e = exp(-absolute(x))
    return where(x < 0, e, 1) / (1 + e)


@row_of("softplus", lambda x, y: sig(x))
def softplus(x: Scalar) -> Scalar:
    """Return log(1 + e**x), the smooth maximum of x and 0.

    >>> softplus(1000), softplus(0) == math.log(2)
    (1000.0, True)
    """
    return maximum(x, 0) + log1p(exp(-absolute(x)))


@row_of("erf", lambda x, y: 2 / math.sqrt(math.pi) * exp(-x * x))
def erf(x: Scalar) -> Scalar:
    """Return the error function.

    >>> erf(0), erf(10)
    (0.0, 1.0)
    """
    return math.erf(x)


@row_of("erfc", lambda x, y: -2 / math.sqrt(math.pi) * exp(-x * x))
def erfc(x: Scalar) -> Scalar:
    """Return 1 - erf(x) without the loss of digits for large x.

    >>> erfc(0)
    1.0
    """
    return math.erfc(x)


def absolute(x: Scalar) -> Scalar:
    """Return the absolute value; its derivative at 0 is 0.

    >>> absolute(-3)
    3
    """
    return abs(x) if x.__class__ is float else TABLE["absolute"](x)


def _maximum_derivative(a: Scalar, b: Scalar, y: Scalar) -> tuple[Scalar, Scalar]:
    return where(a > b, 1, where(a < b, 0, 0.5)), where(a > b, 0, where(a < b, 1, 0.5))


@row_of("max", _maximum_derivative)
def maximum(a: Scalar, b: Scalar) -> Scalar:
    """Return the larger of two; nan where either is. A tie gives each side half the gradient.

    >>> maximum(2, 3)
    3
    """
    return a if a >= b or a != a else b


@row_of("min", lambda a, b, y: _maximum_derivative(b, a, y))
def minimum(a: Scalar, b: Scalar) -> Scalar:
    """Return the smaller of two; nan where either is. A tie gives each side half the gradient.

    >>> minimum(2, 3)
    2
    """
    return a if a <= b or a != a else b


_PLAIN = (float, int)

# What `where` is once the condition is known; its own row is for engines, which trace conditions.
_TAKE_FIRST = Function("where", "where", lambda a, b: a, lambda a, b, y: (1, 0))
_TAKE_SECOND = Function("where", "where", lambda a, b: b, lambda a, b, y: (0, 1))
TABLE["where"] = Function(
    "where",
    "where",
    lambda condition, a, b: a if condition else b,
    lambda condition, a, b, y: (0, where(condition, 1, 0), where(condition, 0, 1)),
)


def where(condition: Any, a: Scalar, b: Scalar) -> Scalar:
    """Return `a` where the condition holds and `b` elsewhere, without an ``if``.

    Unlike ``a if condition else b``, a formula written with `where` can be compiled. The branch
    not taken gets a gradient of exactly 0, whatever its value.

    Args:
        condition: a comparison such as ``v > 0``.
        a: the value where it holds.
        b: the value where it does not.

    Raises:
        InvalidArgumentError: the condition is not the outcome of a comparison.

    >>> x = -2.0
    >>> where(x > 0, x, 0.1 * x)
    -0.2
    """
    if condition is True or condition is False or type(condition).__name__ in ("bool", "bool_"):
        if a.__class__ in _PLAIN and b.__class__ in _PLAIN:
            return a if condition else b
        return _TAKE_FIRST(a, b) if condition else _TAKE_SECOND(a, b)
    apply = getattr(type(condition), "__valor_apply__", None)
    result = NotImplemented
    if apply is not None:
        result = apply(TABLE["where"], (condition, a, b))
    if result is NotImplemented:
        raise InvalidArgumentError(
            f"condition must be a comparison such as v > 0, not {shown(condition)}"
        )
    return result


def clip(x: Scalar, low: Scalar, high: Scalar) -> Scalar:
    """Return `x` kept between `low` and `high`; the gradient is x's own up to the bounds.

    >>> clip(5, 0, 1), clip(0.5, 0, 1)
    (1, 0.5)
    """
    if not x.__class__ is low.__class__ is high.__class__ is float:
        x, low, high = _scalar(x, "x"), _scalar(low, "low"), _scalar(high, "high")
    x = where(x < low, low, x)
    return where(x > high, high, x)


def _scalar(value: Any, argument: str) -> Scalar:
    """Return what a function can compute with; what is no number is refused."""
    return value if hasattr(type(value), "__valor_apply__") else number(value, argument)
