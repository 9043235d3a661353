"""Mean squared error, over the outputs of a sample and over the samples of a batch."""

from collections.abc import Iterator, Sequence

from valor import Loss, Valor, hookimpl


def mean_squared_error(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    """Return the mean of (predicted - target)**2 over the outputs of one sample.

    >>> mean_squared_error([Valor(3.0), Valor(1.0)], [1.0, 2.0])
    Valor(data=2.5)
    """
    total: Valor = (predicted[0] - target[0]) ** 2
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + (p - t) ** 2
    return total / len(predicted)


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(name="mean_squared_error", call=mean_squared_error, reduction="mean")
