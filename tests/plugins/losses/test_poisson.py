"""poisson: rate - t log(rate), of rates or of their logarithms, averaged."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import MLP, Trainer, Valor, loss
from valor.exceptions import NonFiniteError
from valor_plugins.losses.poisson import poisson

RATES = [1e-300, 1e-50, 1e-8, 1e-7, 0.1, 0.9999999999999999, 1.0, 2.5, 37.0, 710.0, 1e6, 1e300]
LOGARITHMS = [-1e6, -745.0, -700.0, -37.0, -1.0, -1e-300, 0.0, 1e-9, 0.5, 3.0, 37.0, 700.0]
COUNTS = [0.0, 1.0, 3.0, 50.0, 1000.0]


@pytest.mark.parametrize("t", COUNTS)
@pytest.mark.parametrize("rate", RATES)
def test_of_a_rate_against_mpmath(rate: float, t: float, value_and_slopes: Any, ulps: Any) -> None:
    exact = mpf(rate)
    found, (gradient,) = value_and_slopes(poisson, [rate], [t])
    terms = exact + t * abs(mpmath.log(exact))
    assert ulps(found, exact - t * mpmath.log(exact), terms) <= 2
    assert ulps(gradient, 1 - t / exact, 1 + t / exact) <= 1


@pytest.mark.parametrize("t", COUNTS)
@pytest.mark.parametrize("z", LOGARITHMS)
def test_of_a_logarithm_against_mpmath(
    z: float, t: float, value_and_slopes: Any, ulps: Any
) -> None:
    rate = mpmath.exp(mpf(z))
    found, (gradient,) = value_and_slopes(poisson, [z], [t], log_input=True)
    assert ulps(found, rate - t * mpf(z), rate + t * abs(mpf(z))) <= 2
    assert ulps(gradient, rate - t, rate + t) <= 2


def test_values_worked_out_on_paper(value_and_slopes: Any) -> None:
    value, slopes = value_and_slopes(poisson, [2.0, 1.0], [1.0, 3.0])
    assert value == pytest.approx((3.0 - math.log(2)) / 2, rel=1e-15)
    assert slopes == [0.25, -1.0]
    value, slopes = value_and_slopes(poisson, [math.log(2), 0.0], [1.0, 3.0], log_input=True)
    assert value == pytest.approx((3.0 - math.log(2)) / 2, rel=1e-15)
    assert slopes == pytest.approx([0.5, -1.0], rel=1e-15)


def test_predictions_are_rates_unless_said_otherwise() -> None:
    assert loss("poisson").hyperparameters == {"log_input": False}


def test_the_least_loss_is_where_the_rate_is_the_count(value_and_slopes: Any) -> None:
    for t in (0.5, 1.0, 7.0):
        assert value_and_slopes(poisson, [t], [t])[1] == [0.0]
        least = value_and_slopes(poisson, [t], [t])[0]
        assert least < min(value_and_slopes(poisson, [t + d], [t])[0] for d in (-0.1, 0.1))


def test_a_rate_of_0(value_and_slopes: Any) -> None:
    assert value_and_slopes(poisson, [0.0], [0.0]) == (0.0, [1.0])  # 0 * log 0 is 0
    assert value_and_slopes(poisson, [0.0], [2.0]) == (2 * 690.7755278982137, [1.0])


@pytest.mark.parametrize("z", [0.0, 37.0, 690.0, 700.0, 745.0, 746.0, 1e6])
def test_value_and_gradient_are_finite_wherever_an_exponential_underflows(z: float) -> None:
    logarithm = Valor(-z)
    result = poisson([logarithm.exp()], [1000.0])
    result.propagar_tudo()
    assert math.isfinite(result.data)
    assert logarithm.grad == pytest.approx(math.exp(-z) - 1000 if z <= 690 else 0, rel=1e-12)


def test_a_rate_below_0_gives_nan() -> None:
    for t in (0.0, 2.0):
        assert math.isnan(poisson([Valor(-0.5)], [t]).data)
    model = MLP(1, [1], activation="identity")
    for parameter in model.parametros():
        parameter.data = -1.0
    with pytest.raises(NonFiniteError, match="log"):
        Trainer(model, loss="poisson").fit([1.0], [2.0], epochs=1)


@pytest.mark.parametrize("log_input", [False, True])
def test_samples_are_averaged(log_input: bool) -> None:
    model = MLP(1, [1], activation="identity")
    weight, bias = model.parametros()
    weight.data, bias.data = 0.0, 0.0 if log_input else 1.0
    trainer = Trainer(model, loss=loss("poisson", log_input=log_input))
    assert trainer.evaluate([1.0, 2.0, 3.0], [0.0, 1.0, 5.0]) == {"loss": 1.0}
    trainer.fit([1.0, 2.0, 3.0], [0.0, 1.0, 5.0], epochs=1)
    assert bias.data == pytest.approx((0.0 if log_input else 1.0) + 0.01, rel=1e-14)


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        poisson([Valor(1.0), Valor(2.0)], [1.0])
