"""l1: weight * abs(p), once for each trainable parameter."""

import math

import pytest

from valor import MLP, Trainer, Valor, penalty
from valor.exceptions import HyperparameterError
from valor_plugins.penalties.l1 import l1


@pytest.mark.parametrize(
    ("p", "weight", "value", "slope"),
    [
        (2.0, 0.5, 1.0, 0.5),
        (-2.0, 0.5, 1.0, -0.5),
        (0.0, 0.5, 0.0, 0.0),
        (-0.0, 0.5, 0.0, 0.0),
        (-1e-300, 0.25, 2.5e-301, -0.25),
        (1e308, 0.5, 5e307, 0.5),
        (-3.0, 0.0, 0.0, 0.0),
    ],
)
def test_value_and_slope(p: float, weight: float, value: float, slope: float) -> None:
    v = Valor(p)
    y = l1(v, weight=weight)
    y.propagar_tudo()
    assert (y.data, v.grad) == (value, slope)


def test_the_default_weight() -> None:
    assert penalty("l1").hyperparameters == {"weight": 0.01}
    assert l1(Valor(-3.0)).data == 0.03


@pytest.mark.parametrize("weight", [-0.1, math.nan, math.inf])
def test_a_weight_must_be_a_number_from_0(weight: float) -> None:
    with pytest.raises(HyperparameterError, match="weight"):
        penalty("l1", weight=weight)


def test_it_is_added_once_for_each_trainable_parameter() -> None:
    model = MLP(1, [1], activation="identity")
    weight, bias = model.parametros()
    weight.data, bias.data = -2.0, 3.0
    trainer = Trainer(
        model, loss="mean_squared_error", penalties=[penalty("l1", weight=0.5)], engine="eager"
    )
    x, y = [0.0, 1.0, 2.0], [3.0, 1.0, -1.0]  # no error: the penalty is all there is
    assert trainer.fit(x, y, epochs=1).history["loss"][0] == 0.5 * (2.0 + 3.0)
    assert (weight.data, bias.data) == (-2.0 + 0.01 * 0.5, 3.0 - 0.01 * 0.5)
    bias.trainable = False
    assert trainer.fit(x, [bias.data + weight.data * each for each in x], epochs=1).history["loss"][
        0
    ] == pytest.approx(0.5 * 1.995, rel=1e-12)


def test_it_shrinks_as_the_lasso_does() -> None:
    # Of one centred input with mean square 1, the least of mean (y - w x)² + 2 a |w| is
    # the slope of least squares, brought nearer to 0 by a.
    x, y = [-1.0, 1.0], [-3.0, 3.0]
    model = MLP(1, [1], activation="identity", seed=0)
    weight, bias = model.parametros()
    bias.data, bias.trainable = 0.0, False
    shrinking = penalty("l1", weight=2 * 0.5)
    Trainer(model, loss="mean_squared_error", penalties=[shrinking]).fit(x, y, epochs=3000)
    assert weight.data == pytest.approx(3.0 - 0.5, rel=1e-9)
