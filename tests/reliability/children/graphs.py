"""Random graphs, and beside each scalar the ball of its value and that of its gradient.

Run with a part, how many graphs, and perhaps the name of a wrong formula, it prints how many
numbers it looked at, the largest share of a bound that one of them took, and what is beyond it.
"""

import json
import random
import sys
from collections.abc import Callable
from typing import Any

import attrs
import mpmath
from balls import (
    DIGITS,
    ONE,
    POWERS,
    ROWS,
    WAVES,
    ZERO,
    Ambiguous,
    Ball,
    power_balls,
    quotient_balls,
    total,
    wave_balls,
)
from mpmath import mpf

from valor import Valor, functions

LARGEST = mpf(10) ** 120  # of a value: near the ends of the range, a float keeps no promise

OPERATORS: dict[str, Callable[..., Valor]] = {
    "add": lambda a, b: a + b,
    "subtract": lambda a, b: a - b,
    "multiply": lambda a, b: a * b,
    "divide": lambda a, b: a / b,
    "raise": lambda a, b: a**b,
    "negative": lambda a: -a,
}
ALONE = {*ROWS, *WAVES, "power", "absolute", "negative"}  # what takes one argument
KINDS = (
    *(("add", "subtract", "multiply", "divide") * 3),
    *("raise", "negative", "power", "power", "absolute", "maximum", "minimum", "where"),
    *ROWS,
    *WAVES,
)


class Graph:
    """A random graph.

    Args:
        draw: decides everything.
        own: functions to build it with instead of those of `valor.functions`.

    Attributes:
        scalars: its scalars, the last of which is its root.
        balls: those of their values.
    """

    def __init__(self, draw: random.Random, own: dict[str, Callable[..., Valor]]) -> None:
        self.draw = draw
        self.own = own
        self.scalars: list[Valor] = []
        self.balls: list[Ball] = []
        self.made_of: list[list[tuple[int, Ball]]] = []  # scalars, and the slopes by them
        self.unused: list[int] = []
        for _ in range(draw.randint(1, 4)):
            self._leaf()
        for _ in range(draw.randint(1, 30)):
            self._operation()

    def _note(self, scalar: Valor, ball: Ball, made_of: list[tuple[int, Ball]]) -> None:
        self.unused.append(len(self.scalars))
        self.scalars.append(scalar)
        self.balls.append(ball)
        self.made_of.append(made_of)

    def _leaf(self) -> None:
        draw = self.draw
        number = draw.choice(
            (
                lambda: draw.uniform(-3, 3),
                lambda: draw.gauss(0, 1) * 10 ** draw.uniform(-9, 9),
                lambda: draw.randint(-5, 5),
                lambda: draw.choice((0.0, -0.0, 1.0, -1.0, 0.5, 0.1, 1 / 3, 1e-12)),
                # One that is there already, so that there are ties.
                lambda: self.scalars[0].data if self.scalars else 0,
            )
        )()
        self._note(Valor(number), Ball(mpf(number), mpf(0)), [])

    def _operand(self) -> int:
        """Choose a scalar, rather one that nothing was made of yet."""
        if self.unused and self.draw.random() < 0.8:
            return self.draw.choice(self.unused)
        return self.draw.randrange(len(self.scalars))

    def _operation(self) -> None:
        """Add what can be computed of some scalars; what cannot is given one more leaf."""
        while True:
            kind = self.draw.choice(KINDS)
            count = 1 if kind in ALONE else 3 if kind == "where" else 2
            operands = [self._operand() for _ in range(count)]
            try:
                self._apply(kind, operands)
            except Ambiguous:
                self._leaf()
            else:
                self.unused = [each for each in self.unused if each not in operands]
                return

    def _apply(self, kind: str, operands: list[int]) -> None:
        scalars = [self.scalars[each] for each in operands]
        exponent = self.draw.choice([*POWERS])
        ball, slopes = self._balls(kind, exponent, operands)
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

    def _balls(self, kind: str, exponent: float, operands: list[int]) -> tuple[Ball, list[Ball]]:
        """Return the balls of a value and of its slopes."""
        balls = [self.balls[each] for each in operands]
        x, y = balls[0], balls[-1]
        if kind in ALONE:
            ball, slope = self._balls_of_one(kind, exponent, x)
            return ball, [slope]
        if kind == "where":
            taken = x.against(balls[1]) < 0
            return (balls[1], [ONE, ZERO]) if taken else (y, [ZERO, ONE])
        if kind in ("maximum", "minimum"):
            order = 0 if operands[0] == operands[1] else x.against(y)
            order = -order if kind == "minimum" else order
            first = Ball(mpf(order + 1) / 2, mpf(0))
            return x if order >= 0 else y, [first, ONE.minus(first)]
        if kind == "divide":
            return quotient_balls(x, y)
        if kind == "raise":
            return power_balls(x, y)
        if kind == "multiply":
            return x.times(y).rounded(), [y, x]
        if kind == "add":
            return x.plus(y).rounded(), [ONE, ONE]
        return x.minus(y).rounded(), [ONE, ONE.opposite()]

    def _balls_of_one(self, kind: str, exponent: float, x: Ball) -> tuple[Ball, Ball]:
        if kind == "power":
            return POWERS[exponent].balls(x)
        if kind in ROWS:
            return ROWS[kind].balls(x)
        if kind in WAVES:
            return wave_balls(kind, x)
        if kind == "negative":
            return x.opposite(), ONE.opposite()
        return Ball(abs(x.centre), x.radius), Ball(mpf(x.against(ZERO)), mpf(0))

    def gradients(self) -> list[Ball | None]:
        """Return the balls of the root's gradients; None by what it was not computed from."""
        parts: list[list[Ball]] = [[] for _ in self.scalars]
        parts[-1].append(ONE)
        found: list[Ball | None] = [None] * len(parts)
        for place in reversed(range(len(parts))):
            if parts[place]:
                gradient = found[place] = total(parts[place])
                for operand, slope in self.made_of[place]:
                    parts[operand].append(gradient.times(slope).rounded())
        return found


