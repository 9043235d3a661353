"""binary_cross_entropy: -t log p - (1 - t) log(1 - p), finite where a sigmoid is rounded."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import MLP, Trainer, Valor
from valor.exceptions import NonFiniteError
from valor_plugins.losses.binary_cross_entropy import binary_cross_entropy

PROBABILITIES = [
    *(1e-300, 1e-200, 1e-50, 3.7e-44, 1e-20, 1e-12, 1e-7, 0.1, 0.25, 0.5, 0.7),
    *(1 - 1e-7, 1 - 1e-12, 0.9999999999999998, 0.9999999999999999),
]


def exact(p: float, t: float) -> tuple[Any, Any, Any]:
    """Return the value, the slope, and how large its two terms are."""
    q, s = mpf(p), mpf(t)
    value = -s * mpmath.log(q) - (1 - s) * mpmath.log(1 - q)
    return value, (q - s) / (q * (1 - q)), s / q + (1 - s) / (1 - q)


@pytest.mark.parametrize("t", [0.0, 1.0, 0.5, 0.1, 1e-9])
@pytest.mark.parametrize("p", PROBABILITIES)
def test_value_and_slope_against_mpmath(
    p: float, t: float, value_and_slopes: Any, ulps: Any
) -> None:
    value, slope, terms = exact(p, t)
    found, (gradient,) = value_and_slopes(binary_cross_entropy, [p], [t])
    assert ulps(found, value) <= 2
    assert ulps(gradient, slope, terms if 0 < t < 1 else 0) <= 2


def test_values_worked_out_on_paper(value_and_slopes: Any) -> None:
    value, slopes = value_and_slopes(binary_cross_entropy, [0.25, 0.5], [1.0, 0.0])
    assert value == pytest.approx((math.log(4) + math.log(2)) / 2, rel=1e-15)
    assert slopes == [-4.0 / 2, 2.0 / 2]
    # A soft target: the least loss is the target's entropy, where both agree.
    value, slopes = value_and_slopes(binary_cross_entropy, [0.25], [0.25])
    assert value == pytest.approx(0.5623351446188083, rel=1e-15)
    assert slopes == [0.0]


@pytest.mark.parametrize(
    ("p", "t", "value", "slope"),
    [
        (0.0, 0.0, 0.0, 1.0),  # right and certain: 0 * log 0 is 0
        (1.0, 1.0, 0.0, -1.0),
        (0.0, 1.0, 690.7755278982137, 0.0),  # wrong and certain: clipped
        (1e-310, 1.0, 690.7755278982137, 0.0),
        (1.0, 0.0, 36.7368005696771, 0.0),
        (0.0, 0.25, 690.7755278982137 / 4, 0.75),
        (1.0, 0.75, 36.7368005696771 / 4, -0.75),
    ],
)
def test_a_probability_of_0_or_1(
    p: float, t: float, value: float, slope: float, value_and_slopes: Any
) -> None:
    found, (gradient,) = value_and_slopes(binary_cross_entropy, [p], [t])
    assert found == pytest.approx(value, rel=1e-15)
    assert gradient == slope


@pytest.mark.parametrize("z", [0.0, 1.0, 20.0, 36.0, 37.0, 40.0, 100.0, 690.0, 700.0, 745.0, 1e6])
@pytest.mark.parametrize("t", [0.0, 1.0, 0.3])
def test_value_and_gradient_are_finite_wherever_a_sigmoid_saturates(z: float, t: float) -> None:
    for sign in (1, -1):
        logit = Valor(sign * z)
        result = binary_cross_entropy([logit.sig()], [t])
        result.propagar_tudo()
        assert math.isfinite(result.data)
        # From 20 up, 1 - p loses digits, until it is up to twice as large or half as large.
        assert -2 <= logit.grad <= 2
        if -690 <= sign * z <= 20:
            assert logit.grad == pytest.approx(logit.sig().data - t, rel=1e-6, abs=1e-15)


@pytest.mark.parametrize("p", [-1e-300, -0.5, 1.0000000000000002, 3.0, math.nan])
@pytest.mark.parametrize("t", [0.0, 1.0, 0.5])
def test_what_is_no_probability_gives_nan(p: float, t: float) -> None:
    assert math.isnan(binary_cross_entropy([Valor(p)], [t]).data)


def test_a_trainer_stops_where_an_output_is_no_probability() -> None:
    model = MLP(1, [1], activation="identity")
    for parameter in model.parametros():
        parameter.data = -1.0
    with pytest.raises(NonFiniteError, match="log"):
        Trainer(model, loss="binary_cross_entropy").fit([1.0], [1.0], epochs=1)


def test_samples_are_averaged() -> None:
    model = MLP(1, [1])
    for parameter in model.parametros():
        parameter.data = 0.0
    trainer = Trainer(model, loss="binary_cross_entropy")
    found = trainer.evaluate([1.0, 2.0, 3.0], [0.0, 1.0, 1.0])["loss"]
    assert found == pytest.approx(math.log(2), rel=1e-15)


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        binary_cross_entropy([Valor(0.5), Valor(0.5)], [1.0])
