"""Polynomial decay: with power 1 a straight line.

Chen et al., "DeepLab: semantic image segmentation with deep convolutional nets, atrous convolution,
and fully connected CRFs", TPAMI 40, 2018, call it the "poly" learning rate policy.
"""

from collections.abc import Iterator

import attrs

from valor import Schedule, hookimpl


def polynomial_decay(
    step: int, total_steps: int, *, first: float = 0.01, last: float = 0.0, power: float = 1.0
) -> float:
    """Return a rate that falls over the whole run, as a power of the steps that are left.

    Args:
        step: counted from 1.
        total_steps: how many are planned.
        first: the rate of the first step.
        last: where it would be after the last step, 0 or more.
        power: 1 for a straight line, above for a fall that becomes slower.

    >>> [polynomial_decay(step, 4, first=1.0, power=2.0) for step in range(1, 5)]
    [1.0, 0.5625, 0.25, 0.0625]
    """
    left = 1 - (step - 1) / total_steps
    rate: float = last + (first - last) * left**power
    return rate


@hookimpl
def valor_register_schedules() -> Iterator[Schedule]:
    yield Schedule(
        name="polynomial_decay",
        call=polynomial_decay,
        validators={
            "first": attrs.validators.gt(0),
            "last": attrs.validators.ge(0),
            "power": attrs.validators.gt(0),
        },
    )
