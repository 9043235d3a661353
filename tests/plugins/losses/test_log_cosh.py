"""log_cosh: the logarithm of cosh(p - t), right near 0 and far out, averaged."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import MLP, Trainer, Valor
from valor_plugins.losses.log_cosh import log_cosh

ERRORS = [
    *(0.0, 5e-324, 1e-300, 1e-150, 1e-20, 1e-9, 1e-4, 0.1, 0.2, 0.5, 0.976, 0.9999999999999999),
    *(1.0, 1.0000000000000002, 1.5, 3.0, 17.0, 20.0, 37.0, 372.0, 710.0, 1e6, 1e300, 1e308),
]


@pytest.mark.parametrize("size", ERRORS)
def test_value_and_slope_against_mpmath(size: float, value_and_slopes: Any, ulps: Any) -> None:
    for error in (size, -size):
        # cosh from its definition as far as exponentials go; then what it comes to.
        exact = mpf(error)
        far = abs(exact) > 2000
        value = abs(exact) - mpmath.log(2) if far else mpmath.log(mpmath.cosh(exact))
        slope = mpmath.sign(exact) if far else mpmath.sinh(exact) / mpmath.cosh(exact)
        if 0 < size < 1e-100:  # cosh is 1 with 400 digits
            value = exact**2 / 2
        found, (gradient,) = value_and_slopes(log_cosh, [error], [0.0])
        assert ulps(found, value) <= 5
        assert ulps(gradient, slope) <= 5


def test_values_worked_out_on_paper(value_and_slopes: Any) -> None:
    # cosh(log 2) = (2 + 1/2) / 2 = 5/4, tanh(log 2) = 3/5; of log 3: 5/3 and 4/5.
    value, slopes = value_and_slopes(log_cosh, [math.log(2), 1.0], [0.0, 1.0 + math.log(3)])
    assert value == pytest.approx((math.log(5 / 4) + math.log(5 / 3)) / 2, rel=1e-15)
    assert slopes == pytest.approx([0.3, -0.4], rel=1e-15)


def test_nan_and_infinity_are_not_hidden() -> None:
    assert math.isnan(log_cosh([Valor(math.nan)], [1.0]).data)
    assert log_cosh([Valor(-math.inf)], [1.0]).data == math.inf


def test_samples_are_averaged() -> None:
    model = MLP(1, [1], activation="identity")
    for parameter in model.parametros():
        parameter.data = 1.0
    # Outputs are x + 1: errors of log 2, 0 and -log 2.
    x = [math.log(2) - 1, -1.0, -math.log(2) - 1]
    found = Trainer(model, loss="log_cosh").evaluate(x, [0.0, 0.0, 0.0])["loss"]
    assert found == pytest.approx(math.log(5 / 4) * 2 / 3, rel=1e-14)


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        log_cosh([Valor(1.0), Valor(2.0)], [1.0])
