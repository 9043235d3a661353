"""Kullback and Leibler, "On Information and Sufficiency", Ann. Math. Statist., 1951."""

from collections.abc import Iterator, Sequence
from typing import Any

from valor import Loss, Valor, hookimpl
from valor_plugins.losses.logarithm import finite_log


def kullback_leibler(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    """Return the divergence of a sample's outputs from its targets: the sum of t log(t / p).

    Both are distributions over classes: the outputs p a softmax, the targets t numbers from 0 that
    add up to 1; a class whose t is 0 adds 0. The divergence is 0 where p is t, and has the gradient
    of `categorical_cross_entropy`, from which it differs by the targets' own entropy.

    Classes are summed and samples averaged, as in Keras, and as by PyTorch's `batchmean` (its
    `mean` also divides by the number of classes; it takes log p). A p from 0 to below 1e-300 counts
    as 1e-300, where Keras clips both at 1e-7; a t or p below 0 gives nan.

    >>> kullback_leibler([Valor(0.5), Valor(0.5)], [0.0, 1.0])
    Valor(data=0.6931471805599453)
    """
    total: Valor = _divergence(predicted[0], target[0])
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + _divergence(p, t)
    return total


def _divergence(p: Valor, t: float) -> Any:
    return t * (finite_log(t) - finite_log(p))  # 0 * log 0 is 0, since that logarithm is finite


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(name="kullback_leibler", call=kullback_leibler, reduction="mean")
