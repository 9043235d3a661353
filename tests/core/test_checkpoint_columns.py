"""What a model file says of a network's numbers: columns, categories, threshold, scaling."""

import json
import math
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from valor import MLP, Scaling
from valor.checkpoint import load, read, save
from valor.exceptions import InvalidArgumentError, ModelFileError
from valor.files import Columns

INPUTS = Columns(["kg", "pet"], {"pet": ["bird", "cat", "dog"]})
TARGETS = Columns(["sick"], {"sick": [0, 1]}, targets=True, threshold=0.25)
SCALING = Scaling(
    inputs=[(0.1, 1 / 3), (-5e-324, 1.0), (1e300, -2.0), (-0.0, 0.7)], targets=[(math.pi, 1e-9)]
)


def model() -> MLP:
    made = MLP(4, [1], seed=1)
    made.scaling = SCALING
    return made


@pytest.fixture
def saved(tmp_path: Path) -> Path:
    path = tmp_path / "model.json"
    save(model(), path, inputs=INPUTS, targets=TARGETS)
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


def test_columns_come_back_with_their_categories(saved: Path) -> None:
    document = read(saved)
    assert list(document.inputs) == ["kg", "pet=bird", "pet=cat", "pet=dog"]
    assert (document.inputs.names, document.inputs.categories) == (
        ("kg", "pet"), {"pet": ("bird", "cat", "dog")},
    )  # fmt: skip
    assert list(document.targets) == ["sick=1"]
    assert document.targets.decoded([0.2, 0.3]) == [0, 1]
    assert [type(each) for each in document.targets.categories["sick"]] == [int, int]


def test_the_scaling_comes_back_to_the_last_bit(saved: Path) -> None:
    scaling = load(saved).scaling
    assert scaling == SCALING
    assert scaling is not None
    assert scaling.inputs is not None
    assert math.copysign(1, scaling.inputs[3][0]) == -1


def test_the_file_is_what_it_is_said_to_be(saved: Path) -> None:
    document = json.loads(saved.read_text(encoding="utf-8"))
    assert (document["version"], document["inputs"], document["targets"]) == (
        2, ["kg", "pet"], ["sick"],
    )  # fmt: skip
    assert document["categories"] == {"pet": ["bird", "cat", "dog"], "sick": [0, 1]}
    assert document["threshold"] == 0.25
    assert document["scaling"]["inputs"][0] == [(0.1).hex(), (1 / 3).hex()]
    assert document["scaling"]["targets"] == [[math.pi.hex(), (1e-9).hex()]]


@pytest.mark.parametrize(
    "scaling", [None, Scaling(), Scaling(inputs=[(1.0, 2.0)]), Scaling(targets=[(1.0, 2.0)])]
)
def test_either_side_may_be_left_unscaled(tmp_path: Path, scaling: Scaling | None) -> None:
    plain = MLP(1, [1], seed=0)
    plain.scaling = scaling
    save(plain, tmp_path / "m.json")
    assert load(tmp_path / "m.json").scaling == scaling
    document = read(tmp_path / "m.json")
    assert (len(document.inputs), len(document.targets)) == (0, 0)


def test_a_file_of_version_1_is_still_read(change: Any) -> None:
    def first(document: Any) -> None:
        for key in ("categories", "threshold", "scaling"):
            del document[key]
        document.update(version=1, inputs=["a", "b", "c", "d"])

    path = change(first)
    document = read(path)
    assert (list(document.inputs), list(document.targets)) == (["a", "b", "c", "d"], ["sick"])
    assert document.targets.threshold == 0.5
    again = load(path)
    assert again.scaling is None
    assert [p.data for p in again.parametros()] == [p.data for p in model().parametros()]


@pytest.mark.parametrize("key", ["categories", "threshold", "scaling"])
def test_the_keys_of_version_2_belong_to_it(change: Any, key: str) -> None:
    with pytest.raises(ModelFileError, match=f"the document lacks {key}"):
        read(change(lambda document: document.pop(key)))
    with pytest.raises(ModelFileError, match="the document has unknown keys: categories"):
        read(change(lambda document: document.update({key: document.get(key), "version": 1})))


