"""Adagrad: shorter steps where gradients have been large.

Duchi, Hazan and Singer, "Adaptive subgradient methods for online learning and stochastic
optimization", JMLR 12, 2011; with a diagonal matrix.
"""

from collections.abc import Iterator

import attrs

from valor import Optimizer, hookimpl
from valor.functions import sqrt


def adagrad(
    parameter: float,
    gradient: float,
    state: tuple[float, ...],
    step: int,
    *,
    learning_rate: float = 0.01,
    epsilon: float = 1e-10,
) -> tuple[float, tuple[float, ...]]:
    """Move by the gradient over the root of the sum of all squares so far.

    Args:
        parameter: the parameter's number.
        gradient: the derivative of the loss by it. Beyond about 1e154 its square is infinite, and
            the parameter stays where it is from then on.
        state: the sum of the squares, from 0.
        step: counted from 1.
        learning_rate: how long the first step is.
        epsilon: added to the root, so that a gradient far below it moves little.

    Returns:
        The new parameter and the new sum.

    >>> parameter, state = adagrad(1.0, 3.0, (16.0,), 2, learning_rate=0.5)
    >>> round(parameter, 4), state
    (0.7, (25.0,))
    """
    total = state[0] + gradient * gradient
    return parameter - learning_rate * gradient / (sqrt(total) + epsilon), (total,)


@hookimpl
def valor_register_optimizers() -> Iterator[Optimizer]:
    yield Optimizer(
        name="adagrad",
        call=adagrad,
        state={"total": 0.0},
        validators={
            "learning_rate": attrs.validators.gt(0),
            "epsilon": attrs.validators.gt(0),
        },
    )
