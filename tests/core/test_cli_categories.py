"""Categories and scalings on the command line: trained on, kept, predicted by name, and drawn."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_iris

from valor import MLP, scaler
from valor._scaling import fitted
from valor.checkpoint import load, read
from valor.files import read_samples

TRAIN = [
    "train", "--data", "iris.csv", "--layers", "6,3", "--activation", "tanh,softmax",
    "--loss", "categorical_cross_entropy", "--optimizer", "adam", "--learning-rate", "0.1",
    "--epochs", "15", "--seed", "1", "--engine", "eager", "--batch-size", "25", "--shuffle",
]  # fmt: skip
CLASSIFY = [*TRAIN, "--target", "species", "--categorical", "species", "--output", "out"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with a table of fifty flowers of each species."""
    iris = load_iris()
    with open(tmp_path / "iris.csv", "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(["sepal", "sepal2", "petal", "petal2", "species"])
        table.writerows(
            [*row.tolist(), iris.target_names[kind]]
            for row, kind in zip(iris.data, iris.target, strict=True)
        )
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALOR_PLUGINS", "none")
    return tmp_path


def rows_of(path: str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def test_a_classification_is_trained_and_told_in_its_own_words(run: Any) -> None:
    code, out, err = run(*CLASSIFY)
    assert (code, err) == (0, "")
    assert "sample  predicted species  target species" in out
    assert "     1             setosa          setosa" in out
    rows = rows_of("out/predictions.csv")
    assert list(rows[0]) == [
        "sepal", "sepal2", "petal", "petal2", "species", "predicted_species",
        "species=setosa", "species=versicolor", "species=virginica",
    ]  # fmt: skip
    right = sum(row["species"] == row["predicted_species"] for row in rows)
    assert right > 140
    for row in rows:
        numbers = {name: float(value) for name, value in row.items() if name.startswith("species=")}
        assert max(numbers, key=lambda name: numbers[name]) == f"species={row['predicted_species']}"
        assert abs(sum(numbers.values()) - 1) < 1e-12
    document = read("out/model.json")
    assert document.targets.categories == {"species": ("setosa", "versicolor", "virginica")}


def test_predict_needs_the_inputs_only_and_gives_categories(run: Any) -> None:
    assert run(*CLASSIFY, "--epochs", "3")[0] == 0
    Path("new.csv").write_text("petal2,petal,sepal2,sepal,note\n0.2,1.4,3.5,5.1,mine\n")
    code, out, err = run("predict", "out/model.json", "--data", "new.csv")
    assert (code, err) == (0, "")
    header, row = [line.split(",") for line in out.splitlines()]
    assert header == [
        "sepal", "sepal2", "petal", "petal2", "predicted_species",
        "species=setosa", "species=versicolor", "species=virginica",
    ]  # fmt: skip
    assert row[:5] == ["5.1", "3.5", "1.4", "0.2", "setosa"]
    outputs = load("out/model.json")([5.1, 3.5, 1.4, 0.2])
    assert [float(number) for number in row[5:]] == [output.data for output in outputs]


def test_categories_are_inputs_too(run: Any) -> None:
    options = [*TRAIN[:4], "4,1", "--activation", "tanh,identity", "--epochs", "5", "--seed", "1"]
    code, _, err = run(
        *options, "--target", "petal2", "--categorical", "species", "--output", "out"
    )
    assert (code, err) == (0, "")
    assert read("out/model.json").widths == [6, 4, 1]
    code, out, _ = run("predict", "out/model.json", "--data", "iris.csv")
    assert code == 0
    assert out.splitlines()[0] == "sepal,sepal2,petal,species,predicted_petal2"
    assert out.splitlines()[1].startswith("5.1,3.5,1.4,setosa,")
    # Under another name, with --inputs, in the order of the training.
    text = Path("iris.csv").read_text().replace("species", "kind", 1)
    Path("renamed.csv").write_text(text)
    inputs = ["--inputs", "sepal,sepal2,petal,kind"]
    code, renamed, _ = run("predict", "out/model.json", "--data", "renamed.csv", *inputs)
    assert code == 0
    assert renamed.splitlines()[1:] == out.splitlines()[1:]
    # An unknown one is told with those there are.
    Path("wrong.csv").write_text("sepal,sepal2,petal,species\n1,2,3,setosa\n1,2,3,setossa\n")
    code, out, err = run("predict", "out/model.json", "--data", "wrong.csv")
    assert (code, out) == (2, "")
    assert err == (
        "valor: error: wrong.csv: sample 2, column 'species': 'setossa' is none of its categories, "
        "did you mean 'setosa'?; they are: 'setosa', 'versicolor', 'virginica'\n"
    )


def test_a_target_of_two_categories_needs_one_output(run: Any) -> None:
    lines = Path("iris.csv").read_text().splitlines()[:101]
    Path("iris.csv").write_text("\n".join(lines) + "\n")
    options = [*TRAIN[:4], "4,1", "--activation", "tanh,sigmoid", "--loss", "binary_cross_entropy"]
    options += ["--optimizer", "adam", "--learning-rate", "0.05", "--epochs", "40", "--seed", "1"]
    code, _, err = run(
        *options, "--target", "species", "--categorical", "species", "--output", "out"
    )
    assert (code, err) == (0, "")
    rows = rows_of("out/predictions.csv")
    assert list(rows[0])[-3:] == ["species", "predicted_species", "species=versicolor"]
    assert all(row["species"] == row["predicted_species"] for row in rows)
    for row in rows:
        assert (float(row["species=versicolor"]) > 0.5) == (row["species"] == "versicolor")


@pytest.mark.parametrize(
    ("loss", "activation", "threshold"),
    [
        ("binary_cross_entropy", "sigmoid", 0.5),
        ("binary_cross_entropy_from_logits", "identity", 0.0),
        ("hinge", "identity", 0.0),
        ("mean_squared_error", "identity", 0.5),
    ],
)
def test_an_output_means_the_second_where_the_loss_says_so(
    run: Any, loss: str, activation: str, threshold: float
) -> None:
    lines = Path("iris.csv").read_text().splitlines()
    Path("iris.csv").write_text("\n".join([lines[0], *lines[51:]]) + "\n")
    options = [*TRAIN[:4], "1", "--activation", activation, "--loss", loss, "--epochs", "2"]
    options += ["--target", "species", "--categorical", "species", "--seed", "1"]
    code, _, err = run(*options, "--output", "out")
    assert (code, err) == (0, "")
    assert read("out/model.json").targets.threshold == threshold
    outputs = [(float(r["species=virginica"]), r["predicted_species"])
               for r in rows_of("out/predictions.csv")]  # fmt: skip
    assert all((output > threshold) == (name == "virginica") for output, name in outputs)


def test_numbers_may_be_categories(run: Any) -> None:
    text = Path("iris.csv").read_text()
    for position, name in enumerate(("setosa", "versicolor", "virginica")):
        text = text.replace(name, str(10 - position))
    Path("iris.csv").write_text(text)
    code, out, _ = run(*CLASSIFY, "--epochs", "3")
    assert code == 0
    assert "     1                 10              10" in out
    assert json.loads(Path("out/model.json").read_text())["categories"] == {"species": [8, 9, 10]}
    code, out, _ = run("predict", "out/model.json", "--data", "iris.csv")
    assert out.splitlines()[1].split(",")[4] == "10"


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ["--target", "species"],
            "iris.csv, line 2, column species: expected a finite number, not 'setosa'; if the "
            "column holds categories, name it as categorical",
        ),
        (
            ["--target", "species", "--categorical", "spices"],
            "--categorical: iris.csv: no column is named 'spices', did you mean 'species'?",
        ),
        (
            ["--target", "species", "--categorical", "species", "--layers", "6,1"],
            "--layers: the last layer must be as wide as there are targets, 3 (species=setosa, "
            "species=versicolor, species=virginica), not 1",
        ),
    ],
)
def test_a_mistake_is_told_with_what_to_do(run: Any, more: list[str], message: str) -> None:
    code, out, err = run(*TRAIN, *more)
    assert (code, out) == (2, "")
    assert err.startswith(f"valor: error: {message}")


