"""Scaling: to the bit the same for lists, arrays, and arrays that are larger than memory."""

import math
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pytest

from valor import MLP, Scaler, Scaling, Trainer, scaler
from valor import _scaling as scalings
from valor._data import Table, as_rows
from valor._scaling import fitted
from valor.exceptions import DataError, FormulaError, InvalidArgumentError

NAN, INFINITE = float("nan"), float("inf")
HALVE = Scaler("halve", lambda values: (1.0, 0.5))


def some(samples: int, width: int, seed: int = 0) -> list[list[float]]:
    draw = random.Random(seed)
    return [[draw.uniform(-1, 1) * 10 ** draw.randint(-9, 9) for _ in range(width)]
            for _ in range(samples)]  # fmt: skip


def test_values_are_shifted_and_multiplied_and_come_back() -> None:
    scaling = Scaling(inputs=[(10.0, 0.5), (-1.0, 4.0)], targets=[(100.0, 0.25)])
    assert scaling.scaled_inputs([[12.0, 0.0], [8.0, -1.5]]) == [[1.0, 4.0], [-1.0, -2.0]]
    assert scaling.scaled_targets([[104.0], [100.0]]) == [[1.0], [0.0]]
    assert scaling.unscaled_outputs([[1.0], [0.5]]) == [[104.0], [102.0]]


def test_without_pairs_rows_are_handed_through() -> None:
    rows = [[1.0, 2.0]]
    for scaling in (Scaling(), Scaling(targets=[(0.0, 1.0)])):
        assert scaling.scaled_inputs(rows) is rows
    assert Scaling(inputs=[(0.0, 1.0)]).scaled_targets(rows) is rows
    assert Scaling(inputs=[(0.0, 1.0)]).unscaled_outputs(rows) is rows


