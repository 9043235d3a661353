"""Mean absolute error: Laplace 1774, Boscovich 1757 (least absolute deviations)."""

from collections.abc import Iterator, Sequence

from valor import Loss, Valor, hookimpl


def mean_absolute_error(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    """Return the mean of abs(predicted - target) over the outputs of one sample.

    Samples are averaged, too, as in Keras and PyTorch. The derivative where both agree is 0.

    >>> mean_absolute_error([Valor(3.0), Valor(1.0)], [1.0, 2.0])
    Valor(data=1.5)
    """
    total = abs(predicted[0] - target[0])
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + abs(p - t)
    return total / len(predicted)


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(name="mean_absolute_error", call=mean_absolute_error, reduction="mean")
