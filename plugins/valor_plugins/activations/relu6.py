"""ReLU with a ceiling of 6: Krizhevsky, "Convolutional Deep Belief Networks on CIFAR-10", 2010."""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import where


def relu6(v: Valor) -> Valor:
    """Return `v`, kept between 0 and 6; the derivative at 0 and at 6 is 0, as in PyTorch and JAX.

    >>> relu6(Valor(3.0)), relu6(Valor(-3.0)), relu6(Valor(9.0))
    (Valor(data=3.0), Valor(data=0), Valor(data=6))
    """
    result: Valor = where(v <= 0, 0, where(v >= 6, 6, v))
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="relu6", call=relu6)
