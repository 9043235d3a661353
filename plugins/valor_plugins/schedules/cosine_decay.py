"""Cosine decay: half a wave, from its crest to its trough.

Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
equation 5, without restarts.
"""

import math
from collections.abc import Iterator

import attrs

from valor import Schedule, hookimpl


def cosine_decay(step: int, total_steps: int, *, first: float = 0.01, last: float = 0.0) -> float:
    """Return a rate that falls over the whole run: slowly, then fast, then slowly.

    Args:
        step: counted from 1.
        total_steps: how many are planned.
        first: the rate of the first step.
        last: where it would be after the last step, 0 or more.

    >>> [round(cosine_decay(step, 3, first=1.0), 6) for step in range(1, 4)]
    [1.0, 0.75, 0.25]
    """
    share = (step - 1) / total_steps
    return last + (first - last) * (1 + math.cos(math.pi * share)) / 2


@hookimpl
def valor_register_schedules() -> Iterator[Schedule]:
    yield Schedule(
        name="cosine_decay",
        call=cosine_decay,
        validators={
            "first": attrs.validators.gt(0),
            "last": attrs.validators.ge(0),
        },
    )
