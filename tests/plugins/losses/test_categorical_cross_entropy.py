"""categorical_cross_entropy: the sum of -t log p over classes, finite where p is rounded to 0."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import MLP, Activation, Trainer, Valor
from valor.exceptions import NonFiniteError
from valor.functions import exp, maximum
from valor_plugins.losses.categorical_cross_entropy import categorical_cross_entropy


def softmax(values: list[Any]) -> list[Any]:
    largest = values[0]
    for v in values[1:]:
        largest = maximum(largest, v)
    exponentials = [exp(v - largest) for v in values]
    total = exponentials[0]
    for e in exponentials[1:]:
        total = total + e
    return [e / total for e in exponentials]


@pytest.mark.parametrize(
    ("predicted", "target"),
    [
        ([0.2, 0.3, 0.5], [0.0, 1.0, 0.0]),
        ([0.2, 0.3, 0.5], [0.1, 0.6, 0.3]),
        ([1e-300, 1e-7, 1.0], [1.0, 0.0, 0.0]),
        ([1e-300, 1e-7, 1.0], [0.2, 0.3, 0.5]),
        ([1e-50, 0.9999999999999999], [0.0, 1.0]),
        ([0.1] * 10, [0.0] * 9 + [1.0]),
        ([0.25], [1.0]),
    ],
)
def test_value_and_slopes_against_mpmath(
    predicted: list[float], target: list[float], value_and_slopes: Any, ulps: Any
) -> None:
    value = -mpmath.fsum(mpf(t) * mpmath.log(p) for p, t in zip(predicted, target, strict=True))
    found, slopes = value_and_slopes(categorical_cross_entropy, predicted, target)
    assert ulps(found, value) <= 3
    for slope, p, t in zip(slopes, predicted, target, strict=True):
        assert ulps(slope, -mpf(t) / mpf(p)) <= 1


def test_values_worked_out_on_paper(value_and_slopes: Any) -> None:
    found = value_and_slopes(categorical_cross_entropy, [0.25, 0.5, 0.25], [0.0, 1.0, 0.0])
    assert found == (math.log(2), [0.0, -2.0, 0.0])
    value, slopes = value_and_slopes(categorical_cross_entropy, [0.25, 0.75], [0.5, 0.5])
    assert value == pytest.approx(math.log(16 / 3) / 2, rel=1e-15)
    assert slopes == pytest.approx([-2.0, -2 / 3], rel=1e-15)


@pytest.mark.parametrize("zero", [0.0, -0.0, 5e-324])
def test_a_probability_of_0(zero: float, value_and_slopes: Any) -> None:
    right = value_and_slopes(categorical_cross_entropy, [zero, 1.0], [0.0, 1.0])
    assert right == (0.0, [0.0, -1.0])  # 0 * log 0 is 0
    wrong = value_and_slopes(categorical_cross_entropy, [zero, 1.0], [1.0, 0.0])
    assert wrong == (690.7755278982137, [0.0, 0.0])


@pytest.mark.parametrize("z", [0.0, 1.0, 37.0, 400.0, 690.0, 700.0, 740.0, 746.0, 1e6])
@pytest.mark.parametrize("t", [0.0, 1.0, 0.3])
def test_value_and_gradient_are_finite_wherever_a_softmax_saturates(z: float, t: float) -> None:
    for sign in (1, -1):
        logits = [Valor(sign * z), Valor(0.0), Valor(-0.5)]
        result = categorical_cross_entropy(softmax(logits), [t, 1 - t, 0.0])
        result.propagar_tudo()
        assert math.isfinite(result.data)
        assert all(-1.000001 <= logit.grad <= 1.000001 for logit in logits)
        if z <= 690:
            probabilities = [p.data for p in softmax(logits)]
            expected = [probabilities[0] - t, probabilities[1] - (1 - t), probabilities[2]]
            assert [logit.grad for logit in logits] == pytest.approx(expected, abs=1e-15)


def test_what_is_no_probability_gives_nan() -> None:
    model = MLP(1, [2], activation="identity")
    for parameter in model.parametros():
        parameter.data = -1.0
    with pytest.raises(NonFiniteError, match="log"):
        Trainer(model, loss="categorical_cross_entropy").fit([1.0], [[0.0, 1.0]], epochs=1)
    assert math.isnan(categorical_cross_entropy([Valor(-0.1), Valor(1.1)], [0.0, 1.0]).data)


def test_classes_are_summed_and_samples_averaged() -> None:
    model = MLP(1, [4], activation=Activation("by_hand", softmax, over="layer"))
    for parameter in model.parametros():
        parameter.data = 0.0
    trainer = Trainer(model, loss="categorical_cross_entropy")
    targets = [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.25] * 4]
    found = trainer.evaluate([1.0, 2.0, 3.0], targets)["loss"]
    assert found == pytest.approx(math.log(4), rel=1e-15)


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        categorical_cross_entropy([Valor(0.5), Valor(0.5)], [1.0])
