"""The effective configuration describes the same run, to the same bits, and so does its own."""

import math
import os
import subprocess
import sys
import tomllib
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from valor import Activation, Callback, PluginManager, Schedule, hookimpl, plugin_manager
from valor.config import Override, effective_text, read
from valor.contracts import KINDS

pytestmark = pytest.mark.once

TABLE = "kg,cm,w,colour,pet\n" + "".join(
    f"{kg},{cm},{w},{colour},{pet}\n"
    for kg, cm, w, colour, pet in [
        (4, 25, 1, "red", "cat"),
        (30, 60, 2, "blue", "dog"),
        (0.1, 9, 0.5, "green", "bird"),
        (5, 24, 1, "red", "cat"),
        (28, 55, 1, "blue", "dog"),
        (0.2, 11, 3, "blue", "bird"),
    ]
)
NUMBERS = """
    [data]
    x = [[0, 1.5], [1, -2.0], [1e-3, 7], [+4.0, 1e300], [0.1, -0.0]]
    y = [0.1, 0.2, 0.3, 0.4, 0.7]
    [model]
    layers = [3, 1]
    seed = 1
    [training]
    epochs = 3
    scale_inputs = "min_max"
"""
PETS = """
    [data]
    file = "data/pets.csv"
    target = "pet"
    categorical = ["pet", "colour"]
    [model]
    layers = [4, 3]
    activation = ["tanh", "softmax"]
    seed = 2
    [loss]
    name = "categorical_cross_entropy"
    [training]
    epochs = 3
"""
CASES = {
    "as little as there can be": NUMBERS,
    "two seeds, batches, another order": NUMBERS + "batch_size = 2\nshuffle = true\nseed = -5\n",
    "an order's seed alone": NUMBERS.replace("seed = 1", "") + "shuffle = true\nseed = 7\n",
    "one activation": NUMBERS.replace("seed = 1", 'activation = "relu"\nseed = 1'),
    "activations": NUMBERS.replace(
        "seed = 1",
        'activation = ["tanh", { name = "leaky_relu", slope = 0.2 }]\n'
        'initializer = { name = "normal", deviation = 1 }\nseed = 1',
    ),
    "an initializer without a name": NUMBERS.replace(
        "seed = 1", "initializer = { low = -0.5 }\nseed = 1"
    ),
    "of a distribution": NUMBERS + '[optimizer]\nname = "valor-framework:adam"\n',
    "a schedule": NUMBERS
    + """
        [optimizer]
        name = "rmsprop"
        learning_rate = { name = "valor-framework:cosine_decay", first = 1 }
    """,
    "a schedule with a state": NUMBERS
    + 'validation = 0.2\n[optimizer.learning_rate]\nname = "on_plateau"\npatience = 1\n',
    "penalties and transforms": 'gradient_transforms = ["clip_by_norm", "clip_by_value"]\n'
    + dedent(NUMBERS)
    + '[[penalties]]\nname = "l2"\nweight = 0.5\n[[penalties]]\nname = "l1"\n',
    "a share to validate on": 'metrics = ["r2", { name = "mean_squared_error" }]\n'
    + dedent(NUMBERS)
    + "validation = 0.4\nscale_targets = 'standard'\n",
    "categories": 'metrics = ["accuracy", "f1"]\n' + dedent(PETS),
    "a stratified share": dedent(PETS) + "validation = 0.5\nstratify = true\n",
    "a file to validate on": dedent(PETS) + 'validation = "../others.csv"\n',
    "balanced classes": dedent(PETS) + 'class_weight = "balanced"\n',
    "weights of classes": dedent(PETS) + "class_weight = { cat = 1, dog = 2.5, bird = 0 }\n",
    "weights of samples": dedent(PETS).replace('target = "pet"', 'target = "pet"\nweight = "w"'),
    "columns": dedent(PETS).replace(
        'target = "pet"', 'target = "pet"\ninputs = ["cm", "colour"]\nreader = "csv"'
    ),
    "a reader's own": dedent(PETS).replace(
        'target = "pet"', 'target = "pet"\nreader = { name = "csv", missing = ["-"] }'
    ),
    "two categories and a loss of logits": 'metrics = ["accuracy"]\n'
    + dedent(PETS)
    .replace("pets.csv", "two.csv")
    .replace("[4, 3]", "[4, 1]")
    .replace('"softmax"', '"identity"')
    .replace("categorical_cross_entropy", "binary_cross_entropy_from_logits"),
    "classes by number": NUMBERS.replace("[0.1, 0.2, 0.3, 0.4, 0.7]", "[0, 1, 0, 1, 1]")
    + 'class_weight = { 0 = 2.0, "1" = 1.0 }\n',
    "an engine and its settings": NUMBERS + 'engine = "eager"\nmode = "fast"\nthreads = 2\n',
    "names that need quotes": dedent(PETS)
    .replace("pets.csv", "odd.csv")
    .replace('"pet"', '"pet \\"=# é"'),
    "callbacks": """
        callbacks = [
            "learning_rate_log",
            { name = "csv_log", path = "logs/history.csv" },
            { name = "early_stopping", patience = 1, min_delta = 1.0 },
        ]
    """
    + dedent(NUMBERS)
    + '[output]\nfolder = "runs/one"\ncheckpoint_every = 3\n',
}


