"""Binary cross-entropy of logits: Bishop, "Pattern Recognition and Machine Learning", 2006, 5.2."""

from collections.abc import Iterator, Sequence
from typing import Any

from valor import Loss, Valor, hookimpl
from valor.functions import softplus


def binary_cross_entropy_from_logits(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    """Return the mean of the binary cross-entropy of sig(predicted) over a sample's outputs.

    Each output is a logit z, the number that a sigmoid would turn into the probability of one thing
    that is or is not so; the network's last activation is the identity. The target is 1 or 0, or
    between them. With -log sig(z) = softplus(-z), nothing is lost or clipped, however large a
    logit. Outputs and samples are averaged, as in Keras and PyTorch.

    >>> binary_cross_entropy_from_logits([Valor(0.0), Valor(1000.0)], [1.0, 0.0])
    Valor(data=500.34657359027995)
    """
    total = _cross_entropy(predicted[0], target[0])
    for z, t in zip(predicted[1:], target[1:], strict=True):
        total = total + _cross_entropy(z, t)
    mean: Valor = total / len(predicted)
    return mean


def _cross_entropy(z: Valor, t: float) -> Any:
    # softplus(z) - t * z would be shorter, and lose its digits where the sign of z is right.
    return t * softplus(-z) + (1 - t) * softplus(z)


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(
        name="binary_cross_entropy_from_logits",
        call=binary_cross_entropy_from_logits,
        reduction="mean",
    )
