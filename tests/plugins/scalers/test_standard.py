"""standard: a column of the mean 0 and the standard deviation 1."""

import math
import random
from array import array
from collections.abc import Sequence
from fractions import Fraction

import mpmath
import pytest

from valor import scaler
from valor_plugins.scalers.standard import standard


def exact(values: Sequence[float]) -> tuple[float, float]:
    """Return the mean and 1 / the standard deviation, by fractions and 50 digits."""
    fractions = [Fraction(value) for value in values]
    mean = sum(fractions) / len(fractions)
    variance = sum((value - mean) ** 2 for value in fractions) / len(fractions)
    with mpmath.workdps(50):
        root = mpmath.sqrt(mpmath.mpf(variance.numerator) / variance.denominator)
        return float(mean), float(1 / root)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1.0, 3.0], (2.0, 1.0)),
        ([-2.0, 2.0, -2.0, 2.0], (0.0, 0.5)),
        ([0.0, 0.0, 0.0, 4.0], (1.0, 1 / 3**0.5)),
        ([5.0, 1.0, 3.0, 3.0], (3.0, 0.5**0.5)),
    ],
)
def test_value(values: list[float], expected: tuple[float, float]) -> None:
    assert standard(values) == pytest.approx(expected, rel=1e-15)
    assert standard(array("d", values)) == standard(values)


GENERATOR = random.Random(6)
COLUMNS = {
    "ordinary": [GENERATOR.normalvariate(3, 2) for _ in range(1000)],
    "far from 0": [1e9 + GENERATOR.random() for _ in range(1000)],
    "very far from 0": [1e15 + GENERATOR.randrange(8) for _ in range(1000)],
    "large": [1e300 * GENERATOR.random() for _ in range(100)],
    "largest": [1.7e308, 1.6e308, -1.7e308, 1.5e308],
    "small": [1e-300 * GENERATOR.random() for _ in range(100)],
    "large and small": [1e300, 1e-300, 0.0, -1e5],
    "an outlier": [*[1.0] * 999, 1e6],
}


@pytest.mark.parametrize("values", COLUMNS.values(), ids=COLUMNS)
def test_columns_beside_exact_arithmetic(values: list[float]) -> None:
    mean, factor = exact(values)
    found = standard(values)
    assert found[0] == pytest.approx(mean, rel=1e-15, abs=1e-16 / factor)
    assert found[1] == pytest.approx(factor, rel=4e-15)


def test_a_scaled_column_has_the_mean_0_and_the_deviation_1() -> None:
    values = COLUMNS["ordinary"]
    shift, factor = standard(values)
    mean, spread = exact([(value - shift) * factor for value in values])
    assert mean == pytest.approx(0.0, abs=1e-15)
    assert spread == pytest.approx(1.0, rel=1e-14)


@pytest.mark.parametrize("value", [0.0, 0.1, -0.7, 3.0, 1e300, 1e-300, 5e-324, -1.7e308])
@pytest.mark.parametrize("count", [1, 2, 3, 10, 49, 1000])
def test_a_column_that_never_changes_is_only_shifted(value: float, count: int) -> None:
    assert standard([value] * count) == (value, 1.0)


def test_a_column_that_changes_by_rounding_only_is_only_shifted() -> None:
    for value in (1.0, 0.1, -3e5):
        shift, factor = standard([value, math.nextafter(value, math.inf)])
        assert shift == pytest.approx(value, rel=1e-15)
        assert factor == 1.0
    # What changes by more is scaled, however little that is.
    assert standard([1.0, 1.0 + 2**-40])[1] == pytest.approx(2.0**41, rel=1e-3)


def test_a_column_whose_factor_no_float_can_hold_is_only_shifted() -> None:
    assert standard([0.0, 1e-320])[1] == 1.0


def test_it_has_no_hyperparameters() -> None:
    assert scaler("standard").hyperparameters == {}
