"""What a configuration says of measuring, weighing and scaling is what `fit` then does."""

from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from valor import MLP, Loss, Metric, PluginManager, Scaler, Trainer, hookimpl, plugin_manager
from valor.config import Override, read
from valor.config._threshold import threshold_of
from valor.exceptions import ConfigurationError, DataError
from valor.files import read_samples

PETS = "kg,cm,w,pet\n" + "".join(
    f"{kg},{cm},{w},{pet}\n"
    for kg, cm, w, pet in [
        (4.0, 25.0, 1.0, "cat"),
        (30.0, 60.0, 2.0, "dog"),
        (5.0, 24.0, 0.0, "cat"),
        (28.0, 55.0, 1.0, "dog"),
        (3.5, 22.0, 3.0, "cat"),
        (33.0, 66.0, 1.0, "dog"),
        (4.5, 26.0, 0.5, "cat"),
        (4.2, 23.0, 1.0, "cat"),
    ]
)
RUN = """
    [data]
    file = "pets.csv"
    target = "pet"
    categorical = "pet"
    inputs = ["kg", "cm"]
    [model]
    layers = [3, 1]
    activation = ["tanh", "sigmoid"]
    seed = 4
    [loss]
    name = "binary_cross_entropy"
    [training]
    epochs = 3
"""
CAT, DOG = 0.0, 1.0


class Extras:
    """Metrics and a scaler that no bundled plugin has."""

    @hookimpl
    def valor_register_metrics(self) -> Any:
        yield Metric("near", lambda predicted, target, *, threshold=0.1: threshold)
        yield Metric("split", lambda predicted, target, *, threshold=0.5: threshold)

    @hookimpl
    def valor_register_losses(self) -> Any:
        yield Loss("strange", lambda predicted, target: None)

    @hookimpl
    def valor_register_scalers(self) -> Any:
        yield Scaler("halve", lambda values, *, by=0.5: (0.0, by))


@pytest.fixture
def manager() -> PluginManager:
    manager = plugin_manager(environment=False)
    manager.register(Extras(), "extras")
    return manager


@pytest.fixture
def write(tmp_path: Path) -> Callable[..., Path]:
    def write(more: str = "", text: str = RUN, table: str = PETS) -> Path:
        (tmp_path / "pets.csv").write_text(table)
        path = tmp_path / "run.toml"
        path.write_text(dedent(text) + dedent(more))
        return path

    return write


@pytest.fixture
def trained(manager: PluginManager) -> Callable[[Path], tuple[Any, Any]]:
    """Train what a configuration describes; return the run and the samples."""

    def train(path: Path) -> tuple[Any, Any]:
        configuration = read(path)
        samples = configuration.samples(manager)
        trainer = configuration.trainer(len(samples.inputs), manager)
        arguments = configuration.fit_arguments(samples, manager)
        return trainer.fit(samples.x, samples.y, **arguments), samples

    return train


def by_hand(manager: PluginManager, samples: Any, **arguments: Any) -> Any:
    model = MLP(2, [3, 1], activation=["tanh", "sigmoid"], seed=4, plugins=manager)
    trainer = Trainer(model, "binary_cross_entropy", seed=4, plugins=manager)
    return trainer.fit(samples.x, samples.y, epochs=3, **arguments)


def same(run: Any, other: Any) -> None:
    assert {name: [*run.history[name]] for name in run.history} == {
        name: [*other.history[name]] for name in other.history
    }
    assert [p.data for p in run.model.parametros()] == [p.data for p in other.model.parametros()]
    assert run.model.scaling == other.model.scaling


