"""Mean squared error: Gauss, "Theoria combinationis observationum", 1823."""

from collections.abc import Iterator, Sequence

from valor import Metric, hookimpl
from valor_plugins.metrics.differences import differences, total


def mean_squared_error(
    predicted: Sequence[Sequence[float]], target: Sequence[Sequence[float]]
) -> float:
    """Return the mean of (predicted - target)² over all outputs of all samples.

    >>> mean_squared_error([[3.0], [1.0]], [[1.0], [2.0]])
    2.5
    """
    errors = differences(predicted, target)
    return total(error * error for error in errors) / len(errors)


@hookimpl
def valor_register_metrics() -> Iterator[Metric]:
    yield Metric(name="mean_squared_error", call=mean_squared_error)
