"""What is given to a formula: ordinary numbers, extreme numbers, always the same."""

import math
import random
from collections.abc import Callable, Iterator
from typing import Any, TypeAlias

import attrs

from valor._graph import Valor
from valor.contracts import Formula
from valor.exceptions import InvalidArgumentError, shown
from valor.functions import number

Domain: TypeAlias = tuple[float, float]

EVERYWHERE = (-math.inf, math.inf)
EXTREMES = (0.0, -0.0, *(sign * x for x in (1e-300, 37.0, 710.0, 1e6) for sign in (1, -1)))


def keep(x: Any) -> Any:
    """Return a number as it is."""
    return x


def mapped(wrap: Callable[[float], Any], part: Any) -> Any:
    """Return a number, or a list or tuple of numbers, with each number wrapped."""
    if isinstance(part, (list, tuple)):
        return type(part)(mapped(wrap, x) for x in part)
    return wrap(part)


def flat(part: Any) -> list[Any]:
    """Return the numbers in a number, or in nested lists and tuples of numbers."""
    return [x for y in part for x in flat(y)] if isinstance(part, (list, tuple)) else [part]


@attrs.frozen
class Case:
    """A record and what to give to its formula.

    Attributes:
        record: the record.
        arguments: plain numbers, or lists or tuples of them.
    """

    record: Formula
    arguments: tuple[Any, ...]

    def __str__(self) -> str:
        pairs = zip(self.record.positional, self.arguments, strict=True)
        return ", ".join(f"{name}={argument!r}" for name, argument in pairs)

    def given(self, first: Callable[[float], Any], others: Callable[[float], Any]) -> list[Any]:
        """Return the arguments, with the numbers of the first and of the others wrapped."""
        return [mapped(others if at else first, part) for at, part in enumerate(self.arguments)]

    def shifted(self, axis: int, by: float) -> "Case":
        """Return the case with one number of the first argument moved."""
        first = self.arguments[0]
        if isinstance(first, list):
            moved: Any = [*first[:axis], first[axis] + by, *first[axis + 1 :]]
        else:
            moved = first + by
        return attrs.evolve(self, arguments=(moved, *self.arguments[1:]))

    def values(self) -> list[float]:
        """Return the numbers that the formula gives, over the graph."""
        return [result.data for result in flat(self.record.formula(*self.given(Valor, keep)))]

    def plain_values(self) -> list[float]:
        """Return the numbers that the formula gives, from plain numbers."""
        return flat(self.record.formula(*self.given(keep, keep)))


def checked(domain: Domain, argument: str = "domain") -> Domain:
    """Return a domain as two floats.

    Raises:
        InvalidArgumentError: it is not two numbers, of which the first is the smaller.
    """
    try:
        low, high = (float(number(bound, argument)) for bound in domain)
    except (TypeError, ValueError):
        low = high = math.nan
    if low < high:
        return low, high
    raise InvalidArgumentError(
        f"{argument} must be two numbers (low, high), the first the smaller, not {shown(domain)}"
    )


def points_in(domain: Domain, size: int, count: int) -> Iterator[list[float]]:
    """Yield ordinary points of a domain, always the same."""
    generator = random.Random(f"{size} {count}")
    for _ in range(count):
        yield [_between(*domain, generator.random()) for _ in range(size)]


def _between(low: float, high: float, share: float) -> float:
    if math.isfinite(low) and math.isfinite(high):
        return low + (high - low) * (0.02 + 0.96 * share)
    if math.isfinite(low):
        return low + 0.05 + 6 * share
    if math.isfinite(high):
        return high - 0.05 - 6 * share
    return 8 * share - 4


def extremes_in(domain: Domain) -> list[float]:
    """Return the extreme numbers of a domain: those of the list that are in it, and its bounds."""
    low, high = domain
    inside = [x for x in EXTREMES if low <= x <= high]
    return inside + [x for x in domain if math.isfinite(x) and x not in inside]
