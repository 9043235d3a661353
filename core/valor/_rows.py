"""A row of the table of functions, and how it is called; and what counts as a number.

The rows themselves stand in `valor.functions`.
"""

import functools
import numbers
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeAlias

from valor.exceptions import InvalidNumberError, shown

Scalar: TypeAlias = Any  # a plain number, a Valor, or an engine's stand-in

LARGEST_EXACT_INT = 2**53


def number(value: Any, argument: str = "data") -> float:
    """Return `value` as an int of at most 2**53 in magnitude or as a float.

    Args:
        value: an int, a float, or any real number (NumPy scalar, Fraction, Decimal).
        argument: what to call it in an error.

    Raises:
        InvalidNumberError: `value` is not a real number that a float can hold.

    >>> number(3), number(2**60), number(0.5)
    (3, 1.152921504606847e+18, 0.5)
    """
    kind = type(value)
    if kind is float or (kind is int and -LARGEST_EXACT_INT <= value <= LARGEST_EXACT_INT):
        result: float = value
        return result
    if kind is bool or not _is_real(value):
        raise InvalidNumberError(
            f"{argument} must be a real number (int, float, NumPy scalar or fraction), "
            f"not {shown(value)} of type {kind.__name__}"
        )
    if isinstance(value, numbers.Integral):
        whole = int(value)
        if -LARGEST_EXACT_INT <= whole <= LARGEST_EXACT_INT:
            return whole
    try:
        return float(value)
    except OverflowError:
        raise InvalidNumberError(
            f"{argument} must be a number that a float can hold, "
            f"but this {kind.__name__} is larger than 1.8e308 in magnitude"
        ) from None
    except ValueError:
        raise InvalidNumberError(
            f"{argument} must be a number, not the signaling nan {value!r}"
        ) from None


def _is_real(value: Any) -> bool:
    if isinstance(value, numbers.Real):
        return True
    # Decimal is a number with a float value, yet not registered as Real; complex numbers are out.
    return (
        isinstance(value, numbers.Number)
        and not isinstance(value, numbers.Complex)
        and hasattr(value, "__float__")
    )


@dataclass(frozen=True, slots=True, eq=False)
class Function:
    """One row of the table.

    Attributes:
        name: how it is called in Python.
        symbol: how a graph shows it (`Valor.operador_mae`).
        value: the value, from plain numbers.
        derivative: the derivative, from the arguments and the value; a pair (one partial
            derivative an argument) for a function of two.
        exponent: the constant exponent of a power; None for every other function.
    """

    name: str
    symbol: str
    value: Callable[..., float]
    derivative: Callable[..., Any]
    exponent: float | None = None

    def __call__(self, *arguments: Scalar) -> Scalar:
        """Apply the function to numbers, or to objects that know how to record it."""
        for argument in arguments:
            apply = getattr(type(argument), "__valor_apply__", None)
            if apply is not None:
                result = apply(self, arguments)
                if result is not NotImplemented:
                    return result
        return self.value(*(number(x, f"an argument of {self.name}") for x in arguments))


TABLE: dict[str, Function] = {}


def row_of(
    symbol: str, derivative: Callable[..., Any]
) -> Callable[[Callable[..., float]], Callable[..., Scalar]]:
    """Enter the decorated value function into the table; what is left in the module dispatches."""

    def enter(value: Callable[..., float]) -> Callable[..., Scalar]:
        row = TABLE[value.__name__] = Function(value.__name__, symbol, value, derivative)

        @functools.wraps(value)
        def unary(x: Scalar) -> Scalar:
            return value(x) if x.__class__ is float else row(x)

        @functools.wraps(value)
        def binary(a: Scalar, b: Scalar) -> Scalar:
            return value(a, b) if a.__class__ is float is b.__class__ else row(a, b)

        return unary if value.__code__.co_argcount == 1 else binary

    return enter
