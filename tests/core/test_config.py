"""Configurations: what they say is what is built, and what they may not say is named."""

import random
import re
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from valor import (
    MLP,
    Callback,
    GradientTransform,
    Penalty,
    PluginManager,
    Reader,
    Schedule,
    Trainer,
    hookimpl,
    initializer,
    loss,
    plugin_manager,
)
from valor.config import Override, read
from valor.exceptions import ConfigurationError, DataError, FormulaError

LESSON = """
    [data]
    file = "lesson.csv"
    target = "y"

    [model]
    layers = [3, 2, 1]
    seed = 1

    [training]
    epochs = 10
"""
TABLE = "x1,x2,x3,y\n2,3,-1,1\n3,-1,0.5,0\n0.5,1,1,0.2\n1,1,-1,0.5\n"


class Extras:
    """One record of each kind that no bundled plugin has."""

    @hookimpl
    def valor_register_penalties(self) -> Any:
        yield Penalty("squared", lambda p, *, weight=0.01: weight * p**2)

    @hookimpl
    def valor_register_gradient_transforms(self) -> Any:
        yield GradientTransform("scale", lambda gs, *, by=0.5: [g * by for g in gs])

    @hookimpl
    def valor_register_schedules(self) -> Any:
        yield Schedule("halved", lambda step, total_steps, *, first=0.1: first / step)

    @hookimpl
    def valor_register_callbacks(self) -> Any:
        yield Callback("noted", lambda *, path="", count=1: Noted(path, count))

    @hookimpl
    def valor_register_readers(self) -> Any:
        yield Reader("texts", lambda path: [{"a": "1", "y": 2}], (".texts",))
        yield Reader("nothing", lambda path: None, (".nothing",))


class Noted:
    made: list[Any] = []  # noqa: RUF012

    def __init__(self, path: str, count: int) -> None:
        self.made.append((path, count))

    @hookimpl
    def valor_after_training(self) -> None:
        pass


def without_line(caught: Any) -> str:
    """Return an error's text without the numbers of lines: tests/core/test_config_lines.py."""
    return re.sub(r"(?m)^(.+?), line \d+: ", r"\1: ", str(caught.value))


@pytest.fixture
def manager() -> PluginManager:
    manager = plugin_manager(environment=False)
    manager.register(Extras(), "extras")
    return manager


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(text: str = LESSON, more: str = "", table: str = TABLE) -> Path:
        folder = tmp_path / "a folder"
        folder.mkdir(exist_ok=True)
        (folder / "lesson.csv").write_text(table, encoding="utf-8")
        path = folder / "run.toml"
        path.write_text(dedent(text) + dedent(more), encoding="utf-8")
        return path

    return write


def numbers(model: Any) -> list[float]:
    return [parameter.data for parameter in model.parametros()]


def test_the_lesson_is_built_as_by_hand(write: Any, manager: PluginManager, x: Any, y: Any) -> None:
    configuration = read(write())
    samples = configuration.samples(manager)
    assert samples.x == x
    assert samples.y == [[value] for value in y]
    assert (list(samples.inputs), list(samples.targets)) == (["x1", "x2", "x3"], ["y"])
    trainer = configuration.trainer(3, manager)
    by_hand = Trainer(MLP(3, [3, 2, 1], seed=1), plugins=manager)
    assert numbers(trainer.model) == numbers(by_hand.model)
    run = trainer.fit(samples.x, samples.y, epochs=10)
    assert run.history["loss"] == by_hand.fit(x, y, epochs=10).history["loss"]


