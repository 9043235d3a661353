"""AMSGrad: Adam with steps that a forgotten gradient does not make longer.

Reddi, Kale and Kumar, "On the convergence of Adam and beyond", ICLR 2018, algorithm 2. They correct
no mean for its beginning; as most implementations do, this one corrects both as Adam does, the
second after its largest value is taken.
"""

from collections.abc import Iterator

import attrs

from valor import Optimizer, hookimpl
from valor.functions import maximum, sqrt


def amsgrad(
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
    """Move by the mean gradient over the root of the largest mean square there has been.

    Args:
        parameter: the parameter's number.
        gradient: the derivative of the loss by it. Beyond about 1e154 its square is infinite, and
            the parameter stays where it is from then on.
        state: the running means of the gradient and of its square, and the largest of the latter,
            all from 0.
        step: counted from 1. It corrects the means, which begin too small.
        learning_rate: how far to move for a gradient that is always the same.
        beta1: how much of the mean gradient is kept, from 0 to below 1.
        beta2: how much of the mean square is kept, from 0 to below 1.
        epsilon: added to the root, so that a gradient far below it moves little.

    Returns:
        The new parameter and the new state.

    >>> amsgrad(1.0, 0.0, (0.0, 0.5, 4.0), 9, beta2=0.5)
    (1.0, (0.0, 0.25, 4.0))
    """
    mean = beta1 * state[0] + (1 - beta1) * gradient
    square = beta2 * state[1] + (1 - beta2) * gradient * gradient
    largest = maximum(state[2], square)
    unbiased_mean = mean / (1 - beta1**step)
    unbiased_square = largest / (1 - beta2**step)
    change = learning_rate * unbiased_mean / (sqrt(unbiased_square) + epsilon)
    return parameter - change, (mean, square, largest)


@hookimpl
def valor_register_optimizers() -> Iterator[Optimizer]:
    yield Optimizer(
        name="amsgrad",
        call=amsgrad,
        state={"mean": 0.0, "square": 0.0, "largest": 0.0},
        validators={
            "learning_rate": attrs.validators.gt(0),
            "beta1": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "beta2": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "epsilon": attrs.validators.gt(0),
        },
    )
