"""Raises inside a hook, at the third epoch."""

from valor import hookimpl


@hookimpl
def valor_after_epoch(run, report):
    if report.epoch == 3:
        raise OSError("the disk is full")
