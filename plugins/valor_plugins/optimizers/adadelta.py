"""Adadelta: steps in the parameter's own unit.

Zeiler, "ADADELTA: an adaptive learning rate method", 2012, algorithm 1.
"""

from collections.abc import Iterator

import attrs

from valor import Optimizer, hookimpl
from valor.functions import sqrt


def adadelta(
    parameter: float,
    gradient: float,
    state: tuple[float, ...],
    step: int,
    *,
    learning_rate: float = 1.0,
    decay: float = 0.9,
    epsilon: float = 1e-6,
) -> tuple[float, tuple[float, ...]]:
    """Move by the gradient times the root mean square of past changes over that of the gradients.

    Args:
        parameter: the parameter's number.
        gradient: the derivative of the loss by it. Beyond about 1e154 its square is infinite, and
            the parameter stays where it is from then on.
        state: the running means of the gradient's square and of the change's, both from 0.
        step: counted from 1.
        learning_rate: what the change is multiplied by; the paper has none, which is 1.
        decay: how much of the means is kept, from 0 to below 1.
        epsilon: added to both means before the root. It decides how long the first steps are.

    Returns:
        The new parameter and the new means.

    >>> parameter, _ = adadelta(1.0, 2.0, (0.0, 0.0), 1)
    >>> round(1 - parameter, 6)
    0.003162
    """
    square = decay * state[0] + (1 - decay) * gradient * gradient
    change = gradient * sqrt(state[1] + epsilon) / sqrt(square + epsilon)
    changes = decay * state[1] + (1 - decay) * change * change
    return parameter - learning_rate * change, (square, changes)


@hookimpl
def valor_register_optimizers() -> Iterator[Optimizer]:
    yield Optimizer(
        name="adadelta",
        call=adadelta,
        state={"square": 0.0, "changes": 0.0},
        validators={
            "learning_rate": attrs.validators.gt(0),
            "decay": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "epsilon": attrs.validators.gt(0),
        },
    )
