"""NAdam: Adam with Nesterov's momentum.

Dozat, "Incorporating Nesterov momentum into Adam", ICLR workshop 2016, with the momentum's schedule
that is given there.
"""

from collections.abc import Iterator

import attrs

from valor import Optimizer, hookimpl
from valor.functions import sqrt


def nadam(
    parameter: float,
    gradient: float,
    state: tuple[float, ...],
    step: int,
    *,
    learning_rate: float = 0.002,
    beta1: float = 0.9,
    beta2: float = 0.999,
    epsilon: float = 1e-8,
    momentum_decay: float = 0.004,
) -> tuple[float, tuple[float, ...]]:
    """Move by a mean gradient that looks one step ahead, over the root of the mean square.

    The momentum of step t is ``beta1 * (1 - 0.96**(t * momentum_decay) / 2)``: it rises from half
    of beta1 to beta1.

    Args:
        parameter: the parameter's number.
        gradient: the derivative of the loss by it. Beyond about 1e154 its square is infinite, and
            the parameter stays where it is from then on.
        state: the running means of the gradient and of its square, from 0, and the product of the
            momenta of all steps, from 1.
        step: counted from 1.
        learning_rate: how far to move for a gradient that is always the same.
        beta1: how much of the mean gradient is kept, from 0 to below 1.
        beta2: how much of the mean square is kept, from 0 to below 1.
        epsilon: added to the root, so that a gradient far below it moves little.
        momentum_decay: how fast the momentum rises, 0 or more.

    Returns:
        The new parameter and the new state.

    >>> parameter, state = nadam(1.0, 0.0, (0.0, 0.0, 1.0), 1, beta1=0.5, momentum_decay=0.0)
    >>> parameter, state
    (1.0, (0.0, 0.0, 0.25))
    """
    mean = beta1 * state[0] + (1 - beta1) * gradient
    square = beta2 * state[1] + (1 - beta2) * gradient * gradient
    momentum = beta1 * (1 - 0.5 * 0.96 ** (step * momentum_decay))
    following = beta1 * (1 - 0.5 * 0.96 ** ((step + 1) * momentum_decay))
    product = state[2] * momentum
    ahead = following * mean / (1 - product * following)
    unbiased_mean = ahead + (1 - momentum) * gradient / (1 - product)
    unbiased_square = square / (1 - beta2**step)
    change = learning_rate * unbiased_mean / (sqrt(unbiased_square) + epsilon)
    return parameter - change, (mean, square, product)


@hookimpl
def valor_register_optimizers() -> Iterator[Optimizer]:
    yield Optimizer(
        name="nadam",
        call=nadam,
        state={"mean": 0.0, "square": 0.0, "product": 1.0},
        validators={
            "learning_rate": attrs.validators.gt(0),
            "beta1": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "beta2": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "epsilon": attrs.validators.gt(0),
            "momentum_decay": attrs.validators.ge(0),
        },
    )
