"""Cross-entropy of a softmax.

Bridle, "Probabilistic Interpretation of Feedforward Classification Network Outputs", 1990.
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

    No exponential is of a number above 0, so none overflows; and that of the largest logit, which
    is 1, stays out of the sum, so that a right and certain class keeps its digits.

    >>> categorical_cross_entropy_from_logits([Valor(1000.0), Valor(1000.0)], [0.0, 1.0])
    Valor(data=0.6931471805599453)
    """
    before: list[Valor | float] = [-math.inf]  # the largest of those before each
    largest = predicted[0]
    for z in predicted[1:]:
        before.append(largest)
        largest = where(z > largest, z, largest)
    total: Any = 0.0
    rest: Any = 0.0  # the sum of exp(z - largest), but for the first of the largest
    weight = 0.0
    for z, t, others in zip(predicted, target, before, strict=True):
        itself = (z >= largest) & (z > others)
        gap = largest - z
        total = total + t * where(itself, 0.0, gap)
        rest = rest + where(itself, 0.0, exp(-gap))
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
