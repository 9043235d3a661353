"""What the tests of activations share: mpmath's errors in ulp, and the page that publishes them.

``python -m pytest tests/plugins/activations`` compares both; the page is
docs/reference/accuracy.md, below the heading "Activations".
"""

import math
import random
import re
import struct
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import Any

import mpmath
from mpmath import mpf

from valor import Valor

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "accuracy.md"
PROMISED = 4.0  # ulp, where nothing else is published

Exact = Callable[[Any], Any]

LANDMARKS = (
    *(5e-324, 1e-308, 1e-300, 1e-100, 1e-20, 1e-8, 0.1, 0.5, 0.999, 1.0, 1.001, 1.19, 1.25, 1.28),
    *(1.5, 2.0, 2.999, 3.0, 3.001, 5.999, 6.0, 6.001, 10.0, 20.0, 26.5, 37.0, 37.5, 38.4, 40.0),
    *(100.0, 372.5, 700.0, 708.0, 708.5, 709.0, 710.0, 720.0, 730.0, 740.0, 744.0, 745.0, 746.0),
    *(1e6, 1e16, 1e100, 1e154, 1e300, 1e308),
)


def exp(x: Any) -> Any:
    """Return mpmath's e**x; beyond ±100,000, where a float is 0 or infinite long since, no more."""
    return mpmath.exp(max(-(10**5), min(10**5, x)))


def logistic(x: Any) -> Any:
    return 1 / (1 + exp(-x))


def points(seed: str, hard: Sequence[float]) -> Iterator[float]:
    """Yield numbers of every size and sign, always the same for a seed."""
    generator = random.Random(seed)
    yield from hard
    for x in LANDMARKS:
        yield from (x, -x)
    for _ in range(250):
        x = struct.unpack("<d", generator.randbytes(8))[0]  # any bits alike
        if math.isfinite(x):
            yield x
        for width in (1, 3, 8, 40, 750):
            yield generator.uniform(-width, width)
        yield math.copysign(10 ** generator.uniform(-20, 4), generator.random() - 0.5)


def ulps(found: float, exact: Any, at_least: Any = 0) -> float:
    """Return the error of a float in ulp of the exact number.

    Args:
        found: the float.
        exact: mpmath's number.
        at_least: the size of number whose ulp counts, where the exact one is smaller.
    """
    if math.isnan(found):
        return math.inf
    unit = math.ulp(float(max(abs(exact), abs(at_least))))
    return float(abs(mpf(found) - exact) / mpf(unit))


def value_and_slope(formula: Callable[[Valor], Valor], x: float) -> tuple[float, float]:
    v = Valor(x)
    y = formula(v)
    y.propagar_tudo()
    return y.data, v.grad


def worst_errors(
    formula: Callable[[Valor], Valor],
    exact: Exact,
    slope: Exact,
    *,
    factor: Exact | None = None,
    hard: Sequence[float] = (),
) -> tuple[float, float]:
    """Return the largest errors, in ulp, of an activation's value and derivative.

    Args:
        formula: the activation.
        exact: what its value should be, of mpmath's numbers.
        slope: what its derivative should be.
        factor: for an activation that is v times something, that something. The derivative then is
            0 somewhere, as a sum of two parts; where it is small, the unit is the ulp of a part.
        hard: numbers that a search found to be hardest.
    """
    errors = []
    for x in points(formula.__class__.__name__, hard):
        y, gradient = value_and_slope(formula, x)
        with mpmath.workprec(250):
            part = 0 if factor is None else factor(mpf(x))
            errors.append((ulps(y, exact(mpf(x))), ulps(gradient, slope(mpf(x)), part)))
    values, gradients = zip(*errors, strict=True)
    return max(values), max(gradients)


def published() -> dict[str, tuple[float, float]]:
    """Return the figures of the page, of value and derivative, by activation."""
    section = PAGE.read_text(encoding="utf-8").partition("\n## Activations\n")[2]
    rows = re.findall(r"^\| ([a-z][^|`]*) \| ([\d.]+) \| ([\d.]+) \|$", section, re.MULTILINE)
    return {name: (float(value), float(slope)) for name, value, slope in rows}


def assert_as_published(name: str, errors: tuple[float, float]) -> None:
    """Compare errors with the row of the page, which is to be neither too good nor too bad."""
    for figure, error in zip(published()[name], errors, strict=True):
        assert error <= figure <= 2 * error + 1, f"{name}: {errors}"
