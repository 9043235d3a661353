"""From where on one output means the second of two categories: that is up to the loss."""

import contextlib
import math

from valor._graph import Valor
from valor.contracts import Loss

PROBABILITY, LOGIT = 0.5, 0.0


def threshold_of(loss: Loss) -> float:
    """Return where a loss takes both categories for equally right; 0.5 if it is nowhere.

    >>> threshold_of(Loss("squared", lambda predicted, target: (predicted[0] - target[0]) ** 2))
    0.5
    >>> hinge = Loss("hinge", lambda predicted, target: 1 - predicted[0] * (2 * target[0] - 1))
    >>> threshold_of(hinge)
    0.0
    """
    for output in (PROBABILITY, LOGIT):
        with contextlib.suppress(Exception):  # a loss that cannot answer is refused elsewhere
            losses = [float(loss([Valor(output)], [target]).data) for target in (0.0, 1.0)]
            if math.isclose(*losses, rel_tol=1e-9):
                return output
    return PROBABILITY
