"""categorical_cross_entropy_from_logits: that of a softmax, right however large a logit."""

import math
from typing import Any

import mpmath
import pytest
from mpmath import mpf

from valor import MLP, Trainer, Valor
from valor_plugins.losses.categorical_cross_entropy_from_logits import (
    categorical_cross_entropy_from_logits,
)


def exact(logits: list[float], target: list[float]) -> tuple[Any, list[Any]]:
    """Return the value and the slopes, each from its definition."""
    exponentials = [mpmath.exp(mpf(z)) for z in logits]
    shares = [e / mpmath.fsum(exponentials) for e in exponentials]
    weight = mpmath.fsum(map(mpf, target))
    pairs = list(zip(shares, map(mpf, target), strict=True))
    return -mpmath.fsum(t * mpmath.log(p) for p, t in pairs), [weight * p - t for p, t in pairs]


@pytest.mark.parametrize(
    ("logits", "target"),
    [
        ([0.5, -1.0, 2.0], [0.0, 1.0, 0.0]),
        ([0.5, -1.0, 2.0], [0.1, 0.6, 0.3]),
        ([2.0, -1.0, 0.5], [0.1, 0.6, 0.3]),
        ([0.0, 0.0, 0.0], [0.0, 1.0, 0.0]),  # ties have slopes of their own
        ([1.0, 3.0, 3.0, 3.0, 2.0], [0.5, 0.0, 0.0, 0.5, 0.0]),
        ([3.0, 1.0, 3.0], [1.0, 0.0, 0.0]),
        ([1.0, 2.0, 3.0, 4.0, 5.0], [0.0, 0.0, 1.0, 0.0, 0.0]),
        ([5.0, 4.0, 3.0, 2.0, 1.0], [0.0, 0.0, 1.0, 0.0, 0.0]),
        ([40.0, -40.0, 0.0], [1.0, 0.0, 0.0]),
        ([40.0, -40.0, 0.0], [0.0, 0.5, 0.5]),
        ([-372.5, 400.0, 700.0], [1.0, 0.0, 0.0]),
        ([1.0, 2.0], [3.0, 0.5]),  # weights that are no distribution
        ([1.0, 2.0, 3.0], [0.0, 0.0, 0.0]),
        ([7.5], [1.0]),
    ],
)
def test_value_and_slopes_against_mpmath(
    logits: list[float], target: list[float], value_and_slopes: Any, ulps: Any
) -> None:
    value, slopes = exact(logits, target)
    found, gradients = value_and_slopes(categorical_cross_entropy_from_logits, logits, target)
    assert ulps(found, value) <= 4
    for gradient, slope in zip(gradients, slopes, strict=True):
        # A slope is a difference, of which each part is no larger than the weights are together.
        assert ulps(gradient, slope, sum(target)) <= 4


@pytest.mark.parametrize("position", [0, 1, 2])
@pytest.mark.parametrize("lead", [1.0, 20.0, 37.0, 40.0, 300.0, 700.0])
def test_a_class_that_is_right_and_certain_keeps_its_digits(
    lead: float, position: int, value_and_slopes: Any, ulps: Any
) -> None:
    logits, target = [0.25, 0.0, -1.0], [0.0, 0.0, 0.0]
    logits[position], target[position] = lead, 1.0
    value, slopes = exact(logits, target)
    found, gradients = value_and_slopes(categorical_cross_entropy_from_logits, logits, target)
    # Relative to numbers as small as e**-700. What a difference of logits is rounded by counts as
    # much in its exponential.
    allowed = 4 + lead / 2
    assert ulps(found, value) <= allowed
    for gradient, slope in zip(gradients, slopes, strict=True):
        assert ulps(gradient, slope) <= allowed
        assert gradient != 0


@pytest.mark.parametrize("size", [1e6, 1e300, 8e307])
def test_huge_logits(size: float, value_and_slopes: Any) -> None:
    formula = categorical_cross_entropy_from_logits
    for logits in ([size, -size, 0.0], [-size, size, 0.0], [0.0, -size, size]):
        largest = logits.index(size)
        right = [float(k == largest) for k in range(3)]
        wrong = [float(k == logits.index(-size)) for k in range(3)]
        assert value_and_slopes(formula, logits, right) == (0.0, [0.0, 0.0, 0.0])
        slopes = [a - b for a, b in zip(right, wrong, strict=True)]
        assert value_and_slopes(formula, logits, wrong) == (2 * size, slopes)


def test_values_worked_out_on_paper(value_and_slopes: Any) -> None:
    # The softmax of log 1, log 2 and log 5 is 1/8, 2/8 and 5/8.
    logits = [0.0, math.log(2), math.log(5)]
    value, slopes = value_and_slopes(categorical_cross_entropy_from_logits, logits, [0.0, 1.0, 0.0])
    assert value == pytest.approx(math.log(4), rel=1e-15)
    assert slopes == pytest.approx([0.125, -0.75, 0.625], rel=1e-14)


def test_of_two_classes_it_is_binary_cross_entropy() -> None:
    # The softmax of z and 0 is the sigmoid of z and of -z.
    from valor_plugins.losses.binary_cross_entropy_from_logits import (
        binary_cross_entropy_from_logits,
    )

    for z in (-40.0, -1.5, 0.0, 2.0, 300.0):
        for t in (0.0, 0.25, 1.0):
            logits = Valor(z), Valor(z)
            two = categorical_cross_entropy_from_logits([logits[0], Valor(0.0)], [t, 1 - t])
            one = binary_cross_entropy_from_logits([logits[1]], [t])
            two.propagar_tudo()
            one.propagar_tudo()
            assert two.data == pytest.approx(one.data, rel=1e-14)
            assert logits[0].grad == pytest.approx(logits[1].grad, rel=1e-14)


def test_one_class_is_always_right(value_and_slopes: Any) -> None:
    assert value_and_slopes(categorical_cross_entropy_from_logits, [3.0], [1.0]) == (0.0, [0.0])


def test_nan_is_not_hidden() -> None:
    for position in range(3):
        logits = [Valor(1.0), Valor(2.0), Valor(0.5)]
        logits[position].data = math.nan
        result = categorical_cross_entropy_from_logits(logits, [0.0, 1.0, 0.0])
        assert math.isnan(result.data)


def test_classes_are_summed_and_samples_averaged() -> None:
    model = MLP(1, [4], activation="identity")
    for parameter in model.parametros():
        parameter.data = 0.0
    trainer = Trainer(model, loss="categorical_cross_entropy_from_logits")
    targets = [[1.0, 0.0, 0.0, 0.0], [0.0, 0.0, 0.0, 1.0], [0.25] * 4]
    found = trainer.evaluate([1.0, 2.0, 3.0], targets)["loss"]
    assert found == pytest.approx(math.log(4), rel=1e-15)


def test_lists_of_unequal_lengths_are_refused() -> None:
    with pytest.raises(ValueError, match="zip"):
        categorical_cross_entropy_from_logits([Valor(0.5), Valor(0.5)], [1.0])
