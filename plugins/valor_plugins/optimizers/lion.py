"""Lion: evolved sign momentum.

Chen et al., "Symbolic discovery of optimization algorithms", NeurIPS 2023, algorithm 2.
"""

from collections.abc import Iterator

import attrs

from valor import Optimizer, hookimpl
from valor.functions import where


def lion(
    parameter: float,
    gradient: float,
    state: tuple[float, ...],
    step: int,
    *,
    learning_rate: float = 1e-4,
    beta1: float = 0.9,
    beta2: float = 0.99,
    weight_decay: float = 0.0,
) -> tuple[float, tuple[float, ...]]:
    """Move by the learning rate, in the direction that gradient and momentum have together.

    Since every step is that long, the paper asks for a learning rate three to ten times smaller
    than Adam's, and for a weight decay as many times larger.

    Args:
        parameter: the parameter's number.
        gradient: the derivative of the loss by it.
        state: the momentum, a running mean of the gradient, from 0.
        step: counted from 1.
        learning_rate: how far to move.
        beta1: how much the momentum counts for the direction, beside the gradient, from 0 to below
            1.
        beta2: how much of the momentum is kept, from 0 to below 1.
        weight_decay: how much of the parameter is taken away for a learning rate of 1, 0 or more.

    Returns:
        The new parameter and the new momentum.

    >>> lion(1.0, -3e-7, (0.0,), 1, learning_rate=0.25, beta2=0.5)
    (1.25, (-1.5e-07,))
    """
    (momentum,) = state
    direction = beta1 * momentum + (1 - beta1) * gradient
    sign = where(direction > 0, 1.0, where(direction < 0, -1.0, 0.0))
    momentum = beta2 * momentum + (1 - beta2) * gradient
    return parameter * (1 - learning_rate * weight_decay) - learning_rate * sign, (momentum,)


@hookimpl
def valor_register_optimizers() -> Iterator[Optimizer]:
    yield Optimizer(
        name="lion",
        call=lion,
        state={"momentum": 0.0},
        validators={
            "learning_rate": attrs.validators.gt(0),
            "beta1": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "beta2": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "weight_decay": attrs.validators.ge(0),
        },
    )