@pytest.mark.parametrize(
    ("more", "arguments"),
    [
        ("validation = 0.25\n", {"validation": 0.25}),
        ("validation = 0.25\nstratify = true\n", {"validation": 0.25, "stratify": True}),
        (
            "validation = 0.25\nshuffle = true\nbatch_size = 2\n",
            {"validation": 0.25, "shuffle": True, "batch_size": 2},
        ),
        ("class_weight = 'balanced'\n", {"class_weight": "balanced"}),
        ("class_weight = { dog = 2.0, cat = 0.5 }\n", {"class_weight": {CAT: 0.5, DOG: 2.0}}),
        ("scale_inputs = 'standard'\n", {"scale_inputs": "standard"}),
        ("scale_inputs = { name = 'halve', by = 0.1 }\n", {"scale_inputs": ("halve", 0.1)}),
        ("[[metrics]]\nname = 'accuracy'\n", {"metrics": ["accuracy"]}),
        (
            "validation = 0.25\n[[metrics]]\nname = 'f1'\n[[metrics]]\nname = 'auc'\n",
            {"validation": 0.25, "metrics": ["f1", "auc"]},
        ),
    ],
)
def test_a_key_is_an_argument(
    write: Any, trained: Any, manager: PluginManager, more: str, arguments: dict[str, Any]
) -> None:
    run, samples = trained(write(more))
    if isinstance(arguments.get("scale_inputs"), tuple):
        from valor import scaler

        name, by = arguments["scale_inputs"]
        arguments = {"scale_inputs": scaler(name, by=by, plugins=manager)}
    same(run, by_hand(manager, samples, **arguments))
    plain, _ = trained(write())
    assert [*run.history] != [*plain.history] or [*run.history["loss"]] != [*plain.history["loss"]]


def test_a_file_to_validate_on_has_the_same_columns_and_categories(
    write: Any, trained: Any, manager: PluginManager, tmp_path: Path
) -> None:
    # In another order, with a column more, one category less, and no weights.
    (tmp_path / "others.csv").write_text("pet,note,cm,kg\ndog,x,50,20\ndog,y,52,22\n")
    run, samples = trained(write('validation = "others.csv"\n'))
    validation = [[20.0, 50.0], [22.0, 52.0]], [[DOG], [DOG]]
    same(run, by_hand(manager, samples, validation=validation))
    assert len(samples.x) == 8


def test_a_file_to_validate_on_is_relative_to_the_configuration_and_an_option_to_here(
    write: Any, trained: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write('validation = "pets.csv"\n')
    other = tmp_path / "elsewhere"
    other.mkdir()
    (other / "pets.csv").write_text(PETS[: PETS.index("30.0")])
    monkeypatch.chdir(other)
    run, _ = trained(path)
    assert run.history["validation_loss"]
    keys = ("training", "validation")
    for overrides, count in (([], 8), ([Override("--validation", keys, "pets.csv")], 1)):
        configuration = read(path, overrides)
        arguments = configuration.fit_arguments(configuration.samples())
        assert len(arguments["validation"][0]) == count


def test_the_reader_is_that_of_the_data(write: Any, trained: Any, tmp_path: Path) -> None:
    text = dedent(RUN).replace(
        'target = "pet"', 'target = "pet"\nreader = { name = "csv", delimiter = ";" }'
    )
    (tmp_path / "others.txt").write_text(PETS.replace(",", ";"))
    run, _ = trained(write('validation = "others.txt"\n', text, PETS.replace(",", ";")))
    assert len(run.history["validation_loss"]) == 3


def test_a_column_of_weights(write: Any, trained: Any, manager: PluginManager) -> None:
    text = dedent(RUN).replace('inputs = ["kg", "cm"]', 'weight = "w"')
    run, samples = trained(write(text=text))
    assert list(samples.inputs) == ["kg", "cm"]
    assert samples.weights == [1.0, 2.0, 0.0, 1.0, 3.0, 1.0, 0.5, 1.0]
    same(run, by_hand(manager, samples, sample_weight=samples.weights))
    # Where inputs are chosen, the column need not be one of them.
    text = dedent(RUN).replace('target = "pet"', 'target = "pet"\nweight = "w"')
    same(trained(write(text=text))[0], run)


def test_weights_from_a_script(write: Any, tmp_path: Path) -> None:
    write()
    chosen = {"target": "pet", "categorical": "pet"}
    path = tmp_path / "pets.csv"
    assert list(read_samples(path, weight="w", **chosen).inputs) == ["kg", "cm"]
    assert read_samples(path, **chosen).weights is None
    for arguments, message in (
        ({"weight": "w", "categorical": ["pet", "w"]}, "column 'w' is categorical, but neither"),
        ({"weight": "pet"}, "column 'pet' holds the weights, so it cannot be an input or a target"),
        ({"weight": "w", "inputs": ["w"]}, "column 'w' holds the weights, so it cannot be"),
    ):
        with pytest.raises(ValueError, match=message):
            read_samples(path, **{**chosen, **arguments})
    write(table=PETS.replace("30.0,60.0,2.0", "30.0,60.0,-2.0"))
    with pytest.raises(DataError, match="sample 2, column 'w': a weight must not be negative"):
        read_samples(path, weight="w", **chosen)
    write(table=PETS.replace("30.0,60.0,2.0", "30.0,60.0,two"))
    with pytest.raises(DataError, match=r"column w: expected a finite number, not 'two'$"):
        read_samples(path, weight="w", **chosen)


def test_targets_are_scaled_where_they_are_numbers(
    write: Any, trained: Any, manager: PluginManager
) -> None:
    text = dedent(RUN).replace('target = "pet"', 'target = "w"')
    text = text.replace('categorical = "pet"\n', "").replace("binary_cross_entropy", "huber")
    run, samples = trained(write('scale_targets = "standard"\n', text))
    assert run.model.scaling.inputs is None
    shift = run.model.scaling.targets[0][0]
    assert shift == pytest.approx(9.5 / 8)
    model = MLP(2, [3, 1], activation=["tanh", "sigmoid"], seed=4, plugins=manager)
    trainer = Trainer(model, "huber", plugins=manager)
    same(run, trainer.fit(samples.x, samples.y, epochs=3, scale_targets="standard"))


# Classes


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{ dog = 2.0 }", "no weight is given for cat"),
        ("{ dog = 2.0, cat = 1, bird = 1 }", ".bird: there is no such class; they are: cat, dog"),
        ("{ 0 = 2.0, 1 = 1 }", ".0: there is no such class; they are: cat, dog"),
    ],
)
def test_classes_are_known_by_their_categories(
    write: Any, manager: PluginManager, given: str, message: str
) -> None:
    path = write(f"class_weight = {given}\n")
    configuration = read(path)
    samples = configuration.samples(manager)
    with pytest.raises(ConfigurationError) as caught:
        configuration.fit_arguments(samples, manager)
    separator = "" if message.startswith(".") else ": "
    assert str(caught.value) == (f"{path}, line 15: [training] class_weight{separator}{message}")


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ("{ cat = 1 }", ".cat: there is no such class; they are numbers"),
        ("{ 0 = 1.0 }", ": class_weight lacks class 1; it has: 0"),
    ],
)
def test_classes_without_categories_are_known_by_their_numbers(
    write: Any, manager: PluginManager, given: str, message: str
) -> None:
    text = """
        [data]
        x = [1, 2, 3]
        y = [0, 1, 1]
        [model]
        layers = [1]
        [training]
        epochs = 1
    """
    configuration = read(write("class_weight = { 0 = 2.0, 1 = 1 }\n", text))
    samples = configuration.samples(manager)
    weights = configuration.fit_arguments(samples, manager)["class_weight"]
    assert weights == {0.0: 2.0, 1.0: 1.0}
    path = write(f"class_weight = {given}\n", text)
    with pytest.raises(ConfigurationError) as caught:
        read(path).fit_arguments(samples, manager)
    assert str(caught.value) == f"{path}, line 9: [training] class_weight{message}"


