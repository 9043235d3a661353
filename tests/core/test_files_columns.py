"""Columns: categories found in a table, turned into numbers, and told from numbers again."""

import datetime
import decimal
import random
from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest
from sklearn.preprocessing import OneHotEncoder

from valor.exceptions import DataError, InvalidArgumentError, InvalidNumberError
from valor.files import Columns

NAN = float("nan")
PETS = [
    {"kg": 4.0, "pet": "cat", "legs": 4},
    {"kg": 30.0, "pet": "dog", "legs": 4},
    {"kg": 0.1, "pet": "bird", "legs": 2},
    {"kg": 5.0, "pet": "cat", "legs": 4},
]


def table(values: Sequence[Any]) -> list[dict[str, Any]]:
    """Return a table with a column of some values, and of them again, so that each comes twice."""
    return [{"c": value} for value in (*values, *values)]


def categories(values: Sequence[Any]) -> list[Any]:
    return list(Columns.of(table(values), ["c"], ["c"]).categories["c"])


def test_each_category_becomes_a_number_in_its_place() -> None:
    columns = Columns.of(PETS, ["kg", "pet", "legs"], ["pet", "legs"])
    assert columns.names == ("kg", "pet", "legs")
    assert columns.categories == {"pet": ("bird", "cat", "dog"), "legs": (2, 4)}
    assert list(columns) == ["kg", "pet=bird", "pet=cat", "pet=dog", "legs=2", "legs=4"]
    assert columns.encoded(PETS) == [
        [4.0, 0.0, 1.0, 0.0, 0.0, 1.0],
        [30.0, 0.0, 0.0, 1.0, 0.0, 1.0],
        [0.1, 1.0, 0.0, 0.0, 1.0, 0.0],
        [5.0, 0.0, 1.0, 0.0, 0.0, 1.0],
    ]
    assert columns.decoded(columns.encoded(PETS)) == [list(row.values()) for row in PETS]


def test_columns_are_the_names_of_their_numbers() -> None:
    columns = Columns.of(PETS, ["kg", "pet"], ["pet"])
    assert (len(columns), columns[1], columns[-1]) == (4, "pet=bird", "pet=dog")
    assert list(columns[:2]) == ["kg", "pet=bird"]
    assert "pet=cat" in columns
    assert not Columns([])


def test_numbers_are_those_of_scikit_learn() -> None:
    draw = random.Random(3)
    rows = [
        {"a": draw.choice("xyzw"), "b": draw.choice([3, 1, 20]), "c": draw.choice(["10", "9", "1"])}
        for _ in range(50)
    ]
    encoder = OneHotEncoder(sparse_output=False).fit(
        [[row["a"], row["b"], int(row["c"])] for row in rows]
    )
    expected = encoder.transform([[row["a"], row["b"], int(row["c"])] for row in rows])
    columns = Columns.of(rows, ["a", "b", "c"], ["a", "b", "c"])
    assert columns.encoded(rows) == expected.tolist()
    assert [list(each) for each in columns.categories.values()] == [
        each.tolist() for each in encoder.categories_
    ]


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        (["10", "9", "1"], [1, 9, 10]),
        ([10, 9, 1], [1, 9, 10]),
        ([10.0, 9.0, 0.5], [0.5, 9, 10]),
        (["3.0", "3", 3, 3.0, np.int8(3), decimal.Decimal(3)], [3]),
        (["-1", "1e-05", "2.5"], [-1, 1e-05, 2.5]),
        (["10", "9", "one"], ["10", "9", "one"]),
        ([10, 9, "one", 0.5], ["0.5", "10", "9", "one"]),
        (["007", "7"], ["007", "7"]),  # names that look like numbers
        (["3.10", "3.9"], ["3.10", "3.9"]),
        (["12E4", "120000"], ["120000", "12E4"]),
        (["1_0", "10"], ["10", "1_0"]),
        (["nan", "inf"], ["inf", "nan"]),
        ([2**60, 2**60 + 1], [str(2**60), str(2**60 + 1)]),  # no float tells them apart
        ([10**400, 1], ["1", str(10**400)]),
        ([True, False], ["False", "True"]),
        (["True", False], ["False", "True"]),
        ([" a ", "a"], ["a"]),
        (["é", "e", "É"], ["e", "É", "é"]),
        ([datetime.date(2020, 1, 2)], ["2020-01-02"]),
    ],
)
def test_categories_are_numbers_where_all_are_and_else_texts(
    values: list[Any], expected: list[Any]
) -> None:
    found = categories(values)
    assert found == expected
    assert [type(each) for each in found] == [type(each) for each in expected]
    # What was found in a table is found again.
    columns = Columns.of(table(values), ["c"], ["c"])
    encoded = columns.encoded(table(values))
    assert all(sum(row) == 1 for row in encoded)


