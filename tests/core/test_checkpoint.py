"""The model file: to the last bit what was saved, whole or not at all, and nothing else read."""

import copy
import json
import math
import os
import pickle
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from valor import MLP, Activation, Camada, Neuronio, functions, hookimpl, plugin_manager
from valor.checkpoint import load, read, save
from valor.exceptions import InvalidArgumentError, ModelFileError


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.json"
    save(MLP(3, [3, 2, 1], seed=1), path, inputs=["a", "b", "c"], targets=["y"])
    return path


@pytest.fixture
def change(saved: Path) -> Callable[[Callable[[Any], Any]], Path]:
    """Rewrite the saved document after a change."""

    def rewrite(action: Callable[[Any], Any]) -> Path:
        document = json.loads(saved.read_text(encoding="utf-8"))
        action(document)
        saved.write_text(json.dumps(document), encoding="utf-8")
        return saved

    return rewrite


def bits(model: MLP) -> list[str]:
    return [float(parameter.data).hex() for parameter in model.parametros()]


EXTREMES = [
    0.1, -0.0, 5e-324, -5e-324, 2.2250738585072014e-308, math.nextafter(1, 2),
    1.7976931348623157e308, -1.7976931348623157e308, 1 / 3, 2**53 + 1.0, 1e22, math.pi,
]  # fmt: skip


def test_every_bit_comes_back(tmp_path: Path) -> None:
    model = MLP(4, [5, 3], activation=["tanh", "identity"], seed=0)
    generator = random.Random(7)
    for position, parameter in enumerate(model.parametros()):
        mantissa = generator.uniform(-1, 1)
        parameter.data = (
            EXTREMES[position]
            if position < len(EXTREMES)
            else math.ldexp(mantissa, generator.randint(-1000, 1000))
        )
    save(model, tmp_path / "m.json")
    again = load(tmp_path / "m.json")
    assert bits(again) == bits(model)
    assert repr(again) == repr(model)
    assert list(again.named_parameters()) == list(model.named_parameters())
    small = [0.1, 0.2, -0.3, 1e-300]
    assert [v.data for v in again(small)] == [v.data for v in model(small)]


def test_the_file_is_what_it_is_said_to_be(saved: Path) -> None:
    document = json.loads(saved.read_text(encoding="utf-8"))
    assert (document["format"], document["version"]) == ("valor-model", 2)
    assert document["widths"] == [3, 3, 2, 1]
    assert document["activations"][2] == {
        "name": "sigmoid",
        "distribution": "valor-framework",
        "hyperparameters": {},
    }
    first = MLP(3, [3, 2, 1], seed=1).camadas[0].neuronios[0].pesos[0].data
    assert document["parameters"]["camadas[0].neuronios[0].pesos[0]"] == first.hex()
    assert len(document["parameters"]) == 23


def test_the_names_of_the_columns_are_kept(saved: Path) -> None:
    document = read(saved)
    assert (list(document.inputs), list(document.targets)) == (["a", "b", "c"], ["y"])


