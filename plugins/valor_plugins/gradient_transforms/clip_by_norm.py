"""Clipping by norm: all gradients together.

Pascanu, Mikolov and Bengio, "On the difficulty of training recurrent neural networks", ICML 2013,
algorithm 1.
"""

from collections.abc import Iterator

import attrs

from valor import GradientTransform, hookimpl
from valor.functions import absolute, maximum, sqrt, where


def clip_by_norm(gradients: list[float], *, limit: float = 1.0) -> list[float]:
    """Shorten the vector of all gradients to the limit, if it is longer.

    Its length is the root of the sum of the squares. It keeps its direction.

    Args:
        gradients: the derivatives of the loss by all trainable parameters.
        limit: the largest length they may have together.

    >>> clip_by_norm([3.0, -4.0], limit=2.5)
    [1.5, -2.0]
    >>> clip_by_norm([0.3, -0.4], limit=1.0)
    [0.3, -0.4]
    """
    # In units of the largest one: no square overflows, and those that underflow count for nothing.
    largest = _largest([absolute(gradient) for gradient in gradients])
    unit = where(largest > 0, largest, 1.0)
    shares = [gradient / unit for gradient in gradients]
    square = 0.0
    for share in shares:
        square = square + share * share
    length = sqrt(maximum(square, 1.0))  # it is at least 1, but where all gradients are 0
    factor = limit / length
    return [
        where(unit * length > limit, share * factor, gradient)
        for gradient, share in zip(gradients, shares, strict=True)
    ]


def _largest(numbers: list[float]) -> float:
    """Return the largest of some numbers, or 0 if there are none.

    Half are compared with the other half, and so on: so an engine compiles a few loops, where one
    number after the other would be as many operations as there are gradients.
    """
    while len(numbers) > 1:
        half = len(numbers) // 2
        pairs = zip(numbers[:half], numbers[half:], strict=False)
        numbers = [maximum(a, b) for a, b in pairs] + numbers[2 * half :]
    return numbers[0] if numbers else 0.0


@hookimpl
def valor_register_gradient_transforms() -> Iterator[GradientTransform]:
    yield GradientTransform(
        name="clip_by_norm",
        call=clip_by_norm,
        validators={"limit": attrs.validators.gt(0)},
    )