@pytest.fixture
def manager() -> PluginManager:
    return plugin_manager(environment=False)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with folders of data and of configurations beside each other."""
    for each in ("configurations/data", "configurations/logs", "elsewhere/run"):
        (tmp_path / each).mkdir(parents=True)
    data = tmp_path / "configurations" / "data"
    (data / "pets.csv").write_text(TABLE)
    (data / "two.csv").write_text(TABLE.replace("bird", "cat"))
    (data / "odd.csv").write_text(TABLE.replace("pet", '"pet ""=# é"', 1), encoding="utf-8")
    (tmp_path / "others.csv").write_text(TABLE[: TABLE.index("5,24")])
    monkeypatch.chdir(tmp_path)
    return tmp_path


def outcome(configuration: Any, manager: PluginManager) -> tuple[Any, ...]:
    """Train what a configuration describes, and return all numbers that come of it."""
    samples = configuration.samples(manager)
    trainer = configuration.trainer(len(samples.inputs), manager)
    run = trainer.fit(samples.x, samples.y, **configuration.fit_arguments(samples, manager))
    return (
        [parameter.data for parameter in trainer.model.parametros()],
        {name: run.history[name].tobytes() for name in run.history},
        trainer.model.scaling,
        run.stopped_by,
        dict(samples.targets.categories),
        samples.targets.threshold,
    )


@pytest.mark.parametrize("case", CASES)
def test_it_describes_the_same_run_and_itself(
    manager: PluginManager, monkeypatch: pytest.MonkeyPatch, case: str
) -> None:
    Path("configurations/run.toml").write_text(dedent(CASES[case]), encoding="utf-8")
    given = read("configurations/run.toml")
    text = effective_text(given, "elsewhere/run", manager)
    Path("elsewhere/run/config.toml").write_text(text, encoding="utf-8")
    expected = outcome(given, manager)
    again = read("elsewhere/run/config.toml")
    assert outcome(again, manager) == expected
    assert effective_text(again, "elsewhere/run", manager) == text
    # Where one stands does not matter.
    monkeypatch.chdir("elsewhere")
    from_there = read("run/config.toml")
    assert outcome(from_there, manager) == expected
    assert effective_text(from_there, "run", manager) == text
    monkeypatch.chdir("run")
    assert effective_text(read("config.toml"), ".", manager) == text


def test_every_default_is_written_out(manager: PluginManager) -> None:
    Path("run.toml").write_text(dedent(PETS).replace("data/", "configurations/data/"))
    document = tomllib.loads(effective_text(read("run.toml"), "out", manager))
    assert document == {
        "penalties": [],
        "gradient_transforms": [],
        "metrics": [],
        "callbacks": [],
        "data": {
            "file": os.path.join("..", "configurations", "data", "pets.csv"),
            "target": ["pet"],
            "categorical": ["pet", "colour"],
        },
        "model": {
            "layers": [4, 3],
            "activation": [{"name": "tanh"}, {"name": "softmax"}],
            "seed": 2,
        },
        "loss": {"name": "categorical_cross_entropy"},
        "optimizer": {
            "name": "gradient_descent",
            "learning_rate": 0.01,
            "momentum": 0.0,
            "nesterov": False,
            "weight_decay": 0.0,
        },
        "training": {
            "epochs": 3,
            "shuffle": False,
            "seed": 2,
            "engine": "auto",
            "mode": "exact",
            "threads": 1,
            "stratify": False,
        },
        "output": {"checkpoint_every": 10.0},
    }


def test_options_are_in_it(manager: PluginManager) -> None:
    options = [
        Override("--data", ("data", "file"), "configurations/data/pets.csv"),
        Override("--optimizer", ("optimizer", "name"), "adam"),
        Override("--set", ("optimizer", "learning_rate"), {"name": "step_decay", "every": 5}),
    ]
    Path("run.toml").write_text(dedent(PETS))
    document = tomllib.loads(effective_text(read("run.toml", options), ".", manager))
    assert document["data"]["file"] == os.path.join("configurations", "data", "pets.csv")
    assert document["optimizer"]["beta1"] == 0.9
    rate = {"name": "step_decay", "first": 0.01, "factor": 0.1, "every": 5}
    assert document["optimizer"]["learning_rate"] == rate


def test_paths_are_relative_to_the_folder_it_is_for(manager: PluginManager) -> None:
    text = dedent(CASES["callbacks"]).replace('"learning_rate_log"', '"json_log"')
    Path("configurations/run.toml").write_text(text)
    given = read("configurations/run.toml")
    document = tomllib.loads(effective_text(given, "configurations/runs/one", manager))
    assert document["output"]["folder"] == "."
    # The default of a path is relative to where one stands, and stays what it is.
    assert [entry["path"] for entry in document["callbacks"][:2]] == [
        os.path.join("..", "..", "..", "history.jsonl"),
        os.path.join("..", "..", "logs", "history.csv"),
    ]
    Path("configurations/runs/one").mkdir(parents=True)
    Path("configurations/runs/one/config.toml").write_text(
        effective_text(given, "configurations/runs/one", manager)
    )
    again = read("configurations/runs/one/config.toml")
    assert again.tables.output.folder == "configurations/runs/one"


def test_an_absolute_path_is_found_too(manager: PluginManager, folder: Path) -> None:
    table = folder / "configurations" / "data" / "pets.csv"
    Path("run.toml").write_text(dedent(PETS).replace("data/pets.csv", str(table)))
    Path("elsewhere/c.toml").write_text(effective_text(read("run.toml"), "elsewhere", manager))
    assert len(read("elsewhere/c.toml").samples(manager).x) == 6


# Of every kind, where it is named in a configuration.
PLACES: dict[str, str] = {
    "activation": "model.activation = {record}\n",
    "initializer": "model.initializer = {record}\n",
    "loss": "loss = {record}\n",
    "optimizer": "optimizer = {record}\n",
    "penalty": "penalties = [{record}]\n",
    "gradient_transform": "gradient_transforms = [{record}]\n",
    "schedule": 'optimizer = {{ name = "adam", learning_rate = {record} }}\n',
    "metric": "metrics = [{record}]\n",
    "scaler": "training.scale_inputs = {record}\n",
    "callback": "callbacks = [{record}]\n",
    "reader": 'data.reader = {record}\ndata.file = "a.csv"\ndata.target = "y"\n',
}
NOT_NAMED = {"exporter", "engine"}  # an engine has no hyperparameters, and exporters are options


def test_every_kind_has_its_place() -> None:
    assert {*PLACES} | NOT_NAMED == {*KINDS}


@pytest.mark.parametrize("kind", PLACES)
def test_every_bundled_record_can_be_written_and_read(manager: PluginManager, kind: str) -> None:
    records = [each for plugin in manager.plugins for each in plugin.records if each.kind == kind]
    assert records
    for record in records:
        data = "" if kind == "reader" else "data.x = [0.5, 1]\ndata.y = [1, 2]\n"
        place = PLACES[kind].format(record=f'{{ name = "{record.name}" }}')
        Path("run.toml").write_text(f"{place}{data}model.layers = [1]\ntraining.epochs = 1\n")
        text = effective_text(read("run.toml"), ".", manager)
        for name, value in getattr(record, "hyperparameters", {}).items():
            assert (name in text) == (value is not None), f"{record}: {name}"
        Path("again.toml").write_text(text)
        assert effective_text(read("again.toml"), ".", manager) == text
        read("again.toml").trainer(1, manager)


class Odd:
    """What is provided by it has defaults that no file can hold."""

    @hookimpl
    def valor_register_activations(self) -> Any:
        yield Activation(
            "odd",
            lambda v, *, limit=math.inf, of=object, pair=(1.0, 2.0), rows=((1,),), kept=True: v,
        )

    @hookimpl
    def valor_register_schedules(self) -> Any:
        yield Schedule("odd", lambda step, total_steps, *, path="a": 0.01)

    @hookimpl
    def valor_register_callbacks(self) -> Any:
        yield Callback("odd", lambda *, path=None, file="b": self)

    @hookimpl
    def valor_before_training(self) -> None:
        pass


def test_a_default_that_no_file_can_hold_is_left_to_itself(manager: PluginManager) -> None:
    manager.register(Odd(), "odd")
    Path("run.toml").write_text(
        'callbacks = ["odd"]\noptimizer.learning_rate = { name = "odd" }\n'
        'data.x = [0.5, 1]\ndata.y = [1, 2]\nmodel.layers = [1]\nmodel.activation = "odd"\n'
        "training.epochs = 1\n"
    )
    text = effective_text(read("run.toml"), "elsewhere", manager)
    document = tomllib.loads(text)
    assert document["model"]["activation"] == {"name": "odd", "kept": True}
    assert document["optimizer"]["learning_rate"] == {"name": "odd", "path": "a"}
    assert document["callbacks"] == [{"name": "odd", "file": "b"}]
    Path("elsewhere/c.toml").write_text(text)
    assert effective_text(read("elsewhere/c.toml"), "elsewhere", manager) == text


def test_the_package_that_writes_it_is_imported_when_it_is_written() -> None:
    script = "import sys, valor.config; print('tomli_w' in sys.modules)"
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout == "False\n"


def test_every_case_says_something_of_its_own() -> None:
    assert len({repr(tomllib.loads(dedent(text))) for text in CASES.values()}) == len(CASES)
