"""A sum of products, which an engine may take as a whole."""

from collections.abc import Sequence
from typing import Any

from valor._rows import number
from valor.exceptions import InvalidArgumentError, shown

__all__ = ["dot"]


def dot(a: Sequence[Any], b: Sequence[Any]) -> Any:
    """Return ``a[0] * b[0] + a[1] * b[1] + …``, added from the first to the last.

    It is what the loop would write, scalar by scalar, and is traced faster than the loop: the type
    of a stand-in may have a static method ``__valor_dot__(a, b)``, which takes down all of it or
    returns NotImplemented.

    Args:
        a, b: numbers or scalars, as many of one as of the other, at least one.

    Raises:
        InvalidArgumentError: they are no lists, or have not the same length, or none.
        InvalidNumberError: one of them holds something else than numbers and scalars.

    >>> from valor import Valor
    >>> dot([1.0, 2.0], [3.0, 4.0]), dot([Valor(1.0), Valor(2.0)], [3.0, 4.0])
    (11.0, Valor(data=11.0))
    """
    for argument, given in (("a", a), ("b", b)):
        if not (hasattr(given, "__len__") and hasattr(given, "__getitem__")):
            raise InvalidArgumentError(f"{argument} must be a list of numbers, not {shown(given)}")
    try:
        if len(a) != len(b) or not len(a):
            raise InvalidArgumentError(
                f"a and b must have the same length, at least 1, not {len(a)} and {len(b)}"
            )
        for first in (b[0], a[0]):
            take = getattr(type(first), "__valor_dot__", None)
            result = NotImplemented if take is None else take(a, b)
            if result is not NotImplemented:
                return result
        total = a[0] * b[0]
        for position in range(1, len(a)):
            total = total + a[position] * b[position]
    except (LookupError, TypeError):
        _check_numbers("a", a)
        _check_numbers("b", b)
        raise
    return total


def _check_numbers(argument: str, given: Any) -> None:
    """Find out, after something failed, whether it was for want of numbers."""
    try:
        values = [given[position] for position in range(len(given))]
    except (LookupError, TypeError):  # a dict, or an array without axes
        raise InvalidArgumentError(
            f"{argument} must be a list of numbers, not {shown(given)}"
        ) from None
    for position, value in enumerate(values):
        if not hasattr(type(value), "__valor_apply__"):
            number(value, f"{argument}[{position}]")
