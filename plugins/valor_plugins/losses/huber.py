"""Huber's loss: Huber, "Robust Estimation of a Location Parameter", Ann. Math. Statist., 1964."""

from collections.abc import Iterator, Sequence
from typing import Any

import attrs

from valor import Loss, Valor, hookimpl
from valor.functions import clip


def huber(predicted: Sequence[Valor], target: Sequence[float], *, delta: float = 1.0) -> Valor:
    """Return the mean, over the outputs of one sample, of a loss that is less moved by outliers.

    With e = predicted - target, it is e²/2 up to `delta` and delta * (abs(e) - delta/2) beyond.
    Outputs and samples are averaged, as in Keras and PyTorch (whose `smooth_l1_loss` is this
    divided by delta).

    Args:
        predicted, target: of one sample.
        delta: the error from which on the loss grows in proportion; in the target's unit.

    >>> huber([Valor(1.5), Valor(5.0)], [1.0, 2.0])
    Valor(data=1.3125)
    """
    total = _huber(predicted[0] - target[0], delta)
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + _huber(p - t, delta)
    mean: Valor = total / len(predicted)
    return mean


def _huber(error: Valor, delta: float) -> Any:
    near = clip(error, -delta, delta)
    return near * (error - near / 2)  # both cases in one: a square cannot overflow far away


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(
        name="huber",
        call=huber,
        reduction="mean",
        validators={"delta": attrs.validators.gt(0)},
    )
