"""Data frames of pandas, polars and PyArrow: trained on as their numbers are, and refused by the
name of the column and the row."""

import decimal
import sys
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import numpy as np
import pandas as pd
import polars as pl
import pyarrow as pa
import pytest

from valor import MLP, Trainer
from valor._data import as_rows, as_samples
from valor.exceptions import DataError

NAN = float("nan")
COLUMNS = {"a": [1.0, 3.0, 5.0], "b": [2, 4, 6]}
ROWS = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
TARGETS = [1.0, 0.0, 0.5]

FRAMES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.DataFrame(COLUMNS),
    "pandas, its own types": lambda: pd.DataFrame(COLUMNS).convert_dtypes(),
    "pandas, Arrow's types": lambda: pd.DataFrame(COLUMNS).astype("double[pyarrow]"),
    "pandas, small types": lambda: pd.DataFrame(COLUMNS).astype({"a": "float16", "b": "uint8"}),
    "pandas, objects": lambda: pd.DataFrame(COLUMNS, dtype=object),
    "pandas, fractions": lambda: pd.DataFrame(
        {"a": [Fraction(1), Fraction(3), Fraction(5)], "b": [decimal.Decimal(n) for n in (2, 4, 6)]}
    ),
    "pandas, sparse": lambda: pd.DataFrame(COLUMNS).astype(pd.SparseDtype("float64", 0.0)),
    "pandas, categories": lambda: pd.DataFrame(COLUMNS).astype({"b": "category"}),
    "pandas, another index": lambda: pd.DataFrame(COLUMNS, index=[7, 7, "x"]),
    "pandas, a name twice": lambda: pd.DataFrame(ROWS, columns=["a", "a"]),
    "pandas, numbers as names": lambda: pd.DataFrame(ROWS),
    "pandas, names of its methods": lambda: pd.DataFrame(ROWS, columns=["collect", "schema"]),
    "polars": lambda: pl.DataFrame(COLUMNS),
    "polars, lazy": lambda: pl.LazyFrame(COLUMNS),
    "polars, small types": lambda: pl.DataFrame(COLUMNS, schema={"a": pl.Float32, "b": pl.UInt8}),
    "polars, decimals": lambda: pl.DataFrame(COLUMNS).cast(pl.Decimal(10, 2)),
    "Arrow": lambda: pa.table(COLUMNS),
    "Arrow, in chunks": lambda: pa.concat_tables([pa.table(COLUMNS)[:1], pa.table(COLUMNS)[1:]]),
    "Arrow, a batch": lambda: pa.RecordBatch.from_pydict(COLUMNS),
    "Arrow, small types": lambda: pa.table(
        COLUMNS, schema=pa.schema([("a", pa.float16()), ("b", pa.int8())])
    ),
}
SERIES: dict[str, Callable[[], Any]] = {
    "pandas": lambda: pd.Series(TARGETS, name="y"),
    "pandas, without a name": lambda: pd.Series(TARGETS),
    "pandas, a frame": lambda: pd.DataFrame({"y": TARGETS}),
    "polars": lambda: pl.Series("y", TARGETS),
    "polars, a frame": lambda: pl.DataFrame({"y": TARGETS}),
    "Arrow": lambda: pa.chunked_array([TARGETS]),
    "Arrow, an array": lambda: pa.array(TARGETS),
}


@pytest.mark.parametrize("form", FRAMES)
def test_frames_of_every_form_train_as_lists_do(form: str) -> None:
    rows = as_rows(FRAMES[form](), "x")
    assert list(rows) == ROWS
    assert all(type(value) is float for row in rows for value in row)
    runs = []
    for inputs in (FRAMES[form](), ROWS):
        model = MLP(2, [2, 1], seed=0)
        run = Trainer(model).fit(inputs, TARGETS, epochs=3)
        runs.append((list(run.history["loss"]), Trainer(model).predict(inputs)))
    assert runs[0] == runs[1]


@pytest.mark.parametrize("form", SERIES)
def test_targets_may_be_one_column(form: str) -> None:
    assert list(as_rows(SERIES[form](), "y")) == [[value] for value in TARGETS]


def test_a_frame_becomes_one_array_of_doubles() -> None:
    inputs, targets = as_samples(pl.DataFrame(COLUMNS), pd.Series(TARGETS))
    for rows in (inputs, targets):
        array = rows.array  # type: ignore[attr-defined]
        assert array.dtype == np.float64
        assert array.flags.c_contiguous


def test_rows_and_batches_of_frames_are_rows_too() -> None:
    frame = pd.DataFrame(COLUMNS)
    assert as_rows([row for _, row in frame.iterrows()], "x") == ROWS
    assert as_rows(frame.itertuples(index=False), "x") == ROWS
    assert as_rows(pl.DataFrame(COLUMNS).iter_rows(), "x") == ROWS


def gap(library: str, values: Any) -> Any:
    """Return a frame with a column "weight" of some values after one that has none missing."""
    columns = {"height": [1.0, 2.0, 3.0], "weight": values}
    return {
        "pandas": lambda: pd.DataFrame(columns, index=["r", "s", "t"]),
        "polars": lambda: pl.DataFrame(columns, strict=False),
        "Arrow": lambda: pa.table(columns),
    }[library]()