@pytest.mark.parametrize(
    ("change_", "message"),
    [
        (lambda d: d.update(categories=[]), r"categories must map columns to lists, not \[\]"),
        (lambda d: d["categories"].update(pet="cat"), "categories must map columns to lists"),
        (
            lambda d: d["categories"].update(leg=[1]),
            "categories are of a column 'leg', which there",
        ),
        (lambda d: d["categories"].update(pet=[]), "the categories of 'pet' must be at least 1"),
        (lambda d: d["categories"].update(pet=["a", 1, 2]), "must be all finite numbers or all"),
        (
            lambda d: d["categories"].update(pet=["a", "b", "a"]),
            "'pet' must differ from each other",
        ),
        (
            lambda d: d["categories"].update(pet=[[1], [2], [3]]),
            "must be all finite numbers or all",
        ),
        (lambda d: d["categories"].update(pet=[True, 2, 3]), "must be all finite numbers or all"),
        (lambda d: d["categories"].update(pet=[10**400, 2, 3]), "must be all finite numbers or"),
        (
            lambda d: d["categories"].update(pet=["a", "b"]),
            "inputs names 2 columns, 3 with a number for each category, but the network has 4",
        ),
        (lambda d: d["categories"].pop("pet"), "inputs names 2 columns, but the network has 4"),
        (lambda d: d["categories"].update(sick=[0]), "'sick' must be at least 2"),
        (lambda d: d["categories"].update(sick=[0, 1, 2]), "targets names 1 columns, 3 with"),
        (lambda d: d.update(threshold="0.5"), "threshold must be a number, not '0.5'"),
        (lambda d: d.update(threshold=None), "threshold must be a number, not None"),
        (lambda d: d.update(threshold=10**400), "inputs: threshold must be a number that a float"),
        (lambda d: d.update(threshold=True), "threshold must be a number, not True"),
        (lambda d: d.update(scaling=[]), "scaling must be an object or null"),
        (lambda d: d["scaling"].pop("inputs"), "scaling lacks inputs"),
        (lambda d: d["scaling"].update(more=None), "scaling has unknown keys: more"),
        (lambda d: d["scaling"].update(inputs={}), "scaling: inputs must be a list or null"),
        (lambda d: d["scaling"].update(inputs=[]), "scaling: inputs must be a list of"),
        (lambda d: d["scaling"].update(targets=[5]), "scaling: targets must hold pairs of texts"),
        (
            lambda d: d["scaling"].update(targets=["ab"]),
            "scaling: targets must hold pairs of texts",
        ),
        (lambda d: d["scaling"].update(targets=[[0.0, 1.0]]), "must hold pairs of texts"),
        (lambda d: d["scaling"].update(targets=[["0x0.0p+0"]]), r"targets\[0\] must be \(shift"),
        (lambda d: d["scaling"].update(targets=[["0x0.0p+0"] * 2]), "a factor other than 0"),
        (lambda d: d["scaling"].update(targets=[["1.5", "0x1.0p+0"]]), "finite hexadecimal float"),
        (lambda d: d["scaling"].update(targets=[["nan", "0x1.0p+0"]]), "finite hexadecimal float"),
        (
            lambda d: d["scaling"]["inputs"].pop(),
            "scaling: inputs scales 3 numbers, but the network has 4",
        ),
        (
            lambda d: d["scaling"].update(targets=[["0x0.0p+0", (1.0).hex()]] * 2),
            "scaling: targets scales 2 numbers, but the network has 1",
        ),
    ],
)
def test_what_a_file_may_not_say_is_refused(
    change: Any, change_: Callable[[Any], Any], message: str
) -> None:
    path = change(change_)
    with pytest.raises(ModelFileError, match=message) as caught:
        load(path)
    assert str(path) in str(caught.value)


