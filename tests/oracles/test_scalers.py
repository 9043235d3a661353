"""Scalers beside those of scikit-learn; where the two differ, it is said and shown here."""

import numpy as np
import pytest
from sklearn.preprocessing import MinMaxScaler, StandardScaler

from valor_plugins.scalers.min_max import min_max
from valor_plugins.scalers.standard import standard

SIZES = (1, 2, 3, 10, 1000)


def columns(size: int) -> list[list[float]]:
    generator = np.random.default_rng(size)
    return [
        (generator.normal(mean, 1, size) * scale).tolist()
        for mean in (0.0, 3.0, -1000.0)
        for scale in (1e-100, 1e-3, 1.0, 1e5, 1e100)
    ]


@pytest.mark.parametrize("size", SIZES)
def test_standard(size: int) -> None:
    for values in columns(size):
        shift, factor = standard(values)
        peer = StandardScaler().fit(np.array(values)[:, None])
        assert shift == pytest.approx(peer.mean_[0], rel=1e-12)
        assert factor == pytest.approx(1 / peer.scale_[0], rel=1e-9)
        scaled = (np.array(values) - shift) * factor
        assert scaled == pytest.approx(peer.transform(np.array(values)[:, None])[:, 0], abs=1e-9)


@pytest.mark.parametrize("size", SIZES)
@pytest.mark.parametrize(("low", "high"), [(0.0, 1.0), (-1.0, 1.0), (2.0, 5.0)])
def test_min_max(size: int, low: float, high: float) -> None:
    for values in columns(size):
        # scikit-learn takes any column for constant that spans less than 2.2e-15, such as one of
        # numbers near 1e-100.
        if max(values) - min(values) < 1e-14 and size > 1:
            continue
        shift, factor = min_max(values, low=low, high=high)
        peer = MinMaxScaler((low, high)).fit(np.array(values)[:, None])
        assert factor == pytest.approx(peer.scale_[0], rel=1e-12)
        scaled = (np.array(values) - shift) * factor
        expected = peer.transform(np.array(values)[:, None])[:, 0]
        rounding = 2**-52 * abs(shift) * factor  # of the shift, which is one float
        assert scaled == pytest.approx(expected, abs=1e-9 + 2 * rounding)


@pytest.mark.parametrize("value", [0.0, 0.1, 3.0, -7e5])
def test_a_column_that_never_changes(value: float) -> None:
    values = np.full((49, 1), value)
    for (shift, factor), peer in (
        (standard(values[:, 0].tolist()), StandardScaler()),
        (min_max(values[:, 0].tolist()), MinMaxScaler()),
    ):
        others = np.array([[value], [value + 2.0]])
        expected = peer.fit(values).transform(others)
        assert (others - shift) * factor == pytest.approx(expected, abs=1e-9)


def test_a_column_that_hardly_changes() -> None:
    # scikit-learn allows for the rounding of its own sums, size times that of one number, and takes
    # a column for constant that is none; ours are rounded once.
    generator = np.random.default_rng(0)
    values = 1e5 + 1e-9 * generator.integers(0, 2, (10_000, 1))
    assert StandardScaler().fit(values).scale_[0] == 1.0
    shift, factor = standard(values[:, 0].tolist())
    assert ((values - shift) * factor).std() == pytest.approx(1.0, abs=0.01)
