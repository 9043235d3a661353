"""Step decay: a staircase.

Ge, Kakade, Kidambi and Netrapalli, "The step decay schedule: a near optimal, geometrically decaying
learning rate procedure for least squares", NeurIPS 2019.
"""

from collections.abc import Iterator

import attrs

from valor import Schedule, hookimpl


def step_decay(
    step: int, total_steps: int, *, first: float = 0.01, factor: float = 0.1, every: int = 1000
) -> float:
    """Return a rate that falls at once, then stays for some steps.

    Args:
        step: counted from 1.
        total_steps: how many are planned.
        first: the rate of the first steps.
        factor: what each fall leaves of it, above 0 and at most 1.
        every: how many steps lie between two falls, at least 1.

    >>> [step_decay(step, 5, first=1.0, factor=0.5, every=2) for step in range(1, 6)]
    [1.0, 1.0, 0.5, 0.5, 0.25]
    """
    return first * factor ** ((step - 1) // every)


@hookimpl
def valor_register_schedules() -> Iterator[Schedule]:
    yield Schedule(
        name="step_decay",
        call=step_decay,
        validators={
            "first": attrs.validators.gt(0),
            "factor": attrs.validators.and_(attrs.validators.gt(0), attrs.validators.le(1)),
            "every": attrs.validators.ge(1),
        },
    )
