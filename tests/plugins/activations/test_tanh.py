"""tanh: the hyperbolic tangent, with a slope that keeps its digits where the value is 1."""

import mpmath
import pytest

from valor import MLP, Valor, activation

POINTS = [-370.0, -20.0, -2.0, -1e-3, -1e-300, 0.0, 1e-9, 0.5, 1.0, 19.0, 30.0, 350.0]
ULP = 2.0**-52


def output(x: float) -> tuple[float, float]:
    v = Valor(x)
    y = activation("tanh").formula(v)
    y.propagar_tudo()
    return y.data, v.grad


@pytest.mark.parametrize("x", POINTS)
def test_value_and_slope_against_mpmath(x: float) -> None:
    with mpmath.workdps(700):
        value, slope = mpmath.tanh(mpmath.mpf(x)), mpmath.sech(mpmath.mpf(x)) ** 2
        y, gradient = output(x)
        smallest = mpmath.mpf(2) ** -1074
        assert abs(y - value) <= 4 * (ULP * abs(value) + smallest)
        assert abs(gradient - slope) <= 4 * (ULP * slope + smallest)
        assert gradient > 0


def test_values_worked_out_on_paper() -> None:
    assert output(0.0) == (0.0, 1.0)
    assert output(1.0) == pytest.approx((0.7615941559557649, 0.41997434161402614), rel=1e-15)
    assert output(-1.0) == pytest.approx((-0.7615941559557649, 0.41997434161402614), rel=1e-15)


def test_a_network_of_tanh_is_odd_without_biases() -> None:
    model = MLP(2, [3, 1], activation="tanh", seed=0)
    for camada in model.camadas:
        for neuronio in camada.neuronios:
            neuronio.vies.data = 0.0
    assert model([0.5, -2.0]).data == -model([-0.5, 2.0]).data != 0
