"""sigmoid: 1 / (1 + e**-x), the lesson's activation, right in both tails."""

import mpmath
import pytest

from valor import MLP, Valor, activation

POINTS = [-745.0, -709.5, -400.0, -37.0, -2.0, -1e-9, 0.0, 0.5, 1.0, 37.0, 372.5, 400.0, 709.5]
ULP = 2.0**-52


def output(x: float) -> tuple[float, float]:
    v = Valor(x)
    y = activation("sigmoid").formula(v)
    y.propagar_tudo()
    return y.data, v.grad


@pytest.mark.parametrize("x", POINTS)
def test_value_and_slope_against_mpmath(x: float) -> None:
    with mpmath.workdps(400):
        e = mpmath.exp(-mpmath.mpf(x))
        value, slope = 1 / (1 + e), e / (1 + e) ** 2
        y, gradient = output(x)
        smallest = mpmath.mpf(2) ** -1074  # numbers this small are a few of these apart
        assert abs(y - value) <= 4 * (ULP * value + smallest)
        assert abs(gradient - slope) <= 4 * (ULP * slope + smallest)
        assert gradient > 0


def test_values_worked_out_on_paper() -> None:
    assert output(0.0) == (0.5, 0.25)
    y, slope = output(1.0)
    assert (y, slope) == pytest.approx((0.7310585786300049, 0.19661193324148185), rel=1e-15)
    y, slope = output(-1.0)
    assert (y, slope) == pytest.approx((0.2689414213699951, 0.19661193324148185), rel=1e-15)


def test_it_is_what_a_network_has_by_default() -> None:
    x = [0.5, -2.0]
    named = MLP(2, [3, 1], activation="sigmoid", seed=0)
    assert named(x).data == MLP(2, [3, 1], seed=0)(x).data
    assert repr(named) == repr(MLP(2, [3, 1]))
