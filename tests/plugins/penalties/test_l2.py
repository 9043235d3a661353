"""l2: weight * p², without a half, once for each trainable parameter."""

import math

import pytest

from valor import MLP, Trainer, Valor, penalty
from valor.exceptions import HyperparameterError
from valor_plugins.penalties.l2 import l2


@pytest.mark.parametrize(
    ("p", "weight", "value", "slope"),
    [
        (2.0, 0.5, 2.0, 2.0),
        (-2.0, 0.5, 2.0, -2.0),
        (3.0, 0.25, 2.25, 1.5),
        (0.0, 0.5, 0.0, 0.0),
        (-1e-300, 0.25, 0.0, -5e-301),
        (1e150, 0.5, 5e299, 1e150),
        (-3.0, 0.0, 0.0, 0.0),
    ],
)
def test_value_and_slope(p: float, weight: float, value: float, slope: float) -> None:
    v = Valor(p)
    y = l2(v, weight=weight)
    y.propagar_tudo()
    assert (y.data, v.grad) == pytest.approx((value, slope), rel=1e-15, abs=0)


def test_the_default_weight() -> None:
    assert penalty("l2").hyperparameters == {"weight": 0.01}
    assert l2(Valor(-3.0)).data == 0.09


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf])
def test_a_weight_must_be_a_number_from_0(weight: float) -> None:
    with pytest.raises(HyperparameterError, match="weight"):
        penalty("l2", weight=weight)


def test_it_is_added_once_for_each_trainable_parameter() -> None:
    model = MLP(1, [1], activation="identity")
    weight, bias = model.parametros()
    weight.data, bias.data = -2.0, 3.0
    trainer = Trainer(
        model, loss="mean_squared_error", penalties=[penalty("l2", weight=0.5)], engine="eager"
    )
    x, y = [0.0, 1.0, 2.0], [3.0, 1.0, -1.0]  # no error: the penalty is all there is
    assert trainer.fit(x, y, epochs=1).history["loss"][0] == 0.5 * (4.0 + 9.0)
    # A weight decay of 2 * 0.5 at the rate of 0.01.
    assert weight.data == pytest.approx(-2.0 * 0.99, rel=1e-15)
    assert bias.data == pytest.approx(3.0 * 0.99, rel=1e-15)


def test_it_shrinks_as_ridge_regression_does() -> None:
    # The least of sum (y - w x)² + a w² is (x · y) / (x · x + a).
    x, y = [-1.0, 1.0, 2.0], [-3.0, 3.0, 5.0]
    model = MLP(1, [1], activation="identity", seed=0)
    weight, bias = model.parametros()
    bias.data, bias.trainable = 0.0, False
    shrinking = penalty("l2", weight=4.0)
    Trainer(model, loss="sum_squared_error", penalties=[shrinking]).fit(x, y, epochs=3000)
    assert weight.data == pytest.approx(16.0 / (6.0 + 4.0), rel=1e-12)
