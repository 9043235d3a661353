"""The reader "csv": the numbers of a table, and for whatever is not one, its line and column."""

import csv
import random
from pathlib import Path
from typing import Any

import pytest

import valor
from valor.exceptions import DataError, HyperparameterError
from valor_plugins.data.csv import read_csv


def written(folder: Path, content: str | bytes) -> Path:
    path = folder / "data.csv"
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


def test_numbers_are_read_to_the_last_bit(tmp_path: Path) -> None:
    generator = random.Random(1)
    table = [[generator.uniform(-1, 1) * 10 ** generator.randint(-300, 300)] for _ in range(200)]
    path = tmp_path / "data.csv"
    with open(path, "w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows([["a"], *table])
    assert [row["a"] for row in read_csv(path)] == [row[0] for row in table]


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("1", 1.0), ("-1", -1.0), ("+1", 1.0), ("1.", 1.0), (".5", 0.5), ("1e3", 1000.0),
        ("-1.5E-3", -0.0015), (" 2 ", 2.0), ('"3"', 3.0), ("007", 7.0), ("1e-400", 0.0),
    ],
)  # fmt: skip
def test_a_number_may_be_written_in_many_ways(tmp_path: Path, text: str, number: float) -> None:
    (row,) = read_csv(written(tmp_path, f"a,b\n{text},0\n"))
    assert row == {"a": number, "b": 0.0}
    assert type(row["a"]) is float


@pytest.mark.parametrize(
    "text",
    ["x", "naN", "inf", "-Infinity", "1e400", "1_000", "1,5", "0x10", "١", "1 2", "--1", "1e", "e5",
     ".", "True", "none", "?", "-", "1;2", "1\u00a0000"],
)  # fmt: skip
def test_what_is_no_finite_number_is_refused_with_its_place(tmp_path: Path, text: str) -> None:
    path = written(tmp_path, f'a,b\n1,2\n\n3,"{text}"\n')
    with pytest.raises(DataError, match="expected a finite number") as caught:
        read_csv(path)
    assert str(caught.value).startswith(f"{path}, line 4, column b: ")
    assert repr(text.strip()) in str(caught.value)
    assert caught.value.text_column == "b"


@pytest.mark.parametrize(
    "text",
    ["", " ", "NA", " NA ", "N/A", "#N/A", "<NA>", "NaN", "nan", "NULL", "Null", "null", "None"],
)
@pytest.mark.parametrize("texts", [[], ["b"]])
def test_a_missing_value_is_named_with_its_line_and_column(
    tmp_path: Path, text: str, texts: list[str]
) -> None:
    path = written(tmp_path, f'a,b\n1,2\n\n3,"{text}"\n')
    written_as = f" ({text.strip()!r})" if text.strip() else ""
    with pytest.raises(DataError) as caught:
        read_csv(path, texts=texts)
    assert str(caught.value) == (
        f"{path}, line 4, column b: the value is missing{written_as}; "
        "fill it in, or leave out the line"
    )
    assert caught.value.text_column is None


def test_what_stands_for_a_missing_value_can_be_chosen(tmp_path: Path) -> None:
    path = written(tmp_path, "code,a\nNA,1\nDE,-\n")
    with pytest.raises(DataError, match=r"line 2, column code: the value is missing \('NA'\)"):
        read_csv(path, texts=["code"])
    with pytest.raises(DataError, match=r"line 3, column a: the value is missing \('-'\)"):
        read_csv(path, texts=["code"], missing=["-"])
    rows = read_csv(path, columns=["code"], texts=["code"], missing=())
    assert rows == [{"code": "NA"}, {"code": "DE"}]
    empty = written(tmp_path, "code,a\n,1\n")
    with pytest.raises(DataError, match="line 2, column code: the value is missing;"):
        read_csv(empty, texts=["code"], missing=())