@pytest.mark.parametrize("dtype", [np.float64, np.float32, np.int32, np.uint64, ">f8"])
@pytest.mark.parametrize("at_once", [2**23, 1])
def test_arrays_give_the_bits_of_lists(
    dtype: Any, at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(scalings, "AT_ONCE", at_once)
    numbers = np.abs(np.array(some(50, 3))).astype(dtype)
    scaling = Scaling(inputs=[(0.1, 1 / 3), (-7.7, 1e-5), (1e9, -3.0)])
    expected = scaling.scaled_inputs(as_rows(numbers.tolist(), "x"))
    table = scaling.scaled_inputs(as_rows(numbers, "x"))
    assert isinstance(table, Table)
    assert list(table) == expected
    assert (table[7], table[-1], list(table[3:6])) == (expected[7], expected[-1], expected[3:6])
    assert np.asarray(table.array, np.float64).tolist() == expected
    assert table.array[[4, 2]].tolist() == [expected[4], expected[2]]
    assert (len(table), table.array.shape, table.array.ndim) == (50, (50, 3), 2)


def test_a_large_array_is_scaled_where_it_is_looked_at(monkeypatch: pytest.MonkeyPatch) -> None:
    array = np.zeros((1000, 4), np.float32)
    scaling = Scaling(inputs=[(1.0, 1.0)] * 4)
    assert scaling.scaled_inputs(Table(array)).array.flags.c_contiguous  # type: ignore[attr-defined]
    monkeypatch.setattr(scalings, "AT_ONCE", 3999)
    table = scaling.scaled_inputs(Table(array))
    assert not table.array.flags.c_contiguous  # type: ignore[attr-defined]
    array[3] = 5.0
    assert table[3] == [4.0] * 4
    array[4, 2] = INFINITE
    assert table[3] == [4.0] * 4  # what is not looked at is not computed
    for look in (lambda: table[4], lambda: table[2:6], lambda: table.array[[9, 4]]):  # type: ignore[attr-defined]
        with pytest.raises(DataError, match=r"x\[4\]\[2\] is, after scaling, larger than a float"):
            look()


@pytest.mark.parametrize("engine", ["eager", "native"])
def test_engines_train_on_what_is_scaled_late(engine: str, monkeypatch: pytest.MonkeyPatch) -> None:
    x, y = np.float32(some(40, 3)), np.float32(some(40, 1, seed=1))
    bits = []
    for at_once in (2**23, 10):
        monkeypatch.setattr(scalings, "AT_ONCE", at_once)
        # The native engine then takes some at a time.
        monkeypatch.setattr("valor_plugins.engines.native.data.WINDOW", at_once)
        model = MLP(3, [2, 1], activation="tanh", seed=0)
        model.scaling = fitted(Table(x), Table(y), scaler("standard"), scaler("standard"))
        trainer = Trainer(model, "mean_squared_error", engine=engine, seed=2)
        run = trainer.fit(x, y, epochs=3, batch_size=7, shuffle=True)
        bits.append((list(run.history["loss"]), [p.data for p in model.parametros()]))
    assert bits[0] == bits[1]


def test_the_width_is_checked() -> None:
    scaling = Scaling(inputs=[(0.0, 1.0)] * 2, targets=[(0.0, 1.0)])
    with pytest.raises(DataError, match=r"x must have 2 values a sample, .* not 3"):
        scaling.scaled_inputs([[1.0, 2.0, 3.0]])
    with pytest.raises(DataError, match=r"y must have 1 values a sample, .* not 2"):
        scaling.scaled_targets(Table(np.ones((4, 2))))
    with pytest.raises(DataError, match="the outputs must have 1 values a sample"):
        scaling.unscaled_outputs([[1.0, 2.0]])


@pytest.mark.parametrize("form", [as_rows, lambda rows, _: Table(np.array(rows))])
def test_what_becomes_too_large_is_named(form: Any) -> None:
    scaling = Scaling(inputs=[(0.0, 1.0), (0.0, 1e300)])
    rows = form([[1.0, 1.0], [1e300, 2e8], [1.0, 1e9]], "x")
    with pytest.raises(DataError, match=r"x\[1\]\[1\] is, after scaling, larger than a float"):
        scaling.scaled_inputs(rows)


@pytest.mark.parametrize(
    ("pairs", "message"),
    [
        ([], r"scaling: inputs must be a list of \(shift, factor\)"),
        (5, r"scaling: inputs must be a list of \(shift, factor\)"),
        ([1.0, 2.0], r"scaling: inputs must be a list of \(shift, factor\)"),
        ([("a", 1.0)], r"scaling: inputs must be a list of \(shift, factor\)"),
        ([(True, 1.0)], r"scaling: inputs must be a list of \(shift, factor\)"),
        ([(0.0, 1.0), (0.0, 0.0)], r"scaling: inputs\[1\] must have a factor other than 0"),
        ([(0.0, -0.0)], r"scaling: inputs\[0\] must have a factor other than 0"),
        ([(NAN, 1.0)], r"scaling: inputs\[0\] must be two finite numbers, not \(nan, 1.0\)"),
        ([(0.0, INFINITE)], r"scaling: inputs\[0\] must be two finite numbers"),
        ([(0.0, 1.0, 2.0)], r"scaling: inputs\[0\] must be \(shift, factor\)"),
        ([()], r"scaling: inputs\[0\] must be \(shift, factor\)"),
    ],
)
def test_what_is_no_scaling_is_refused(pairs: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        Scaling(inputs=pairs)


def test_a_scaling_is_a_value() -> None:
    assert Scaling([[1, 2]]) == Scaling(inputs=((1.0, 2.0),)) != Scaling(targets=[(1.0, 2.0)])
    assert len({Scaling([(1.0, 2.0)]), Scaling([[1, 2]])}) == 1


# Fitting


@pytest.mark.parametrize("form", [lambda rows: rows, lambda rows: Table(np.float64(rows))])
def test_a_scaler_sees_the_values_of_each_column(form: Any) -> None:
    seen: list[list[float]] = []

    def spy(values: Sequence[float]) -> tuple[float, float]:
        seen.append(list(values))
        return min(values), 1 / len(values)

    inputs, targets = form([[1.0, 5.0], [2.0, 4.0], [3.0, 3.0]]), form([[7.0], [6.0], [8.0]])
    scaling = fitted(inputs, targets, Scaler("spy", spy), HALVE)
    assert scaling == Scaling([(1.0, 1 / 3), (3.0, 1 / 3)], [(1.0, 0.5)])
    assert seen == [[1.0, 2.0, 3.0], [5.0, 4.0, 3.0]]


def test_either_side_may_be_left_as_it_is() -> None:
    rows = [[1.0], [2.0]]
    assert fitted(rows, rows, None, None) is None
    assert fitted(rows, rows, HALVE, None) == Scaling(inputs=[(1.0, 0.5)])
    assert fitted(rows, rows, None, HALVE) == Scaling(targets=[(1.0, 0.5)])


def test_a_scaler_that_standardizes_gives_mean_0_and_deviation_1() -> None:
    rows = some(200, 2)
    scaling = fitted(rows, rows, scaler("standard"), None)
    assert scaling is not None
    for column in zip(*scaling.scaled_inputs(rows), strict=True):
        assert math.isclose(math.fsum(column), 0, abs_tol=1e-9)
        assert math.isclose(math.fsum(value * value for value in column) / 200, 1, rel_tol=1e-12)


@pytest.mark.parametrize(
    ("result", "message"),
    [
        (None, r"must be \(shift, factor\), not None"),
        (1.0, r"must be \(shift, factor\), not 1.0"),
        ((1.0,), r"must be \(shift, factor\)"),
        (("a", 1.0), "must be two numbers, not"),
        ((0.0, 0.0), "must have a factor other than 0"),
        ((0.0, NAN), "must be two finite numbers"),
    ],
)
def test_what_a_scaler_returns_is_checked(result: Any, message: str) -> None:
    def odd(values: Sequence[float]) -> Any:
        return result if values[0] == 2.0 else (0.0, 1.0)

    rows = [[1.0, 2.0], [3.0, 4.0]]
    with pytest.raises(FormulaError, match=f"^scaler 'odd': .* for column 1 of x {message}"):
        fitted(rows, rows, Scaler("odd", odd), None)
    with pytest.raises(FormulaError, match=f"^scaler 'odd': .* for column 1 of y {message}"):
        fitted(rows, rows, None, Scaler("odd", odd))
