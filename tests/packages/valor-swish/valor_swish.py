"""An activation, as the README teaches it."""

from valor import Activation, hookimpl


def swish(v, *, slope=1.0):
    return v * (slope * v).sig()


@hookimpl
def valor_register_activations():
    yield Activation(name="swish", call=swish)