def test_categories_that_are_numbers_are_called_as_in_the_table(
    write: Any, manager: PluginManager
) -> None:
    table = PETS.replace("cat", "10").replace("dog", "2")
    configuration = read(write("class_weight = { 2 = 5.0, 10 = 1.0 }\n", table=table))
    samples = configuration.samples(manager)
    # 2 comes before 10, and is class 0.
    assert configuration.fit_arguments(samples, manager)["class_weight"] == {0.0: 5.0, 1.0: 1.0}


# Metrics


@pytest.mark.parametrize(
    ("name", "threshold"),
    [
        ("binary_cross_entropy", 0.5),
        ("binary_cross_entropy_from_logits", 0.0),
        ("hinge", 0.0),
        ("squared_hinge", 0.0),
        ("mean_squared_error", 0.5),
        ("mean_absolute_error", 0.5),
        ("huber", 0.5),
        ("poisson", 0.5),
        ("strange", 0.5),
    ],
)
def test_where_the_second_of_two_classes_begins_is_up_to_the_loss(
    write: Any, manager: PluginManager, name: str, threshold: float
) -> None:
    text = dedent(RUN).replace("binary_cross_entropy", name)
    more = "[[metrics]]\nname = 'accuracy'\n[[metrics]]\nname = 'f1'\nthreshold = 0.25\n"
    more += "[[metrics]]\nname = 'near'\n[[metrics]]\nname = 'split'\n[[metrics]]\nname = 'auc'\n"
    configuration = read(write(more, text))
    samples = configuration.samples(manager)
    assert samples.targets.threshold == threshold
    metrics = configuration.fit_arguments(samples, manager)["metrics"]
    thresholds = [metric.hyperparameters.get("threshold") for metric in metrics]
    # One of its own stays; what means something else than classes has another default.
    assert thresholds == [threshold, 0.25, 0.1, threshold, None]


