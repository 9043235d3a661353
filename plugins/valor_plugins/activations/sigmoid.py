"""Logistic sigmoid, the lesson's activation: Verhulst 1845; DLMF 4.2 for its exponential."""

from collections.abc import Iterator

from valor import Activation, hookimpl
from valor.functions import sig


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="sigmoid", call=sig)
