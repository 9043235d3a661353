"""Binary cross-entropy of probabilities: Good, "Rational Decisions", J. R. Statist. Soc. B, 1952.

As the loss of a network: Bishop, "Pattern Recognition and Machine Learning", 2006, section 5.2.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from valor import Loss, Valor, hookimpl
from valor.functions import log1p, where
from valor_plugins.losses.logarithm import finite_log

BELOW_1 = math.nextafter(1.0, 0.0)


def binary_cross_entropy(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    """Return the mean of -t log p - (1 - t) log(1 - p) over the outputs of one sample.

    Each output is the probability p of one thing that is or is not so: a sigmoid. The target t is
    1 or 0, or between them where it is a probability itself. Outputs and samples are averaged, as
    in Keras and PyTorch.

    A p of 0 or 1 is a sigmoid's that was rounded: it counts as 1e-300 or as the float below 1, so
    that the loss is 691 or 37 at most, and moves the network no further. Keras clips at 1e-7;
    PyTorch clips the logarithm at -100, and in the gradient p (1 - p) at 1e-12. With each of them a
    sigmoid that is certain and wrong is stuck; with `binary_cross_entropy_from_logits` it is not.
    A p below 0 or above 1 gives nan, with which a trainer stops, as PyTorch does.

    >>> binary_cross_entropy([Valor(0.5), Valor(1.0)], [0.0, 1.0])
    Valor(data=0.34657359027997264)
    """
    total = _cross_entropy(predicted[0], target[0])
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + _cross_entropy(p, t)
    mean: Valor = total / len(predicted)
    return mean


def _cross_entropy(p: Valor, t: float) -> Any:
    # Above 1, p stays what it is, and the logarithm of 1 - p is nan.
    below = where(p > 1, p, where(p > BELOW_1, BELOW_1, p))
    return -t * finite_log(p) - (1 - t) * log1p(-below)


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(name="binary_cross_entropy", call=binary_cross_entropy, reduction="mean")
