"""Sum of squared errors, the lesson's loss: Legendre 1805, Gauss 1809 (least squares)."""

from collections.abc import Iterator, Sequence

from valor import Loss, Valor, hookimpl


def sum_squared_error(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    """Return the sum of (predicted - target)**2 over the outputs of one sample.

    >>> sum_squared_error([Valor(3.0), Valor(1.0)], [1.0, 2.0])
    Valor(data=5.0)
    """
    total: Valor = (predicted[0] - target[0]) ** 2
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + (p - t) ** 2
    return total


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(name="sum_squared_error", call=sum_squared_error, reduction="sum")
