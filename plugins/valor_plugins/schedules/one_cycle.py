"""One cycle: up to a high rate, then down to almost none.

Smith and Topin, "Super-convergence: very fast training of neural networks using large learning
rates", 2018. They move in straight lines, and momentum the other way; as most implementations do,
this one moves along cosines, and it leaves momentum alone.
"""

import math
from collections.abc import Iterator

import attrs

from valor import Schedule, hookimpl


def one_cycle(
    step: int,
    total_steps: int,
    *,
    highest: float = 0.01,
    rise: float = 0.3,
    div_factor: float = 25.0,
    final_div_factor: float = 1e4,
) -> float:
    """Return a rate that rises to the highest, then falls over the rest of the run.

    Args:
        step: counted from 1.
        total_steps: how many are planned.
        highest: the rate at the top.
        rise: which share of the run it takes to get there, above 0 and below 1.
        div_factor: how many times smaller the first rate is, at least 1.
        final_div_factor: how many times smaller than the first the last one is, at least 1.

    >>> [round(one_cycle(step, 10, highest=1.0), 4) for step in (1, 3, 10)]
    [0.04, 1.0, 0.0]
    """
    first = highest / div_factor
    last = first / final_div_factor
    top, position = rise * total_steps - 1, step - 1
    if position < top:
        return _between(first, highest, position / top)
    return _between(highest, last, (position - top) / ((1 - rise) * total_steps))


def _between(start: float, end: float, share: float) -> float:
    """Return what lies between two rates, on half a wave."""
    return end + (start - end) * (1 + math.cos(math.pi * share)) / 2


@hookimpl
def valor_register_schedules() -> Iterator[Schedule]:
    yield Schedule(
        name="one_cycle",
        call=one_cycle,
        validators={
            "highest": attrs.validators.gt(0),
            "rise": attrs.validators.and_(attrs.validators.gt(0), attrs.validators.lt(1)),
            "div_factor": attrs.validators.ge(1),
            "final_div_factor": attrs.validators.ge(1),
        },
    )
