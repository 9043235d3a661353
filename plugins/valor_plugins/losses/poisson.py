"""Poisson loss: McCullagh and Nelder, "Generalized Linear Models", 1989, chapter 6."""

from collections.abc import Iterator, Sequence
from typing import Any

from valor import Loss, Valor, hookimpl
from valor.functions import exp
from valor_plugins.losses.logarithm import finite_log


def poisson(
    predicted: Sequence[Valor], target: Sequence[float], *, log_input: bool = False
) -> Valor:
    """Return the mean of rate - target * log(rate) over the outputs of one sample.

    That is what is improbable about the targets as counts that come at the predicted rates, without
    log(target!), which the network does not move. It may be negative. Outputs and samples are
    averaged, as in Keras and PyTorch.

    A rate from 0 to below 1e-300 counts as 1e-300 in the logarithm, and one below 0 gives nan.
    Keras and PyTorch add 1e-7 and 1e-8 to every rate instead.

    Args:
        predicted: rates, above 0, such as an exponential or a softplus gives; logarithms of rates
            with `log_input`.
        target: counts, from 0.
        log_input: whether the outputs are logarithms of rates: the last activation is the identity.
            False is what Keras has; PyTorch's own default is True.

    >>> poisson([Valor(2.0), Valor(1.0)], [0.0, 3.0])
    Valor(data=1.5)
    >>> poisson([Valor(0.0)], [3.0], log_input=True)
    Valor(data=1.0)
    """
    formula = _from_logarithm if log_input else _from_rate
    total = formula(predicted[0], target[0])
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total + formula(p, t)
    mean: Valor = total / len(predicted)
    return mean


def _from_rate(rate: Valor, t: float) -> Any:
    return rate - t * finite_log(rate)


def _from_logarithm(logarithm: Valor, t: float) -> Any:
    return exp(logarithm) - t * logarithm


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(name="poisson", call=poisson, reduction="mean")
