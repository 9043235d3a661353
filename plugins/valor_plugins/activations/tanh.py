"""Hyperbolic tangent: DLMF 4.28."""

from collections.abc import Iterator

from valor import Activation, hookimpl
from valor.functions import tanh


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="tanh", call=tanh)
