"""Cosine decay with warm restarts.

Loshchilov and Hutter, "SGDR: stochastic gradient descent with warm restarts", ICLR 2017,
equation 5.
"""

import math
from collections.abc import Iterator

import attrs

from valor import Schedule, hookimpl


def cosine_with_restarts(
    step: int,
    total_steps: int,
    *,
    first: float = 0.01,
    last: float = 0.0,
    cycle: int = 1000,
    growth: int = 1,
) -> float:
    """Return a rate that falls as half a wave does, again and again.

    Args:
        step: counted from 1.
        total_steps: how many are planned.
        first: the rate of the first step of each cycle.
        last: where it would be after the last step of each, 0 or more.
        cycle: how many steps the first cycle has, at least 1.
        growth: how many times as long as the one before each cycle is, at least 1.

    >>> [cosine_with_restarts(step, 6, first=1.0, cycle=2, growth=2) for step in (1, 2, 3, 5)]
    [1.0, 0.5, 1.0, 0.5]
    """
    position = step - 1
    if growth == 1:
        position = position % cycle
    else:
        while position >= cycle:
            position, cycle = position - cycle, cycle * growth
    return last + (first - last) * (1 + math.cos(math.pi * position / cycle)) / 2


@hookimpl
def valor_register_schedules() -> Iterator[Schedule]:
    yield Schedule(
        name="cosine_with_restarts",
        call=cosine_with_restarts,
        validators={
            "first": attrs.validators.gt(0),
            "last": attrs.validators.ge(0),
            "cycle": attrs.validators.ge(1),
            "growth": attrs.validators.ge(1),
        },
    )
