"""Hard sigmoid, of three straight lines: Courbariaux, Bengio and David, "BinaryConnect: Training
Deep Neural Networks with Binary Weights during Propagations", NeurIPS 2015; with the slope of
Howard et al., "Searching for MobileNetV3", ICCV 2019.
"""

from collections.abc import Iterator

from valor import Activation, Valor, hookimpl
from valor.functions import where


def hard_sigmoid(v: Valor) -> Valor:
    """Return (v + 3) / 6, kept between 0 and 1.

    So do PyTorch, JAX and Keras 3; Keras 2 and ONNX have 0.2 v + 0.5 in the middle. The derivative
    at -3 and 3 is 0, as in PyTorch and JAX.

    >>> hard_sigmoid(Valor(0.0)), hard_sigmoid(Valor(1.5)), hard_sigmoid(Valor(9.0))
    (Valor(data=0.5), Valor(data=0.75), Valor(data=1))
    """
    result: Valor = where(v <= -3, 0, where(v >= 3, 1, (v + 3) / 6))
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="hard_sigmoid", call=hard_sigmoid)
