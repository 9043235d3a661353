"""Gradient descent, the lesson's optimizer: Cauchy 1847.

Momentum: Polyak, "Some methods of speeding up the convergence of iteration methods", 1964.
Nesterov's: Sutskever et al., "On the importance of initialization and momentum", ICML 2013.
Weight decay: Krogh and Hertz, "A simple weight decay can improve generalization", NIPS 1991.
"""

from collections.abc import Iterator

import attrs

from valor import Optimizer, hookimpl


def gradient_descent(
    parameter: float,
    gradient: float,
    state: tuple[float, ...],
    step: int,
    *,
    learning_rate: float = 0.01,
    momentum: float = 0.0,
    nesterov: bool = False,
    weight_decay: float = 0.0,
) -> tuple[float, tuple[float, ...]]:
    """Move against the gradient.

    Args:
        parameter: the parameter's number.
        gradient: the derivative of the loss by it.
        state: the velocity.
        step: counted from 1.
        learning_rate: how far to move for a gradient of 1.
        momentum: how much of the last step's velocity is kept, from 0 to below 1.
        nesterov: whether the gradient counts as if the kept velocity had been moved already.
        weight_decay: how much of the parameter is added to its gradient, 0 or more: the gradient
            of a penalty of ``weight_decay / 2 * parameter**2`` that the loss does not show.

    Returns:
        The new parameter and the new velocity; without momentum there is none to keep.

    >>> gradient_descent(1.0, 2.0, (0.0,), 1, learning_rate=0.25)
    (0.5, (0.0,))
    >>> gradient_descent(1.0, 2.0, (0.0,), 1, learning_rate=0.25, momentum=0.5)
    (0.5, (2.0,))
    """
    if weight_decay > 0:
        gradient = gradient + weight_decay * parameter
    if momentum == 0:
        return parameter - gradient * learning_rate, state
    velocity = momentum * state[0] + gradient
    direction = gradient + momentum * velocity if nesterov else velocity
    return parameter - direction * learning_rate, (velocity,)


@hookimpl
def valor_register_optimizers() -> Iterator[Optimizer]:
    yield Optimizer(
        name="gradient_descent",
        call=gradient_descent,
        state={"velocity": 0.0},
        validators={
            "learning_rate": attrs.validators.gt(0),
            "momentum": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "weight_decay": attrs.validators.ge(0),
        },
    )
