"""RMSprop: the gradient over the root of its mean square.

Tieleman and Hinton, "Neural networks for machine learning", lecture 6.5, 2012. Centered: Graves,
"Generating sequences with recurrent neural networks", 2013, section 4.2.
"""

from collections.abc import Iterator

import attrs

from valor import Optimizer, hookimpl
from valor.functions import sqrt


def rmsprop(
    parameter: float,
    gradient: float,
    state: tuple[float, ...],
    step: int,
    *,
    learning_rate: float = 0.01,
    decay: float = 0.9,
    epsilon: float = 1e-8,
    momentum: float = 0.0,
    centered: bool = False,
) -> tuple[float, tuple[float, ...]]:
    """Move by the gradient over the root of its mean square.

    Args:
        parameter: the parameter's number.
        gradient: the derivative of the loss by it. Beyond about 1e154 its square is infinite, and
            the parameter stays where it is from then on.
        state: the running mean of the square, the running mean, and the velocity, all from 0.
        step: counted from 1.
        learning_rate: how far to move for a gradient that is always the same.
        decay: how much of the means is kept, from 0 to below 1.
        epsilon: added to the root, so that a gradient far below it moves little.
        momentum: how much of the last step's velocity is kept, from 0 to below 1.
        centered: whether the square is that of the gradient's distance from its mean: its variance.

    Returns:
        The new parameter and the new state; what the hyperparameters do not ask for is not kept.

    >>> rmsprop(1.0, 2.0, (0.0, 0.0, 0.0), 1, learning_rate=0.25, decay=0.75)[1]
    (1.0, 0.0, 0.0)
    >>> rmsprop(1.0, 2.0, (0.0, 0.0, 0.0), 1, learning_rate=0.25, decay=0.75, centered=True)[1]
    (0.75, 0.5, 0.0)
    """
    square, mean, velocity = state
    if centered:
        # The same number as the mean of the squares less the square of the mean, but never below 0.
        distance = gradient - mean
        mean = mean + (1 - decay) * distance
        square = decay * (square + (1 - decay) * distance * distance)
    else:
        square = decay * square + (1 - decay) * gradient * gradient
    direction = gradient / (sqrt(square) + epsilon)
    if momentum > 0:
        direction = velocity = momentum * velocity + direction
    return parameter - learning_rate * direction, (square, mean, velocity)


@hookimpl
def valor_register_optimizers() -> Iterator[Optimizer]:
    yield Optimizer(
        name="rmsprop",
        call=rmsprop,
        state={"square": 0.0, "mean": 0.0, "velocity": 0.0},
        validators={
            "learning_rate": attrs.validators.gt(0),
            "decay": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "epsilon": attrs.validators.gt(0),
            "momentum": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
        },
    )
