"""LeCun: LeCun, Bottou, Orr and Müller, "Efficient BackProp", 1998, section 4.6; here evenly
distributed.
"""

import math
from collections.abc import Iterator
from random import Random

from valor import Initializer, hookimpl


def lecun_uniform(random: Random, fan_in: int, fan_out: int) -> float:
    """Return a number drawn evenly between -b and b, where b = sqrt(3 / fan_in).

    Its variance is 1 / fan_in, so that a sum over inputs of the variance 1 has it too.

    >>> abs(lecun_uniform(Random(0), 3, 2)) <= 1
    True
    """
    bound = math.sqrt(3 / fan_in)
    return random.uniform(-bound, bound)


@hookimpl
def valor_register_initializers() -> Iterator[Initializer]:
    yield Initializer(name="lecun_uniform", call=lecun_uniform, biases=False)
