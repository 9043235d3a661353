"""Warm-up: small steps first.

Goyal et al., "Accurate, large minibatch SGD: training ImageNet in 1 hour", 2017, section 2.2.
What may follow: a straight line, as in Devlin et al., "BERT: pre-training of deep bidirectional
transformers for language understanding", NAACL 2019, or the half wave of Loshchilov and Hutter,
"SGDR: stochastic gradient descent with warm restarts", ICLR 2017.
"""

import math
from collections.abc import Iterator

import attrs

from valor import Schedule, hookimpl


def warm_up(
    step: int,
    total_steps: int,
    *,
    highest: float = 0.01,
    steps: int = 100,
    then: str = "constant",
    last: float = 0.0,
) -> float:
    """Return a rate that rises in a straight line for some steps.

    Args:
        step: counted from 1.
        total_steps: how many are planned.
        highest: the rate of the last of these steps.
        steps: how many these are, at least 1.
        then: what it does after them: stay "constant", or fall over the rest of the run in a
            straight line, "linear", or as half a wave, "cosine".
        last: where a falling rate would be after the last step, 0 or more.

    >>> [warm_up(step, 6, highest=1.0, steps=2, then="linear") for step in range(1, 7)]
    [0.5, 1.0, 1.0, 0.75, 0.5, 0.25]
    """
    if step <= steps:
        return highest * step / steps
    share = (step - steps - 1) / (total_steps - steps)
    if then == "linear":
        return last + (highest - last) * (1 - share)
    if then == "cosine":
        return last + (highest - last) * (1 + math.cos(math.pi * share)) / 2
    return highest


@hookimpl
def valor_register_schedules() -> Iterator[Schedule]:
    yield Schedule(
        name="warm_up",
        call=warm_up,
        validators={
            "highest": attrs.validators.gt(0),
            "steps": attrs.validators.ge(1),
            "then": attrs.validators.in_(("constant", "linear", "cosine")),
            "last": attrs.validators.ge(0),
        },
    )
