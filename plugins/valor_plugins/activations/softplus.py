"""Softplus: Dugas et al., "Incorporating Second-Order Functional Knowledge for Better Option
Pricing", NeurIPS 2000.
"""

from collections.abc import Iterator

import attrs

from valor import Activation, Valor, functions, hookimpl


def softplus(v: Valor, *, beta: float = 1.0) -> Valor:
    """Return log(1 + e**(beta v)) / beta, a relu without a kink.

    It is computed everywhere, while PyTorch's is `v` itself from beta v = 20 on.

    Args:
        v: the weighted sum.
        beta: how near to relu it is, greater than 0.

    >>> softplus(Valor(1000.0)), softplus(Valor(0.0), beta=2.0)
    (Valor(data=1000.0), Valor(data=0.34657359027997264))
    """
    result: Valor = functions.softplus(beta * v) / beta
    return result


@hookimpl
def valor_register_activations() -> Iterator[Activation]:
    yield Activation(name="softplus", call=softplus, validators={"beta": attrs.validators.gt(0)})
