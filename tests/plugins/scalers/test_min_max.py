"""min_max: the smallest value of a column becomes `low`, the largest `high`."""

import random
from array import array
from typing import Any

import pytest

from valor import scaler
from valor.exceptions import DataError, HyperparameterError
from valor_plugins.scalers.min_max import min_max


@pytest.mark.parametrize(
    ("values", "bounds", "expected"),
    [
        ([2.0, 6.0, 4.0], {}, (2.0, 0.25)),
        ([-1.0, 1.0], {}, (-1.0, 0.5)),
        ([0.0, 4.0], {"low": -1.0}, (2.0, 0.5)),
        ([10.0, 20.0], {"low": 1.0, "high": 2.0}, (0.0, 0.1)),
        ([3.0, 3.0], {}, (3.0, 1.0)),
        ([3.0], {"low": -1.0}, (3.5, 2.0)),
        ([-1e-300, 1e-300], {}, (-1e-300, 1 / 2e-300)),
        ([0.0, 1.7e308], {}, (0.0, 1 / 1.7e308)),
    ],
)
def test_value(
    values: list[float], bounds: dict[str, float], expected: tuple[float, float]
) -> None:
    assert min_max(values, **bounds) == expected
    assert min_max(array("d", values), **bounds) == expected


@pytest.mark.parametrize("bounds", [(0.0, 1.0), (-1.0, 1.0), (-0.5, 3.0), (10.0, 11.0)])
def test_all_values_are_between_the_bounds(bounds: tuple[float, float]) -> None:
    low, high = bounds
    generator = random.Random(8)
    for size in (2, 3, 50):
        values = [generator.uniform(-20, 50) for _ in range(size)]
        shift, factor = min_max(values, low=low, high=high)
        scaled = sorted((value - shift) * factor for value in values)
        assert scaled[0] == pytest.approx(low, abs=1e-13)
        assert scaled[-1] == pytest.approx(high, abs=1e-13)


def test_by_default_the_ends_are_0_and_at_most_1() -> None:
    generator = random.Random(9)
    for _ in range(1000):
        values = [generator.normalvariate(5, 3) for _ in range(5)]
        shift, factor = min_max(values)
        scaled = [(value - shift) * factor for value in values]
        assert min(scaled) == 0.0
        assert 1 - 2**-52 <= max(scaled) <= 1.0


@pytest.mark.parametrize("value", [0.0, 0.1, -7.0, 1e300])
def test_a_column_that_never_changes_becomes_low(value: float) -> None:
    for low in (0.0, -1.0, 0.25):
        shift, factor = min_max([value] * 10, low=low)
        assert factor == 1.0 - low
        assert (value - shift) * factor == pytest.approx(low, abs=1e-15 * max(1.0, abs(value)))


@pytest.mark.parametrize("values", [[-1.7e308, 1.7e308], [0.0, 1e-320]])
def test_what_no_factor_can_do_is_refused(values: Any) -> None:
    with pytest.raises(DataError, match=r"the values from .* cannot be scaled to 0\.0 … 1\.0"):
        min_max(values)


def test_hyperparameters() -> None:
    assert scaler("min_max").hyperparameters == {"low": 0.0, "high": 1.0}
    for low, high in ((1.0, 1.0), (2.0, 1.0)):
        with pytest.raises(HyperparameterError, match=f"low is {low} and high is {high}"):
            scaler("min_max", low=low, high=high)([1.0, 2.0])
    with pytest.raises(HyperparameterError, match=r"scaler 'min_max'.*high"):
        scaler("min_max", high="top")