def test_the_same_model_gives_the_same_bytes(tmp_path: Path) -> None:
    for name in ("a", "b"):
        save(MLP(2, [2, 1], seed=3), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_loading_leaves_the_global_random_state_alone(saved: Path) -> None:
    random.seed(5)
    state = random.getstate()
    load(saved)
    assert random.getstate() == state


def test_a_shared_parameter_stays_shared_and_a_frozen_one_frozen(tmp_path: Path) -> None:
    model = MLP(2, [2, 1], seed=0)
    first, second = model.camadas[0].neuronios
    second.pesos[1] = first.pesos[0]
    second.vies = first.vies
    model.camadas[1].neuronios[0].vies.trainable = False
    save(model, tmp_path / "m.json")
    again = load(tmp_path / "m.json")
    one, two = again.camadas[0].neuronios
    assert two.pesos[1] is one.pesos[0]
    assert two.vies is one.vies
    assert two.pesos[0] is not one.pesos[0]
    assert len(again.parametros()) == len(model.parametros()) == 7
    assert [p.trainable for p in again.parametros()] == [True] * 6 + [False]
    assert bits(again) == bits(model)


class Leaky:
    @hookimpl
    def valor_register_activations(self) -> Any:
        def leaky(v: Any, *, slope: float = 0.01, steps: int = 1) -> Any:
            return v * slope * steps

        yield Activation("leaky", leaky)


def test_hyperparameters_come_back_with_their_types(tmp_path: Path) -> None:
    manager = plugin_manager(environment=False)
    manager.register(Leaky(), "leaky")
    from valor import activation

    bound = activation("leaky", plugins=manager, slope=0.1)
    save(MLP(2, [1], activation=bound, seed=0), tmp_path / "m.json", plugins=manager)
    again = load(tmp_path / "m.json", manager).camadas[0].activation
    assert again.hyperparameters == {"slope": 0.1, "steps": 1}
    assert type(again.hyperparameters["steps"]) is int


def test_a_missing_plugin_is_named(tmp_path: Path) -> None:
    manager = plugin_manager(environment=False)
    manager.register(Leaky(), "leaky")
    model = MLP(2, [1], activation="leaky", seed=0, plugins=manager)
    save(model, tmp_path / "m.json", plugins=manager)
    with pytest.raises(ModelFileError, match=r"m\.json: no activation is named 'leaky:leaky'"):
        load(tmp_path / "m.json", plugin_manager(environment=False))


class Impostor:
    @hookimpl
    def valor_register_activations(self) -> Any:
        yield Activation("tanh", lambda v: 3 * v)


def test_what_was_registered_by_hand_is_never_taken_for_another_of_its_name(tmp_path: Path) -> None:
    manager = plugin_manager(environment=False)
    manager.register(Impostor(), "impostor")
    model = MLP(1, [1], activation="impostor:tanh", seed=0, plugins=manager)
    with pytest.raises(InvalidArgumentError, match=r"'impostor' cannot be saved: .* plugins="):
        save(model, tmp_path / "m.json")
    save(model, tmp_path / "m.json", plugins=manager)
    with pytest.raises(ModelFileError, match="no activation is named 'impostor:tanh'"):
        load(tmp_path / "m.json")
    assert load(tmp_path / "m.json", manager)([2.0]).data == model([2.0]).data


def tanh(v: Any) -> Any:
    return 3 * v


@pytest.mark.parametrize(
    "activation", [tanh, lambda v: v * v, Activation("sigmoid", lambda v: 3 * v)]
)
def test_an_activation_that_no_plugin_provides_is_refused(tmp_path: Path, activation: Any) -> None:
    model = MLP(2, [2, 1], activation=["tanh", activation], seed=0)
    with pytest.raises(InvalidArgumentError, match=r"cannot be saved: .* provide it by a plugin"):
        save(model, tmp_path / "m.json")
    assert os.listdir(tmp_path) == []


@pytest.mark.parametrize(
    "again",
    [copy.deepcopy, lambda model: pickle.loads(pickle.dumps(model))],
    ids=["copy", "pickle"],
)
def test_the_lessons_own_sigmoid_is_known_in_a_copy_too(tmp_path: Path, again: Any) -> None:
    model = again(MLP(2, [2, 1], seed=0))
    save(model, tmp_path / "m.json")
    loaded = load(tmp_path / "m.json", plugin_manager(block=["sigmoid"], environment=False))
    assert bits(loaded) == bits(model)
    assert loaded([0.1, 0.2]).data == model([0.1, 0.2]).data


def test_the_lessons_own_function_given_by_hand_is_its_own_too(tmp_path: Path) -> None:
    model = MLP(2, [1], activation=functions.sig, seed=0)
    save(model, tmp_path / "m.json")
    assert load(tmp_path / "m.json")([0.1, 0.2]).data == model([0.1, 0.2]).data


class Doubled(MLP):
    def __call__(self, x: Any) -> Any:
        return 2 * super().__call__(x)


class Shifted(Camada):
    def outputs(self, x: Any) -> list[Any]:
        return [1 + output for output in super().outputs(x)]


class Unbiased(Neuronio):
    def weighted_sum(self, x: Any) -> Any:
        return super().weighted_sum(x) - self.vies


def test_a_class_of_ones_own_is_refused(tmp_path: Path) -> None:
    layer, neuron = MLP(2, [1], seed=0), MLP(2, [1], seed=0)
    layer.camadas[0] = Shifted(2, 1, seed=0)
    neuron.camadas[0].neuronios[0] = Unbiased(2, seed=0)
    for model, message in (
        (Doubled(2, [1], seed=0), "must be an MLP to be saved, and not of a class derived from it"),
        (layer, r"camadas\[0\] must be a Camada"),
        (neuron, r"camadas\[0\]\.neuronios\[0\] must be a Neuronio"),
    ):
        with pytest.raises(InvalidArgumentError, match=message):
            save(model, tmp_path / "m.json")
    assert os.listdir(tmp_path) == []


def test_the_lessons_own_sigmoid_needs_no_plugin(saved: Path) -> None:
    manager = plugin_manager(block=["sigmoid"], environment=False)
    assert bits(load(saved, manager)) == bits(MLP(3, [3, 2, 1], seed=1))


@pytest.mark.parametrize(
    ("change_", "message"),
    [
        (lambda d: d.update(format="pickle"), "not a model file"),
        (lambda d: d.update(version=3), "version 3, but this Valor reads versions 1 to 2 only"),
        (lambda d: d.update(version=0), "version 0"),
        (lambda d: d.update(version=True), "version True"),
        (lambda d: d.update(version="1"), "version '1'"),
        (lambda d: d.update(architecture="CNN"), "architecture must be 'MLP', not 'CNN'"),
        (lambda d: d.update(extra=1), "unknown keys: extra"),
        (lambda d: d.pop("frozen"), "lacks frozen"),
        (lambda d: d.update(widths=[3, 3, 2, True]), "widths"),
        (lambda d: d.update(widths=[3, 3, 2.0, 1]), "widths"),
        (lambda d: d.update(widths=[3]), "widths"),
        (lambda d: d.update(widths=[3, 0, 2, 1]), "widths"),
        (lambda d: d.update(widths={"0": 3}), "widths"),
        (lambda d: d.update(widths=[3, 2, 3, 1]), "make 21 parameters, but there are 23"),
        (lambda d: d.update(widths=[3, 10**9, 10**9, 1]), "parameters, but there are 23"),
        (lambda d: d.update(activations=[]), "one a layer"),
        (lambda d: d.update(activations="sigmoid"), "one a layer"),
        (lambda d: d.update(activations=["sigmoid"] * 3), r"activations\[0\] must be an object"),
        (lambda d: d["activations"][1].pop("distribution"), r"activations\[1\] lacks"),
        (lambda d: d["activations"][1].update(name=3), "must be texts"),
        (lambda d: d["activations"][1].update(distribution=""), "must not be empty"),
        (lambda d: d["activations"][0].update(hyperparameters={"a": [1]}), "hyperparameters"),
        (lambda d: d["activations"][0].update(hyperparameters={"slope": 1}), "no hyperparameter"),
        (lambda d: d["activations"][0].update(name="nope"), "no activation is named"),
        (lambda d: d.update(parameters=[]), "parameters must map"),
        (lambda d: d["parameters"].popitem(), "23 parameters, but there are 22"),
        (lambda d: d["parameters"].update(more="0x0.0p+0"), "23 parameters, but there are 24"),
        (
            lambda d: d["parameters"].update(more=d["parameters"].popitem()[1]),
            r"camadas\[2\]\.neuronios\[0\]\.vies is missing",
        ),
        (lambda d: d.update(frozen=["x"]), "frozen names 'x'"),
        (lambda d: d.update(frozen="x"), "frozen must be a list"),
        (lambda d: d.update(shared={"a": 1}), "shared must map"),
        (lambda d: d.update(inputs=["a"]), "inputs names 1 columns, but the network has 3"),
        (lambda d: d.update(targets=["a", 1]), "targets must be a list of texts"),
        (lambda d: d.update(targets="y"), "targets must be a list of texts, not 'y'"),
        (lambda d: d.update(inputs=["a", "b", "a"]), "column 'a' is named twice"),
        (lambda d: d.update(inputs=["a", "b", ""]), r"inputs holds an empty name, at \[2\]"),
    ],
)
def test_what_a_file_may_not_say_is_refused(
    change: Any, change_: Callable[[Any], Any], message: str
) -> None:
    path = change(change_)
    with pytest.raises(ModelFileError, match=message) as caught:
        load(path, plugin_manager(environment=False))
    assert str(path) in str(caught.value)


def test_a_share_of_something_unknown_or_later_is_refused(change: Any) -> None:
    def swap(document: Any) -> None:
        name = "camadas[0].neuronios[0].pesos[0]"
        document["parameters"].pop(name)
        document["shared"][name] = "camadas[0].neuronios[0].pesos[1]"

    with pytest.raises(ModelFileError, match="shares"):
        load(change(swap))


@pytest.mark.parametrize(
    "text",
    ["1.5", "nan", "inf", "-inf", "0x1p9999", "0x1.80p+0", "0X1.8P+0", " 0x1.8p+0", "", "١", "0x1"],
)
def test_only_what_float_hex_writes_is_a_number(change: Any, text: str) -> None:
    name = "camadas[1].neuronios[0].vies"
    path = change(lambda document: document["parameters"].update({name: text}))
    with pytest.raises(ModelFileError, match=r"camadas\[1\]\.neuronios\[0\]\.vies must be"):
        load(path)


@pytest.mark.parametrize("value", [0.5, 1, None, ["0x1.8p+0"]])
def test_a_parameter_that_is_no_text_is_refused(change: Any, value: Any) -> None:
    path = change(lambda d: d["parameters"].update({"camadas[1].neuronios[0].vies": value}))
    with pytest.raises(ModelFileError, match="parameters must map names to texts"):
        load(path)


def test_every_truncation_is_refused(saved: Path) -> None:
    whole = saved.read_bytes().rstrip()
    for length in range(len(whole)):
        saved.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            read(saved)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "JSON"),
        (b"\x80\x04\x95", "UTF-8"),
        (b"[1]", "not a model file"),
        (b"null", "not a model file"),
        (b"[" * 100_000, "nested too deeply"),
        (b'{"a": ' * 100_000, "nested too deeply"),
        (b'{"version": ' + b"9" * 5000 + b"}", "JSON"),
        (b'{"format": "valor-model", "version": NaN}', "NaN"),
        (b'{"format": "valor-model", "version": -Infinity}', "-Infinity"),
        (b'{"format": "valor-model", "version": 1e400}', "1e400"),
        (b'{"format": "valor-model", "format": "valor-model"}', "'format' stands there twice"),
    ],
)
def test_what_is_no_model_file_is_refused(tmp_path: Path, content: bytes, message: str) -> None:
    path = tmp_path / "m.json"
    path.write_bytes(content)
    with pytest.raises(ModelFileError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_a_duplicate_deep_inside_is_refused(saved: Path) -> None:
    text = saved.read_text(encoding="utf-8")
    line = next(line for line in text.splitlines() if "neuronios[0].vies" in line)
    saved.write_text(text.replace(line, f"{line}\n{line}", 1), encoding="utf-8")
    with pytest.raises(ModelFileError, match="twice"):
        load(saved)


def test_anything_after_the_document_is_refused(saved: Path) -> None:
    saved.write_text(saved.read_text(encoding="utf-8") + "{}", encoding="utf-8")
    with pytest.raises(ModelFileError, match="JSON"):
        load(saved)


def test_a_file_that_cannot_be_opened_is_a_model_file_error(tmp_path: Path) -> None:
    for path in (tmp_path / "none.json", tmp_path):
        with pytest.raises(ModelFileError, match=str(path)):
            load(path)


def test_what_cannot_be_saved_is_refused_and_the_old_file_kept(saved: Path) -> None:
    before = saved.read_bytes()
    broken = MLP(1, [1], seed=0)
    broken.parametros()[1].data = math.inf
    with pytest.raises(InvalidArgumentError, match=r"camadas\[0\]\.neuronios\[0\]\.vies is inf"):
        save(broken, saved)
    with pytest.raises(InvalidArgumentError, match="must be an MLP"):
        save(lambda x: x, saved)  # type: ignore[arg-type]
    uneven = MLP(2, [2, 1], seed=0)
    uneven.camadas[1].neuronios[0].pesos.pop()
    with pytest.raises(InvalidArgumentError, match="has 1 weights, but 2 inputs"):
        save(uneven, saved)
    odd = MLP(1, [1], activation=Activation("odd", lambda v, *, table=(1, 2): v), seed=0)
    with pytest.raises(InvalidArgumentError, match="hyperparameter table"):
        save(odd, saved)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"inputs": ["a", "b"]}, "inputs names 2 columns, but the network has 3"),
        ({"targets": ["y", "z"]}, "targets names 2 columns, but the network has 1"),
        ({"inputs": "abc"}, "inputs must be a list of texts, not 'abc'"),
        ({"targets": "y"}, "targets must be a list of texts, not 'y'"),
        ({"inputs": ["a", 1, "c"]}, r"inputs must be a list of texts, not \['a', 1, 'c'\]"),
        ({"targets": b"y"}, "targets must be a list of texts"),
        ({"targets": None}, "targets must be a list of texts, not None"),
        ({"inputs": ["a", "b", "a"]}, "inputs: column 'a' is named twice"),
        ({"inputs": ["a", "", "c"]}, r"inputs holds an empty name, at \[1\]"),
    ],
)
def test_columns_that_could_not_be_loaded_are_not_saved(
    saved: Path, columns: Any, message: str
) -> None:
    before = saved.read_bytes()
    with pytest.raises(InvalidArgumentError, match=message):
        save(MLP(3, [3, 2, 1], seed=9), saved, **columns)
    assert saved.read_bytes() == before
    assert os.listdir(saved.parent) == [saved.name]


