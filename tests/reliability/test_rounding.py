"""Random graphs against a rigorous bound of all that rounding can do to them.

Beside each scalar stands a ball: the exact number to 48 digits, and a radius that holds whatever a
correct evaluation in floats may give. The radius follows from the graph alone, by the standard
model of rounding (N. J. Higham, Accuracy and Stability of Numerical Algorithms, 2nd edition, 2002,
sections 2.2 and 4.2):

- a function is within as many ulp as `docs/reference/accuracy.md` says, arithmetic within half a
  one; and it is looked at not where the exact argument is, but all over the argument's ball;
- a sum of n numbers is, in whatever order they are added, within gamma(n - 1) times the sum of
  their magnitudes.

No term is left out for being of second order. A float beyond its radius is an error in the graph,
in its gradient or on the page, and no rounding. ``python tests/reliability/test_rounding.py``
prints the figures of `docs/explanation/reliability.md`.
"""

import math
import os
import random
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple

import attrs
import mpmath
import pytest
from mpmath import mpf

from valor import Valor, functions

PAGE = Path(__file__).parents[2] / "docs" / "reference" / "accuracy.md"
DIGITS = 48
HALF_ULP = mpf(2) ** -53  # of a number, relative to it
SMALLEST = mpf(2) ** -1074
OWN_ERROR = mpf(10) ** (3 - DIGITS)  # of the centre of a ball, relative to it
LARGEST = mpf(10) ** 120  # of a value: a float near the ends of the range keeps no promise
GRAPHS = 5000
PARTS = 10

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

    def __neg__(self) -> "Ball":
        return Ball(-self.centre, self.radius)

    def __add__(self, other: "Ball") -> "Ball":
        return Ball(self.centre + other.centre, self.radius + other.radius)

    def __sub__(self, other: "Ball") -> "Ball":
        return self + -other

    def __mul__(self, other: "Ball") -> "Ball":
        radius = abs(self.centre) * other.radius + other.magnitude * self.radius
        return Ball(self.centre * other.centre, radius)

    def __truediv__(self, other: "Ball") -> "Ball":
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
        return 0.0 if not error else float(error / self.radius) if self.radius else math.inf


ZERO, ONE = Ball(mpf(0), mpf(0)), Ball(mpf(1), mpf(0))


def total(parts: Sequence[Ball]) -> Ball:
    """Return the ball of a sum of floats, added in any order."""
    exact = mpmath.fsum(part.centre for part in parts)
    magnitudes = mpmath.fsum(part.magnitude for part in parts)
    roundings = (len(parts) - 1) * HALF_ULP
    radius = mpmath.fsum(part.radius for part in parts)
    return Ball(exact, radius + (roundings / (1 - roundings) + OWN_ERROR) * magnitudes)


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


@attrs.frozen
class Row:
    """A function of one argument: its values and slopes, and where to look at it."""

    value: Exact
    slope: Exact
    low: float = -100.0
    high: float = 100.0
    value_turns: bool = False
    slope_turns: bool = False

    def balls(self, x: Ball, ulps: Sequence[float]) -> tuple[Ball, Ball]:
        """Return the balls of the value and of the slope at a float of a ball."""
        value, slope = x.image(self.value, self.value_turns), x.image(self.slope, self.slope_turns)
        return value.rounded(ulps[0]), slope.rounded(ulps[1])


ROWS = {
    "exp": Row(mpmath.exp, mpmath.exp, -250, 250),
    "expm1": Row(mpmath.expm1, mpmath.exp, -250, 250),
    "log": Row(mpmath.log, lambda x: 1 / x, 1e-100, 1e100),
    "log1p": Row(mpmath.log1p, lambda x: 1 / (1 + x), -1 + 1e-9, 1e100),
    "sqrt": Row(mpmath.sqrt, lambda x: 1 / (2 * mpmath.sqrt(x)), 1e-100, 1e100),
    "tanh": Row(mpmath.tanh, lambda x: 4 * hill(2 * x), -1e3, 1e3, slope_turns=True),
    "sig": Row(logistic, hill, -1e3, 1e3, slope_turns=True),
    "softplus": Row(
        lambda x: (x if x > 0 else 0) + mpmath.log1p(mpmath.exp(-abs(x))), logistic, -1e3, 1e3
    ),
    "erf": Row(mpmath.erf, bell, -30, 30, slope_turns=True),
    "erfc": Row(mpmath.erfc, lambda x: -bell(x), -30, 30, slope_turns=True),
}
WAVES = {"sin": (mpmath.sin, mpmath.cos), "cos": (mpmath.cos, lambda x: -mpmath.sin(x))}
# Of other exponents, less 1 is not always a float.
EXPONENTS = (-2, -1, -0.5, 0.5, 1.5, 2, 2.4, 3, 4)


def power_row(exponent: float) -> Row:
    whole, even = exponent == int(exponent), exponent % 2 == 0

    def raised(by: Any) -> Exact:
        # With a whole exponent, mpmath takes a negative number too.
        return lambda x: x ** (int(by) if whole else by)

    less = raised(mpf(exponent) - 1)
    least = -1e30 if whole and exponent > 0 else 1e-30
    return Row(
        raised(mpf(exponent)),
        lambda x: mpf(exponent) * less(x),
        least,
        1e30,
        value_turns=even,
        slope_turns=not even,
    )


