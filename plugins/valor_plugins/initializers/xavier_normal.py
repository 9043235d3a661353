"""Xavier or Glorot: the normal distribution of the variance that Glorot and Bengio derive in
"Understanding the difficulty of training deep feedforward neural networks", AISTATS 2010.
"""

import math
from collections.abc import Iterator
from random import Random

import attrs

from valor import Initializer, hookimpl


def xavier_normal(random: Random, fan_in: int, fan_out: int, *, gain: float = 1.0) -> float:
    """Return a normally distributed number of the variance gain² 2 / (fan_in + fan_out).

    Args:
        random: what to draw from.
        fan_in, fan_out: the widths of the layer's input and output.
        gain: 1 / the slope of the activation where its sums are.

    >>> xavier_normal(Random(0), 4, 2) == Random(0).normalvariate(0, (2 / 6) ** 0.5)
    True
    """
    return random.normalvariate(0.0, gain * math.sqrt(2 / (fan_in + fan_out)))


@hookimpl
def valor_register_initializers() -> Iterator[Initializer]:
    yield Initializer(
        name="xavier_normal",
        call=xavier_normal,
        biases=False,
        validators={"gain": attrs.validators.gt(0)},
    )
