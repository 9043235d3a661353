"""binary_cross_entropy_from_logits: that of sig(z), right however large a logit."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import MLP, Trainer, Valor
from valor_plugins.losses.binary_cross_entropy import binary_cross_entropy
from valor_plugins.losses.binary_cross_entropy_from_logits import binary_cross_entropy_from_logits

LOGITS = [0.0, 1e-300, 1e-9, 0.5, 1.0, 2.1239, 17.0, 37.0, 40.0, 372.5, 709.5, 740.0]


@pytest.mark.parametrize("t", [0.0, 1.0, 0.5, 0.9, 1e-9])
@pytest.mark.parametrize("size", LOGITS)
def test_value_and_slope_against_mpmath(
    size: float, t: float, value_and_slopes: Any, ulps: Any
) -> None:
    for z in (size, -size):
        p, rest, s = 1 / (1 + mpmath.exp(-mpf(z))), 1 / (1 + mpmath.exp(mpf(z))), mpf(t)
        value = -s * mpmath.log(p) - (1 - s) * mpmath.log(rest)
        terms = s * rest + (1 - s) * p if 0 < t < 1 else 0
        found, (gradient,) = value_and_slopes(binary_cross_entropy_from_logits, [z], [t])
        assert ulps(found, value) <= 3
        assert ulps(gradient, p - s, terms) <= 4


@pytest.mark.parametrize("z", [1e6, 1e300, 1e308])
def test_a_huge_logit(z: float, value_and_slopes: Any) -> None:
    formula = binary_cross_entropy_from_logits
    assert value_and_slopes(formula, [z], [1.0]) == (0.0, [0.0])
    assert value_and_slopes(formula, [z], [0.0]) == (z, [1.0])
    assert value_and_slopes(formula, [-z], [0.0]) == (0.0, [0.0])
    assert value_and_slopes(formula, [-z], [1.0]) == (z, [-1.0])
    assert value_and_slopes(formula, [z], [0.25]) == (0.75 * z, [0.75])


def test_values_worked_out_on_paper(value_and_slopes: Any) -> None:
    # sig(log 3) = 3/4.
    given = [math.log(3), 0.0], [0.0, 1.0]
    value, slopes = value_and_slopes(binary_cross_entropy_from_logits, *given)
    assert value == pytest.approx((math.log(4) + math.log(2)) / 2, rel=1e-15)
    assert slopes == pytest.approx([0.75 / 2, -0.5 / 2], rel=1e-15)


def test_it_is_the_one_of_probabilities_after_a_sigmoid(value_and_slopes: Any) -> None:
    z, t = [-3.0, 0.25, 4.0], [0.0, 0.5, 1.0]
    value, slopes = value_and_slopes(binary_cross_entropy_from_logits, z, t)
    logits = [Valor(each) for each in z]
    other = binary_cross_entropy([each.sig() for each in logits], t)
    other.propagar_tudo()
    assert value == pytest.approx(other.data, rel=1e-14)
    assert slopes == pytest.approx([each.grad for each in logits], rel=1e-13)


def test_a_certain_and_wrong_network_is_not_stuck() -> None:
    moved = {}
    for name, activation in (
        ("binary_cross_entropy_from_logits", "identity"),
        ("binary_cross_entropy", "sigmoid"),
    ):
        model = MLP(1, [1], activation=activation)
        weight, bias = model.parametros()
        weight.data, bias.data = 0.0, 50.0
        Trainer(model, loss=name).fit([0.0], [0.0], epochs=1)
        moved[name] = 50.0 - bias.data
    assert moved == {
        "binary_cross_entropy_from_logits": pytest.approx(0.01, rel=1e-9),
        "binary_cross_entropy": 0.0,
    }


def test_nan_is_not_hidden() -> None:
    assert math.isnan(binary_cross_entropy_from_logits([Valor(math.nan)], [1.0]).data)


def test_samples_are_averaged() -> None:
    model = MLP(1, [1], activation="identity")
    for parameter in model.parametros():
        parameter.data = 0.0
    trainer = Trainer(model, loss="binary_cross_entropy_from_logits")
    found = trainer.evaluate([1.0, 2.0, 3.0], [0.0, 1.0, 1.0])["loss"]
    assert found == pytest.approx(math.log(2), rel=1e-15)


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        binary_cross_entropy_from_logits([Valor(0.5), Valor(0.5)], [1.0])
