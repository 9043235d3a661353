"""The exponential function, for outputs that are rates or scales: DLMF 4.2.

It is infinite past 709.78, where training then stops.
"""

from collections.abc import Iterator

from valor import Activation, hookimpl
from valor.functions import exp


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="exponential", call=exp)