def test_every_key_reaches_its_place(write: Any, manager: PluginManager) -> None:
    Noted.made.clear()
    path = write(
        """
        penalties = ["squared", { name = "squared", weight = 0.5 }]
        gradient_transforms = [{ name = "scale", by = 2.0 }]

        [data]
        file = "lesson.csv"
        reader = { name = "csv", delimiter = "," }
        inputs = ["x3", "x1"]
        target = ["y", "x2"]

        [model]
        layers = [4, 2]
        activation = ["tanh", { name = "identity" }]
        initializer = { name = "uniform", low = 0.25, high = 0.5 }
        seed = -3

        [loss]
        name = "mean_squared_error"

        [optimizer]
        name = "gradient_descent"
        momentum = 0.5
        nesterov = true
        learning_rate = { name = "halved", first = 1 }

        [training]
        epochs = 7
        batch_size = 3
        shuffle = true
        seed = 11
        engine = "eager"
        mode = "fast"

        [[callbacks]]
        name = "noted"
        count = 2
        path = "notes.txt"

        [output]
        folder = "out"
        """
    )
    configuration = read(path)
    tables = configuration.tables
    samples = configuration.samples(manager)
    assert samples.x[0] == [-1.0, 2.0]
    assert samples.y[0] == [1.0, 3.0]
    trainer = configuration.trainer(2, manager)
    assert repr(trainer.model) == "MLP(2 -> 4 tanh -> 2 identity, 22 parameters)"
    generator = random.Random(-3)
    assert numbers(trainer.model)[0] == generator.uniform(0.25, 0.5)
    assert trainer.loss.name == "mean_squared_error"
    assert trainer.optimizer.bound["momentum"] == 0.5
    assert trainer.optimizer.bound["nesterov"] is True
    schedule = trainer.optimizer.bound["learning_rate"]
    assert (schedule.name, schedule.bound) == ("halved", {"first": 1.0})
    assert [p.hyperparameters["weight"] for p in trainer.penalties] == [0.01, 0.5]
    assert [t.bound for t in trainer.gradient_transforms] == [{"by": 2.0}]
    assert (trainer.seed, trainer.mode, trainer.engine.name) == (11, "fast", "eager")
    training = tables.training
    assert (training.epochs, training.batch_size, training.shuffle) == (7, 3, True)
    trainer.fit(samples.x, samples.y, epochs=1)
    assert Noted.made == [(str(path.parent / "notes.txt"), 2)]
    assert tables.output.folder == str(path.parent / "out")


def test_data_may_stand_in_the_file(write: Any, manager: PluginManager) -> None:
    text = LESSON.replace('file = "lesson.csv"', "x = [[1, 2.5], [3, 4]]").replace(
        'target = "y"', "y = [0, 1]"
    )
    samples = read(write(text)).samples(manager)
    assert (samples.x, samples.y) == ([[1.0, 2.5], [3.0, 4.0]], [[0.0], [1.0]])
    assert (list(samples.inputs), list(samples.targets)) == (["x1", "x2"], ["y"])
    # A file on the command line takes the place of the data in the configuration.
    other = write(text).parent / "lesson.csv"
    options = [
        Override("--data", ("data", "file"), str(other)),
        Override("--target", ("data", "target"), ["y"]),
    ]
    assert len(read(write(text), options).samples(manager).x) == 4


