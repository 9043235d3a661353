"""Identity: the weighted sum itself, for the outputs of a regression."""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl


def identity(v: Valor) -> Valor:
    """Return `v`.

    >>> identity(Valor(-2.0))
    Valor(data=-2.0)
    """
    return v


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="identity", call=identity)
