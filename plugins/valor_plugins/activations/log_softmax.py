"""Logarithm of the softmax, over a layer: Bridle, "Probabilistic Interpretation of Feedforward
Classification Network Outputs", Neurocomputing, 1990.
"""

import math
from collections.abc import Iterator, Sequence

from valor import Activation, Valor, hookimpl
from valor.functions import exp, log1p, where


def log_softmax(values: Sequence[Valor]) -> list[Valor]:
    """Return a layer's weighted sums, less the logarithm of the sum of their exponentials.

    They are logarithms of probabilities: at most 0.

    Args:
        values: the weighted sums, at least one.

    >>> log_softmax([Valor(0.0), Valor(-1000.0)])
    [Valor(data=0.0), Valor(data=-1000.0)]
    """
    # All are taken relative to the first of the largest, so that nothing overflows.
    before: list[Valor | float] = [-math.inf]  # the largest of those before each
    largest = values[0]
    for v in values[1:]:
        before.append(largest)
        largest = where(v > largest, v, largest)
    # Its own difference is 0 whatever it is. Computed instead of known, that 0 would bring
    # derivatives which cancel each other, and with them the digits of what is left.
    differences = []
    rest: Valor | float = 0  # the sum of the other exponentials
    for v, others in zip(values, before, strict=True):
        difference = v - largest
        e = exp(difference)
        differences.append(where(v >= largest, where(v > others, 0, difference), difference))
        rest = rest + where(v >= largest, where(v > others, 0, e), e)
    logarithm = log1p(rest)
    return [difference - logarithm for difference in differences]


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="log_softmax", call=log_softmax, over="layer")
