"""The tutorial on digits and diabetes, run as it stands, in one folder."""

import csv
import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.once

DOCS = Path(__file__).parents[2] / "docs"
PAGE = DOCS / "tutorial" / "digits.md"
TRANSLATED = DOCS / "pt_BR" / "tutorial" / "digits.md"


def blocks(page: Path) -> list[tuple[str, str, str]]:
    """Return a page's blocks in order: their names, their languages and their texts."""
    text = page.read_text(encoding="utf-8")
    return re.findall(r"<!-- run: (\w+) -->\n```(\w+)\n(.*?)```", text, re.DOTALL)


def test_the_two_languages_run_the_same_blocks() -> None:
    names = [name for name, _, _ in blocks(PAGE)]
    assert names == ["tables", "digits", "predict", "resume", "diabetes", "script"]
    assert blocks(TRANSLATED) == blocks(PAGE)
    for page in (PAGE, TRANSLATED):  # no block that nothing runs
        assert page.read_text(encoding="utf-8").count("```") == 2 * len(names)


@pytest.fixture(scope="module")
def outputs(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, dict[str, str]]:
    """Run every block, in order; return the folder, and what each printed."""
    folder = tmp_path_factory.mktemp("digits")
    printed = {}
    for name, language, block in blocks(PAGE):
        if language == "python":
            command = [sys.executable, "-c", block]
        else:
            words = block.replace("\\\n", " ").split()
            assert words[0] == "valor"
            command = [sys.executable, "-m", "valor", *words[1:]]
        done = subprocess.run(command, cwd=folder, capture_output=True, text=True, check=False)
        assert done.returncode == 0, f"{name}: {done.stdout}{done.stderr}"
        printed[name] = done.stdout
    return folder, printed


def last(path: Path) -> dict[str, float]:
    with open(path, newline="") as file:
        return {name: float(value) for name, value in list(csv.DictReader(file))[-1].items()}


def test_digits_are_told_right(outputs: tuple[Path, dict[str, str]]) -> None:
    folder, _ = outputs
    row = last(folder / "digits-run" / "history.csv")
    assert row["epoch"] == 60
    assert row["validation_accuracy"] > 0.955
    assert row["loss"] < row["validation_loss"] < 0.2
    with open(folder / "predicted.csv", newline="") as file:
        predicted = [row["predicted_digit"] for row in csv.DictReader(file)]
    with open(folder / "digits.csv", newline="") as file:
        digits = [row["digit"] for row in csv.DictReader(file)]
    right = sum(map(str.__eq__, predicted, digits))
    assert right / len(digits) > 0.98


def test_diabetes_is_predicted_better_than_by_the_mean(
    outputs: tuple[Path, dict[str, str]],
) -> None:
    folder, _ = outputs
    row = last(folder / "diabetes-run" / "history.csv")
    assert 0.3 < row["validation_r2"] < 0.7


def test_the_script_gives_the_bits_of_the_command_line(
    outputs: tuple[Path, dict[str, str]],
) -> None:
    folder, printed = outputs
    model = (folder / "digits-run" / "model.json").read_bytes()
    assert (folder / "digits.json").read_bytes() == model
    accuracy = last(folder / "digits-run" / "history.csv")["validation_accuracy"]
    assert printed["script"].splitlines()[0] == f"{accuracy:.2f}"
    run = json.loads((folder / "digits-run" / "run.json").read_text())
    assert run["metrics"]["validation_accuracy"] == accuracy
    assert run["stopped_by"] == "epochs"


def test_the_curve_shows_both_losses(outputs: tuple[Path, dict[str, str]]) -> None:
    folder, _ = outputs
    assert (folder / "digits-run" / "loss.svg").read_text().count("<polyline") >= 2
