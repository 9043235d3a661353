"""Xavier or Glorot: Glorot and Bengio, "Understanding the difficulty of training deep feedforward
neural networks", AISTATS 2010, equation 16.
"""

import math
from collections.abc import Iterator
from random import Random

import attrs

from valor import Initializer, hookimpl


def xavier_uniform(random: Random, fan_in: int, fan_out: int, *, gain: float = 1.0) -> float:
    """Return a number drawn evenly between -b and b, where b = gain sqrt(6 / (fan_in + fan_out)).

    Its variance is gain² 2 / (fan_in + fan_out): a compromise between signals that keep their
    size on the way forward and gradients that keep theirs on the way back, where the slope of the
    activation is 1/gain.

    >>> abs(xavier_uniform(Random(0), 4, 2)) <= 1
    True
    """
    bound = gain * math.sqrt(6 / (fan_in + fan_out))
    return random.uniform(-bound, bound)


@hookimpl
def valor_register_initializers() -> Iterator[Initializer]:
    yield Initializer(
        name="xavier_uniform",
        call=xavier_uniform,
        biases=False,
        validators={"gain": attrs.validators.gt(0)},
    )