def test_a_number_is_the_same_however_another_table_writes_it() -> None:
    columns = Columns.of(table(["1", "2"]), ["c"], ["c"])
    for value in ("2", "2.0", 2, 2.0, " 2 ", np.float32(2)):
        assert columns.encoded([{"c": value}]) == [[0.0, 1.0]]
    with pytest.raises(DataError, match="'02' is none of its categories"):
        columns.encoded([{"c": "02"}])


# Targets


def test_a_target_of_two_categories_is_one_number() -> None:
    for values, names in ((["no", "yes"], "c=yes"), ([0, 1], "c=1"), ([-1, 5], "c=5")):
        columns = Columns.of(table(values), ["c"], ["c"], targets=True)
        assert list(columns) == [names]
        assert columns.encoded(table(values)) == [[0.0], [1.0], [0.0], [1.0]]
        assert columns.decoded([[0.4], [0.5], [0.51], 0.9, [7.0], [-3.0]]) == [
            values[0], values[0], values[1], values[1], values[1], values[0],
        ]  # fmt: skip
    assert len(Columns.of(table(["no", "yes"]), ["c"], ["c"])) == 2


def test_the_threshold_may_be_another() -> None:
    columns = Columns(["c"], {"c": ["no", "yes"]}, targets=True, threshold=0.0)
    assert columns.decoded([-0.1, 0.0, 0.1]) == ["no", "no", "yes"]
    found = Columns.of(table(["no", "yes"]), ["c"], ["c"], targets=True, threshold=0)
    assert found.decoded([-0.1, 0.1]) == ["no", "yes"]
    for threshold in (NAN, float("inf")):
        with pytest.raises(InvalidArgumentError, match="threshold must be a finite number"):
            Columns(["c"], threshold=threshold)
    with pytest.raises(InvalidNumberError, match="threshold must be a real number"):
        Columns(["c"], threshold="0")  # type: ignore[arg-type]


def test_a_target_of_more_has_one_number_each_and_the_largest_is_meant() -> None:
    columns = Columns.of(table(["a", "b", "c"]), ["c"], ["c"], targets=True)
    assert len(columns) == 3
    assert columns.decoded([[0.2, 0.3, 0.5], [0.4, 0.4, 0.2], [-5.0, -6.0, -7.0]]) == [
        "c",
        "a",
        "a",
    ]


def test_several_targets_are_told_together() -> None:
    rows = [{"y": 1.5, "pet": p, "sick": s} for p in ("cat", "dog", "eel") for s in ("no", "yes")]
    columns = Columns.of(rows, ["pet", "y", "sick"], ["pet", "sick"], targets=True)
    assert list(columns) == ["pet=cat", "pet=dog", "pet=eel", "y", "sick=yes"]
    assert columns.decoded([[0.1, 0.8, 0.1, 2.5, 0.6]]) == [["dog", 2.5, "yes"]]
    assert columns.decoded(np.array([[0.9, 0.8, 0.1, 2.5, 0.4]])) == [["cat", 2.5, "no"]]
    with pytest.raises(DataError, match="a row must have 5 numbers, not 1"):
        columns.decoded([0.1])


# What is refused


def test_an_unknown_category_is_named_with_those_there_are() -> None:
    columns = Columns.of(PETS, ["pet", "legs"], ["pet", "legs"])
    with pytest.raises(DataError) as caught:
        columns.encoded([*PETS, {"pet": "cta", "legs": 4}], "pets.csv")
    assert str(caught.value) == (
        "pets.csv: sample 5, column 'pet': 'cta' is none of its categories, did you mean 'cat'?; "
        "they are: 'bird', 'cat', 'dog'"
    )
    with pytest.raises(DataError, match=r"sample 1, column 'legs': '3' is none .* they are: 2, 4$"):
        columns.encoded([{"pet": "cat", "legs": 3}])
    many = Columns(["c"], {"c": range(100)})
    with pytest.raises(DataError, match="they are: 0, 1, 2, 3, 4, 5, 6, 7 and 92 more"):
        many.encoded([{"c": "x"}])


