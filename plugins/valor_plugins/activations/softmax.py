"""Softmax, over a layer: Bridle, "Probabilistic Interpretation of Feedforward Classification
Network Outputs", Neurocomputing, 1990.
"""

import math
from collections.abc import Iterator, Sequence

from valor import Activation, Valor, hookimpl
from valor.functions import exp, where


def softmax(values: Sequence[Valor]) -> list[Valor]:
    """Return the exponentials of a layer's weighted sums, divided by their sum.

    They are probabilities: between 0 and 1, and 1 together.

    Args:
        values: the weighted sums, at least one.

    >>> softmax([Valor(0.0), Valor(0.0), Valor(-1000.0)])
    [Valor(data=0.5), Valor(data=0.5), Valor(data=0.0)]
    """
    # All are taken relative to the first of the largest, so that nothing overflows.
    before: list[Valor | float] = [-math.inf]  # the largest of those before each
    largest = values[0]
    for v in values[1:]:
        before.append(largest)
        largest = where(v > largest, v, largest)
    # Its own exponential is 1 whatever it is. Computed instead of known, that 1 would bring
    # derivatives which cancel each other, and with them the digits of what is left.
    exponentials = []
    for v, others in zip(values, before, strict=True):
        e = exp(v - largest)
        exponentials.append(where(v >= largest, where(v > others, 1, e), e))
    total = exponentials[0]
    for e in exponentials[1:]:
        total = total + e
    return [e / total for e in exponentials]


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="softmax", call=softmax, over="layer")
