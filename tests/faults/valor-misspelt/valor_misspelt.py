"""Misspells a hook: the name should end in -s."""

from valor import Activation, hookimpl


@hookimpl
def valor_register_activation():
    yield Activation(name="misspelt", call=lambda v: v)