def test_a_name_may_stand_at_the_top(write: Any, manager: PluginManager) -> None:
    text = 'loss = "mean_squared_error"\noptimizer = "gradient_descent"\n' + dedent(LESSON)
    trainer = read(write(text)).trainer(3, manager)
    assert trainer.loss.name == loss("mean_squared_error", plugins=manager).name


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        (
            "epochs = 10",
            "epochs = 3.7",
            "[training] epochs: expected an int of at least 1, not 3.7",
        ),
        (
            "epochs = 10",
            'epochs = "10"',
            "[training] epochs: expected an int of at least 1, not '10'",
        ),
        (
            "epochs = 10",
            "epochs = true",
            "[training] epochs: expected an int of at least 1, not true",
        ),
        ("epochs = 10", "epochs = 0", "[training] epochs: expected an int of at least 1, not 0"),
        (
            "epochs = 10",
            "epochs = nan",
            "[training] epochs: expected an int of at least 1, not nan",
        ),
        ("epochs = 10", "epochs = [10]", "[training] epochs: expected an int of at least 1"),
        ("epochs = 10", "epochs = 1979-05-27", "[training] epochs: expected an int of at least 1"),
        (
            "epochs = 10",
            "epochs = 10\nshuffle = 1",
            "[training] shuffle: expected true or false, not 1",
        ),
        (
            "epochs = 10",
            "epochs = 10\nshuffle = 'yes'",
            "[training] shuffle: expected true or false",
        ),
        ("epochs = 10", "epochs = 10\nseed = 1.0", "[training] seed: expected an int, not 1.0"),
        ("epochs = 10", "epochs = 10\nseed = false", "[training] seed: expected an int, not false"),
        ("epochs = 10", "epochs = 10\nengine = 3", "[training] engine: expected a text, not 3"),
        (
            "epochs = 10",
            "epochs = 10\nmode = 'quick'",
            "[training] mode: expected 'exact' or 'fast', not 'quick'",
        ),
        (
            "epochs = 10",
            "epoch = 10",
            "[training] epoch: there is no such key, did you mean 'epochs'?",
        ),
        (
            "epochs = 10",
            "epochs = 10\nzzz = 1",
            "[training] zzz: there is no such key; there are: epochs, ",
        ),
        (
            "[training]",
            "[trainning]",
            "[trainning]: there is no such table, did you mean 'training'?",
        ),
        ("seed = 1", "seed = '1'", "[model] seed: expected an int, not '1'"),
        (
            "[3, 2, 1]",
            "3",
            "[model] layers: expected a list of widths such as [3, 2, 1], one a layer, not 3",
        ),
        ("[3, 2, 1]", "[]", "[model] layers: expected a list of widths"),
        ("[3, 2, 1]", "[3, 2.0, 1]", "[model] layers[1]: expected an int of at least 1, not 2.0"),
        ("[3, 2, 1]", "[3, true, 1]", "[model] layers[1]: expected an int of at least 1, not true"),
        ("[3, 2, 1]", "[3, 0, 1]", "[model] layers[1]: expected an int of at least 1, not 0"),
        ('"y"', "3", "[data] target: expected the name of a column, or a list of them, not 3"),
        ('"y"', "[]", "[data] target: expected the name of a column, or a list of them, not []"),
        ('"y"', '["y", 3]', "[data] target[1]: expected the name of a column, not 3"),
        ('"y"', '["y", "y"]', "[data] target[1]: column 'y' is named twice"),
        ('"lesson.csv"', "7", "[data] file: expected a text, not 7"),
        (
            '"lesson.csv"',
            '"lesson.csv"\nx = [1]',
            "[data] file: it is about a file, but x and y hold",
        ),
        ("[data]", "[[data]]", "[data]: expected a table, not [{"),
    ],
)
def test_a_value_that_is_not_what_is_expected(write: Any, old: str, new: str, message: str) -> None:
    path = write(LESSON.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        read(path)
    assert without_line(caught).splitlines()[0].startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            "[optimizer]\nlearning_rate = 1e400",
            "[optimizer] learning_rate: expected a finite number, not inf",
        ),
        (
            "[optimizer]\nlearning_rate = nan",
            "[optimizer] learning_rate: expected a finite number, not nan",
        ),
        (
            "[optimizer]\nlearning_rate = -inf",
            "[optimizer] learning_rate: expected a finite number, not -inf",
        ),
        (
            "[optimizer]\nmomentum = [0.5, inf]",
            "[optimizer] momentum: expected a finite number, not inf",
        ),
        (
            "[optimizer]\nmomentum = {a = 1}",
            "[optimizer] momentum: expected a number, a text, true, false",
        ),
        ("[optimizer]\nmomentum = 07:32:00", "[optimizer] momentum: expected a number"),
        (
            "[optimizer]\nlearning_rate = {first = 1}",
            "[optimizer] learning_rate: expected a table with a name",
        ),
        ("[optimizer]\nname = 3", "[optimizer] name: expected a text, not 3"),
        ("[loss]\nname = ['a']", "[loss] name: expected a text, not ['a']"),
        (
            "[[callbacks]]\npath = 'a'",
            "[[callbacks]] number 1: expected a table with a name; it has none",
        ),
        (
            "[[callbacks]]\nname='a'\n[[callbacks]]\nname=1",
            "[[callbacks]] number 2 name: expected a text",
        ),
        (
            "[[penalties]]\nname='a'\nweight=inf",
            "[[penalties]] number 1 weight: expected a finite number",
        ),
        ("[callbacks]\nname = 'a'", "[callbacks]: expected a list of names, or of tables"),
        ("[output]\nfolder = true", "[output] folder: expected a text, not true"),
        ("[output]\nzzz = 'a'", "[output] zzz: there is no such key; there are: folder"),
    ],
)
def test_a_value_of_a_further_table(write: Any, more: str, message: str) -> None:
    path = write(LESSON, "\n" + more)
    with pytest.raises(ConfigurationError) as caught:
        read(path)
    assert without_line(caught).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("[optimizer]\nlearning_rate = '0.5'", "[optimizer] learning_rate: "),
        ("[optimizer]\nlearning_rate = true", "[optimizer] learning_rate: "),
        ("[optimizer]\nlearning_rate = -1", "[optimizer] learning_rate: "),
        ("[optimizer]\nlearning_rate = 1" + "0" * 400, "[optimizer] learning_rate: "),
        ("[optimizer]\nnesterov = 1", "[optimizer] nesterov: "),
        ("[optimizer]\nmomentun = 0.5", "[optimizer] momentun: "),
        ("[optimizer]\nname = 'adamm'", "[optimizer]: no optimizer is named 'adamm'"),
        (
            "[optimizer]\nlearning_rate = {name = 'no'}",
            "[optimizer] learning_rate: no schedule is named",
        ),
        (
            "[optimizer.learning_rate]\nname='halved'\nfirst='1'",
            "[optimizer] learning_rate.first: ",
        ),
        ("[loss]\nname = 'sum_square_error'", "[loss]: no loss is named 'sum_square_error'"),
        ("[[callbacks]]\nname = 'noted'\ncount = 1.0", "[[callbacks]] number 1 count: "),
        ("[[callbacks]]\nname = 'no'", "[[callbacks]] number 1: no callback is named 'no'"),
        ("[[penalties]]\nname = 'no'", "[[penalties]] number 1: no penalty is named 'no'"),
    ],
)
def test_a_name_or_a_hyperparameter_that_does_not_exist(
    write: Any, manager: PluginManager, more: str, message: str
) -> None:
    path = write(LESSON, "\n" + more)
    with pytest.raises(ConfigurationError) as caught:
        read(path).trainer(3, manager)
    assert without_line(caught).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ("seed = 1", "activation = 'tahn'", "[model] activation: no activation is named 'tahn'"),
        (
            "seed = 1",
            "activation = ['tanh', 'no']",
            "[model] activation[1]: no activation is named 'no'",
        ),
        (
            "seed = 1",
            "activation = ['tanh']",
            "[model] activation: activation must be one, or one for each of the 3",
        ),
        (
            "seed = 1",
            "activation = {name = 'tanh', slope = 1}",
            "[model] activation.slope: activation 'tanh'",
        ),
        ("seed = 1", "initializer = 'no'", "[model] initializer: no initializer is named 'no'"),
        (
            "epochs = 10",
            "epochs = 10\nengine = 'native-ish'",
            "[training] engine: no engine is named 'native-ish'",
        ),
    ],
)
def test_a_network_that_cannot_be_built(
    write: Any, manager: PluginManager, old: str, new: str, message: str
) -> None:
    path = write(LESSON.replace(old, new))
    with pytest.raises(ConfigurationError) as caught:
        read(path).trainer(3, manager)
    assert without_line(caught).startswith(f"{path}: {message}")