@pytest.mark.parametrize("missing", [None, NAN, np.float32(NAN), "", "  ", pd.NA, pd.NaT])
@pytest.mark.parametrize("categorical", [["a"], []])
def test_a_missing_value_is_named_by_sample_and_column(missing: Any, categorical: Any) -> None:
    rows = [{"a": 1}, {"a": 1}, {"a": missing}]
    place = r"^t\.csv: sample 3, column 'a': "
    if isinstance(missing, str) and missing and not categorical:
        with pytest.raises(DataError, match=place + "expected a number, not '  '"):
            Columns(["a"]).encoded(rows, "t.csv")
        return
    with pytest.raises(DataError, match=place + "the value is missing"):
        Columns.of(rows, ["a"], categorical, source="t.csv").encoded(rows, "t.csv")


def test_what_is_no_number_is_named_by_sample_and_column() -> None:
    with pytest.raises(
        DataError, match=r"^t: sample 2, column 'a': expected a number, not 'x'"
    ) as c:
        Columns(["a"]).encoded([{"a": 1}, {"a": "x"}], "t")
    assert c.value.text_column == "a"
    with pytest.raises(DataError, match=r"sample 1, column 'a': expected a finite number, not inf"):
        Columns(["a"]).encoded([{"a": float("inf")}], "t")


def test_what_is_taken_for_no_category_is_refused() -> None:
    names = [{"name": f"n{i}", "kg": i % 2} for i in range(50)]
    with pytest.raises(
        DataError, match=r"^t: column 'name' has a different value in each of the 50 samples"
    ):
        Columns.of(names, ["name", "kg"], ["name"], source="t")
    many = [{"c": i % 1001} for i in range(3000)]
    with pytest.raises(DataError, match="column 'c' has 1001 different values, more than the 1000"):
        Columns.of(many, ["c"], ["c"])
    assert len(Columns.of([{"c": i % 1000} for i in range(3000)], ["c"], ["c"])) == 1000
    one = [{"c": "a"}, {"c": "a"}]
    with pytest.raises(DataError, match="column 'c' has only one value, 'a': there is nothing to"):
        Columns.of(one, ["c"], ["c"], targets=True)
    assert Columns.of(one, ["c"], ["c"]).encoded(one) == [[1.0], [1.0]]


def test_a_missing_column_is_named() -> None:
    for call in (lambda: Columns.of(PETS, ["Pet"]), lambda: Columns(["Pet"]).encoded(PETS, "t")):
        with pytest.raises(
            DataError, match=r"has no column 'Pet', did you mean 'pet'\?; it has:"
        ) as c:
            call()
        assert c.value.missing_column == "Pet"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((["a"], {"b": ["x"]}), "the categories of 'b' are of no column; there are: a"),
        ((["a"], {"a": []}), "the categories of 'a' must be at least 1"),
        ((["a"], {"a": ["x", 1]}), "the categories of 'a' must be all finite numbers or all texts"),
        ((["a"], {"a": [1, True]}), "must be all finite numbers or all texts"),
        ((["a"], {"a": [1, NAN]}), "must be all finite numbers or all texts"),
        ((["a"], {"a": [2**54]}), "must be all finite numbers or all texts"),
        ((["a"], {"a": [[1]]}), "must be all finite numbers or all texts"),
        ((["a"], {"a": ["x", ""]}), "must be all finite numbers or all texts"),
        ((["a"], {"a": ["x", "x"]}), "the categories of 'a' must differ from each other"),
        ((["a"], {"a": [1, 1.0]}), "must differ from each other"),
        ((["a", "a"],), "names: column 'a' is named twice"),
        ((["a", 1],), r"names must be a list of texts, not \['a', 1\]"),
        ((5,), "names must be a list of texts, not 5"),
        (({"a": 1},), "names must be a list of texts"),
        ((["a", "a=x"], {"a": ["x", "y"]}), "two numbers would be called 'a=x'; rename a column"),
    ],
)
def test_columns_that_are_none_are_refused(arguments: Any, message: str) -> None:
    with pytest.raises(InvalidArgumentError, match=message):
        Columns(*arguments)


def test_a_target_has_two_categories_at_least() -> None:
    with pytest.raises(InvalidArgumentError, match="the categories of 'a' must be at least 2"):
        Columns(["a"], {"a": ["x"]}, targets=True)


def test_columns_may_have_other_names_elsewhere() -> None:
    columns = Columns.of(PETS, ["kg", "pet"], ["pet"]).renamed(["weight", "kind"])
    assert columns.encoded([{"kind": "dog", "weight": 20}]) == [[20.0, 0.0, 0.0, 1.0]]
    with pytest.raises(InvalidArgumentError, match="there must be 2 names, not 1"):
        columns.renamed(["weight"])


def test_one_name_may_be_given_alone() -> None:
    assert Columns("pet").names == ("pet",)
    assert list(Columns.of(PETS, "pet", "pet")) == ["pet=bird", "pet=cat", "pet=dog"]
