"""Data larger than memory: no copy of doubles, and a window at a time of other numbers."""

import tracemalloc
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from valor import MLP, Trainer
from valor_plugins.engines.native import data as native_data
from valor_plugins.engines.native.data import matrix_of, zeros


def trained(engine: str, x: Any, y: Any, **fit: Any) -> list[float]:
    model = MLP(3, [4, 2], activation="tanh", seed=0)
    trainer = Trainer(model, loss="mean_squared_error", engine=engine, seed=5)
    losses = trainer.fit(x, y, epochs=3, **fit).history["loss"]
    return [*losses, *(parameter.data for parameter in model.parametros())]


@pytest.mark.parametrize("shuffle", [False, True])
@pytest.mark.parametrize("batch_size", [1, 7, 50])
@pytest.mark.parametrize("window", [1, 80, 200])
def test_windows_change_nothing(
    monkeypatch: pytest.MonkeyPatch, window: int, batch_size: int, shuffle: bool
) -> None:
    monkeypatch.setattr(native_data, "WINDOW", window)
    data = np.random.default_rng(1).random((50, 5)).astype(np.float32)
    fit = {"batch_size": batch_size, "shuffle": shuffle}
    x, y = data[:, :3], np.ascontiguousarray(data[:, 3:])
    assert trained("native", x, y, **fit) == trained("eager", x, y, **fit)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_a_mapped_file_trains_with_flat_memory(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, dtype: Any
) -> None:
    monkeypatch.setattr(native_data, "WINDOW", 2**16)
    rows, path = 400_000, tmp_path / "data"
    np.full((rows, 8), 0.5, dtype).tofile(path)
    x = np.memmap(path, dtype=dtype, mode="r", shape=(rows, 8))
    y = np.memmap(path, dtype=dtype, mode="r", shape=(rows, 1))
    trainer = Trainer(MLP(8, [3, 1], seed=0), engine="native")
    trainer.fit(x[:10], y[:10], epochs=1)
    tracemalloc.start()
    try:
        run = trainer.fit(x, y, epochs=2, batch_size=1000)
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert (run.engine, run.completed_steps) == ("native", 800)
    assert peak < 10e6  # as doubles, the rows would take 29 MB


class Table:
    """Rows that have an array."""

    def __init__(self, array: Any) -> None:
        self.array = array


ROWS = [[1.0, 2.0], [3.0, -0.0], [5.0, 6.0]]
ARRAY = np.array(ROWS)


@pytest.mark.parametrize(
    "rows",
    [ROWS, Table(ARRAY), Table(ARRAY.astype(np.float32)), Table(np.asfortranarray(ARRAY))],
)
def test_some_rows_as_doubles(rows: Any) -> None:
    for which in (slice(None), slice(1, 2), slice(1, 9), np.array([2, 0, 2])):
        found = matrix_of(rows, which)
        assert found.tobytes() == ARRAY[which].tobytes()
        assert (found.dtype, found.shape[1], found.flags.c_contiguous) == (np.float64, 2, True)


def test_doubles_in_order_are_not_copied() -> None:
    assert np.shares_memory(matrix_of(Table(ARRAY), slice(1, 3)), ARRAY)


@pytest.mark.parametrize("size", [1, 7, 8, 1000])
def test_zeros_begin_at_a_cache_line(size: int) -> None:
    found = zeros(size)
    assert (found == 0).all()
    assert (len(found), found.ctypes.data % 64) == (size, 0)
