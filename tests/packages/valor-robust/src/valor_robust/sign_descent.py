"""An optimizer: a step of fixed length against the sign of the gradient."""

from valor import Optimizer, hookimpl
from valor.functions import where


def sign_descent(parameter, gradient, state, step, *, learning_rate=0.01):
    sign = where(gradient > 0, 1.0, where(gradient < 0, -1.0, 0.0))
    return parameter - learning_rate * sign, state


@hookimpl
def valor_register_optimizers():
    yield Optimizer(name="sign_descent", call=sign_descent)
