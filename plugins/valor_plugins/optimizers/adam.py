"""Adam: adaptive moments.

Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 1.
"""

from collections.abc import Iterator

import attrs

from valor import Optimizer, hookimpl
from valor.functions import sqrt


def adam(
    parameter: float,
    gradient: float,
    state: tuple[float, ...],
    step: int,
    *,
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[float, tuple[float, ...]]:
    """Move by the mean gradient over the root of the mean square: about the learning rate a step.

    Args:
        parameter: the parameter's number.
        gradient: the derivative of the loss by it. Beyond about 1e154 its square is infinite, and
            the parameter stays where it is from then on.
        state: the running means of the gradient and of its square, both from 0.
        step: counted from 1. It corrects the means, which begin too small.
        learning_rate: how far to move for a gradient that is always the same.
        beta1: how much of the mean gradient is kept, from 0 to below 1.
        beta2: how much of the mean square is kept, from 0 to below 1.
        epsilon: added to the root, so that a gradient far below it moves little.

    Returns:
        The new parameter and the new means.

    >>> parameter, _ = adam(1.0, 1e-3, (0.0, 0.0), 1, learning_rate=0.25)
    >>> round(parameter, 4)
    0.75
    """
    mean = beta1 * state[0] + (1 - beta1) * gradient
    square = beta2 * state[1] + (1 - beta2) * gradient * gradient
    unbiased_mean = mean / (1 - beta1**step)
    unbiased_square = square / (1 - beta2**step)
    change = learning_rate * unbiased_mean / (sqrt(unbiased_square) + epsilon)
    return parameter - change, (mean, square)


@hookimpl
def valor_register_optimizers() -> Iterator[Optimizer]:
    yield Optimizer(
        name="adam",
        call=adam,
        state={"mean": 0.0, "square": 0.0},
        validators={
            "learning_rate": attrs.validators.gt(0),
            "beta1": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "beta2": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "epsilon": attrs.validators.gt(0),
        },
    )
