"""Hard tanh, of three straight lines: Collobert, "Large Scale Machine Learning", PhD thesis,
Université Paris VI, 2004.
"""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import where


def hard_tanh(v: Valor) -> Valor:
    """Return `v`, kept between -1 and 1; the derivative at both bounds is 0.

    So it is in PyTorch; JAX has 1 there.

    >>> hard_tanh(Valor(0.5)), hard_tanh(Valor(-3.0))
    (Valor(data=0.5), Valor(data=-1))
    """
    result: Valor = where(v <= -1, -1, where(v >= 1, 1, v))
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="hard_tanh", call=hard_tanh)