def _sig_from_its_value(v: Valor) -> Valor:
    """Return sig with the derivative s * (1 - s), which has no digits left where s is next to 1."""
    s = functions.sig(v.data)
    result = Valor(s, (v,), "sig")

    def propagate() -> None:
        v.grad += result.grad * s * (1 - s)

    result.propagar = propagate
    return result


# Formulas that look right, of which the first two have wrong values, the others wrong gradients.
WRONG: dict[str, Callable[..., Valor]] = {
    "tanh": lambda v: 2 * functions.sig(2 * v) - 1,
    "log1p": lambda v: functions.log(1 + v),
    "sig": _sig_from_its_value,
    "maximum": lambda a, b: functions.where(a > b, a, b),
    "absolute": lambda v: functions.where(v > 0, v, -v),
}


@attrs.define
class Figures:
    """What was looked at, and the largest share of a bound that one number took."""

    graphs: int = 0
    values: int = 0
    gradients: int = 0
    too_large: int = 0
    worst_value: float = 0.0
    worst_gradient: float = 0.0
    faults: list[str] = attrs.field(factory=list)

    def add(self, seed: str, own: dict[str, Callable[..., Valor]]) -> None:
        """Build a graph, go through it backward, and look at all its numbers."""
        graph = Graph(random.Random(seed), own)
        gradients = graph.gradients()
        if any(ball is not None and ball.magnitude > mpf(10) ** 300 for ball in gradients):
            self.too_large += 1
            return
        graph.scalars[-1].propagar_tudo()
        self.graphs += 1
        for scalar, ball, gradient in zip(graph.scalars, graph.balls, gradients, strict=True):
            of_value = ball.share(scalar.data)
            of_gradient = 0.0
            if gradient is not None:
                self.gradients += 1
                of_gradient = gradient.share(scalar.grad)
            self.values += 1
            self.worst_value = max(self.worst_value, of_value)
            self.worst_gradient = max(self.worst_gradient, of_gradient)
            if max(of_value, of_gradient) > 1:
                self.faults.append(
                    f"graph {seed!r}: {scalar.operador_mae or 'a leaf'}: value {scalar.data!r}, "
                    f"{of_value:.3g} of its bound; gradient {scalar.grad!r}, {of_gradient:.3g}"
                )


def main(part: str, graphs: str, *wrong: str) -> None:
    figures = Figures()
    own: dict[str, Any] = {name: WRONG[name] for name in wrong}
    with mpmath.workdps(DIGITS):
        for number in range(int(graphs)):
            figures.add(f"{part}:{number}", own)
    print(json.dumps(attrs.asdict(figures)))


if __name__ == "__main__":
    main(*sys.argv[1:])
