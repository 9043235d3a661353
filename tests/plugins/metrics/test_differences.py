"""Differences of rows, and sums that are rounded once."""

import math

import pytest

from valor_plugins.metrics.differences import differences, total


def test_differences_are_prediction_minus_target() -> None:
    assert differences([[3.0, 1.0], [0.0, 2.0]], [[1.0, 4.0], [0.0, -2.0]]) == [2.0, -3.0, 0.0, 4.0]
    with pytest.raises(ValueError, match="zip"):
        differences([[1.0, 2.0]], [[1.0]])


def test_a_total_is_rounded_once_and_may_be_infinite() -> None:
    assert total([1e100, 1.0, -1e100]) == 1.0
    assert total(iter([1.7e308, 1.7e308])) == math.inf
    assert math.isnan(total([1.0, math.nan]))
