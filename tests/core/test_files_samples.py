"""Samples of a file: read as a script needs them, by any reader, with their categories."""

from pathlib import Path
from typing import Any

import pytest

from valor import MLP, Reader, Trainer, hookimpl, plugin_manager, reader
from valor.exceptions import DataError, InvalidArgumentError, UnknownNameError
from valor.files import read_samples, read_table

PETS = "kg,pet,legs,name\n4,cat,4,Tom\n30,dog,4,Rex\n0.1,bird,2,Pip\n5,cat,4,Kim\n"


@pytest.fixture
def pets(tmp_path: Path) -> Path:
    path = tmp_path / "pets.csv"
    path.write_text(PETS, encoding="utf-8")
    return path


def test_inputs_and_targets_are_read_with_their_categories(pets: Path) -> None:
    samples = read_samples(pets, target="pet", inputs=["kg", "legs"], categorical=["legs", "pet"])
    assert samples.x == [[4.0, 0.0, 1.0], [30.0, 0.0, 1.0], [0.1, 1.0, 0.0], [5.0, 0.0, 1.0]]
    assert samples.y == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert list(samples.inputs) == ["kg", "legs=2", "legs=4"]
    assert list(samples.targets) == ["pet=bird", "pet=cat", "pet=dog"]
    assert samples.targets.targets
    assert not samples.inputs.targets


def test_without_inputs_all_other_columns_are_taken(pets: Path) -> None:
    pets.write_text("kg,pet,legs\n4,cat,4\n30,dog,4\n5,cat,4\n")
    samples = read_samples(str(pets), target=["legs"], categorical="pet")
    assert samples.inputs.names == ("kg", "pet")
    assert samples.y == [[4.0], [4.0], [4.0]]


def test_the_threshold_is_that_of_the_targets(pets: Path) -> None:
    pets.write_text("kg,pet\n4,cat\n30,dog\n5,cat\n")
    samples = read_samples(pets, target="pet", categorical="pet", threshold=0)
    assert samples.targets.decoded([-0.1, 0.1]) == ["cat", "dog"]


def test_a_script_does_what_the_command_line_does(pets: Path) -> None:
    samples = read_samples(pets, target="pet", inputs="kg", categorical="pet")
    model = MLP(len(samples.inputs), [4, len(samples.targets)], activation="tanh", seed=0)
    Trainer(model, optimizer="adam").fit(samples.x, samples.y, epochs=500)
    assert samples.targets.decoded(model.predict([[4.0], [30.0]])) == ["cat", "dog"]


def test_a_text_where_a_number_was_expected_tells_what_to_do(pets: Path) -> None:
    with pytest.raises(DataError) as caught:
        read_samples(pets, target="kg", inputs=["pet"])
    assert str(caught.value) == (
        f"{pets}, line 2, column pet: expected a finite number, not 'cat'; "
        "if the column holds categories, name it as categorical"
    )
    assert caught.value.text_column == "pet"


class Own:
    @hookimpl
    def valor_register_readers(self) -> Any:
        # One that knows neither `columns` nor `texts`, as that of another package may.
        rows = [
            {"a": 1, "b": "x", "c": None},
            {"a": 2, "b": "y", "c": 1},
            {"a": 3, "b": "x", "c": 1},
        ]
        yield Reader("own", lambda path: rows, suffixes=(".own",))


def test_any_reader_will_do() -> None:
    manager = plugin_manager(environment=False)
    manager.register(Own(), "own")
    for given in (None, "own", reader("own", plugins=manager)):
        samples = read_samples(
            "a.own", target="b", inputs="a", categorical="b", reader=given, plugins=manager
        )
        assert (samples.x, samples.y) == ([[1.0], [2.0], [3.0]], [[0.0], [1.0], [0.0]])
    with pytest.raises(
        DataError, match=r"^a\.own: sample 1, column 'c': the value is missing \(None"
    ):
        read_samples("a.own", target="c", inputs="a", plugins=manager)
    with pytest.raises(UnknownNameError, match="no reader is named 'other'"):
        read_samples("a.own", target="c", reader="other", plugins=manager)


def test_a_reader_is_told_which_columns_are_texts(pets: Path) -> None:
    asked: list[Any] = []

    def read(path: str, *, texts: Any = None) -> list[dict[str, Any]]:
        asked.append(texts)
        return [{"a": 1.0}]

    read_table("x", Reader("r", read), texts=["a"])
    read_table("x", Reader("r", read))
    assert asked == [["a"], None]


@pytest.mark.parametrize(
    ("arguments", "error", "message"),
    [
        ({"target": "Pet"}, DataError, "no column 'Pet'"),
        ({"target": "kg", "inputs": ["Legs"]}, DataError, "no column is named 'Legs'"),
        ({"target": "kg", "categorical": ["Pet"]}, DataError, "no column is named 'Pet'"),
        (
            {"target": "kg", "inputs": ["kg", "legs"]},
            InvalidArgumentError,
            "column 'kg' is a target, so it cannot be an input too",
        ),
        (
            {"target": "kg", "inputs": ["legs"], "categorical": "pet"},
            InvalidArgumentError,
            "column 'pet' is categorical, but neither an input nor a target",
        ),
        ({"target": []}, InvalidArgumentError, "target must name at least one column"),
        ({"target": None}, InvalidArgumentError, "target must be a list of texts, not None"),
        ({"target": "kg", "inputs": []}, InvalidArgumentError, "there must be a column left"),
        ({"target": "kg", "inputs": [1]}, InvalidArgumentError, "inputs must be a list of texts"),
        ({"target": "kg", "categorical": 1}, InvalidArgumentError, "categorical must be a list"),
        (
            {"target": ["kg", "pet", "legs", "name"], "categorical": ["pet", "name"]},
            InvalidArgumentError,
            "there must be a column left to predict from",
        ),
        (
            {"target": "kg", "inputs": "name", "categorical": "name"},
            DataError,
            "column 'name' has a different value in each of the 4 samples",
        ),
        (
            {"target": "kg", "reader": 5},
            InvalidArgumentError,
            "reader must be the name of a reader",
        ),
    ],
)
def test_what_does_not_fit_is_refused(
    pets: Path, arguments: Any, error: type[Exception], message: str
) -> None:
    if arguments["target"] == "Pet":
        arguments = {**arguments, "categorical": ["pet", "name"]}
    with pytest.raises(error, match=message):
        read_samples(pets, **arguments)
