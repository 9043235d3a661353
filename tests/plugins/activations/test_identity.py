"""identity: the weighted sum, unchanged."""

import math

import pytest

from valor import MLP, Valor, activation
from valor_plugins.activations.identity import identity


@pytest.mark.parametrize("x", [-1e300, -2.5, -0.0, 0.0, 1e-300, 7.0, math.inf])
def test_value_and_slope(x: float) -> None:
    v = Valor(x)
    y = identity(v)
    assert (y.data, math.copysign(1, y.data)) == (x, math.copysign(1, x))
    y.propagar_tudo()
    assert v.grad == 1.0


def test_it_adds_nothing_to_the_graph() -> None:
    v = Valor(2.0)
    assert identity(v) is v


def test_a_network_of_identities_is_linear() -> None:
    model = MLP(2, [3, 1], activation=activation("identity"), seed=1)
    zero, one, two = (model([0.0, scale]).data for scale in (0.0, 1.0, 2.0))
    assert two - one == pytest.approx(one - zero, rel=1e-14)


def test_an_unbounded_target_can_be_learnt() -> None:
    from valor import Trainer

    model = MLP(1, [1], activation="identity", seed=0)
    Trainer(model).fit([0.0, 1.0, 2.0], [5.0, 2.0, -1.0], epochs=3000)
    weight, bias = model.parametros()
    assert (weight.data, bias.data) == pytest.approx((-3.0, 5.0), rel=1e-9)
