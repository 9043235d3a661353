"""Arguments of any kind: what they become, and how they are refused."""

import math
import os
import pathlib
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import valor
from valor import MLP, PluginManager, Scaling, Valor, checkpoint, config, files, functions
from valor._arguments import listed, path_of, whole
from valor._data import at_least_one
from valor.exceptions import (
    DataError,
    HyperparameterError,
    InvalidArgumentError,
    InvalidNumberError,
    PluginError,
    UnknownNameError,
    shown,
)


class Failing:
    def __repr__(self) -> str:
        raise RuntimeError


def deep() -> Any:
    value: Any = []
    for _ in range(100_000):
        value = [value]
    return value


@pytest.mark.parametrize(
    ("value", "text"),
    [
        ("a", "'a'"),
        ("x" * 100, "'" + "x" * 56 + "..."),
        (deep(), "something of type list that cannot be shown"),
        (10**5000, "something of type int that cannot be shown"),
        (Failing(), "something of type Failing that cannot be shown"),
    ],
    ids=["short", "long", "deep", "digits", "failing"],
)
def test_whatever_it_is_it_can_be_shown(value: Any, text: str) -> None:
    assert shown(value) == text


def test_a_path_is_a_text_or_of_pathlib() -> None:
    assert path_of("a/b") == "a/b"
    assert path_of(pathlib.PurePosixPath("a", "b")) == "a/b"
    assert path_of(os.fsdecode(b"\xff")) == "\udcff"  # a name that is no UTF-8


@pytest.mark.parametrize("path", [None, 1, True, b"a", ["a"], Valor(1.0)])
def test_what_is_no_path_is_refused(path: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="file must be the path of a file, not"):
        path_of(path, "file")


@pytest.mark.parametrize("path", ["a\0b", "\ud800"])
def test_what_no_path_can_be_is_refused(path: str) -> None:
    with pytest.raises(InvalidArgumentError, match="a character that no path can have"):
        path_of(path)


def test_a_file_descriptor_is_no_path(tmp_path: Path) -> None:
    """`open(1)` would take the standard output, and close it."""
    uses: tuple[Any, ...] = (checkpoint.load, checkpoint.read_snapshot, config.read, files.Lock)
    for use in uses:
        with pytest.raises(InvalidArgumentError, match="path must be the path of a file, not 1"):
            use(1)
    with pytest.raises(InvalidArgumentError, match="path must be the path of a file, not 1"):
        MLP(1, [1]).save(1)  # type: ignore[arg-type]


def test_an_int_is_pythons_or_numpys() -> None:
    assert whole(3, "seed") == 3
    assert type(whole(np.int32(3), "seed")) is int


@pytest.mark.parametrize("value", [None, True, 1.0, "1", int, np.array([1, 2])])
def test_what_is_no_int_is_refused(value: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="seed must be an int, not"):
        whole(value, "seed")


def test_nothing_is_counted_beyond_the_largest_index() -> None:
    assert at_least_one(sys.maxsize, "epochs") == sys.maxsize
    with pytest.raises(InvalidArgumentError, match=f"epochs must be at most {sys.maxsize}, not"):
        at_least_one(sys.maxsize + 1, "epochs")
    with pytest.raises(InvalidArgumentError, match="num_dados_entrada must be at most"):
        MLP(10**400, [1])


def test_several_are_a_list() -> None:
    assert listed((n for n in (1, 2)), "x") == [1, 2]
    assert listed({"a": 1}, "x") == ["a"]


@pytest.mark.parametrize("values", [None, 3, "ab", b"ab", np.array(1.0)])
def test_what_is_not_several_is_refused(values: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="callbacks must be a list, not"):
        listed(values, "callbacks")


@pytest.mark.parametrize("plugins", [False, 0, "", [], object(), np.array([1, 2])])
def test_what_is_no_manager_is_refused(plugins: Any) -> None:
    with pytest.raises(InvalidArgumentError, match="plugins must be a manager made by"):
        valor.activation("tanh", plugins=plugins)


def test_a_seed_that_is_no_text_is_refused() -> None:
    with pytest.raises(InvalidArgumentError, match=r"seed must be .* it has half a character"):
        MLP(1, [1], seed="\ud800")


def test_a_hyperparameter_is_an_int_of_64_bits() -> None:
    with pytest.raises(HyperparameterError, match="cycle must be an int of 64 bits"):
        valor.schedule("cosine_with_restarts", cycle=10**400)


def test_a_function_says_which_argument_is_no_number() -> None:
    with pytest.raises(InvalidNumberError, match="low must be a real number"):
        functions.clip(1.0, "0", 2.0)
    with pytest.raises(InvalidNumberError, match="exponent must be a real number"):
        functions.power_of([2])  # type: ignore[arg-type]
    with pytest.raises(InvalidNumberError, match=r"b\[1\] must be a real number"):
        functions.dot([1.0, 2.0], [3.0, [4.0]])
    with pytest.raises(InvalidArgumentError, match="a must be a list of numbers, not"):
        functions.dot(np.array(1.0), [1.0])  # type: ignore[arg-type]
    with pytest.raises(InvalidArgumentError, match="a must be a list of numbers, not"):
        functions.dot({"a": 1.0}, [1.0])  # type: ignore[arg-type]


def test_clip_takes_scalars_beside_numbers() -> None:
    v = Valor(3.0)
    clipped = functions.clip(v, 0, 1.5)
    clipped.propagar_tudo()
    assert (clipped.data, v.grad) == (1.5, 0)
    assert math.isnan(functions.clip(math.nan, 0.0, 1.0))


def test_a_scaling_takes_whatever_a_trainer_takes() -> None:
    scaling = Scaling(inputs=[(1.0, 2.0)], targets=[(0.0, 0.5)])
    array: Any = np.array([[2.0], [3.0]])
    pairs: Any = ((1.0,), (2.0,))
    assert scaling.scaled_inputs(array)[1] == [4.0]
    assert scaling.unscaled_outputs(pairs) == [[2.0], [4.0]]


@pytest.mark.parametrize("rows", [None, "ab", [], [[1.0], []], [["a"]], [[None]]])
def test_a_scaling_refuses_what_are_no_rows(rows: Any) -> None:
    scaling = Scaling(inputs=[(1.0, 2.0)], targets=[(0.0, 0.5)])
    for use in (scaling.scaled_inputs, scaling.unscaled_outputs):
        with pytest.raises(DataError):
            use(rows)


def test_a_plugin_is_taken_out_only_where_it_is_in() -> None:
    manager = PluginManager()
    for wrong in ({"name": "no_such"}, {"plugin": object()}, {}):
        with pytest.raises(PluginError, match="is not registered"):
            manager.unregister(**wrong)


def test_the_content_of_a_file_is_text_or_bytes(tmp_path: Path) -> None:
    for content, message in ((3, "a text or bytes, not 3"), ("\ud800", "cannot be written as UTF")):
        with pytest.raises(InvalidArgumentError, match=message):
            files.write_atomically(tmp_path / "a", content)  # type: ignore[arg-type]
    assert list(tmp_path.iterdir()) == []


def test_a_column_of_a_history_that_is_not_there_is_said_to_be_like_another() -> None:
    history = valor.History()
    history.extend("validation_loss", [1.0])
    with pytest.raises(UnknownNameError, match="did you mean 'validation_loss'"):
        history["validation_los"]
    for name, values in (("", [1.0]), ("a", [1.0, None]), ("a", 3)):
        with pytest.raises(InvalidArgumentError, match="must be"):
            history.extend(name, values)
    assert list(history) == ["loss", "validation_loss"]