@pytest.mark.parametrize("library", ["pandas", "polars", "Arrow"])
@pytest.mark.parametrize(
    "values",
    [[1.0, None, 2.0], [1, None, 2], [1.0, NAN, None], [True, None, False], ["a", None, "b"]],
)
def test_a_missing_value_is_named_by_column_and_row(library: str, values: list[Any]) -> None:
    expected = r"^x, column 'weight', row 1 \(counted from 0\): the value is missing \((nan|None)\)"
    if isinstance(values[0], (bool, str)):  # what is no number comes before it
        expected = r"^x, column 'weight', row 0 \(counted from 0\): expected a number, not "
    with pytest.raises(DataError, match=expected):
        as_rows(gap(library, values), "x")


@pytest.mark.parametrize("kind", ["Int64", "Float32", "boolean", "int64[pyarrow]"])
def test_what_pandas_calls_missing_is_missing(kind: str) -> None:
    series = pd.Series([None, 1, 0], dtype=kind, name="weight")
    with pytest.raises(DataError, match=r"^y, column 'weight', row 0 .* missing \((nan|<NA>)\)"):
        as_rows(series, "y")
    dates = pd.Series([pd.NaT, pd.NaT])
    with pytest.raises(DataError, match=r"^y, row 0 \(counted from 0\): the value is missing"):
        as_rows(dates, "y")


@pytest.mark.parametrize("library", ["pandas", "polars", "Arrow"])
@pytest.mark.parametrize(
    ("values", "shown"),
    [
        (["1", "2", "3"], "'1' of type str"),
        ([True, False, True], "True of type bool"),
        ([[1.0], [2.0], [3.0]], r".*\[1.0\]"),
    ],
)
def test_a_column_that_holds_no_numbers_is_refused_by_its_name(
    library: str, values: list[Any], shown: str
) -> None:
    with pytest.raises(
        DataError, match=rf"^x, column 'weight', row 0 .*: expected a number, not {shown}"
    ):
        as_rows(gap(library, values), "x")


@pytest.mark.parametrize("library", ["pandas", "polars", "Arrow"])
def test_an_infinity_is_refused_by_column_and_row(library: str) -> None:
    with pytest.raises(
        DataError, match=r"^x, column 'weight', row 2 .*: expected a finite number, not -inf"
    ):
        as_rows(gap(library, [1.0, 2.0, -float("inf")]), "x")


@pytest.mark.parametrize(
    "column",
    [
        pd.to_datetime(["2020-01-01"] * 3),
        pd.to_timedelta([1, 2, 3]),
        pd.Categorical(["a", "b", "a"]),
        [1j, 2j, 3j],
        [object(), None, 1],
        [10**400, 1, 1],
    ],
)
def test_other_types_of_pandas_are_refused(column: Any) -> None:
    frame = pd.DataFrame({"height": [1, 2, 3], "odd": column})
    with pytest.raises(DataError, match=r"^x, column 'odd', row 0 .*: expected a number, not "):
        as_rows(frame, "x")


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame({"a": []}), "x must hold at least one sample, but is empty"),
        (pd.DataFrame(), "x must hold at least one column"),
        (pd.DataFrame(index=[1, 2]), "x must hold at least one column"),
        (pl.DataFrame(), "x must hold at least one column"),
        (pl.DataFrame({"a": []}), "x must hold at least one sample, but is empty"),
        (pl.Series([]), "x must hold at least one sample"),
        (pa.table({}), "x must hold at least one column"),
        (pa.table({"a": pa.array([], pa.int64())}), "x must hold at least one sample"),
    ],
)
def test_an_empty_frame_is_refused(frame: Any, message: str) -> None:
    with pytest.raises(DataError, match=message):
        as_rows(frame, "x")


def test_the_names_of_columns_are_never_taken_for_data() -> None:
    # Gone through, a frame of pandas gives the names of its columns, and these are numbers.
    frame = pd.DataFrame(ROWS, columns=[7, 8])
    for rows in ([frame, frame], iter([frame]), [pl.LazyFrame(COLUMNS)]):
        with pytest.raises(
            DataError, match=r"x\[0\] must be .* a row of numbers, not a data frame"
        ):
            as_rows(rows, "x")

    class Foreign:
        columns = ("a", "b")

        def __iter__(self) -> Any:
            return iter([1, 2])

    with pytest.raises(DataError, match=r"x is a data frame of .*; give its numbers as an array"):
        as_rows(Foreign(), "x")
    named = pd.DataFrame({"columns": [1], "b": [2]}).itertuples(index=False)
    assert as_rows(named, "x") == [[1.0, 2.0]]


def test_a_class_derived_from_a_frame_is_one() -> None:
    class Own(pd.DataFrame):
        pass

    assert list(as_rows(Own(COLUMNS), "x")) == ROWS


@pytest.mark.parametrize("library", ["pandas", "polars", "Arrow"])
def test_without_numpy_a_frame_becomes_lists(library: str, monkeypatch: pytest.MonkeyPatch) -> None:
    frame = gap(library, [1, 2, 3])
    faulty = gap(library, [1.0, NAN, 3.0])
    monkeypatch.setitem(sys.modules, "numpy", None)  # importing it raises ImportError
    assert as_rows(frame, "x") == [[1.0, 1.0], [2.0, 2.0], [3.0, 3.0]]
    with pytest.raises(DataError, match=r"^x, column 'weight', row 1 .* missing"):
        as_rows(faulty, "x")


def test_a_frame_does_not_have_to_be_indexed_as_its_targets_are() -> None:
    frame, series = pd.DataFrame(COLUMNS)[::-1], pd.Series(TARGETS, index=[5, 6, 7])
    inputs, targets = as_samples(frame, series)
    assert (list(inputs), list(targets)) == (ROWS[::-1], [[value] for value in TARGETS])
