"""Kaiming or He: He, Zhang, Ren and Sun, "Delving Deep into Rectifiers: Surpassing Human-Level
Performance on ImageNet Classification", ICCV 2015, section 2.2.
"""

import math
from collections.abc import Iterator
from random import Random

import attrs

from valor import Initializer, hookimpl


def kaiming_normal(
    random: Random, fan_in: int, fan_out: int, *, gain: float = math.sqrt(2)
) -> float:
    """Return a normally distributed number of the variance gain² / fan_in.

    Args:
        random: what to draw from.
        fan_in, fan_out: the widths of the layer's input and output.
        gain: what makes up for the activation: sqrt(2) for relu, sqrt(2 / (1 + slope²)) for
            leaky_relu, 1 for an activation of slope 1.

    >>> kaiming_normal(Random(0), 4, 2, gain=1.0) == Random(0).normalvariate(0, 0.5)
    True
    """
    return random.normalvariate(0.0, gain / math.sqrt(fan_in))


@hookimpl
def valor_register_initializers() -> Iterator[Initializer]:
    yield Initializer(
        name="kaiming_normal",
        call=kaiming_normal,
        biases=False,
        validators={"gain": attrs.validators.gt(0)},
    )