def test_every_truncation_and_damage_is_refused_or_is_another_model(saved: Path) -> None:
    whole = saved.read_bytes().rstrip()
    for length in range(len(whole)):
        saved.write_bytes(whole[:length])
        with pytest.raises(ModelFileError):
            read(saved)
    refused = 0
    for position in range(len(whole)):
        saved.write_bytes(whole[:position] + bytes([whole[position] ^ 1]) + whole[position + 1 :])
        try:
            read(saved)
        except ModelFileError:
            refused += 1
    assert refused > len(whole) // 2


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"inputs": Columns(["kg"])}, "inputs names 1 columns, but the network has 4"),
        (
            {"inputs": Columns(["pet"], {"pet": ["a", "b"]})},
            "inputs names 1 columns, 2 with a number for each category, but the network has 4",
        ),
        ({"targets": Columns(["y", "z"])}, "targets names 2 columns, but the network has 1"),
        (
            {"inputs": INPUTS, "targets": Columns(["pet"], {"pet": ["x", "y"]}, targets=True)},
            "column 'pet' must have the same categories as an input and as a target",
        ),
        (
            {"inputs": INPUTS, "targets": ["pet"]},
            "column 'pet' must have the same categories as an input and as a target",
        ),
    ],
)
def test_columns_that_could_not_be_loaded_are_not_saved(
    saved: Path, columns: Any, message: str
) -> None:
    before = saved.read_bytes()
    with pytest.raises(InvalidArgumentError, match=message):
        save(model(), saved, **columns)
    assert saved.read_bytes() == before


def test_a_scaling_of_another_network_is_not_saved(saved: Path) -> None:
    before, other = saved.read_bytes(), model()
    other.scaling = Scaling(inputs=[(0.0, 1.0)])
    with pytest.raises(
        InvalidArgumentError, match="model: scaling: inputs scales 1 numbers, but the network has 4"
    ):
        save(other, saved)
    assert saved.read_bytes() == before


def test_columns_made_as_inputs_are_saved_as_targets(tmp_path: Path) -> None:
    save(MLP(1, [1], seed=0), tmp_path / "m.json", targets=Columns(["y"], {"y": ["no", "yes"]}))
    assert list(read(tmp_path / "m.json").targets) == ["y=yes"]


# The methods of a network


def test_a_network_saves_and_loads_itself(tmp_path: Path) -> None:
    model().save(tmp_path / "a.json", inputs=INPUTS, targets=TARGETS)
    save(model(), tmp_path / "b.json", inputs=INPUTS, targets=TARGETS)
    assert (tmp_path / "a.json").read_bytes() == (tmp_path / "b.json").read_bytes()
    again = MLP.load(tmp_path / "a.json")
    assert [p.data for p in again.parametros()] == [p.data for p in model().parametros()]
    assert again.scaling == SCALING


def test_a_network_predicts_in_the_numbers_of_its_data() -> None:
    scaled = MLP(2, [3, 2], activation="tanh", seed=0)
    x = [[1.0, 2.0], [0.5, -3.0]]
    plain = [[output.data for output in scaled(row)] for row in x]
    assert scaled.predict(x) == plain
    scaled.scaling = Scaling(inputs=[(1.0, 0.5), (2.0, -4.0)], targets=[(10.0, 0.5), (0.0, 4.0)])
    raw = [[1.0 + row[0] / 0.5, 2.0 + row[1] / -4.0] for row in x]
    assert scaled.predict(raw) == [[a / 0.5 + 10.0, b / 4.0] for a, b in plain]
    assert [[output.data for output in scaled(row)] for row in x] == plain


def test_a_network_of_one_output_predicts_a_number_a_sample() -> None:
    single = MLP(1, [1], seed=0)
    assert single.predict([2.0, 3.0]) == [single(2.0).data, single(3.0).data]


def test_many_samples_give_the_bits_of_few() -> None:
    network = MLP(8, [16, 16, 2], activation="tanh", seed=0)
    x = [[math.sin(i * j) for j in range(8)] for i in range(1500)]
    many = network.predict(x)
    assert [many[i] for i in (0, 700, 1499)] == [network.predict([x[i]])[0] for i in (0, 700, 1499)]
