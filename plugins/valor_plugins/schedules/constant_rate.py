"""A constant rate, for where a schedule is asked for.

Bottou, Curtis and Nocedal, "Optimization methods for large-scale machine learning", SIAM Review 60,
2018, section 4: a fixed stepsize.
"""

from collections.abc import Iterator

import attrs

from valor import Schedule, hookimpl


def constant_rate(step: int, total_steps: int, *, rate: float = 0.01) -> float:
    """Return the same rate for every step.

    Args:
        step: counted from 1.
        total_steps: how many are planned.
        rate: the learning rate.

    >>> constant_rate(7, 10, rate=0.5)
    0.5
    """
    return rate


@hookimpl
def valor_register_schedules() -> Iterator[Schedule]:
    yield Schedule(
        name="constant_rate",
        call=constant_rate,
        validators={"rate": attrs.validators.gt(0)},
    )
