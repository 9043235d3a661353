"""AdamW: Adam with decoupled weight decay.

Loshchilov and Hutter, "Decoupled weight decay regularization", ICLR 2019, algorithm 2.
"""

from collections.abc import Iterator

import attrs

from valor import Optimizer, hookimpl
from valor.functions import sqrt


def adamw(
    parameter: float,
    gradient: float,
    state: tuple[float, ...],
    step: int,
    *,
    learning_rate: float = 0.001,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    weight_decay: float = 0.01,
) -> tuple[float, tuple[float, ...]]:
    """Move as Adam does, after shrinking the parameter.

    Unlike that of a penalty, the decay does not pass through the means: it is as strong for a
    parameter with large gradients as for one with small ones.

    Args:
        parameter: the parameter's number.
        gradient: the derivative of the loss by it. Beyond about 1e154 its square is infinite, and
            the parameter only shrinks from then on.
        state: the running means of the gradient and of its square, both from 0.
        step: counted from 1. It corrects the means, which begin too small.
        learning_rate: how far to move for a gradient that is always the same.
        beta1: how much of the mean gradient is kept, from 0 to below 1.
        beta2: how much of the mean square is kept, from 0 to below 1.
        epsilon: added to the root, so that a gradient far below it moves little.
        weight_decay: how much of the parameter is taken away for a learning rate of 1, 0 or more.

    Returns:
        The new parameter and the new means.

    >>> adamw(2.0, 0.0, (0.0, 0.0), 1, learning_rate=0.5, weight_decay=0.25)
    (1.75, (0.0, 0.0))
    """
    mean = beta1 * state[0] + (1 - beta1) * gradient
    square = beta2 * state[1] + (1 - beta2) * gradient * gradient
    unbiased_mean = mean / (1 - beta1**step)
    unbiased_square = square / (1 - beta2**step)
    change = learning_rate * unbiased_mean / (sqrt(unbiased_square) + epsilon)
    return parameter * (1 - learning_rate * weight_decay) - change, (mean, square)


@hookimpl
def valor_register_optimizers() -> Iterator[Optimizer]:
    yield Optimizer(
        name="adamw",
        call=adamw,
        state={"mean": 0.0, "square": 0.0},
        validators={
            "learning_rate": attrs.validators.gt(0),
            "beta1": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "beta2": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "epsilon": attrs.validators.gt(0),
            "weight_decay": attrs.validators.ge(0),
        },
    )
