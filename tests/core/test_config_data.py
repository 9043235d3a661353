"""The table [data] of a configuration: columns and their categories."""

import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from valor import PluginManager, plugin_manager
from valor.config import Override, read
from valor.exceptions import ConfigurationError, DataError

PETS = "kg,pet,legs\n4,cat,4\n30,dog,4\n0.1,bird,2\n5,cat,4\n"
RUN = """
    [data]
    file = "pets.csv"
    target = "pet"
    categorical = ["pet", "legs"]

    [model]
    layers = [4, 3]
    seed = 1

    [training]
    epochs = 10
"""


@pytest.fixture
def manager() -> PluginManager:
    return plugin_manager(environment=False)


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str = RUN, table: str = PETS) -> Path:
        (tmp_path / "pets.csv").write_text(table, encoding="utf-8")
        path = tmp_path / "run.toml"
        path.write_text(dedent(text), encoding="utf-8")
        return path

    return write


def test_categories_become_numbers(write: Any, manager: PluginManager) -> None:
    configuration = read(write())
    samples = configuration.samples(manager)
    assert samples.x == [[4.0, 0.0, 1.0], [30.0, 0.0, 1.0], [0.1, 1.0, 0.0], [5.0, 0.0, 1.0]]
    assert samples.y == [[0.0, 1.0, 0.0], [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]]
    assert list(samples.inputs) == ["kg", "legs=2", "legs=4"]
    assert samples.targets.categories == {"pet": ("bird", "cat", "dog")}
    run = configuration.trainer(len(samples.inputs), manager).fit(samples.x, samples.y, epochs=1)
    assert run.completed_epochs == 1


def test_one_column_may_be_named_alone(write: Any, manager: PluginManager) -> None:
    samples = read(write(RUN.replace('["pet", "legs"]', '"pet"'))).samples(manager)
    assert list(samples.inputs) == ["kg", "legs"]


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            '["pet", "legs"]',
            '["pet", "leg"]',
            "[data] categorical: {table}: no column is named 'leg'",
        ),
        (
            '["pet", "legs"]',
            '["pet", 1]',
            "[data] categorical[1]: expected the name of a column, not",
        ),
        ('["pet", "legs"]', '["pet", "pet"]', "[data] categorical[1]: column 'pet' is named twice"),
        ('["pet", "legs"]', "[]", "[data] categorical: expected the name of a column, or a list"),
        (
            "categorical",
            "categories",
            "[data] categories: there is no such key, did you mean 'categor",
        ),
        (
            '["pet", "legs"]',
            '["pet", "legs"]\n    inputs = "kg"',
            "[data] categorical[1]: column 'legs' is neither an input nor a target",
        ),
        (
            'file = "pets.csv"\n    target = "pet"',
            "x = [1]\n    y = [1]",
            "[data] categorical: it is about a file, but x and y hold the data themselves",
        ),
        (
            "[4, 3]",
            "[4, 1]",
            "[model] layers: the last layer must be as wide as there are targets, 3 (pet=bird, "
            "pet=cat, pet=dog), not 1",
        ),
        (
            'target = "pet"',
            'target = ["kg", "pet", "legs"]',
            "[data] target: there must be a column left to predict from",
        ),
    ],
)
def test_what_cannot_be_is_named_by_its_place(
    write: Any, manager: PluginManager, old: str, new: str, message: str
) -> None:
    path = write(RUN.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        read(path).samples(manager)
    table = path.parent / "pets.csv"
    told = re.sub(r"^(.*?run\.toml), line \d+: ", r"\1: ", str(caught.value))
    assert told.startswith(f"{path}: {message.format(table=table)}")


def test_an_option_is_named_as_an_option(write: Any, manager: PluginManager) -> None:
    option = Override("--categorical", ("data", "categorical"), ["pet", "leg"])
    with pytest.raises(ConfigurationError, match=r"^--categorical: .*no column is named 'leg'"):
        read(write(), [option]).samples(manager)


def test_many_targets_are_not_all_named(write: Any, manager: PluginManager) -> None:
    table = "kg,code\n" + "".join(f"{i},c{i % 30:02}\n" for i in range(90))
    path = write(RUN.replace('target = "pet"', 'target = "code"').replace("legs", "code")
                 .replace('"pet", ', ""), table)  # fmt: skip
    with pytest.raises(
        ConfigurationError, match=r"targets, 30 \(code=c00, .*code=c07, …\), not 3$"
    ):
        read(path).samples(manager)


@pytest.mark.parametrize(
    ("table", "message"),
    [
        (
            PETS.replace("cat", "eel").replace("dog", "eel").replace("bird", "eel"),
            "pets.csv: column 'pet' has only one value, 'eel': there is nothing to predict",
        ),
        (PETS.replace("5,cat,4\n", "").replace("cat", "eel"), "column 'pet' has a different value"),
        (PETS.replace("dog", ""), "pets.csv, line 3, column pet: the value is missing;"),
        (PETS.replace("dog", "NA"), r"pets.csv, line 3, column pet: the value is missing \('NA'\)"),
        (
            PETS.replace("30", "heavy"),
            "line 3, column kg: expected a finite number, not 'heavy'; if the column holds "
            "categories, name it as categorical",
        ),
    ],
)
def test_what_is_wrong_in_the_table_is_the_tables_fault(
    write: Any, manager: PluginManager, table: str, message: str
) -> None:
    with pytest.raises(DataError, match=message):
        read(write(RUN, table)).samples(manager)
