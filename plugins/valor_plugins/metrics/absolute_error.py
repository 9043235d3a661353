"""Mean absolute error: Willmott and Matsuura, "Advantages of the mean absolute error (MAE) over the
root mean square error (RMSE) in assessing average model performance", Climate Research 30, 2005.
"""

from collections.abc import Iterator, Sequence

from valor import Metric, hookimpl
from valor_plugins.metrics.differences import differences, total


def mean_absolute_error(
    predicted: Sequence[Sequence[float]], target: Sequence[Sequence[float]]
) -> float:
    """Return the mean of |predicted - target| over all outputs of all samples.

    >>> mean_absolute_error([[3.0], [1.0]], [[1.0], [2.0]])
    1.5
    """
    errors = differences(predicted, target)
    return total(map(abs, errors)) / len(errors)


@hookimpl
def valor_register_metrics() -> Iterator[Metric]:
    yield Metric(name="mean_absolute_error", call=mean_absolute_error)