def test_all_mistakes_are_told_at_once(write: Any) -> None:
    path = write(
        LESSON.replace("epochs = 10", "epochs = 3.7\nshufle = true").replace("[3,", "['3',")
    )
    with pytest.raises(ConfigurationError) as caught:
        read(path)
    lines = str(caught.value).splitlines()
    assert len(lines) == 3
    assert all(line.startswith(f"{path}, line ") for line in lines)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"a = ", "it is not TOML"),
        (b"[data]\n[data]\n", "it is not TOML"),
        (b"a = 1\na = 2\n", "it is not TOML"),
        (b"a = '\xff'", "it is not TOML"),
        (b"a = " + b"[" * 100_000, "it is nested too deeply"),
        (b"a = " + b"1" * 5000, "it is not TOML"),
    ],
)
def test_what_is_no_toml_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "run.toml"
    path.write_bytes(content)
    with pytest.raises(ConfigurationError) as caught:
        read(path)
    assert without_line(caught).startswith(f"{path}: {message}")


def test_a_file_that_cannot_be_opened_is_named(tmp_path: Path) -> None:
    with pytest.raises(ConfigurationError, match=r"none\.toml: No such file"):
        read(tmp_path / "none.toml")


def test_what_is_missing_is_told_at_once(write: Any) -> None:
    path = write("[model]\nseed = 1\n")
    with pytest.raises(ConfigurationError) as caught:
        read(path)
    assert str(caught.value) == (
        f"{path} lacks [data] file (or --data), [data] target (or --target), "
        "[model] layers (or --layers), [training] epochs (or --epochs)"
    )
    with pytest.raises(ConfigurationError, match=r"lacks --data, --target, --layers, --epochs"):
        read(None)
    for given, lacking in (("x = [1]", "y, the targets of x"), ("y = [1]", "x, the samples of y")):
        with pytest.raises(ConfigurationError, match=rf"\[data\] lacks {lacking}$"):
            read(write(LESSON.replace('file = "lesson.csv"\n    target = "y"', given)))


