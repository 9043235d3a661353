"""The axes of a loss curve: where a loss stands, linear or logarithmic, and which ticks to label.

The steps between ticks are 1, 2 or 5 times a power of ten (Heckbert, "Nice numbers for graph
labels", Graphics Gems, 1990).
"""

import math
import sys
from collections.abc import Sequence

import attrs

from valor.exceptions import InvalidArgumentError

SCALES = ("auto", "linear", "log")
WIDE_RANGE = 50.0  # from here on a linear axis would press most of a curve to the floor
NEAR_ZERO = 0.25  # a range that comes this near to zero is drawn from zero on
MOST_TICKS = 8
LARGEST, SMALLEST = sys.float_info.max, math.ulp(0.0)


@attrs.frozen
class Axis:
    """The range of an axis, from its lower end to its upper.

    Attributes:
        low, high: the two ends.
        logarithmic: whether equal ratios, not equal differences, are equally long.

    >>> axis = Axis(0.0, 2.0, logarithmic=False)
    >>> axis.share(0.5), [label for _, label in axis.ticks()]
    (0.25, ['0.0', '0.5', '1.0', '1.5', '2.0'])
    """

    low: float
    high: float
    logarithmic: bool

    def shows(self, value: float) -> bool:
        """Tell whether a value has a place on the axis."""
        return math.isfinite(value) and (value > 0 or not self.logarithmic)

    def share(self, value: float) -> float:
        """Return how far up a value stands: 0 at the lower end, 1 at the upper."""
        low, high = self.low, self.high
        if self.logarithmic:
            low, high, value = math.log10(low), math.log10(high), math.log10(value)
        elif math.isinf(high - low):
            low, high, value = low / 2, high / 2, value / 2
        return (value - low) / (high - low) if high > low else 0.5

    def ticks(self) -> list[tuple[float, str]]:
        """Return the values to mark, each with its label; at least the two ends."""
        found = self._decades() if self.logarithmic else self._steps()
        return found if len(found) > 1 else [(end, f"{end:.4g}") for end in (self.low, self.high)]

    def _decades(self) -> list[tuple[float, str]]:
        first, last = math.ceil(math.log10(self.low)), math.floor(math.log10(self.high))
        every = max(1, math.ceil((last - first + 1) / MOST_TICKS))
        mantissas = "125" if last - first < 2 else "1"
        values = [
            float(f"{mantissa}e{exponent}")
            for exponent in range(first - 1, last + 1)
            if (exponent - first) % every == 0
            for mantissa in mantissas
        ]
        return [(value, f"{value:g}") for value in values if self.low <= value <= self.high]

    def _steps(self) -> list[tuple[float, str]]:
        step = _nice(self.high / 5 - self.low / 5)
        if not step:
            return []
        ends = math.ceil(self.low / step), math.floor(self.high / step)
        largest = max(abs(ends[0]), abs(ends[1]))
        values = [place * step for place in range(ends[0], ends[1] + 1)]
        if 1e-4 <= step < 1e6 and largest * step < 1e9:
            decimals = max(0, -math.floor(math.log10(step) + 1e-9))
            return [(value, f"{value:.{decimals}f}") for value in values]
        digits = min(17, len(str(largest)) + 1)
        return [(value, f"{value:.{digits}g}") for value in values]


def loss_axis(values: Sequence[float], scale: str) -> Axis:
    """Return the axis on which to draw losses.

    Args:
        values: the losses; those that are not finite do not count.
        scale: "linear", "log", or "auto": what shows more.

    Raises:
        InvalidArgumentError: `scale` is none of these.

    >>> loss_axis([100.0, 1.0, 0.1], "auto")
    Axis(low=0.1, high=100.0, logarithmic=True)
    >>> loss_axis([3.0, 1.0, 0.5], "auto")
    Axis(low=0.0, high=3.0, logarithmic=False)
    """
    if scale not in SCALES:
        raise InvalidArgumentError(f"scale must be one of {', '.join(SCALES)}, not {scale!r}")
    shown = [value for value in values if math.isfinite(value) and (value > 0 or scale != "log")]
    if not shown:
        return Axis(0.1, 1.0, True) if scale == "log" else Axis(0.0, 1.0, False)
    low, high = min(shown), max(shown)
    if scale == "log" or (scale == "auto" and low > 0 and high / WIDE_RANGE >= low):
        if low == high:
            low, high = max(low / 2, SMALLEST), min(high * 2, LARGEST)
        return Axis(low, high, True)
    if low == high:
        room = abs(low) / 10 or 0.5
        low, high = max(low - room, -LARGEST), min(high + room, LARGEST)
    elif 0 < low <= NEAR_ZERO * high:
        low = 0.0
    return Axis(low, high, False)


def epoch_ticks(epochs: int) -> list[int]:
    """Return the epochs to mark, counted from 1.

    >>> epoch_ticks(3), epoch_ticks(1000)
    ([1, 2, 3], [1, 200, 400, 600, 800, 1000])
    """
    step = max(1, round(_nice(epochs / 6)))
    ticks = list(range(step, epochs + 1, step))
    return ticks if step == 1 else [1, *ticks]


def _nice(least: float) -> float:
    """Return the smallest of 1, 2 and 5 times a power of ten that is not below; 0 if none."""
    if not least > 0:
        return 0.0
    exponent = math.floor(math.log10(least))
    steps = (float(f"{factor}e{exponent}") for factor in (1, 2, 5, 10))
    return next((step for step in steps if least <= step < math.inf), 0.0)