def test_a_loss_that_fails_for_plain_numbers_is_asked_no_further() -> None:
    def broken(predicted: Any, target: Any) -> Any:
        raise RuntimeError("no")

    assert threshold_of(Loss("broken", broken)) == 0.5


# What is refused. The command line has more: tests/core/test_cli_mistakes.py.


@pytest.mark.parametrize(
    ("more", "message"),
    [
        ("validation = 1.0", "validation: expected a share of the samples such as 0.2, or the pa"),
        ("validation = 0.0", "validation: expected a share of the samples such as 0.2, or the pa"),
        ("validation = 1", "validation: expected a share of the samples such as 0.2, or the path"),
        ("validation = nan", "validation: expected a share of the samples such as 0.2, or the pa"),
        ("validation = true", "validation: expected a share of the samples such as 0.2, or the p"),
        ("validation = [0.2]", "validation: expected a share of the samples such as 0.2, or the "),
        ("stratify = 1", "stratify: expected true or false, not 1"),
        ("stratify = true\nvalidation = 'a.csv'", "stratify: it is about the share of the sample"),
        ("class_weight = 'equal'", 'class_weight: expected "balanced", or a table with a number'),
        ("class_weight = [1, 2]", 'class_weight: expected "balanced", or a table with a number f'),
        ("class_weight = { cat = nan }", "class_weight.cat: expected a finite number from 0, not"),
        ("class_weight = { cat = true }", "class_weight.cat: expected a finite number from 0, no"),
        ("scale_inputs = 1", "scale_inputs: expected a name, or a table with a name and hyperpar"),
        ("scale_inputs = { low = 1 }", "scale_inputs: expected a table with a name; it has none"),
        ("[output]\ncheckpoint_every = inf", "checkpoint_every: expected a number of seconds, or"),
        ("[output]\ncheckpoint_every = '10'", "checkpoint_every: expected a number of seconds, o"),
    ],
)
def test_a_value_that_is_not_what_is_expected(write: Any, more: str, message: str) -> None:
    path = write(more)
    with pytest.raises(ConfigurationError) as caught:
        read(path)
    table = "output" if "output" in more else "training"
    assert message in str(caught.value)
    assert str(caught.value).startswith(f"{path}, line {15 + more.startswith('[')}: [{table}] ")


def test_a_file_to_validate_on_goes_with_a_file(write: Any, manager: PluginManager) -> None:
    text = "[data]\nx = [1, 2]\ny = [1, 2]\n[model]\nlayers = [1]\n[training]\nepochs = 1\n"
    configuration = read(write("validation = 'a.csv'\n", text))
    samples = configuration.samples(manager)
    with pytest.raises(ConfigurationError, match=r"line 8: \[training\] validation: a file of val"):
        configuration.fit_arguments(samples, manager)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("kg,cm,pet\n4,25,bird\n", "sample 1, column 'pet': 'bird' is none of its categories"),
        ("kg,cm,pet\n4,x,cat\n", "line 2, column cm: expected a finite number, not 'x'"),
        ("kg,pet\n4,cat\n", "no column is named 'cm'; there are: kg, pet"),
        ("kg,cm,pet\n", "it must hold at least one sample"),
    ],
)
def test_a_file_to_validate_on_that_cannot_be_used(
    write: Any, manager: PluginManager, tmp_path: Path, content: str, message: str
) -> None:
    path = write("validation = 'others.csv'\n")
    (tmp_path / "others.csv").write_text(content)
    configuration = read(path)
    samples = configuration.samples(manager)
    with pytest.raises(ConfigurationError) as caught:
        configuration.fit_arguments(samples, manager)
    place = f"{path}, line 15: [training] validation: {tmp_path / 'others.csv'}"
    assert str(caught.value).startswith(place)
    assert message in str(caught.value)


def test_an_option_for_one_class_takes_the_place_of_balanced(write: Any) -> None:
    path = write("class_weight = 'balanced'\n")
    keys = ("training", "class_weight")
    options = [Override("--set", (*keys, name), 1.5) for name in ("cat", "dog")]
    assert read(path, options).tables.training.class_weight == {"cat": 1.5, "dog": 1.5}
