"""From a table, by the command line alone, to predictions: the bits of a script that does the same.

The tables are scikit-learn's digits and diabetes, a part of them.
"""

import csv
import json
import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import pytest
from sklearn.datasets import load_diabetes, load_digits

import valor
from valor import MLP, Trainer
from valor.checkpoint import load, read
from valor.files import read_samples

pytestmark = pytest.mark.once

DIGITS = [
    "--data", "digits.csv", "--target", "digit", "--categorical", "digit", "--layers", "12,10",
    "--activation", "relu,identity", "--initializer", "xavier_uniform",
    "--loss", "categorical_cross_entropy_from_logits", "--optimizer", "adam",
    "--learning-rate", "0.01", "--epochs", "8", "--batch-size", "25", "--shuffle", "--seed", "1",
    "--scale-inputs", "standard", "--validation", "0.2", "--metrics", "accuracy",
]  # fmt: skip
DIABETES = [
    "--data", "diabetes.csv", "--target", "progression", "--layers", "6,1",
    "--activation", "tanh,identity", "--loss", "mean_squared_error", "--optimizer", "rmsprop",
    "--learning-rate", "0.01", "--epochs", "6", "--batch-size", "20", "--shuffle", "--seed", "3",
    "--scale-inputs", "min_max", "--scale-targets", "standard", "--validation", "others.csv",
    "--metrics", "r2,mean_absolute_error",
]  # fmt: skip


def write(path: Path, names: Sequence[str], rows: Iterable[Sequence[Any]]) -> None:
    with open(path, "w", newline="", encoding="utf-8") as file:
        table = csv.writer(file)
        table.writerow(names)
        table.writerows(rows)


