"""Log-cosh: Holland and Welsch, "Robust Regression Using Iteratively Reweighted Least-Squares".

Communications in Statistics, 1977, where it is the "logistic" one.
"""

import math
from collections.abc import Iterator, Sequence
from typing import Any

from valor import Loss, Valor, hookimpl
from valor.functions import exp, log1p, tanh, where

LOG_2 = math.log(2)


def log_cosh(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    """Return the mean of log(cosh(predicted - target)) over the outputs of one sample.

    It is about e²/2 for a small error e and abs(e) - log 2 for a large one, like Huber's loss
    without its seams; its derivative is tanh(e). Outputs and samples are averaged, as in Keras.

    >>> log_cosh([Valor(3.0), Valor(1.0)], [3.0, 1.0])
    Valor(data=0.0)
    """
    total = _log_cosh(predicted[0] - target[0])
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + _log_cosh(p - t)
    mean: Valor = total / len(predicted)
    return mean


def _log_cosh(error: Valor) -> Any:
    size = abs(error)
    # Near 0, what is subtracted below would leave no digits: there cosh² = 1 / (1 - tanh²).
    near = tanh(where(size < 1, error, 0.0))
    far = size - LOG_2 + log1p(exp(-2 * size))
    return where(size < 1, -log1p(-near * near) / 2, far)


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(name="log_cosh", call=log_cosh, reduction="mean")
