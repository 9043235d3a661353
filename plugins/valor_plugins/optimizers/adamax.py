"""Adamax: Adam with the largest gradient in place of the mean square.

Kingma and Ba, "Adam: a method for stochastic optimization", ICLR 2015, algorithm 2.
"""

from collections.abc import Iterator

import attrs

from valor import Optimizer, hookimpl
from valor.functions import absolute, maximum


def adamax(
    parameter: float,
    gradient: float,
    state: tuple[float, ...],
    step: int,
    *,
    learning_rate: float = 0.002,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
) -> tuple[float, tuple[float, ...]]:
    """Move by the mean gradient over the largest magnitude, which fades.

    Nothing is squared, so that no gradient is too large.

    Args:
        parameter: the parameter's number.
        gradient: the derivative of the loss by it.
        state: the running mean of the gradient, and the largest magnitude, both from 0.
        step: counted from 1. It corrects the mean, which begins too small.
        learning_rate: how far to move for a gradient that is always the same.
        beta1: how much of the mean gradient is kept, from 0 to below 1.
        beta2: how much of the largest magnitude is kept, from 0 to below 1.
        epsilon: added to the magnitude. The paper has none, and divides 0 by 0 for a gradient of 0.

    Returns:
        The new parameter and the new state.

    >>> parameter, _ = adamax(1.0, 1e-3, (0.0, 0.0), 1, learning_rate=0.25)
    >>> round(parameter, 4)
    0.75
    """
    mean = beta1 * state[0] + (1 - beta1) * gradient
    largest = maximum(beta2 * state[1], absolute(gradient) + epsilon)
    return parameter - learning_rate * (mean / (1 - beta1**step)) / largest, (mean, largest)


@hookimpl
def valor_register_optimizers() -> Iterator[Optimizer]:
    yield Optimizer(
        name="adamax",
        call=adamax,
        state={"mean": 0.0, "largest": 0.0},
        validators={
            "learning_rate": attrs.validators.gt(0),
            "beta1": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "beta2": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "epsilon": attrs.validators.gt(0),
        },
    )
