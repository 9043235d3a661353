"""The reader "parquet": what Arrow, pandas and polars write, and the row and column of a fault."""

import datetime
import decimal
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

import valor
from valor.exceptions import DataError, HyperparameterError, MissingExtraError
from valor.files import read_samples
from valor_plugins.data.parquet import read_parquet

COLUMNS = {"a": [1.5, 2.5], "b": [3, 4], "name": ["Ana", "João"]}


def written(folder: Path, columns: Any) -> Path:
    path = folder / "data.parquet"
    pq.write_table(columns if isinstance(columns, pa.Table) else pa.table(columns), path)
    return path


def test_numbers_and_texts_are_read(tmp_path: Path) -> None:
    expected = [{"a": 1.5, "b": 3.0, "name": "Ana"}, {"a": 2.5, "b": 4.0, "name": "João"}]
    path = tmp_path / "data.parquet"
    for write in (
        lambda: pq.write_table(pa.table(COLUMNS), path),
        lambda: pd.DataFrame(COLUMNS).to_parquet(path),
        lambda: pl.DataFrame(COLUMNS).write_parquet(path),
        lambda: pq.write_table(pa.table(COLUMNS), path, row_group_size=1, compression="gzip"),
    ):
        write()
        rows = read_parquet(path, texts=["name"])
        assert rows == expected
        assert all(type(row["b"]) is float for row in rows)


def test_columns_may_be_chosen_in_any_order(tmp_path: Path) -> None:
    path = written(tmp_path, COLUMNS)
    rows = read_parquet(str(path), columns=["b", "a"])
    assert [list(row.items()) for row in rows] == [
        [("b", 3.0), ("a", 1.5)], [("b", 4.0), ("a", 2.5)],
    ]  # fmt: skip
    with pytest.raises(DataError, match="no column is named 'c'; there are: a, b, name") as caught:
        read_parquet(path, columns=["a", "c"])
    assert caught.value.missing_column == "c"
    with pytest.raises(DataError, match="no column is named 'c'"):
        read_parquet(path, columns=["a"], texts=["c"])


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (pa.array([1, 2], pa.int8()), [1.0, 2.0]),
        (pa.array([1, 2**63], pa.uint64()), [1.0, 2.0**63]),
        (pa.array([0.1, 0.5], pa.float32()), [0.10000000149011612, 0.5]),
        (pa.array([0.5, 1.0], pa.float16()), [0.5, 1.0]),
        (pa.array([decimal.Decimal("1.50")] * 2), [1.5, 1.5]),
        (pa.array([7, 9]).dictionary_encode(), [7.0, 9.0]),
    ],
)
def test_numbers_of_every_type_are_numbers(tmp_path: Path, values: Any, expected: Any) -> None:
    rows = read_parquet(written(tmp_path, {"a": values}))
    assert [row["a"] for row in rows] == expected


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ([1, 2], ["1", "2"]),
        ([0.5, 2.0], ["0.5", "2.0"]),
        ([True, False], ["True", "False"]),
        (pa.array(["x", "y"]).dictionary_encode(), ["x", "y"]),
        ([datetime.date(2020, 1, 2)] * 2, ["2020-01-02"] * 2),
    ],
)
def test_any_column_may_be_returned_as_texts(tmp_path: Path, values: Any, expected: Any) -> None:
    rows = read_parquet(written(tmp_path, {"a": values}), texts=("a",))
    assert [row["a"] for row in rows] == expected


@pytest.mark.parametrize("missing", [None, float("nan")])
@pytest.mark.parametrize("texts", [[], ["b"]])
def test_a_missing_value_is_named_by_row_and_column(
    tmp_path: Path, missing: Any, texts: list[str]
) -> None:
    path = written(tmp_path, {"a": [1, 2, 3], "b": [1.0, missing, 2.0]})
    with pytest.raises(DataError) as caught:
        read_parquet(path, texts=texts)
    assert str(caught.value) == (
        f"{path}, row 2, column b: the value is missing ({missing}); fill it in, or leave out the "
        "row"
    )
    with pytest.raises(DataError, match="row 3, column c: the value is missing"):
        read_parquet(written(tmp_path, {"c": ["x", "y", ""]}), texts=["c"])


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        ("x", "'x'"),
        (True, "True"),
        (float("inf"), "inf"),
        ([1.0], r"\[1.0\]"),
        ({"k": 1}, "{'k': 1}"),
        (datetime.date(2020, 1, 2), r"datetime\.date"),
        (b"x", "b'x'"),
    ],
)
def test_what_is_no_finite_number_is_refused_with_its_place(
    tmp_path: Path, value: Any, shown: str
) -> None:
    path = written(tmp_path, {"a": [value, value]})
    with pytest.raises(
        DataError, match=f"row 1, column a: expected a finite number, not {shown}"
    ) as c:
        read_parquet(path)
    assert c.value.text_column == "a"


