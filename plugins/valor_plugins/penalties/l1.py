"""L1 penalty: Tibshirani, "Regression Shrinkage and Selection via the Lasso", 1996."""

from collections.abc import Iterator

import attrs

from valor import Penalty, Valor, hookimpl


def l1(parameter: Valor, *, weight: float = 0.01) -> Valor:
    """Return weight * abs(parameter): every step moves a parameter towards 0 by as much.

    A batch's loss, summed or averaged, gets this once for each trainable parameter, biases too. The
    factor and its default are those of Keras' `L1`. scikit-learn's `Lasso(alpha)` has alpha beside
    the squared errors divided by twice the number of samples: the weight is 2 * alpha beside
    `mean_squared_error`. The derivative at 0 is 0, so that a parameter that is 0 feels the data
    only; one that is near 0 goes to and fro by the length of a step, and rarely stays there.

    Args:
        parameter: a trainable parameter.
        weight: how much its size counts beside the loss, from 0.

    >>> l1(Valor(-2.0), weight=0.5)
    Valor(data=1.0)
    """
    return weight * abs(parameter)


@hookimpl
def valor_register_penalties() -> Iterator[Penalty]:
    yield Penalty(name="l1", call=l1, validators={"weight": attrs.validators.ge(0)})
