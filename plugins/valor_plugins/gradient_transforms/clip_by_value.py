"""Clipping by value: every gradient by itself.

Mikolov, "Statistical language models based on neural networks", PhD thesis, 2012.
"""

from collections.abc import Iterator

import attrs

from valor import GradientTransform, hookimpl
from valor.functions import clip


def clip_by_value(gradients: list[float], *, limit: float = 1.0) -> list[float]:
    """Keep each gradient between minus the limit and the limit.

    It bends the direction of the step: what is below the limit keeps its full length.

    Args:
        gradients: the derivatives of the loss by all trainable parameters.
        limit: the largest magnitude a gradient may have.

    >>> clip_by_value([0.5, -3.0], limit=1.0)
    [0.5, -1.0]
    """
    return [clip(gradient, -limit, limit) for gradient in gradients]


@hookimpl
def valor_register_gradient_transforms() -> Iterator[GradientTransform]:
    yield GradientTransform(
        name="clip_by_value",
        call=clip_by_value,
        validators={"limit": attrs.validators.gt(0)},
    )