def test_what_pandas_keeps_of_its_own_is_no_column(tmp_path: Path) -> None:
    path = tmp_path / "data.parquet"
    pd.DataFrame({"a": [1, 2], "b": [3, 4]}, index=["r", "s"]).to_parquet(path)
    assert read_parquet(path) == [{"a": 1.0, "b": 3.0}, {"a": 2.0, "b": 4.0}]
    # Asked for, it is there; and an index with a name is a column as any other.
    assert read_parquet(path, columns=["__index_level_0__"], texts=["__index_level_0__"]) == [
        {"__index_level_0__": "r"}, {"__index_level_0__": "s"},
    ]  # fmt: skip
    pd.DataFrame({"a": [1, 2]}, index=pd.Index([7, 8], name="id")).to_parquet(path)
    assert read_parquet(path) == [{"a": 1.0, "id": 7.0}, {"a": 2.0, "id": 8.0}]


def test_a_table_without_samples_or_columns_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"data\.parquet: it must hold at least one sample"):
        read_parquet(written(tmp_path, {"a": pa.array([], pa.int64())}))
    with pytest.raises(DataError, match="it must hold at least one column"):
        read_parquet(written(tmp_path, pa.table({})))
    twice = pa.Table.from_arrays([pa.array([1]), pa.array([2])], ["a", "a"])
    with pytest.raises(DataError, match="two columns are named 'a'"):
        read_parquet(written(tmp_path, twice))


def test_a_file_that_is_none_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.parquet: No such file"):
        read_parquet(tmp_path / "none.parquet")
    with pytest.raises(DataError, match="Is a directory"):
        read_parquet(tmp_path)
    path = written(tmp_path, COLUMNS)
    whole = path.read_bytes()
    for content in (
        b"",
        b"a,b\n1,2\n",
        whole[:-1],
        whole[: len(whole) // 2],
        whole[4:],
        bytes(100),
    ):
        path.write_bytes(content)
        with pytest.raises(DataError, match=r"data\.parquet: it cannot be read as Parquet: "):
            read_parquet(path)


def test_damage_raises_nothing_but_a_data_error(tmp_path: Path) -> None:
    path = written(tmp_path, COLUMNS)
    whole = path.read_bytes()
    refused = 0
    for position in range(len(whole)):
        # This bit, too, makes bytes of texts what UTF-8 has not.
        path.write_bytes(whole[:position] + bytes([whole[position] ^ 0x80]) + whole[position + 1 :])
        try:
            read_parquet(path, columns=["a", "name"], texts=["name"])
        except DataError:
            refused += 1
    assert refused > 100


def test_without_pyarrow_the_extra_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = written(tmp_path, COLUMNS)
    monkeypatch.setitem(sys.modules, "pyarrow", None)  # importing it raises ImportError
    with pytest.raises(MissingExtraError, match=r"pip install 'valor-framework\[parquet\]'"):
        read_parquet(path)


def test_the_reader_is_found_by_its_suffix_and_reads_categories(tmp_path: Path) -> None:
    manager = valor.plugin_manager(environment=False)
    assert valor.reader("parquet", plugins=manager).suffixes == (".parquet", ".pq")
    table = {"kg": [4.0, 30.0, 5.0], "pet": ["cat", "dog", "cat"], "legs": [4, 4, 3]}
    samples = read_samples(
        written(tmp_path, table), target="pet", categorical=["pet", "legs"], plugins=manager
    )
    assert samples.y == [[0.0], [1.0], [0.0]]
    assert samples.x == [[4.0, 0.0, 1.0], [30.0, 0.0, 1.0], [5.0, 1.0, 0.0]]
    assert samples.inputs.categories == {"legs": (3, 4)}


@pytest.mark.parametrize("name", ["columns", "texts"])
def test_names_of_columns_that_are_no_list_of_texts_are_refused(name: str) -> None:
    for value in ("ab", [1], {"a": 1}):
        with pytest.raises(HyperparameterError, match=name):
            valor.reader(
                "parquet", plugins=valor.plugin_manager(environment=False), **{name: value}
            )
