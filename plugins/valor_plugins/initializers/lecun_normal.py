"""LeCun: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.6; what selu asks for
(Klambauer et al., "Self-Normalizing Neural Networks", NIPS 2017).
"""

import math
from collections.abc import Iterator
from random import Random

from valor import Initializer, hookimpl


def lecun_normal(random: Random, fan_in: int, fan_out: int) -> float:
    """Return a normally distributed number of the variance 1 / fan_in.

    >>> lecun_normal(Random(0), 4, 2) == Random(0).normalvariate(0, 0.5)
    True
    """
    return random.normalvariate(0.0, 1 / math.sqrt(fan_in))


@hookimpl
def valor_register_initializers() -> Iterator[Initializer]:
    yield Initializer(name="lecun_normal", call=lecun_normal, biases=False)
