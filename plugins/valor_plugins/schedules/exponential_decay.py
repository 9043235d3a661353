"""Exponential decay: by the same share in every step.

Li, Zhuang and Orabona, "A second look at exponential and cosine step sizes: simplicity, adaptivity,
and performance", ICML 2021.
"""

from collections.abc import Iterator

import attrs

from valor import Schedule, hookimpl


def exponential_decay(
    step: int, total_steps: int, *, first: float = 0.01, factor: float = 0.1, every: int = 1000
) -> float:
    """Return a rate that falls smoothly, by the same share in every step.

    Args:
        step: counted from 1.
        total_steps: how many are planned.
        first: the rate of the first step.
        factor: what some steps leave of it, above 0 and at most 1.
        every: how many steps those are, at least 1.

    >>> [exponential_decay(step, 5, first=1.0, factor=0.25, every=2) for step in range(1, 6)]
    [1.0, 0.5, 0.25, 0.125, 0.0625]
    """
    rate: float = first * factor ** ((step - 1) / every)
    return rate


@hookimpl
def valor_register_schedules() -> Iterator[Schedule]:
    yield Schedule(
        name="exponential_decay",
        call=exponential_decay,
        validators={
            "first": attrs.validators.gt(0),
            "factor": attrs.validators.and_(attrs.validators.gt(0), attrs.validators.le(1)),
            "every": attrs.validators.ge(1),
        },
    )
