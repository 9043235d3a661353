"""Kaiming or He: He, Zhang, Ren and Sun, "Delving Deep into Rectifiers: Surpassing Human-Level
Performance on ImageNet Classification", ICCV 2015, section 2.2; here evenly distributed.
"""

import math
from collections.abc import Iterator
from random import Random

import attrs

from valor import Initializer, hookimpl


def kaiming_uniform(
    random: Random, fan_in: int, fan_out: int, *, gain: float = math.sqrt(2)
) -> float:
    """Return a number drawn evenly between -b and b, where b = gain sqrt(3 / fan_in).

    Its variance is gain² / fan_in.

    Args:
        random: what to draw from.
        fan_in, fan_out: the widths of the layer's input and output.
        gain: what makes up for the activation: sqrt(2) for relu, sqrt(2 / (1 + slope²)) for
            leaky_relu, 1 for an activation of slope 1.

    >>> abs(kaiming_uniform(Random(0), 6, 2)) <= 1
    True
    """
    bound = gain * math.sqrt(3 / fan_in)
    return random.uniform(-bound, bound)


@hookimpl
def valor_register_initializers() -> Iterator[Initializer]:
    yield Initializer(
        name="kaiming_uniform",
        call=kaiming_uniform,
        biases=False,
        validators={"gain": attrs.validators.gt(0)},
    )
