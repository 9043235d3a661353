"""kullback_leibler: the sum of t log(t / p) over classes, 0 where a target is 0."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import MLP, Trainer, Valor
from valor.exceptions import NonFiniteError
from valor_plugins.losses.categorical_cross_entropy import categorical_cross_entropy
from valor_plugins.losses.kullback_leibler import kullback_leibler


@pytest.mark.parametrize(
    ("predicted", "target"),
    [
        ([0.2, 0.3, 0.5], [0.1, 0.6, 0.3]),
        ([0.2, 0.3, 0.5], [0.0, 1.0, 0.0]),
        ([0.5, 0.25, 0.25], [0.5, 0.25, 0.25]),
        ([0.5, 0.25, 0.25], [0.5000000001, 0.25, 0.2499999999]),
        ([1e-300, 1e-7, 1.0], [0.2, 0.3, 0.5]),
        ([1e-300, 1e-7, 1.0], [1e-300, 1e-20, 1.0]),
        ([0.25], [1.0]),
    ],
)
def test_value_and_slopes_against_mpmath(
    predicted: list[float], target: list[float], value_and_slopes: Any, ulps: Any
) -> None:
    pairs = [(mpf(p), mpf(t)) for p, t in zip(predicted, target, strict=True)]
    value = mpmath.fsum(t * mpmath.log(t / p) for p, t in pairs if t)
    terms = mpmath.fsum(t * (abs(mpmath.log(t)) + abs(mpmath.log(p))) for p, t in pairs if t)
    found, slopes = value_and_slopes(kullback_leibler, predicted, target)
    assert ulps(found, value, terms) <= 2
    for slope, (p, t) in zip(slopes, pairs, strict=True):
        assert ulps(slope, -t / p) <= 1


def test_values_worked_out_on_paper(value_and_slopes: Any) -> None:
    found = value_and_slopes(kullback_leibler, [0.5, 0.5], [0.0, 1.0])
    assert found == (math.log(2), [0.0, -2.0])
    value, slopes = value_and_slopes(kullback_leibler, [0.25, 0.75], [0.5, 0.5])
    assert value == pytest.approx(math.log(4 / 3) / 2, rel=1e-14)
    assert slopes == pytest.approx([-2.0, -2 / 3], rel=1e-15)


def test_of_a_distribution_from_itself_it_is_0(value_and_slopes: Any) -> None:
    for same in ([0.2, 0.3, 0.5], [0.0, 1.0, 0.0], [1e-310, 1.0]):
        assert value_and_slopes(kullback_leibler, same, same)[0] == 0


@pytest.mark.parametrize("zero", [0.0, -0.0, 5e-324])
def test_a_0_on_either_side(zero: float, value_and_slopes: Any) -> None:
    assert value_and_slopes(kullback_leibler, [zero, 1.0], [0.0, 1.0]) == (0.0, [0.0, -1.0])
    value, _ = value_and_slopes(kullback_leibler, [0.5, 0.5], [zero, 0.0])
    assert value == pytest.approx(0.0, abs=1e-320)
    wrong = value_and_slopes(kullback_leibler, [zero, 1.0], [1.0, 0.0])
    assert wrong == (690.7755278982137, [0.0, 0.0])


def test_it_is_cross_entropy_less_the_entropy_of_the_target(value_and_slopes: Any) -> None:
    predicted, target = [0.2, 0.3, 0.5], [0.1, 0.6, 0.3]
    entropy = -(0.1 * math.log(0.1) + 0.6 * math.log(0.6) + 0.3 * math.log(0.3))
    value, slopes = value_and_slopes(kullback_leibler, predicted, target)
    other, gradient = value_and_slopes(categorical_cross_entropy, predicted, target)
    assert value == pytest.approx(other - entropy, rel=1e-13)
    assert slopes == gradient


def test_what_is_no_probability_gives_nan() -> None:
    assert math.isnan(kullback_leibler([Valor(-0.1), Valor(1.1)], [0.0, 1.0]).data)
    assert math.isnan(kullback_leibler([Valor(0.5), Valor(0.5)], [-0.1, 1.1]).data)
    model = MLP(1, [2], activation="identity")
    for parameter in model.parametros():
        parameter.data = -1.0
    with pytest.raises(NonFiniteError, match="log"):
        Trainer(model, loss="kullback_leibler").fit([1.0], [[0.0, 1.0]], epochs=1)


def test_classes_are_summed_and_samples_averaged() -> None:
    model = MLP(1, [2])
    for parameter in model.parametros():
        parameter.data = 0.0
    trainer = Trainer(model, loss="kullback_leibler")
    found = trainer.evaluate([1.0, 2.0, 3.0], [[1.0, 0.0], [0.0, 1.0], [0.5, 0.5]])["loss"]
    assert found == pytest.approx(math.log(2) * 2 / 3, rel=1e-15)


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        kullback_leibler([Valor(0.5), Valor(0.5)], [1.0])