@pytest.mark.parametrize(
    "content",
    [
        "a,b\n1,2\n3,4\n",
        "a,b\n1,2\n3,4",
        "a,b\r\n1,2\r\n3,4\r\n",
        "\ufeffa,b\n1,2\n3,4\n",
        "\n\na,b\n\n1,2\n   \n,\n3,4\n\n",
        ' a , "b" \n1,2\n3,4\n',
    ],
)
def test_marks_and_blank_lines_make_no_difference(tmp_path: Path, content: str) -> None:
    content = content.replace(' "b" ', '"b"')
    assert read_csv(written(tmp_path, content)) == [{"a": 1, "b": 2}, {"a": 3, "b": 4}]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("", "line 1: the first line must name the columns, but the file is empty"),
        ("\n\n", "the file is empty"),
        ("a,b\n", "at least one sample"),
        ("a,b\n\n", "at least one sample"),
        ("1,2\n3,4\n", "line 1: the first line must name the columns, not hold numbers"),
        ("a,,b\n1,2,3\n", "line 1: column 2 has no name"),
        ("a,b,a\n1,2,3\n", "line 1: two columns are named 'a'"),
        ("a,b\n1,2\n3\n", "line 3: it has 1 values, but the first line names 2 columns"),
        ("a,b\n1,2,3\n", "line 2: it has 3 values, but the first line names 2 columns"),
        ('a,b\n1,"2\n', "line 2: unexpected end of data"),
        ('a,b\n1,"2"x\n', "line 2: "),
        ('a,b\n"1\n",2\n3,x\n', "line 4, column b: "),
        (b"a,b\n1,\xff\n", "must be UTF-8"),
        ("a,b\n1," + "9" * 200_000 + "\n", "line 2: field larger"),
    ],
)
def test_a_table_that_is_none_is_refused_with_its_line(
    tmp_path: Path, content: Any, message: str
) -> None:
    path = written(tmp_path, content)
    with pytest.raises(DataError) as caught:
        read_csv(path)
    assert str(caught.value).startswith(str(path))
    assert message in str(caught.value)


def test_a_file_that_is_not_there_is_a_data_error(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"none\.csv: No such file"):
        read_csv(tmp_path / "none.csv")
    with pytest.raises(DataError, match="Is a directory"):
        read_csv(tmp_path)


def test_columns_that_are_not_asked_for_may_hold_anything(tmp_path: Path) -> None:
    path = written(tmp_path, "name,a,b\nAna,1,2\nJoão,3,4\n")
    assert read_csv(path, columns=["b", "a"]) == [{"b": 2, "a": 1}, {"b": 4, "a": 3}]
    assert list(read_csv(path, columns=["b", "a"])[0]) == ["b", "a"]
    with pytest.raises(DataError, match="line 2, column name: "):
        read_csv(path)
    with pytest.raises(DataError, match="no column is named 'c'; there are: name, a, b"):
        read_csv(path, columns=["c"])


def test_columns_may_be_kept_as_texts(tmp_path: Path) -> None:
    path = written(tmp_path, 'id,"the ""name""",a\n007," João, Silva ",1\n1.50,"two\nlines",2\n')
    assert read_csv(path, texts=["id", 'the "name"']) == [
        {"id": "007", 'the "name"': "João, Silva", "a": 1.0},
        {"id": "1.50", 'the "name"': "two\nlines", "a": 2.0},
    ]
    # A text that is not among the columns that are wanted changes nothing; an unknown one is told.
    assert read_csv(path, columns=["a"], texts=["id"]) == [{"a": 1.0}, {"a": 2.0}]
    with pytest.raises(
        DataError, match=r"is named 'Id', did you mean 'id'.; there are: id"
    ) as caught:
        read_csv(path, columns=["a"], texts=["Id"])
    assert caught.value.missing_column == "Id"


@pytest.mark.parametrize("name", ["columns", "texts", "missing"])
def test_names_of_columns_that_are_no_list_of_texts_are_refused(name: str) -> None:
    manager = valor.plugin_manager(environment=False)
    for value in ("ab", [1], {"a": 1}):
        with pytest.raises(HyperparameterError, match=name):
            valor.reader("csv", plugins=manager, **{name: value})
    assert valor.reader("csv", plugins=manager, **{name: ["a"]}).hyperparameters[name] == ["a"]


def test_the_reader_is_found_by_name_and_takes_a_delimiter(tmp_path: Path) -> None:
    manager = valor.plugin_manager(environment=False)
    path = str(written(tmp_path, "a;b\n1;2\n"))
    record = valor.reader("csv", plugins=manager, delimiter=";")
    assert record.formula(path) == [{"a": 1, "b": 2}]
    assert record.suffixes == (".csv",)
    tabs = valor.reader("csv", plugins=manager, delimiter="\t")
    assert tabs.formula(str(written(tmp_path, "a\tb\n1\t2\n"))) == [{"a": 1, "b": 2}]


@pytest.mark.parametrize("delimiter", ["", ";;", "\n", '"', "1", ".", "-", " ", 3])
def test_a_delimiter_that_cannot_be_one_is_refused(delimiter: Any) -> None:
    with pytest.raises(HyperparameterError, match="delimiter"):
        valor.reader("csv", plugins=valor.plugin_manager(environment=False), delimiter=delimiter)


@pytest.mark.parametrize("delimiter", [";", "\t", "|"])
def test_a_file_with_another_delimiter_gets_a_hint(tmp_path: Path, delimiter: str) -> None:
    path = written(tmp_path, f"kg{delimiter}cm\n1{delimiter}2\n")
    with pytest.raises(DataError, match=r"no column is named 'kg'.*give reader csv delimiter="):
        read_csv(path, columns=["kg"])
    assert read_csv(path, delimiter=delimiter, columns=["kg"]) == [{"kg": 1.0}]
