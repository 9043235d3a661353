"""Cross-entropy of a distribution: Good, "Rational Decisions", J. R. Statist. Soc. B, 1952.

As the loss of a network: Bishop, "Pattern Recognition and Machine Learning", 2006, section 5.2.
"""

from collections.abc import Iterator, Sequence

from valor import Loss, Valor, hookimpl
from valor_plugins.losses.logarithm import finite_log


def categorical_cross_entropy(predicted: Sequence[Valor], target: Sequence[float]) -> Valor:
    """Return the sum of -target * log(predicted) over the classes of one sample.

    The outputs are the probabilities of classes of which one is right: a softmax. They are taken to
    add up to 1; Keras divides by their sum. The targets are 1 for the right class and 0 for the
    others, or a distribution. Classes are summed and samples averaged, as in Keras.

    A probability from 0 to below 1e-300 counts as 1e-300, so that the loss is finite (691) and
    moves the network no further; one below 0 gives nan. Keras clips at 1e-7. Nothing is clipped by
    `categorical_cross_entropy_from_logits`.

    >>> categorical_cross_entropy([Valor(0.25), Valor(0.5), Valor(0.25)], [0.0, 1.0, 0.0])
    Valor(data=0.6931471805599453)
    """
    total: Valor = -target[0] * finite_log(predicted[0])
    for p, t in zip(predicted[1:], target[1:], strict=True):
        total = total - t * finite_log(p)
    return total


@hookimpl
def valor_register_losses() -> Iterator[Loss]:
    yield Loss(name="categorical_cross_entropy", call=categorical_cross_entropy, reduction="mean")
