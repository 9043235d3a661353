"""L2 penalty: Hoerl and Kennard, "Ridge Regression", Technometrics, 1970.

For networks: Krogh and Hertz, "A Simple Weight Decay Can Improve Generalization", NeurIPS 1991.
"""

from collections.abc import Iterator

import attrs

from valor import Penalty, Valor, hookimpl


def l2(parameter: Valor, *, weight: float = 0.01) -> Valor:
    """Return weight * parameter**2: every step moves a parameter towards 0 in proportion to it.

    A batch's loss, summed or averaged, gets this once for each trainable parameter, biases too.
    There is no half in it, as in Keras, whose `L2` has the same factor and default: a weight says
    what is added to the loss, and halves belong to those who think of the gradient. The same is

    - the `weight_decay` d of PyTorch's SGD, which adds d * parameter to the gradient, for
      weight = d / 2;
    - the `alpha` of scikit-learn's `Ridge`, beside `sum_squared_error`, for weight = alpha;
    - that of its `MLPClassifier`, beside a cross-entropy and with n samples a batch, for
      weight = alpha / (2 * n); of its `MLPRegressor`, beside `mean_squared_error`, for
      weight = alpha / n. Those of scikit-learn leave the biases out.

    Args:
        parameter: a trainable parameter.
        weight: how much its square counts beside the loss, from 0.

    >>> l2(Valor(-2.0), weight=0.5)
    Valor(data=2.0)
    """
    return weight * parameter**2


@hookimpl
def valor_register_penalties() -> Iterator[Penalty]:
    yield Penalty(name="l2", call=l2, validators={"weight": attrs.validators.ge(0)})
