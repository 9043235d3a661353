"""Yields one activation, then fails; and listens to every epoch, had it not failed."""

from valor import Activation, hookimpl


@hookimpl
def valor_register_activations():
    yield Activation(name="first_half", call=lambda v: v / 2)
    raise RuntimeError("the second half is missing")


@hookimpl
def valor_after_epoch(run, report):
    raise AssertionError("a plugin that was left out is called")