POWERS = {exponent: power_row(exponent) for exponent in EXPONENTS}


def published() -> dict[str, list[float]]:
    """Return the ulp that the page about accuracy allows each function and its derivatives."""
    rows = re.findall(r"^\| `([^`]+)` \| (.+) \|$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    return {
        name: [float(cell) for cell in cells.split("|") if cell.strip()] for name, cells in rows
    }


def row_of_power(exponent: float) -> str:
    """Return which line of the page is about an exponent."""
    named = {2: "x ** 2", -1: "x ** -1", 0.5: "x ** 0.5"}
    other = "x ** 3" if exponent == int(exponent) else "x ** 2.4"
    return named.get(exponent, other)


# The graphs


class Graph:
    """A random graph: its scalars, and the balls of their values and of their gradients.

    Args:
        generator: decides everything.
        ulps: what the page allows.
        own: functions to build the graph with instead of those of `valor.functions`.
    """

    def __init__(
        self,
        generator: random.Random,
        ulps: dict[str, list[float]],
        own: dict[str, Callable[..., Valor]],
    ) -> None:
        self.generator = generator
        self.ulps = ulps
        self.own = own
        self.scalars: list[Valor] = []
        self.balls: list[Ball] = []
        self.operands: list[list[tuple[int, Ball]]] = []  # what each was made of, and the slopes
        self.unused: list[int] = []
        for _ in range(generator.randint(1, 4)):
            self._leaf()
        for _ in range(generator.randint(1, 24)):
            self._operation()

    def _note(self, scalar: Valor, ball: Ball, operands: list[tuple[int, Ball]]) -> int:
        self.scalars.append(scalar)
        self.balls.append(ball)
        self.operands.append(operands)
        self.unused.append(len(self.scalars) - 1)
        return len(self.scalars) - 1

    def _leaf(self) -> int:
        draw = self.generator
        number = draw.choice(
            (
                lambda: draw.uniform(-3, 3),
                lambda: draw.gauss(0, 1) * 10 ** draw.uniform(-9, 9),
                lambda: draw.randint(-5, 5),
                lambda: draw.choice((0.0, -0.0, 1.0, -1.0, 0.5, 0.1, 1 / 3, 1e-12)),
            )
        )()
        return self._note(Valor(number), Ball(mpf(number), mpf(0)), [])

    def _operand(self) -> int:
        """Choose a scalar, rather one that nothing was made of yet."""
        if self.unused and self.generator.random() < 0.8:
            return self.generator.choice(self.unused)
        return self.generator.randrange(len(self.scalars))

    def _operation(self) -> None:
        """Add what can be computed of some scalars."""
        while True:
            kind = self.generator.choice(KINDS)
            operands = [self._operand() for _ in range(ARGUMENTS.get(kind, 2))]
            if len(self.scalars) < 3 and kind == "where":
                continue
            try:
                self._apply(kind, operands)
            except Ambiguous:
                self._leaf()
            else:
                self.unused = [each for each in self.unused if each not in operands]
                return

    def _apply(self, kind: str, operands: list[int]) -> None:
        scalars = [self.scalars[each] for each in operands]
        balls = [self.balls[each] for each in operands]
        exponent = self.generator.choice(EXPONENTS)
        ball, slopes = self._balls(kind, exponent, operands, balls)
        if not 1 / LARGEST < abs(ball.centre) < LARGEST and ball != ZERO:
            raise Ambiguous
        if kind == "power":
            scalar = scalars[0] ** exponent
        elif kind in OPERATORS:
            scalar = OPERATORS[kind](*scalars)
        elif kind == "where":
            scalar = functions.where(scalars[0] < scalars[1], scalars[1], scalars[2])
            operands = operands[1:]
        else:
            scalar = self.own.get(kind, getattr(functions, kind))(*scalars)
        self._note(scalar, ball, list(zip(operands, slopes, strict=True)))

    def _balls(
        self, kind: str, exponent: float, operands: list[int], balls: list[Ball]
    ) -> tuple[Ball, list[Ball]]:
        """Return the balls of a value and of its slopes."""
        x, y = balls[0], balls[-1]
        if kind in ROWS or kind == "power":
            row = POWERS[exponent] if kind == "power" else ROWS[kind]
            low, high = x.ends
            if not row.low <= low <= high <= row.high:
                raise Ambiguous
            name = row_of_power(exponent) if kind == "power" else kind
            ball, slope = row.balls(x, self.ulps[name])
            return ball, [slope]
        if kind in WAVES:
            if x.magnitude > 1e6:
                raise Ambiguous
            function, slope_of = WAVES[kind]
            ball = x.wave(function, slope_of).rounded(self.ulps[kind][0])
            return ball, [x.wave(slope_of, function).rounded(self.ulps[kind][1])]
        if kind == "where":
            chosen = x.against(balls[1]) < 0
            return (balls[1], [ONE, ZERO]) if chosen else (y, [ZERO, ONE])
        if kind in ("maximum", "minimum"):
            order = 0 if operands[0] == operands[1] else x.against(y)
            order = -order if kind == "minimum" else order
            first = Ball(mpf(order + 1) / 2, mpf(0))
            return x if order >= 0 else y, [first, ONE - first]
        if kind == "absolute":
            sign = x.against(ZERO)
            return Ball(abs(x.centre), x.radius), [Ball(mpf(sign), mpf(0))]
        if kind == "negative":
            return -x, [-ONE]
        if kind == "divide":
            quotient = x / y
            figures = self.ulps["x / y"]
            slopes = [(ONE / y).rounded(figures[1]), -(quotient / y).rounded(figures[2])]
            return quotient.rounded(figures[0]), slopes
        if kind == "raise":
            return self._power_balls(x, y)
        slopes = {"add": [ONE, ONE], "subtract": [ONE, -ONE], "multiply": [y, x]}[kind]
        return EXACT[kind](x, y).rounded(), slopes

    def _power_balls(self, x: Ball, y: Ball) -> tuple[Ball, list[Ball]]:
        low, high = x.ends
        if not 1e-20 < low <= high < 1e20 or y.magnitude > 5:
            raise Ambiguous
        logarithm = x.image(mpmath.log)
        power = (y * logarithm).image(mpmath.exp)
        less = ((y - ONE) * logarithm).image(mpmath.exp)
        figures = self.ulps["x ** y"]
        slopes = [(y * less).rounded(figures[1]), (power * logarithm).rounded(figures[2])]
        return power.rounded(figures[0]), slopes

    def gradients(self) -> list[Ball]:
        """Return the balls of the gradients of the last scalar by each."""
        parts: list[list[Ball]] = [[] for _ in self.scalars]
        parts[-1].append(ONE)
        found = [ZERO] * len(self.scalars)
        for place in reversed(range(len(self.scalars))):
            if parts[place]:
                found[place] = total(parts[place])
                for operand, slope in self.operands[place]:
                    parts[operand].append((found[place] * slope).rounded())
        return found


