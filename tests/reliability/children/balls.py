"""Balls: an exact number, and how far from it a float that stands for it may be.

The radius holds whatever a correct evaluation in floats may give, by the standard model of rounding
(N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, 2002, sections 2.2 and
4.2):

- a function is within as many ulp as `docs/reference/accuracy.md` says, arithmetic within half a
  one; and it is looked at not where the exact argument is, but all over the argument's ball;
- a sum of n numbers is, in whatever order they are added, within gamma(n - 1) times the sum of
  their magnitudes.

No term is left out for being of second order.
"""

import functools
import math
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import mpmath
from mpmath import mpf

PAGE = Path(__file__).parents[3] / "docs" / "reference" / "accuracy.md"
DIGITS = 48  # of what counts as exact
OWN_ERROR = mpf(10) ** (3 - DIGITS)  # of a centre, relative to it
HALF_ULP = mpf(2) ** -53  # of a number, relative to it
SMALLEST = mpf(2) ** -1074

Exact = Callable[[Any], Any]


class Ambiguous(Exception):
    """The ball lies across a kink, or where the function is not defined or too large."""


class Ball(NamedTuple):
    """A number, and how far from it a float that stands for it may be."""

    centre: Any
    radius: Any

    @property
    def ends(self) -> tuple[Any, Any]:
        return self.centre - self.radius, self.centre + self.radius

    @property
    def magnitude(self) -> Any:
        return abs(self.centre) + self.radius

    def rounded(self, ulps: float = 0.5) -> "Ball":
        """Return the ball of what is within so many ulp of a number in this one."""
        unit = max(2 * HALF_ULP * self.magnitude, SMALLEST)
        return Ball(self.centre, self.radius + ulps * unit + OWN_ERROR * abs(self.centre))

    def opposite(self) -> "Ball":
        return Ball(-self.centre, self.radius)

    def plus(self, other: "Ball") -> "Ball":
        return Ball(self.centre + other.centre, self.radius + other.radius)

    def minus(self, other: "Ball") -> "Ball":
        return self.plus(other.opposite())

    def times(self, other: "Ball") -> "Ball":
        radius = abs(self.centre) * other.radius + other.magnitude * self.radius
        return Ball(self.centre * other.centre, radius)

    def by(self, other: "Ball") -> "Ball":
        nearest = abs(other.centre) - other.radius
        if nearest <= 0:
            raise Ambiguous
        centre = self.centre / other.centre
        return Ball(centre, (self.radius + abs(centre) * other.radius) / nearest)

    def image(self, function: Exact, turning: bool = False) -> "Ball":
        """Return the ball of a function over this one.

        Args:
            function: is monotonic, or, if `turning`, to the left and to the right of 0.
            turning: whether it turns at 0.
        """
        centre = function(self.centre)
        if not self.radius:
            return Ball(centre, mpf(0))
        low, high = self.ends
        points = [low, high, mpf(0)] if turning and low < 0 < high else [low, high]
        return Ball(centre, max(abs(function(point) - centre) for point in points))

    def wave(self, function: Exact, slope: Exact) -> "Ball":
        """Return the ball of a sine or a cosine: its slope changes no faster than its argument."""
        steepest = abs(slope(self.centre)) + self.radius
        return Ball(function(self.centre), steepest * self.radius)

    def against(self, other: "Ball") -> int:
        """Return -1, 0 or 1 as this number is less than the other, the same, or more."""
        difference = self.centre - other.centre
        if abs(difference) > self.radius + other.radius:
            return 1 if difference > 0 else -1
        if difference or self.radius or other.radius:
            raise Ambiguous
        return 0

    def share(self, found: float) -> float:
        """Return how far a float is from the number, as a share of how far it may be."""
        if not math.isfinite(found):
            return math.inf
        error = abs(mpf(found) - self.centre)
        if not error:
            return 0.0
        return float(error / self.radius) if self.radius else math.inf


ZERO, ONE = Ball(mpf(0), mpf(0)), Ball(mpf(1), mpf(0))


def total(parts: Sequence[Ball]) -> Ball:
    """Return the ball of a sum of floats, added in any order."""
    centre = mpmath.fsum(part.centre for part in parts)
    radius = mpmath.fsum(part.radius for part in parts)
    roundings = (len(parts) - 1) * HALF_ULP
    gamma = roundings / (1 - roundings) + OWN_ERROR
    return Ball(centre, radius + gamma * mpmath.fsum(part.magnitude for part in parts))


@functools.cache
def published() -> dict[str, list[float]]:
    """Return the ulp that the page about accuracy allows each function and its derivatives."""
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        name: [float(cell) for cell in cells.split("|") if cell.strip()] for name, cells in rows
    }


# The functions, from their definitions


def logistic(x: Any) -> Any:
    return 1 / (1 + mpmath.exp(-x))


