"""finite_log: the logarithm of a probability or a rate, finite at 0 and nan below."""

import math

import mpmath
import pytest

from valor import Valor
from valor_plugins.losses.logarithm import LEAST, finite_log


@pytest.mark.parametrize("x", [1e-300, 1.5e-300, 1e-50, 1e-7, 0.5, 0.9999999999999999, 1.0, 1e9])
def test_the_logarithm_itself(x: float) -> None:
    v = Valor(x)
    y = finite_log(v)
    y.propagar_tudo()
    with mpmath.workdps(50):
        assert abs(y.data - mpmath.log(x)) <= 2 * math.ulp(y.data)
        assert abs(v.grad - 1 / mpmath.mpf(x)) <= math.ulp(v.grad)


@pytest.mark.parametrize("x", [0.0, -0.0, 5e-324, 1e-310, 1e-301])
def test_what_was_rounded_to_0_is_finite_and_flat(x: float) -> None:
    v = Valor(x)
    y = finite_log(v)
    y.propagar_tudo()
    assert y.data == math.log(LEAST) == -690.7755278982137
    assert v.grad == 0
    assert 0 * y.data == 0


@pytest.mark.parametrize("x", [-5e-324, -0.1, -math.inf, math.nan])
def test_what_is_no_probability_gives_nan(x: float) -> None:
    assert math.isnan(finite_log(Valor(x)).data)


def test_of_a_plain_number_it_is_a_plain_number() -> None:
    assert finite_log(0.5) == math.log(0.5)
    assert finite_log(0.0) == math.log(LEAST)
    assert math.isnan(finite_log(-1.0))


def test_the_slope_leaves_room_for_a_count() -> None:
    v = Valor(LEAST)
    (1e8 * finite_log(v)).propagar_tudo()
    assert math.isfinite(v.grad)
