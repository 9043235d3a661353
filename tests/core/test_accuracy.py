"""Every row of the table of functions against mpmath, over the whole domain.

The worst errors found are published in docs/reference/accuracy.md. After a change of a formula,
``python tests/core/test_accuracy.py`` prints the table for that page.
"""

import math
import random
import re
import struct
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor.functions import TABLE, Function, power_of

pytestmark = pytest.mark.once

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "accuracy.md"
EXACT = ("sig", "tanh", "softplus", "exp", "log", "sqrt")  # values and derivatives within 4 ulp
LARGEST = mpf(2) ** 1024  # what infinity stands for when an error is measured

Exact = Callable[..., Any]


def ulps(found: float, exact: Any) -> float:
    """Return the error of a float in units in the last place of the exact number."""
    if math.isnan(found):
        return math.inf
    exact = max(-LARGEST, min(LARGEST, exact))
    value = mpf(found) if math.isfinite(found) else math.copysign(1, found) * LARGEST
    rounded = abs(float(exact))
    unit = mpf(math.ulp(rounded)) if math.isfinite(rounded) else mpf(2) ** 971
    return float(abs(value - exact) / unit)


@pytest.mark.parametrize(
    ("found", "exact", "error"),
    [
        (1.0, mpf(1), 0),
        (1.0 + 2**-52, mpf(1), 1),
        (0.0, mpf(2) ** -1075, 0.5),
        (5e-324, mpf(0), 1),
        (0.0, mpf(2) ** -1100, 0),
        (math.inf, mpf(2) ** 5000, 0),
        (1.7976931348623157e308, mpf(2) ** 1024, 1),
        (-math.inf, mpf(2) ** 1024, 2.0**54),
        (math.nan, mpf(1), math.inf),
    ],
)
def test_the_measure_itself(found: float, exact: Any, error: float) -> None:
    assert ulps(found, exact) == pytest.approx(error, abs=1e-7)


# Exact values and derivatives, from their definitions


def exp(x: Any) -> Any:
    return mpmath.exp(max(-(10**5), min(10**5, x)))  # beyond, it is 0 or infinite for a float


def logistic(x: Any) -> Any:
    return 1 / (1 + exp(-x)) if x > 0 else exp(x) / (1 + exp(x))


def logistic_slope(x: Any) -> Any:
    return logistic(x) * logistic(-x)


def softplus(x: Any) -> Any:
    return (x if x > 0 else 0) + mpmath.log1p(exp(-abs(x)))


def bell(x: Any) -> Any:
    return 2 / mpmath.sqrt(mpmath.pi) * exp(-x * x)


def erfc(x: Any) -> Any:
    return mpmath.erfc(x) if abs(x) < 100 else mpf(1 - mpmath.sign(x))


def power(x: Any, y: Any) -> Any:
    return exp(y * mpmath.log(x))


UNARY: dict[str, tuple[Function, Exact, Exact]] = {
    "exp": (TABLE["exp"], exp, exp),
    "expm1": (TABLE["expm1"], lambda x: mpmath.expm1(min(x, mpf(10**5))), exp),
    "log": (TABLE["log"], mpmath.log, lambda x: 1 / x),
    "log1p": (TABLE["log1p"], mpmath.log1p, lambda x: 1 / (1 + x)),
    "sqrt": (TABLE["sqrt"], mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x))),
    "sin": (TABLE["sin"], mpmath.sin, mpmath.cos),
    "cos": (TABLE["cos"], mpmath.cos, lambda x: -mpmath.sin(x)),
    "tanh": (
        TABLE["tanh"],
        lambda x: mpmath.tanh(max(-99, min(99, x))),
        lambda x: 4 * logistic_slope(2 * x),
    ),
    "sig": (TABLE["sig"], logistic, logistic_slope),
    "softplus": (TABLE["softplus"], softplus, logistic),
    "erf": (TABLE["erf"], mpmath.erf, bell),
    "erfc": (TABLE["erfc"], erfc, lambda x: -bell(x)),
    "x ** 2": (power_of(2), lambda x: x * x, lambda x: 2 * x),
    "x ** 3": (power_of(3), lambda x: x**3, lambda x: 3 * x**2),
    "x ** -1": (power_of(-1), lambda x: 1 / x, lambda x: -1 / x**2),
    "x ** 0.5": (power_of(0.5), mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x))),
    "x ** 2.4": (power_of(2.4), lambda x: x ** mpf(2.4), lambda x: mpf(2.4) * x ** (mpf(2.4) - 1)),
}
BINARY: dict[str, tuple[Function, Exact, Exact]] = {
    "x / y": (TABLE["divide"], lambda x, y: x / y, lambda x, y: (1 / y, -x / y**2)),
    "x ** y": (
        TABLE["power"],
        power,
        lambda x, y: (y * power(x, y - 1), power(x, y) * mpmath.log(x)),
    ),
}
ABOVE = {"log": 0.0, "log1p": -1.0, "sqrt": 0.0, "x ** 0.5": 0.0, "x ** 2.4": 0.0}  # the domain

LANDMARKS = (
    *(5e-324, 1e-308, 2.2250738585072014e-308, 1e-300, 1e-20, 1e-8, 0.5, 1.0, 1.5, 2.0, 26.5, 37.0),
    *(372.5, 372.6, 400.0, 709.5, 709.78, 709.79, 710.0, 744.5, 745.0, 745.13, 745.2, 746.0),
    *(1e6, 1e16, 1e22, 1e154, 1e155, 1e300, 1.7976931348623157e308),
)
# What a search of a few million points found to be hardest.
HARD: dict[str, tuple[float, ...]] = {
    "exp": (-297.3789276538342, -632.2509524822934),
    "expm1": (0.36152136531112156, -4.258699077559446),
    "log": (1.071043587368764,),
    "log1p": (-0.29439310903005134, -0.4994823661033391),
    "sqrt": (0.003930316437337695,),
    "sin": (-0.13777610162186998, 1.8229188986337852),
    "cos": (-8.062248815566539,),
    "tanh": (-0.2474645192120694, 0.20378505583201523, -0.33588661538875814, -2.7712728511297047),
    "sig": (-3.443923613610366, -4.841816072215549),
    "softplus": (-1.263788598920036, -3.443923613610366),
    "erf": (0.0014686060684145732, 23.80194927089852),
    "erfc": (23.80194927089852,),
}


