"""What the tests of losses measure: a value and its slopes, beside exact ones."""

from collections.abc import Callable, Iterator, Sequence
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import Valor

Slopes = list[float]


def of_graph(
    formula: Callable[..., Any], predicted: Sequence[float], target: Sequence[float], **given: Any
) -> tuple[float, Slopes]:
    scalars = [Valor(p) for p in predicted]
    result = formula(scalars, target, **given)
    result.propagar_tudo()
    return result.data, [scalar.grad for scalar in scalars]


@pytest.fixture
def value_and_slopes() -> Callable[..., tuple[float, Slopes]]:
    """Call a formula with scalars; return its value, and its gradient by each prediction."""
    return of_graph


@pytest.fixture
def ulps() -> Iterator[Callable[..., float]]:
    """Measure the error of a float in units of 2**-52 of the exact number.

    Where terms cancel, what is exact to the last bit is no better than they are: `terms` is the sum
    of their sizes.
    """

    def measure(found: float, exact: Any, terms: Any = 0) -> float:
        smallest = mpf(2) ** -1074
        unit = mpf(2) ** -52 * max(abs(mpf(exact)), mpf(terms)) + smallest
        return float(abs(mpf(found) - exact) / unit)

    with mpmath.workdps(400):  # so that 1 - 1e-300 is not 1
        yield measure