OPERATORS: dict[str, Callable[..., Valor]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "raise": lambda a, b: a**b,
    "negative": lambda a: -a,
}
EXACT: dict[str, Callable[[Ball, Ball], Ball]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
}
ARGUMENTS = dict.fromkeys([*ROWS, *WAVES, "power", "absolute", "negative"], 1) | {"where": 3}
KINDS = (
    *(("add", "subtract", "multiply", "divide") * 3),
    *("raise", "negative", "power", "power", "absolute", "maximum", "minimum", "where"),
    *ROWS,
    *WAVES,
)


@attrs.define
class Figures:
    """How many numbers were looked at, and the largest share of a bound that one of them took."""

    graphs: int = 0
    values: int = 0
    gradients: int = 0
    too_large: int = 0
    worst_value: float = 0.0
    worst_gradient: float = 0.0
    faults: list[str] = attrs.field(factory=list)

    def add(self, seed: str, own: dict[str, Callable[..., Valor]]) -> None:
        graph = Graph(random.Random(seed), published_once(), own)
        balls = graph.gradients()
        if any(ball.magnitude > 1e300 for ball in balls):
            self.too_large += 1
            return
        graph.scalars[-1].propagar_tudo()
        self.graphs += 1
        for scalar, value, gradient in zip(graph.scalars, graph.balls, balls, strict=True):
            shares = value.share(scalar.data), gradient.share(scalar.grad)
            self.values += 1
            self.gradients += 1
            self.worst_value = max(self.worst_value, shares[0])
            self.worst_gradient = max(self.worst_gradient, shares[1])
            if max(shares) > 1:
                self.faults.append(
                    f"graph {seed!r}: {scalar.operador_mae or 'a leaf'}: value {scalar.data!r}, "
                    f"{shares[0]:.3g} of its bound; gradient {scalar.grad!r}, {shares[1]:.3g}"
                )


_PUBLISHED: dict[str, list[float]] = {}


def published_once() -> dict[str, list[float]]:
    if not _PUBLISHED:
        _PUBLISHED.update(published())
    return _PUBLISHED


def examined(part: int, graphs: int, **own: Callable[..., Valor]) -> Figures:
    """Return the figures of so many graphs."""
    figures = Figures()
    with mpmath.workdps(DIGITS):
        for number in range(graphs):
            figures.add(f"graph:{part}:{number}", own)
    return figures


@pytest.mark.parametrize("part", range(PARTS))
def test_no_value_and_no_gradient_is_further_off_than_rounding_can_bring_it(
    part: int, scale: int
) -> None:
    figures = examined(part, GRAPHS * scale // PARTS)
    assert figures.faults == []
    assert figures.too_large < figures.graphs / 20
    # A bound that nothing comes near would tell nothing.
    assert figures.worst_value > 0.5
    assert figures.worst_gradient > 0.5


if __name__ == "__main__":
    import time

    start = time.perf_counter()
    for part in range(PARTS):
        print(part, examined(part, GRAPHS * int(os.environ.get("FAULTS_SCALE", "1")) // PARTS))
        print(time.perf_counter() - start)