@pytest.mark.parametrize(
    ("x", "y", "message"),
    [
        ("[1, 'a']", "[1, 2]", "[data] x[1]: expected a finite number, not 'a'"),
        ("[[1], [true]]", "[1, 2]", "[data] x[1][0]: expected a finite number, not true"),
        ("[[1], [inf]]", "[1, 2]", "[data] x[1][0]: expected a finite number, not inf"),
        ("[1, 1" + "0" * 400 + "]", "[1, 2]", "[data] x[1]: expected a finite number, not 1000"),
        ("5", "[1, 2]", "[data] x: expected a list with a number"),
        ("[]", "[]", "[data] x: it is empty; expected a number or a list of numbers"),
        ("[1]", "[]", "[data] y: it is empty; expected a number or a list of numbers"),
        ("[[1], [2, 3]]", "[1, 2]", "[data]: x[1] has 2 values"),
        ("[1, 2]", "[1]", "[data]: x and y must have as many samples"),
    ],
)
def test_data_in_the_file_that_do_not_fit(
    write: Any, manager: PluginManager, x: str, y: str, message: str
) -> None:
    text = LESSON.replace('file = "lesson.csv"', f"x = {x}").replace('target = "y"', f"y = {y}")
    path = write(text)
    with pytest.raises(ConfigurationError) as caught:
        read(path).samples(manager)
    assert without_line(caught).startswith(f"{path}: {message}")


@pytest.mark.parametrize(
    ("old", "new", "message"),
    [
        ('"y"', '"Y"', "has no column 'Y', did you mean 'y'?"),
        ('"y"', '"price"', "has no column 'price'; it has: x1, x2, x3, y"),
        ('"lesson.csv"', '"lesson.xls"', "no reader is meant for"),
        ('"lesson.csv"', '"lesson.csv"\nreader = "xls"', "[data] reader: no reader is named 'xls'"),
        (
            '"lesson.csv"',
            '"lesson.csv"\nreader = {name="csv", delimiter=1}',
            "[data] reader.delimiter: ",
        ),
    ],
)
def test_columns_and_readers_that_do_not_exist(
    write: Any, manager: PluginManager, old: str, new: str, message: str
) -> None:
    path = write(LESSON.replace(old, new, 1))
    with pytest.raises(ConfigurationError) as caught:
        read(path).samples(manager)
    assert without_line(caught).startswith(f"{path}: [data] ")
    assert message in str(caught.value)


def test_a_table_that_cannot_be_used_is_the_tables_fault(
    write: Any, manager: PluginManager
) -> None:
    path = write(LESSON, table="x1,y\n1,oops\n")
    with pytest.raises(DataError, match=r"lesson\.csv, line 2, column y"):
        read(path).samples(manager)


def test_what_a_reader_returns_is_checked(write: Any, manager: PluginManager) -> None:
    path = write(LESSON.replace("lesson.csv", "lesson.texts"))
    with pytest.raises(DataError, match="sample 1, column 'a': expected a number"):
        read(path).samples(manager)
    path = write(LESSON.replace("lesson.csv", "lesson.nothing"))
    with pytest.raises(FormulaError, match="reader 'nothing' of plugin 'extras'"):
        read(path).samples(manager)


