"""R², the coefficient of determination: Wright, "Correlation and Causation", Journal of
Agricultural Research 20, 1921.
"""

from collections.abc import Iterator, Sequence

from valor import Metric, hookimpl
from valor_plugins.metrics.differences import total


def r2(predicted: Sequence[Sequence[float]], target: Sequence[Sequence[float]]) -> float:
    """Return 1 - Σ(target - predicted)² / Σ(target - mean of the targets)², averaged over outputs.

    1 is perfect; 0 is what the mean of the targets, predicted for all, would reach. Where all
    targets of an output are the same it is 1 if all are met, else 0.

    >>> r2([[1.0], [2.0], [4.0]], [[1.0], [2.0], [3.0]])
    0.5
    """
    columns = zip(zip(*predicted, strict=True), zip(*target, strict=True), strict=True)
    found = [_of_one_output(outputs, targets) for outputs, targets in columns]
    return total(found) / len(found)


def _of_one_output(outputs: Sequence[float], targets: Sequence[float]) -> float:
    missed = total((p - t) * (p - t) for p, t in zip(outputs, targets, strict=True))
    mean = total(targets) / len(targets)
    spread = total((t - mean) * (t - mean) for t in targets)
    # The mean of equal numbers may differ from them by rounding.
    if min(targets) == max(targets) or spread == 0:
        return 0.0 if missed else 1.0
    return 1 - missed / spread


@hookimpl
def valor_register_metrics() -> Iterator[Metric]:
    yield Metric(name="r2", call=r2)
