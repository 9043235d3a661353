"""relu: max(x, 0), flat at 0 and below."""

import math

import pytest

from valor import MLP, Valor, activation
from valor_plugins.activations.relu import relu


@pytest.mark.parametrize(
    ("x", "value", "slope"),
    [
        (3.0, 3.0, 1.0),
        (-3.0, 0.0, 0.0),
        (0.0, 0.0, 0.0),
        (-0.0, 0.0, 0.0),
        (5e-324, 5e-324, 1.0),
        (-5e-324, 0.0, 0.0),
        (1e308, 1e308, 1.0),
        (-1e308, 0.0, 0.0),
        (math.inf, math.inf, 1.0),
        (-math.inf, 0.0, 0.0),
        (2, 2, 1.0),
    ],
)
def test_value_and_slope(x: float, value: float, slope: float) -> None:
    v = Valor(x)
    y = relu(v)
    y.propagar_tudo()
    assert (y.data, v.grad) == (value, slope)


def test_nan_stays_nan() -> None:
    assert math.isnan(relu(Valor(math.nan)).data)


def test_the_slope_reaches_what_the_argument_was_computed_from() -> None:
    for x, slope in ((1.5, -2.0), (-1.5, 0.0)):
        v = Valor(-x)
        (relu(v * -1.0) * 2).propagar_tudo()
        assert v.grad == slope


def test_a_network_learns_a_kink() -> None:
    from valor import Trainer

    model = MLP(1, [2, 1], activation=[activation("relu"), "identity"], seed=0)
    weights = [1.0, 0.1, -1.0, 0.1, 0.5, 0.5, 0.0]
    for parameter, weight in zip(model.parametros(), weights, strict=True):
        parameter.data = weight
    x = [-2.0, -1.0, -0.5, 0.5, 1.0, 2.0]
    trainer = Trainer(model)
    trainer.fit(x, [abs(number) for number in x], epochs=2000)
    assert trainer.evaluate(x, [abs(number) for number in x])["loss"] < 1e-6
