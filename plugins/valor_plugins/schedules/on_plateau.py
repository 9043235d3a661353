"""On plateau: a smaller rate where the loss no longer falls.

Bengio, "Practical recommendations for gradient-based training of deep architectures", 2012, section
3.1.1: keep the rate until the training criterion stops decreasing, then divide it.
"""

import math
from collections.abc import Iterator

import attrs

from valor import Schedule, hookimpl


def on_plateau(
    step: int,
    total_steps: int,
    state: tuple[float, ...],
    *,
    first: float = 0.01,
    factor: float = 0.1,
    patience: int = 10,
    threshold: float = 1e-4,
    cooldown: int = 0,
    lowest: float = 0.0,
) -> tuple[float, tuple[float, ...]]:
    """Return a rate that falls each time the loss has stopped falling.

    Args:
        step: counted from 1.
        total_steps: how many are planned.
        state: the loss of the last epoch (infinite before there is one); the best there has been;
            how many epochs have been no better than it; how many are not to be counted yet; how
            often the rate has fallen.
        first: the rate before it falls.
        factor: what each fall leaves of it, above 0 and below 1.
        patience: how many epochs may be no better than the best, 0 or more; the next one makes the
            rate fall.
        threshold: by which share of itself the best loss has to be improved, from 0 to below 1.
        cooldown: how many epochs after a fall are not counted, 0 or more.
        lowest: the rate it never falls below, 0 or more.

    Returns:
        The rate and the new state.

    >>> on_plateau(9, 100, (0.5, 0.4, 2.0, 0.0, 0.0), first=1.0, patience=2)
    (0.1, (0.5, 0.4, 0.0, 0.0, 1.0))
    """
    loss, best, waited, cooling, falls = state
    if loss != math.inf:
        if best == math.inf or loss < best - threshold * abs(best):
            best, waited = loss, 0.0
        else:
            waited += 1
        if cooling > 0:
            cooling, waited = cooling - 1, 0.0
        if waited > patience:
            waited, cooling, falls = 0.0, float(cooldown), falls + 1
    return max(lowest, first * factor**falls), (loss, best, waited, cooling, falls)


@hookimpl
def valor_register_schedules() -> Iterator[Schedule]:
    yield Schedule(
        name="on_plateau",
        call=on_plateau,
        state={"loss": math.inf, "best": math.inf, "waited": 0.0, "cooling": 0.0, "falls": 0.0},
        validators={
            "first": attrs.validators.gt(0),
            "factor": attrs.validators.and_(attrs.validators.gt(0), attrs.validators.lt(1)),
            "patience": attrs.validators.ge(0),
            "threshold": attrs.validators.and_(attrs.validators.ge(0), attrs.validators.lt(1)),
            "cooldown": attrs.validators.ge(0),
            "lowest": attrs.validators.ge(0),
        },
    )
