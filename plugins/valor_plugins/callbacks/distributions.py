"""How the weights of a network, and their gradients, are distributed: counts of equal bins."""

import itertools
import math
import re
from collections.abc import Iterator, Sequence
from typing import Any

import attrs

# Of a parameter's name, what tells it from the others of its group: its neuron, and its input.
_SINGLE = re.compile(r"\.neuronios\[\d+\]|\[\d+\]$")


@attrs.frozen
class Distribution:
    """Some numbers, counted.

    Attributes:
        low, high: the smallest and the largest finite number.
        counts: how many lie in each of as many bins of equal width, from `low` to `high`; one that
            lies between two counts for the upper one, `high` for the last.
        not_finite: how many are nan or infinite.
        total, squares: the sum of the finite numbers, and of their squares.
    """

    low: float
    high: float
    counts: tuple[int, ...]
    not_finite: int
    total: float
    squares: float

    @property
    def limits(self) -> list[float]:
        """The upper end of each bin, none below the one before."""
        bins = len(self.counts)
        # By shares: the range may be more than a float can hold.
        inner = [self.low * (1 - at / bins) + self.high * (at / bins) for at in range(1, bins)]
        return [*itertools.accumulate((min(each, self.high) for each in inner), max), self.high]


def distribution(values: Sequence[float], bins: int) -> Distribution:
    """Count numbers.

    >>> distribution([0.0, 0.5, 1.0, 2.0, math.nan], bins=2)
    Distribution(low=0.0, high=2.0, counts=(2, 2), not_finite=1, total=3.5, squares=5.25)
    """
    finite = [float(value) for value in values if math.isfinite(value)]
    low, high = min(finite, default=0.0), max(finite, default=0.0)
    counts = [0] * bins
    for value in finite:
        counts[_bin_of(value, low, high, bins)] += 1
    total = squares = 0.0
    for value in finite:
        total += value
        squares += value * value
    return Distribution(low, high, tuple(counts), len(values) - len(finite), total, squares)


def _bin_of(value: float, low: float, high: float, bins: int) -> int:
    half = high / 2 - low / 2  # the whole may be more than a float can hold
    share = (value / 2 - low / 2) / half if half > 0 else 0.0
    return min(bins - 1, int(share * bins))


def distributions(model: Any, bins: int) -> Iterator[tuple[str, Distribution, Distribution]]:
    """Yield, for each group of parameters, its name, and how weights and gradients lie.

    A group is what one layer has of one kind: ``camadas[0].pesos``, ``camadas[0].vies`` …; of a
    model that names its parameters otherwise, what has the same name but for a number at its end.
    """
    groups: dict[str, list[Any]] = {}
    for parameter in model.parametros():
        name = _SINGLE.sub("", parameter.rotulo) or "parameters"
        groups.setdefault(name, []).append(parameter)
    for name, members in groups.items():
        weights = distribution([member.data for member in members], bins)
        yield name, weights, distribution([member.grad for member in members], bins)