def test_columns_may_come_from_any_iterable(saved: Path) -> None:
    save(MLP(3, [3, 2, 1], seed=9), saved, inputs=(name for name in "abc"), targets=("y",))
    document = read(saved)
    assert (list(document.inputs), list(document.targets)) == (["a", "b", "c"], ["y"])


def test_a_folder_that_is_missing_is_told_by_the_path_that_was_given(tmp_path: Path) -> None:
    path = tmp_path / "none" / "m.json"
    with pytest.raises(FileNotFoundError) as caught:
        save(MLP(1, [1], seed=0), path)
    assert caught.value.filename == str(path)
    assert ".tmp" not in str(caught.value)


def test_a_distribution_that_is_not_installed_is_said_to_be_missing(change: Any) -> None:
    path = change(lambda d: d["activations"][0].update(distribution="valor-x", name="swash"))
    missing = "no plugin of distribution 'valor-x' is installed"
    with pytest.raises(ModelFileError, match=f"'valor-x:swash': {missing}"):
        load(path, plugin_manager(environment=False))
    path = change(lambda d: d["activations"][0].update(distribution="Valor_Framework"))
    with pytest.raises(ModelFileError) as caught:
        load(path, plugin_manager(environment=False))
    assert "no activation is named 'Valor_Framework:swash'; there are" in str(caught.value)