def any_float(generator: random.Random) -> float:
    """Return a finite float of any magnitude and sign, subnormal ones too: any bits alike."""
    while not math.isfinite(x := struct.unpack("<d", generator.randbytes(8))[0]):
        pass
    return float(x)


def points(name: str) -> Iterator[float]:
    """Yield floats of a function's domain, always the same."""
    generator = random.Random(name)
    yield from HARD.get(name, ())
    for x in LANDMARKS:
        yield from (x, -x)
    for _ in range(400):
        yield any_float(generator)
        for width in (1, 3, 8, 40, 750):
            yield generator.uniform(-width, width)
        yield math.copysign(10 ** generator.uniform(-20, 4), generator.random() - 0.5)


def pairs(name: str) -> Iterator[tuple[float, float]]:
    """Yield pairs of floats whose power, or whose ratio, is mostly neither 0 nor infinite."""
    generator = random.Random(name)
    for _ in range(1500):
        x = abs(any_float(generator))
        yield 10 ** generator.uniform(-323, -308), 10 ** generator.uniform(-16, 0)
        yield x, any_float(generator)
        yield x, generator.uniform(-745, 745) / (math.log(x) or 1.0)
        yield generator.uniform(0, 4), generator.uniform(-20, 20)
        yield 10 ** generator.uniform(-10, 10), generator.choice((-1, 1, 2, 3, 0.5, -2, 1 / 3))


@cache
def worst(name: str) -> tuple[float, ...]:
    """Return the largest errors found: of the value, and of each derivative."""
    if name in BINARY:
        row, value, derivative = BINARY[name]
        with mpmath.workprec(250):
            errors = [_errors_of_two(row, value, derivative, x, y) for x, y in pairs(name)]
    else:
        row, value, derivative = UNARY[name]
        errors = []
        for x in points(name):
            if x <= ABOVE.get(name, -math.inf) or (x == 0 and name == "x ** -1"):
                continue
            # Reducing a huge argument of sin takes as many bits as it has.
            with mpmath.workprec(250 if abs(x) < 1e30 else 1400):
                y, exact = row.value(x), mpf(x)
                slope = float(row.derivative(x, y))
                errors.append((ulps(y, value(exact)), ulps(slope, derivative(exact))))
    return tuple(map(max, zip(*errors, strict=True)))


def _errors_of_two(
    row: Function, value: Exact, derivative: Exact, x: float, y: float
) -> tuple[float, float, float]:
    result = row.value(x, y)
    found = ulps(result, value(mpf(x), mpf(y)))
    # The derivatives of a quotient or a power that is subnormal or overflows are not promised.
    if not all(2.3e-308 < abs(part) < math.inf for part in (result, row.value(x, y - 1))):
        return found, 0.0, 0.0
    slopes = zip(row.derivative(x, y, result), derivative(mpf(x), mpf(y)), strict=True)
    first, second = (ulps(float(slope), exact) for slope, exact in slopes)
    return found, first, second


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_a_value_is_within_4_ulp(name: str) -> None:
    assert worst(name)[0] <= 4


@pytest.mark.parametrize("name", EXACT)
def test_a_derivative_is_within_4_ulp(name: str) -> None:
    assert worst(name)[1] <= 4


def test_every_function_that_rounds_is_measured() -> None:
    # The others choose one of their arguments, or are one operation of IEEE 754.
    rounding_free = {"absolute", "add", "max", "maximum", "min", "minimum", "multiply", "negative"}
    measured = {row.name for row, _, _ in (*UNARY.values(), *BINARY.values())}
    assert set(TABLE) - measured == (rounding_free | {"subtract", "where"}) & set(TABLE)


# The page


def rounded_up(error: float) -> str:
    """Return an error as it is published: not tighter than another math library may need it."""
    if error <= 0.5:
        return f"{error:.1f}"  # the nearest float: exact on any platform
    if error < 10:
        return f"{math.ceil(2 * error) / 2:.1f}"
    digits = 10 ** (math.floor(math.log10(error)) - 1)
    return f"{math.ceil(error / digits) * digits}"


def table() -> str:
    lines = ["| function | value | derivative | by the second argument |", "|---|---|---|---|"]
    for name in (*UNARY, *BINARY):
        cells = [*map(rounded_up, worst(name)), ""][:3]
        lines.append(f"| `{name}` | {' | '.join(cells)} |")
    return "\n".join(lines)


def published() -> dict[str, list[float]]:
    text = PAGE.read_text(encoding="utf-8")
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", text, re.MULTILINE)
    return {
        name: [float(cell) for cell in cells.split("|") if cell.strip()] for name, cells in rows
    }


def test_the_page_has_every_function() -> None:
    assert list(published()) == [*UNARY, *BINARY]


@pytest.mark.parametrize("name", [*UNARY, *BINARY])
def test_the_page_says_what_is_measured(name: str) -> None:
    figures, errors = published()[name], worst(name)
    assert len(figures) == len(errors)
    for figure, error in zip(figures, errors, strict=True):
        assert error <= figure <= 2 * error + 1


if __name__ == "__main__":
    print(table())
