"""Asks a hook for an argument that it does not have."""

from valor import hookimpl


@hookimpl
def valor_after_epoch(run, loss):
    pass
