"""Squared hinge loss: Cortes and Vapnik, "Support-Vector Networks", Machine Learning, 1995."""

from collections.abc import Iterator, Sequence
from typing import Any

from valor import Loss, Valor, hookimpl
from valor.functions import where


def squared_hinge(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    """Return the mean of max(0, 1 - target * predicted)**2 over the outputs of one sample.

    The target is 1 for one class and -1 for the other. It may be 1 and 0 as well: what is not above
    0 counts as -1, where Keras does so only if all targets are 0 or 1. The prediction is any
    number, positive for the first class: the network's last activation is the identity.
    Outputs and samples are averaged, as in Keras.

    >>> squared_hinge([Valor(0.5), Valor(2.0)], [1.0, -1.0])
    Valor(data=4.625)
    """
    total = _squared_hinge(predicted[0], target[0])
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + _squared_hinge(p, t)
    mean: Valor = total / len(predicted)
    return mean


def _squared_hinge(p: Valor, t: float) -> Any:
    margin = where(t > 0, p, -p)
    return where(margin >= 1, 0.0, 1 - margin) ** 2


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(name="squared_hinge", call=squared_hinge, reduction="mean")