# Scalings


@pytest.fixture
def scaled(folder: Path) -> Path:
    """A model of scaled data, as a script saves it."""
    samples = read_samples("iris.csv", target="petal2", inputs=["sepal", "petal"])
    model = MLP(2, [2, 1], activation="tanh", seed=0)
    model.scaling = fitted(samples.x, samples.y, scaler("standard"), scaler("standard"))
    model.save("scaled.json", inputs=samples.inputs, targets=samples.targets)
    return folder / "scaled.json"


def test_predict_takes_and_gives_numbers_as_they_are(run: Any, scaled: Path) -> None:
    code, out, err = run("predict", str(scaled), "--data", "iris.csv")
    assert (code, err) == (0, "")
    rows = [line.split(",") for line in out.splitlines()]
    assert rows[0] == ["sepal", "petal", "predicted_petal2"]
    assert rows[1][:2] == ["5.1", "1.4"]
    model = load(scaled)
    predicted = model.predict([[5.1, 1.4]])
    assert [float(rows[1][2])] == predicted
    assert 0.1 < predicted[0] < 2.5  # an unscaled output would not be about centimetres
    assert predicted != [model([5.1, 1.4]).data]


def test_a_graph_of_scaled_numbers_says_so(run: Any, scaled: Path) -> None:
    code, out, _ = run(
        "graph", str(scaled), "--data", "iris.csv", "--sample", "1", "--output", "g.dot"
    )
    assert (code, out) == (
        0, "wrote to g.dot the graph of the output for sample 1, in scaled numbers\n",
    )  # fmt: skip
    scaling = load(scaled).scaling
    assert scaling is not None
    ((first, _),) = scaling.scaled_inputs([[5.1, 1.4]])
    assert f"{first:.4f}"[:6] in Path("g.dot").read_text(encoding="utf-8")