def hill(x: Any) -> Any:
    """The derivative of the logistic function."""
    e = mpmath.exp(-abs(x))
    return e / (1 + e) ** 2


def bell(x: Any) -> Any:
    """The derivative of the error function."""
    return 2 / mpmath.sqrt(mpmath.pi) * mpmath.exp(-x * x)


def ramp(x: Any) -> Any:
    """The softplus function."""
    return (x if x > 0 else 0) + mpmath.log1p(mpmath.exp(-abs(x)))


@attrs.frozen
class Row:
    """A function of one argument: its values and slopes, and where to look at it.

    Attributes:
        line: which line of the page is about it.
    """

    line: str
    value: Exact
    slope: Exact
    low: float
    high: float
    value_turns: bool = False
    slope_turns: bool = False

    def balls(self, x: Ball) -> tuple[Ball, Ball]:
        """Return the balls of the value and of the slope at a float of a ball."""
        low, high = x.ends
        if not self.low <= low <= high <= self.high:
            raise Ambiguous
        for_value, for_slope = published()[self.line]
        value, slope = x.image(self.value, self.value_turns), x.image(self.slope, self.slope_turns)
        return value.rounded(for_value), slope.rounded(for_slope)


ROWS = {
    "exp": Row("exp", mpmath.exp, mpmath.exp, -250, 250),
    "expm1": Row("expm1", mpmath.expm1, mpmath.exp, -250, 250),
    "log": Row("log", mpmath.log, lambda x: 1 / x, 1e-100, 1e100),
    "log1p": Row("log1p", mpmath.log1p, lambda x: 1 / (1 + x), -1 + 1e-9, 1e100),
    "sqrt": Row("sqrt", mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x)), 1e-100, 1e100),
    "tanh": Row("tanh", mpmath.tanh, lambda x: 4 * hill(2 * x), -1e3, 1e3, slope_turns=True),
    "sig": Row("sig", logistic, hill, -1e3, 1e3, slope_turns=True),
    "softplus": Row("softplus", ramp, logistic, -1e3, 1e3),
    "erf": Row("erf", mpmath.erf, bell, -30, 30, slope_turns=True),
    "erfc": Row("erfc", mpmath.erfc, lambda x: -bell(x), -30, 30, slope_turns=True),
}
WAVES: dict[str, tuple[Exact, Exact]] = {
    "sin": (mpmath.sin, mpmath.cos),
    "cos": (mpmath.cos, lambda x: -mpmath.sin(x)),
}


def _power(exponent: float) -> Row:
    whole, even = exponent == int(exponent), exponent % 2 == 0
    lines = {2: "x ** 2", -1: "x ** -1", 0.5: "x ** 0.5"}

    def raised(by: float) -> Exact:
        # Only to a whole power, mpmath raises a negative number too.
        return lambda x: x ** (int(by) if whole else mpf(by))

    less = raised(exponent - 1)
    return Row(
        lines.get(exponent, "x ** 3" if whole else "x ** 2.4"),
        raised(exponent),
        lambda x: exponent * less(x),
        -1e30 if whole and exponent > 0 else 1e-30,
        1e30,
        value_turns=even,
        slope_turns=not even,
    )


# Of these, less 1 is a float, as accuracy.md has it of the exponents it measures.
POWERS = {exponent: _power(exponent) for exponent in (-2, -1, -0.5, 0.5, 1.5, 2, 2.4, 3, 4)}


def wave_balls(name: str, x: Ball) -> tuple[Ball, Ball]:
    """Return the balls of a sine or a cosine, and of its slope."""
    if x.magnitude > 1e6:
        raise Ambiguous
    function, slope = WAVES[name]
    for_value, for_slope = published()[name]
    return x.wave(function, slope).rounded(for_value), x.wave(slope, function).rounded(for_slope)


def quotient_balls(x: Ball, y: Ball) -> tuple[Ball, list[Ball]]:
    """Return the balls of x / y, and of its two slopes."""
    quotient = x.by(y)
    figures = published()["x / y"]
    slopes = [ONE.by(y).rounded(figures[1]), quotient.by(y).opposite().rounded(figures[2])]
    return quotient.rounded(figures[0]), slopes


def power_balls(x: Ball, y: Ball) -> tuple[Ball, list[Ball]]:
    """Return the balls of x ** y, and of its two slopes."""
    low, high = x.ends
    if not 1e-20 < low <= high < 1e20 or y.magnitude > 5:
        raise Ambiguous
    logarithm = x.image(mpmath.log)
    power = y.times(logarithm).image(mpmath.exp)
    less = y.minus(ONE).times(logarithm).image(mpmath.exp)
    figures = published()["x ** y"]
    slopes = [y.times(less).rounded(figures[1]), power.times(logarithm).rounded(figures[2])]
    return power.rounded(figures[0]), slopes
