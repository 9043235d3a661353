"""Cross-entropy of a softmax: Bridle, "Probabilistic Interpretation of Feedforward Classification
Network Outputs", Neurocomputing, 1990.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from valor import Loss, Valor, hookimpl
from valor.functions import exp, log1p, where


def categorical_cross_entropy_from_logits(
    predicted: Sequence[Valor], target: Sequence[float]
) -> Valor:
    """Return the sum of -target * log(softmax(predicted)) over the classes of one sample.

    The outputs are logits, the numbers that a softmax would turn into the probabilities of classes
    of which one is right; the network's last activation is the identity. The targets are 1 for the
    right class and 0 for the others, or a distribution. Classes are summed and samples averaged, as
    in Keras and PyTorch.

    No exponential is of a number above 0, so nothing overflows, however large a logit.

    >>> categorical_cross_entropy_from_logits([Valor(1000.0), Valor(1000.0)], [0.0, 1.0])
    Valor(data=0.6931471805599453)
    """
    before: list[Valor | float] = [-math.inf]  # the largest of the logits before each
    largest = predicted[0]
    for z in predicted[1:]:
        before.append(largest)
        largest = where(z > largest, z, largest)
    # -log softmax(z) is (largest - z) + log(1 + rest): the exponential of the largest logit is that
    # 1, and stays out of the sums with its slopes, which would cancel each other. So a class that
    # is right and certain keeps its digits. Of those that are tied, the first one is the largest.
    total: Any = 0.0
    rest: Any = 0.0
    weight = 0.0
    for z, t, others in zip(predicted, target, before, strict=True):
        gap = largest - z
        total = total + t * where(z >= largest, where(z > others, 0.0, gap), gap)
        share = exp(-gap)
        rest = rest + where(z >= largest, where(z > others, 0.0, share), share)
        weight = weight + t
    result: Valor = total + weight * log1p(rest)
    return result


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(
        name="categorical_cross_entropy_from_logits",
        call=categorical_cross_entropy_from_logits,
        reduction="mean",
    )
