"""Orthogonal weights: Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of
learning in deep linear neural networks", ICLR 2014.

Every orthogonal matrix is as likely as any other: Gaussian vectors, made orthogonal one after the
other, with the sign that a positive diagonal of R stands for (Mezzadri, "How to Generate Random
Matrices from the Classical Compact Groups", Notices of the AMS 54, 2007). Each goes through
modified Gram-Schmidt twice, which is enough (Giraud, Langou and Rozložník, "The loss of
orthogonality in the Gram-Schmidt orthogonalization process", Computers & Mathematics with
Applications 50, 2005).
"""

import math
from collections.abc import Iterator, Sequence
from operator import mul
from random import Random

import attrs

from valor import Initializer, hookimpl


def orthogonal(
    random: Random, fan_in: int, fan_out: int, *, gain: float = 1.0
) -> list[list[float]]:
    """Return the weights of a layer: `gain` times a matrix with orthonormal rows or columns.

    Rows where there are no more neurons than inputs, columns where there are no fewer.

    Args:
        random: what to draw from.
        fan_in, fan_out: the widths of the layer's input and output.
        gain: how long the rows or columns are.

    >>> (a, b), (c, d) = orthogonal(Random(0), 2, 2, gain=2.0)
    >>> round(a * a + b * b, 12), round(a * c + b * d, 12)
    (4.0, 0.0)
    """
    shorter, longer = sorted((fan_in, fan_out))
    basis: list[list[float]] = []
    while len(basis) < shorter:
        vector = [random.normalvariate(0.0, 1.0) for _ in range(longer)]
        for _ in range(2):
            for other in basis:
                share = _dot(other, vector)
                vector = [v - share * o for v, o in zip(vector, other, strict=True)]
        length = math.sqrt(_dot(vector, vector))
        if length > 0:  # Gaussian vectors that depend on each other are as rare as a draw of 0
            basis.append([v / length for v in vector])
    rows = basis if fan_out <= fan_in else zip(*basis, strict=True)
    return [[gain * value for value in row] for row in rows]


def _dot(one: Sequence[float], other: Sequence[float]) -> float:
    return math.fsum(map(mul, one, other))  # rounded once, and alike in every version of Python


@hookimpl
def valor_register_initializers() -> Iterator[Initializer]:
    yield Initializer(
        name="orthogonal",
        call=orthogonal,
        over="layer",
        validators={"gain": attrs.validators.gt(0)},
    )