def rows_of(path: Path | str) -> list[dict[str, str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with the tables."""
    digits, diabetes = load_digits(), load_diabetes(scaled=False)
    rows = [[*row.tolist(), d.item()] for row, d in zip(digits.data, digits.target, strict=True)]
    names = [*map(str, digits.feature_names), "digit"]
    write(tmp_path / "digits.csv", names, rows[:250])
    # Unseen, in another order, with another column, and without the digit.
    turned = [["x", *reversed(row[:-1])] for row in rows[250:300]]
    write(tmp_path / "new.csv", ["note", *reversed(names[:-1])], turned)
    rows = [
        [*row.tolist(), t.item()] for row, t in zip(diabetes.data, diabetes.target, strict=True)
    ]
    names = [*map(str, diabetes.feature_names), "progression"]
    write(tmp_path / "diabetes.csv", names, rows[:120])
    write(tmp_path / "others.csv", names, rows[120:160])
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("VALOR_PLUGINS", "none")
    return tmp_path


def test_digits_by_command_and_by_script(run: Any) -> None:
    code, out, err = run("train", *DIGITS, "--output", "out")
    assert (code, err) == (0, "")
    assert "\n250 samples, a share of 0.2 of them to validate on, categorical_" in out
    assert "sample  predicted digit  target digit" in out

    samples = read_samples("digits.csv", target="digit", categorical="digit")
    model = MLP(64, [12, 10], activation=["relu", "identity"], initializer="xavier_uniform", seed=1)
    trainer = Trainer(
        model,
        "categorical_cross_entropy_from_logits",
        valor.optimizer("adam", learning_rate=0.01),
        seed=1,
    )
    result = trainer.fit(
        samples.x,
        samples.y,
        epochs=8,
        batch_size=25,
        shuffle=True,
        validation=0.2,
        metrics=["accuracy"],
        scale_inputs="standard",
    )
    history = rows_of("out/history.csv")
    assert [*history[0]] == ["epoch", *result.history]
    for name in result.history:
        assert [float(row[name]) for row in history] == [*result.history[name]]
    assert result.history["validation_accuracy"][-1] > 0.5
    told = json.loads(Path("out/run.json").read_text())["metrics"]
    assert told == {name: column[-1] for name, column in (
        (name, result.history[name]) for name in result.history) if name != "loss"}  # fmt: skip

    outputs = trainer.predict(samples.x)
    digits = samples.targets.decoded(outputs)
    rows = rows_of("out/predictions.csv")
    assert [*rows[0]][64:67] == ["digit", "predicted_digit", "digit=0"]
    assert [row["predicted_digit"] for row in rows] == [str(digit) for digit in digits]
    assert [[float(row[f"digit={digit}"]) for digit in range(10)] for row in rows] == outputs
    assert [row["digit"] for row in rows] == [row["digit"] for row in rows_of("digits.csv")]
    shown = re.findall(r"^ +\d+ +(\d) +\d$", out, re.M)
    assert shown == [str(digit) for digit in digits[:10]]


def test_digits_that_are_new_are_predicted_from_pixels_as_they_are(run: Any) -> None:
    assert run("train", *DIGITS, "--output", "out")[0] == 0
    code, out, err = run("predict", "out", "--data", "new.csv")
    assert (code, err) == (0, "")
    assert run("predict", "out/model.json", "--data", "new.csv", "--output", "p.csv")[0] == 0
    assert Path("p.csv").read_text() == out
    names = list(read("out/model.json").inputs)
    pixels = [[float(row[name]) for name in names] for row in rows_of("new.csv")]
    model = load("out/model.json")
    outputs = Trainer(model).predict(pixels)
    assert outputs == model.predict(pixels)
    predicted = rows_of("p.csv")
    assert [*predicted[0]] == [*names, "predicted_digit", *(f"digit={d}" for d in range(10))]
    assert [[float(row[f"digit={d}"]) for d in range(10)] for row in predicted] == outputs
    assert [[float(row[name]) for name in names] for row in predicted] == pixels
    best = [str(max(range(10), key=row.__getitem__)) for row in outputs]
    assert [row["predicted_digit"] for row in predicted] == best
    right = load_digits().target[250:300].tolist()
    assert sum(int(p) == r for p, r in zip(best, right, strict=True)) > 25


def test_diabetes_by_command_and_by_script(run: Any) -> None:
    code, out, err = run("train", *DIABETES, "--output", "out")
    assert (code, err) == (0, "")
    assert "\n120 samples and those of others.csv to validate on, mean_squared_error, " in out

    samples = read_samples("diabetes.csv", target="progression")
    others = read_samples("others.csv", target="progression")
    model = MLP(10, [6, 1], activation=["tanh", "identity"], seed=3)
    trainer = Trainer(
        model, "mean_squared_error", valor.optimizer("rmsprop", learning_rate=0.01), seed=3
    )
    result = trainer.fit(
        samples.x,
        samples.y,
        epochs=6,
        batch_size=20,
        shuffle=True,
        validation=(others.x, others.y),
        metrics=["r2", "mean_absolute_error"],
        scale_inputs="min_max",
        scale_targets="standard",
    )
    history = rows_of("out/history.csv")
    for name in ("loss", "validation_loss", "validation_r2", "validation_mean_absolute_error"):
        assert [float(row[name]) for row in history] == [*result.history[name]]
    # Metrics are in the numbers of the table: from 25 to 346, and not about 1.
    assert result.history["validation_mean_absolute_error"][-1] > 20
    rows = rows_of("out/predictions.csv")
    assert [float(row["predicted_progression"]) for row in rows] == trainer.predict(samples.x)

    code, _, _ = run("predict", "out", "--data", "others.csv", "--output", "p.csv")
    assert code == 0
    predicted = [float(row["predicted_progression"]) for row in rows_of("p.csv")]
    assert predicted == trainer.predict(others.x)
    assert 40 < min(predicted) < max(predicted) < 350


def test_a_graph_that_nobody_could_read_is_not_drawn(run: Any) -> None:
    Path("out").mkdir()
    Path("out/graph.svg").write_text("of an older run")
    code, out, _ = run("train", *DIGITS, "--epochs", "1", "--output", "out")
    assert code == 0
    assert not Path("out/graph.svg").exists()
    found = re.search(
        r"^graph\.svg was not written: the loss of one sample has (\d+) scalars, more than the "
        r"2000 that can be read; (valor graph out --output graph\.svg) draws the network anyway$",
        out,
        re.M,
    )
    assert found
    # Of each weight a product and a sum, of each neuron its activation, and the parameters.
    assert 2 * (64 * 12 + 12 * 10) < int(found[1]) < 6 * (64 * 12 + 12 * 10)
    code, out, _ = run("graph", "out", "--output", "graph.mmd")
    assert (code, out) == (
        0,
        "wrote to graph.mmd the graph of the first of 10 outputs for inputs of 0, in scaled "
        "numbers\n",
    )
    small = [*DIABETES, "--layers", "2,1", "--epochs", "1", "--output", "out"]
    assert (
        "graph.svg is the graph of the loss of sample 1; that of all 120" in run("train", *small)[1]
    )
    assert Path("out/graph.svg").read_text().startswith("<")


def test_two_categories_and_logits_are_told_rightly_everywhere(run: Any) -> None:
    rows = [{**row, "digit": "odd" if int(row["digit"]) % 2 else "even"}
            for row in rows_of("digits.csv")]  # fmt: skip
    write(Path("odd.csv"), [*rows[0]], [[*row.values()] for row in rows])
    options = [*DIGITS, "--data", "odd.csv", "--layers", "6,1", "--epochs", "4", "--output", "out"]
    options += ["--loss", "binary_cross_entropy_from_logits"]
    assert run("train", *options)[0] == 0
    written = rows_of("out/predictions.csv")
    for row in written:
        assert (float(row["digit=odd"]) > 0) == (row["predicted_digit"] == "odd")
    # The accuracy is that of the words: of the fifth of the samples that was drawn by the seed.
    from valor.data import split

    words = [row["digit"] == row["predicted_digit"] for row in written]
    _, _, drawn, _ = split(words, words, fraction=0.2, seed=1)
    told = json.loads(Path("out/run.json").read_text())["metrics"]["validation_accuracy"]
    assert told == sum(drawn) / len(drawn)
    assert "threshold = 0.0" in Path("out/config.toml").read_text()