def test_paths_are_relative_to_the_file_and_options_to_here(
    write: Any, manager: PluginManager, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(LESSON, "\n[output]\nfolder = 'out'\n")
    monkeypatch.chdir(tmp_path)
    configuration = read(path.relative_to(tmp_path))
    assert configuration.tables.output.folder == "a folder/out"
    assert len(configuration.samples(manager).x) == 4
    options = [Override("--output", ("output", "folder"), "here")]
    assert read(path, options).tables.output.folder == "here"


def test_an_override_wins_and_the_last_one_counts(write: Any) -> None:
    options = [
        Override("--epochs", ("training", "epochs"), 20),
        Override("--set training.epochs", ("training", "epochs"), 30),
    ]
    assert read(write(), options).tables.training.epochs == 30
    assert read(write()).tables.training.epochs == 10


def test_another_name_sets_the_hyperparameters_of_the_first_aside(write: Any) -> None:
    path = write(LESSON, "\n[optimizer]\nname = 'gradient_descent'\nmomentum = 0.9\n")

    def optimizer(*options: Override) -> Any:
        return read(path, options).tables.optimizer

    rate = Override("--learning-rate", ("optimizer", "learning_rate"), 0.5)
    same = optimizer(Override("--optimizer", ("optimizer", "name"), "gradient_descent"), rate)
    assert same.hyperparameters == {"momentum": 0.9, "learning_rate": 0.5}
    other = optimizer(Override("--optimizer", ("optimizer", "name"), "other"), rate)
    assert (other.name, other.hyperparameters) == ("other", {"learning_rate": 0.5})


def test_an_override_reaches_into_a_name_alone(write: Any) -> None:
    path = write(LESSON.replace("seed = 1", "activation = 'leaky'"))
    option = Override("--set model.activation.slope", ("model", "activation", "slope"), 0.5)
    activation: Any = read(path, [option]).tables.model.activation
    assert (activation.name, activation.hyperparameters) == ("leaky", {"slope": 0.5})


def test_an_error_names_the_option_and_not_the_file(write: Any, manager: PluginManager) -> None:
    wrong = [
        Override("--epochs", ("training", "epochs"), 3.7),
        Override("--layers", ("model", "layers"), [3, "x"]),
    ]
    with pytest.raises(ConfigurationError) as caught:
        read(write(), wrong)
    assert str(caught.value).splitlines() == [
        "--layers[1]: expected an int of at least 1, not 'x'",
        "--epochs: expected an int of at least 1, not 3.7",
    ]
    name = Override("--optimizer", ("optimizer", "name"), "adamm")
    with pytest.raises(ConfigurationError, match=r"^--optimizer: no optimizer is named"):
        read(write(), [name]).trainer(3, manager)
    # An option beside it does not take the blame for the file's name.
    path = write(LESSON, "\n[optimizer]\nname = 'adamm'\n")
    rate = Override("--learning-rate", ("optimizer", "learning_rate"), 0.5)
    with pytest.raises(ConfigurationError, match=r"run\.toml, line \d+: \[opt.*: no optimizer"):
        read(path, [rate]).trainer(3, manager)


def test_an_option_that_stands_for_two_keys_is_refused_once(write: Any) -> None:
    wrong = [Override("--seed", (table, "seed"), "x") for table in ("model", "training")]
    with pytest.raises(ConfigurationError) as caught:
        read(write(), wrong)
    assert str(caught.value) == "--seed: expected an int, not 'x'"


@pytest.mark.parametrize(
    ("keys", "message"),
    [
        (("optimizr", "momentum"), "there is no such table, did you mean 'optimizer'?"),
        (("training", "epochs", "most"), "expected an int of at least 1, not a table"),
        (("data", "reader", "delimiter"), "expected a table with a name; it has none"),
    ],
)
def test_an_option_that_reaches_into_nothing_is_named(
    write: Any, keys: tuple[str, ...], message: str
) -> None:
    option = f"--set {'.'.join(keys)}"
    with pytest.raises(ConfigurationError) as caught:
        read(write(), [Override(option, keys, 1)])
    assert str(caught.value) == f"{option}: {message}"


@pytest.mark.parametrize(
    ("key", "columns", "place"),
    [
        ("inputs", ["x1", "weight"], "--inputs"),
        ("target", ["z"], "--target"),
    ],
)
def test_a_missing_column_is_told_with_the_option_that_asked_for_it(
    write: Any, manager: PluginManager, key: str, columns: list[str], place: str
) -> None:
    option = Override(f"--{key}", ("data", key), columns)
    path = write(LESSON.replace('"y"', '"y"\n    inputs = ["x1", "x2"]', 1))
    with pytest.raises(ConfigurationError) as caught:
        read(path, [option]).samples(manager)
    known = "no column is named '{}'; there are: x1, x2, x3, y"
    assert str(caught.value) == (
        f"{place}: {path.parent / 'lesson.csv'}: {known.format(columns[-1])}"
    )
    # Without the option it is the key of the file; what is wrong inside the table stays its own.
    path = write(LESSON.replace('"y"', '"y"\n    inputs = ["x9"]', 1))
    with pytest.raises(ConfigurationError, match=r"run\.toml, line \d+: \[data\] inputs: .*'x9'"):
        read(path).samples(manager)
    path = write(LESSON.replace('"y"', '"y"\n    inputs = ["x1"]', 1), table="x1,y\n1,y\n")
    with pytest.raises(DataError, match=r"line 2, column y"):
        read(path).samples(manager)


def test_a_target_is_no_input(write: Any) -> None:
    inputs = Override("--inputs", ("data", "inputs"), ["x1", "y"])
    with pytest.raises(ConfigurationError) as caught:
        read(write(), [inputs])
    assert str(caught.value) == (
        "--inputs[1]: column 'y' is a target, so it cannot be an input too"
    )
    path = write(LESSON.replace('"y"', '["y", "x1"]\n    inputs = ["x1"]', 1))
    with pytest.raises(ConfigurationError, match=r"\[data\] inputs\[0\]: column 'x1' is a target"):
        read(path)


def test_a_seed_that_is_given_alone_stands_for_both(write: Any, manager: PluginManager) -> None:
    def seeds(model: str, training: str) -> tuple[Any, Any]:
        text = LESSON.replace("seed = 1", model).replace("epochs = 10", f"epochs = 10\n{training}")
        tables = read(write(text)).tables
        return tables.model.seed, tables.training.seed

    assert seeds("seed = 3", "seed = 5") == (3, 5)
    assert seeds("seed = 0", "") == (0, 0)
    assert seeds("", "seed = 0") == (0, 0)
    assert seeds("", "") == (None, None)


def test_the_initializer_needs_no_name_to_be_adjusted(write: Any, manager: PluginManager) -> None:
    option = Override("--set model.initializer.low", ("model", "initializer", "low"), 0.5)
    drawn = numbers(read(write(), [option]).trainer(3, manager).model)
    assert drawn == numbers(MLP(3, [3, 2, 1], initializer=initializer("uniform", low=0.5), seed=1))
    high = write(LESSON.replace("seed = 1", "seed = 1\n    initializer = { high = 0.0 }"))
    assert max(numbers(read(high).trainer(3, manager).model)) < 0


def test_of_two_options_for_one_key_the_last_is_named(write: Any) -> None:
    options = [
        Override("--epochs", ("training", "epochs"), 5),
        Override("--set training.epochs", ("training", "epochs"), 3.7),
    ]
    with pytest.raises(ConfigurationError, match=r"^--set training\.epochs: expected"):
        read(write(), options)


def test_the_file_itself_is_checked_under_an_override(write: Any) -> None:
    path = write(LESSON.replace("epochs = 10", "epochs = 'ten'"))
    with pytest.raises(ConfigurationError, match=r"\[training\] epochs"):
        read(path, [Override("--epochs", ("training", "epochs"), 5)])


def test_reading_does_not_change_what_was_given(write: Any) -> None:
    value = {"name": "gradient_descent"}
    read(
        write(),
        [
            Override("--set", ("optimizer",), value),
            Override("--rate", ("optimizer", "learning_rate"), 0.5),
        ],
    )
    assert value == {"name": "gradient_descent"}
