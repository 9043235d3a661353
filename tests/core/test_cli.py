"""The command line, within this process and as a process of its own: what it prints, writes and
answers, and that whatever goes wrong is one line and an exit code."""

import contextlib
import csv
import json
import os
import re
import signal
import subprocess
import sys
import time
import tomllib
import xml.etree.ElementTree as ElementTree
from pathlib import Path
from typing import Any

import pytest

from valor import MLP, Trainer, activation, optimizer
from valor.checkpoint import load, save
from valor.cli import ROOMS

TABLE = "x1,x2,x3,y\n2,3,-1,1\n3,-1,0.5,0\n0.5,1,1,0.2\n1,1,-1,0.5\n"
LESSON = """
[data]
file = "lesson.csv"
target = "y"
[model]
layers = [3, 2, 1]
seed = 1
[training]
epochs = 1000
"""
EXAMPLE = Path(__file__).parents[2] / "docs" / "tutorial" / "lesson.toml"
# run.json tells how long things took on this machine.
SAME_FILES = [
    "checkpoint.valor",
    "config.toml",
    "graph.svg",
    "history.csv",
    "loss.svg",
    "model.json",
    "predictions.csv",
]
RESULTS = sorted([*SAME_FILES, "run.json"])
# The locks stay: if they were removed, two commands could hold one at the same time.
RUN_FILES = sorted([*RESULTS, "checkpoint.valor.lock", "config.toml.lock"])
COMMAND = [sys.executable, "-m", "valor"]


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with a table and a configuration."""
    # PYTHONUNBUFFERED would hide output that is not flushed in time.
    for variable in (
        "VALOR_DISABLE_PLUGINS",
        "VALOR_PLUGINS",
        "VALOR_TRACEBACK",
        "PYTHONUNBUFFERED",
    ):
        monkeypatch.delenv(variable, raising=False)
    (tmp_path / "lesson.csv").write_text(TABLE)
    (tmp_path / "lesson.toml").write_text(LESSON)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def process(*arguments: str, **more: Any) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [*COMMAND, *arguments], capture_output=True, text=True, check=False, **more
    )


def data_options(*more: str) -> list[str]:
    return ["--data", "lesson.csv", "--target", "y", "--layers", "3,2,1", "--epochs", "20", *more]


def table_of(path: Path | str) -> list[list[str]]:
    with open(path, newline="", encoding="utf-8") as file:
        return list(csv.reader(file))


def losses(out: str) -> list[float]:
    return [float(found) for found in re.findall(r"^epoch +\d+ of \d+  loss (\S+)$", out, re.M)]


# valor train


def test_the_example_trains_and_writes_its_folder(run: Any, folder: Path) -> None:
    code, out, err = run("train", str(EXAMPLE), "--output", "lesson-run")
    assert (code, err) == (0, "")
    assert sorted(os.listdir("lesson-run")) == RUN_FILES
    shown = losses(out)
    assert len(shown) == 11
    assert shown == sorted(shown, reverse=True)
    assert shown[-1] < 0.01 * shown[0]
    model = load("lesson-run/model.json")
    by_hand = MLP(3, [3, 2, 1], seed=1)
    x = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    y = [1, 0, 0.2, 0.5]
    descent = optimizer("gradient_descent", learning_rate=0.5)
    result = Trainer(by_hand, optimizer=descent).fit(x, y, epochs=1000)
    assert [p.data for p in model.parametros()] == [p.data for p in by_hand.parametros()]
    history = table_of("lesson-run/history.csv")
    assert [float(loss) for _, loss in history[1:]] == list(result.history["loss"])
    predictions = table_of("lesson-run/predictions.csv")
    assert predictions[0] == ["x1", "x2", "x3", "y", "predicted_y"]
    assert [float(row[4]) for row in predictions[1:]] == [by_hand(row).data for row in x]
    assert [[float(n) for n in row[:4]] for row in predictions[1:]] == [
        [*row, target] for row, target in zip(x, y, strict=True)
    ]
    for name in ("loss.svg", "graph.svg"):
        root = ElementTree.parse(f"lesson-run/{name}").getroot()
        assert root.tag == "{http://www.w3.org/2000/svg}svg"
    assert "graph.svg is the graph of the loss of all 4 samples" in out
    errors = [(by_hand(row) - target) ** 2 for row, target in zip(x, y, strict=True)]
    loss = errors[0] + errors[1] + errors[2] + errors[3]
    loss.zero_grad()
    loss.propagar_tudo()
    vies = by_hand.camadas[2].neuronios[0].vies
    drawn = Path("lesson-run/graph.svg").read_text(encoding="utf-8")
    assert f"camadas[2].neuronios[0].vies: data {vies.data!r}, grad {vies.grad!r}" in drawn
    rows = [line.split() for line in out.splitlines() if re.match(r" +\d ", line)]
    assert [row[0] for row in rows] == ["1", "2", "3", "4"]
    assert [float(row[2]) for row in rows] == [1, 0, 0.2, 0.5]
    assert [float(row[1]) for row in rows] == [float(f"{by_hand(row).data:.6g}") for row in x]


def test_options_do_what_the_file_does(run: Any) -> None:
    assert run("train", "lesson.toml", "--epochs", "20", "--output", "a")[0] == 0
    assert run("train", *data_options("--seed", "1", "--output", "b"))[0] == 0
    for name in SAME_FILES:
        assert Path("a", name).read_bytes() == Path("b", name).read_bytes()


def test_every_option_reaches_its_place(run: Any) -> None:
    code, out, err = run(
        "train", "--data", "lesson.csv", "--reader", "csv", "--inputs", "x3,x1",
        "--target", "y,x2", "--layers", "4,2", "--activation", "relu,identity",
        "--initializer", "uniform", "--loss", "mean_squared_error",
        "--optimizer", "gradient_descent", "--learning-rate", "0.001", "--epochs", "5",
        "--batch-size", "3", "--shuffle", "--seed", "7", "--engine", "eager",
        "--set", "optimizer.momentum=0.5", "--set", "model.initializer.low=-0.5",
        "--output", "out",
    )  # fmt: skip
    assert (code, err) == (0, "")
    document = json.loads(Path("out/model.json").read_text())
    assert document["widths"] == [2, 4, 2]
    assert [entry["name"] for entry in document["activations"]] == ["relu", "identity"]
    assert (document["inputs"], document["targets"]) == (["x3", "x1"], ["y", "x2"])
    assert "MLP(2 -> 4 relu -> 2 identity, 22 parameters)" in out
    from valor import initializer, optimizer

    model = MLP(
        2, [4, 2], activation=["relu", "identity"], seed=7,
        initializer=initializer("uniform", low=-0.5),
    )  # fmt: skip
    descent = optimizer("gradient_descent", learning_rate=0.001, momentum=0.5)
    trainer = Trainer(model, "mean_squared_error", descent, seed=7)
    x, y = [[-1, 2], [0.5, 3], [1, 0.5], [-1, 1]], [[1, 3], [0, -1], [0.2, 1], [0.5, 1]]
    trainer.fit(x, y, epochs=5, batch_size=3, shuffle=True)
    again = load("out/model.json")
    assert [p.data for p in again.parametros()] == [p.data for p in model.parametros()]


def test_a_run_without_a_seed_tells_the_one_it_drew(run: Any) -> None:
    options = data_options("--shuffle", "--batch-size", "2")
    code, out, _ = run("train", *options, "--output", "a")
    assert code == 0
    found = re.search(r"seed (\d+)", out)
    assert found
    assert run("train", *options, "--seed", found[1], "--output", "b")[0] == 0
    assert Path("a/model.json").read_bytes() == Path("b/model.json").read_bytes()
    assert run("train", *options, "--output", "c")[0] == 0
    assert Path("a/model.json").read_bytes() != Path("c/model.json").read_bytes()


def test_two_seeds_are_told_by_their_keys(run: Any) -> None:
    with open("lesson.toml", "a") as file:
        file.write("shuffle = true\nbatch_size = 2\nseed = 5\n")  # [model] has 1
    short = ["train", "lesson.toml", "--epochs", "20"]
    _, out, _ = run(*short, "--output", "a")
    assert "gradient_descent, model.seed 1, training.seed 5\n" in out
    again = ["--set", "model.seed=1", "--set", "training.seed=5"]
    assert run(*short, *again, "--output", "b")[0] == 0
    assert Path("a/model.json").read_bytes() == Path("b/model.json").read_bytes()


def test_a_seed_for_the_order_alone_repeats_the_run(run: Any) -> None:
    options = data_options("--shuffle", "--batch-size", "2")
    _, out, _ = run("train", *options, "--set", "training.seed=5", "--output", "a")
    assert "gradient_descent, seed 5\n" in out
    assert run("train", *options, "--seed", "5", "--output", "b")[0] == 0
    assert Path("a/model.json").read_bytes() == Path("b/model.json").read_bytes()


def test_without_an_output_nothing_is_written(run: Any, folder: Path) -> None:
    before = sorted(os.listdir(folder))
    code, out, _ = run("train", *data_options())
    assert code == 0
    assert "wrote" not in out
    assert sorted(os.listdir(folder)) == before


def test_the_engine_that_ran_is_told_and_why(run: Any) -> None:
    _, out, _ = run("train", *data_options("--engine", "eager", "--output", "out"))
    assert "\nengine eager, asked for\nwrote to out: " in out
    told = json.loads(Path("out/run.json").read_text())
    listeners = {use["plugin"].split("'")[1] for use in told.pop("hooks")}
    assert listeners == {"RunFolder", "csv_log", "loss_curve", "checkpoint", "progress"}
    assert told == {
        "engine": "eager",
        "engine_reason": "asked for",
        "mode": "exact",
        "epochs": 20,
        "completed_epochs": 20,
        "completed_steps": 20,
        "stopped_by": "epochs",
        "metrics": {},
    }
    _, out, _ = run("train", *data_options("--output", "out"))
    told = json.loads(Path("out/run.json").read_text())
    assert f"\nengine {told['engine']}, {told['engine_reason']}\n" in out


def test_fast_is_the_mode_of_that_name(run: Any) -> None:
    assert run("train", "lesson.toml", "--fast", "--epochs", "2", "--output", "a")[0] == 0
    assert json.loads(Path("a/run.json").read_text())["mode"] == "fast"
    with open("lesson.toml", "a") as file:
        file.write('mode = "fast"\n')
    exact = ["--epochs", "2", "--set", "training.mode=exact", "--output", "b"]
    assert run("train", "lesson.toml", *exact)[0] == 0
    assert json.loads(Path("b/run.json").read_text())["mode"] == "exact"


def test_an_older_folder_is_written_over(run: Any) -> None:
    os.mkdir("out")
    for name in [*RUN_FILES, "checkpoint.valor.previous", "mine.txt"]:
        Path("out", name).write_text("old")
    assert run("train", *data_options("--output", "out"))[0] == 0
    # What was kept of the older run is gone: --resume would take it for one of this run.
    assert sorted(os.listdir("out")) == sorted([*RUN_FILES, "mine.txt"])
    assert all(Path("out", name).read_bytes() != b"old" for name in RUN_FILES)
    assert Path("out/mine.txt").read_text() == "old"


def test_a_graph_too_large_to_read_is_of_one_sample(run: Any) -> None:
    rows = "".join(f"{i},{i % 7},1,{i % 2}\n" for i in range(200))
    Path("large.csv").write_text("x1,x2,x3,y\n" + rows)
    code, out, _ = run(
        "train", "--data", "large.csv", "--target", "y", "--layers", "2,1", "--epochs", "1",
        "--seed", "1", "--output", "out",
    )  # fmt: skip
    assert code == 0
    assert "graph.svg is the graph of the loss of sample 1" in out
    assert "and 190 more samples" in out
    assert len(table_of("out/predictions.csv")) == 201


def test_blocking_a_plugin_leaves_its_file_out_and_says_so(run: Any) -> None:
    blocks = ["-p", "no:svg", "-p", "no:loss_curve", "-p", "no:progress"]
    for arguments in ([*blocks, "train", *data_options()], ["train", *data_options(), *blocks]):
        code, out, _ = run(*arguments, "--output", "out")
        assert code == 0
        expected = {*RUN_FILES} - {"graph.svg", "loss.svg"}
        assert {*os.listdir("out")} == expected
        assert "graph.svg was not written: no exporter is named 'svg'" in out
        assert "loss.svg was not written: no callback is named 'loss_curve'" in out
        assert losses(out) == []


def test_blocks_before_and_after_the_command_add_up(run: Any) -> None:
    code, out, _ = run("-p", "no:tanh", "plugins", "-p", "no:relu")
    states = {line.split("\t")[3].split(" ")[0]: line.split("\t")[0] for line in out.splitlines()}
    assert code == 0
    assert (states["tanh"], states["relu"], states["sigmoid"]) == ("blocked", "blocked", "active")


def test_a_blocked_name_cannot_be_used(run: Any) -> None:
    code, _, err = run("-p", "no:tanh", "train", *data_options("--activation", "tanh"))
    assert code == 2
    assert err.startswith("valor: error: --activation: no activation is named 'tanh'")
    assert "is blocked by -p" in err
    assert "by the program" not in err


def test_a_blocked_reader_is_told_where_no_other_is_meant_for_the_file(run: Any) -> None:
    code, _, err = run("-p", "no:csv", "train", *data_options())
    assert code == 2
    assert err.startswith("valor: error: --data: no reader is meant for 'lesson.csv'")
    assert "plugin 'csv' of valor-framework" in err
    assert "is blocked by -p" in err


def test_what_the_environment_blocks_is_not_put_down_to_an_option(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("VALOR_DISABLE_PLUGINS", "relu")
    _, out, _ = run("plugins", "-p", "no:tanh")
    reasons = {line.split("\t")[3].split(" ")[0]: line.split("\t")[4] for line in out.splitlines()}
    assert reasons["tanh"] == "blocked by -p"
    assert reasons["relu"] == "blocked by VALOR_DISABLE_PLUGINS"
    assert reasons["sigmoid"] == "activation sigmoid"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["trian"], "invalid choice: 'trian'"),
        (["train", "--epoch", "3"], "unrecognized arguments: --epoch, did you mean '--epochs'?"),
        (["plugins", "all"], "unrecognized arguments: all"),
        (["train", "a.toml", "b.toml"], "unrecognized arguments: b.toml"),
        (["train"], "lacks --data, --target, --layers, --epochs"),
        (["train", "none.toml"], "none.toml: No such file or directory"),
        (
            ["train", "lesson.toml", "--epochs", "3.7"],
            "--epochs: expected an int of at least 1, not 3.7",
        ),
        (
            ["train", "lesson.toml", "--epochs", "0"],
            "--epochs: expected an int of at least 1, not 0",
        ),
        (
            ["train", "lesson.toml", "--epochs", "ten"],
            "--epochs: expected an int of at least 1, not 'ten'",
        ),
        (
            ["train", "lesson.toml", "--epochs", "1\nseed = 2"],
            "--epochs: expected an int of at least 1",
        ),
        (
            ["train", "lesson.toml", "--layers", "3,,1"],
            "--layers[1]: expected an int of at least 1, not ''",
        ),
        (["train", "lesson.toml", "--learning-rate", '"0.5"'], "--learning-rate: "),
        (["train", "lesson.toml", "--learning-rate", "-0.5"], "--learning-rate: "),
        (
            ["train", "lesson.toml", "--learning-rate", "nan"],
            "--learning-rate: expected a finite number, not nan",
        ),
        (
            ["train", "lesson.toml", "--learning-rate", "1e400"],
            "--learning-rate: expected a finite number, not inf",
        ),
        (["train", "lesson.toml", "--learning-rate", "true"], "--learning-rate: "),
        (["train", "lesson.toml", "--target", "z"], "--target: lesson.csv has no column 'z'"),
        (["train", "lesson.toml", "--target", "1"], "--target: lesson.csv has no column '1'"),
        (["train", "lesson.toml", "--target", "y,y"], "--target[1]: column 'y' is named twice"),
        (
            ["train", "lesson.toml", "--layers", "3,2"],
            "--layers: the last layer must be as wide as there are targets, 1 (y), not 2",
        ),
        (
            ["train", "lesson.toml", "--target", "x1,x2,x3,y", "--layers", "4"],
            "--target: there must be a column left",
        ),
        (["train", "lesson.toml", "--data", "none.csv"], "none.csv: No such file or directory"),
        (
            ["train", "lesson.toml", "--data", "lesson.toml"],
            "--data: no reader is meant for 'lesson.toml'",
        ),
        (["train", "lesson.toml", "--loss", "no"], "--loss: no loss is named 'no'"),
        (
            ["train", "lesson.toml", "--set", "momentum"],
            "--set: expected TABLE.KEY=VALUE, not 'momentum'",
        ),
        (["train", "lesson.toml", "--set", "=1"], "--set: expected TABLE.KEY=VALUE, not '=1'"),
        (["train", "lesson.toml", "--set", "optimizer.momentum=2"], "--set optimizer.momentum: "),
        (["train", "lesson.toml", "--set", "optimizer.momentun=0.1"], "--set optimizer.momentun: "),
        (
            ["train", "lesson.toml", "--set", "training.epoch=1"],
            "--set training.epoch: there is no such key",
        ),
        (
            ["train", "lesson.toml", "--set", "optimiser.momentum=2"],
            "no such table, did you mean 'optimizer'?",
        ),
        (
            ["train", "lesson.toml", "--output", "lesson.csv"],
            "--output: cannot write to 'lesson.csv': it is a file",
        ),
        (
            ["train", "lesson.toml", "--output", "lesson.csv/a"],
            "--output: cannot write to 'lesson.csv/a': Not a dir",
        ),
        (["train", "lesson.toml", "--output", ""], "--output: cannot write to '': "),
        (["train", "lesson.toml", "-p", "tanh"], "-p: expected no:NAME"),
        (["-p", "train"], "-p: expected no:NAME, to leave a plugin out, not 'train'"),
        (["-p", "no:tanh"], "there must be a command: train, compile, predict, "),
        (["predict", "lesson.csv"], "the following arguments are required: --data"),
        (["predict", "none.json", "--data", "lesson.csv"], "none.json: No such file or directory"),
        (
            ["predict", "lesson.csv", "--data", "lesson.csv"],
            "lesson.csv: it is not a whole JSON document",
        ),
        (["graph", "lesson.toml", "--output", "a.xyz"], "no exporter is meant for 'a.xyz'"),
        (["graph", "lesson.toml", "--exporter", "no"], "no exporter is named 'no'"),
        (["graph", "lesson.toml", "--sample", "5"], "--sample: expected an int from 1 to 4, not 5"),
        (["graph", "lesson.toml", "--sample", "0"], "--sample: expected an int from 1 to 4, not 0"),
        (
            ["graph", "lesson.toml", "--data", "lesson.csv"],
            "--data: a configuration says itself what its data are",
        ),
        (["graph", "lesson.TOML", "--inputs", "x1"], "--inputs: a configuration says itself"),
        (["graph", "lesson.toml", "--reader", "csv"], "--reader: a configuration says itself"),
        (
            ["graph", "m.json", "--sample", "3"],
            "--sample: without --data a model file has no samples",
        ),
        (["graph", "m.json", "--sample", "0"], "--sample: without --data"),
        (["graph", "m.json", "--inputs", "x1"], "--inputs: without --data"),
        (["graph", "m.json", "--reader", "csv"], "--reader: without --data"),
        (
            ["graph", "lesson.toml", "--output", "none/a.svg"],
            "--output: cannot write 'none/a.svg': No such file",
        ),
        (
            ["graph", "lesson.toml", "--exporter", "svg", "--output", "a.xyz"],
            "--output a.xyz: format must be one of",
        ),
    ],
)
def test_what_cannot_be_used_is_one_line_and_a_2(
    run: Any, folder: Path, arguments: list[str], message: str
) -> None:
    before = sorted(os.listdir(folder))
    code, out, err = run(*arguments)
    assert code == 2
    assert err.startswith("valor: error: ")
    assert message in err.splitlines()[0]
    assert "Traceback" not in err
    assert out == ""
    assert sorted(os.listdir(folder)) == before


def test_a_number_that_explodes_is_a_1_and_what_was_completed_is_written(run: Any) -> None:
    Path("steep.csv").write_text("x,y\n1e3,0\n2e3,1\n")
    code, out, err = run(
        "train", "--data", "steep.csv", "--target", "y", "--layers", "1", "--seed", "1",
        "--activation", "identity", "--epochs", "500", "--output", "out",
    )  # fmt: skip
    assert code == 1
    first, *notes = err.splitlines()
    found = re.match(r"valor: error: epoch (\d+), batch 1", first)
    assert found
    assert all(note.startswith("  ") for note in notes)
    assert any("what was completed is in out" in note for note in notes)
    remedy = "a smaller --learning-rate, or --scale-inputs standard, may keep the numbers finite"
    assert f"  {remedy}" in notes
    assert "Traceback" not in err
    assert len(table_of("out/history.csv")) == int(found[1])
    told = json.loads(Path("out/run.json").read_text())
    assert (told["completed_epochs"], told["stopped_by"]) == (int(found[1]) - 1, "error")
    assert ElementTree.parse("out/loss.svg").getroot().tag.endswith("svg")
    assert all(abs(p.data) < 1e308 for p in load("out/model.json").parametros())
    assert f"epoch {int(found[1]) - 1}" in out.replace("epoch  ", "epoch ").replace("  ", " ")


def test_a_plugin_that_fails_is_named_with_a_1(run: Any, site: Any) -> None:
    site.install(
        "valor-bad",
        "2.5",
        modules={
            "valor_bad": """
                from valor import Callback, Loss, hookimpl

                class Bad:
                    @hookimpl
                    def valor_after_epoch(self, report):
                        if report.epoch == 3:
                            raise KeyError("oh\\x1b[31m")

                @hookimpl
                def valor_register_callbacks():
                    yield Callback("bad", lambda: Bad())

                @hookimpl
                def valor_register_losses():
                    yield Loss("bad", lambda p, t: 3)
            """
        },
        bad="valor_bad",
    )
    code, _, err = run("train", *data_options("--set", 'callbacks=["bad"]', "--output", "out"))
    assert code == 1
    assert err.startswith("valor: error: KeyError: ")
    assert "in its hook valor_after_epoch" in err
    assert "completed step 3" in err
    assert "--traceback" in err
    assert "\x1b" not in err
    assert len(table_of("out/history.csv")) == 4
    code, _, err = run("train", *data_options("--loss", "bad"))
    assert code == 1
    assert "loss 'bad' of plugin 'bad' of valor-bad 2.5 must return a Valor, not 3" in err


def test_a_plugin_that_cannot_be_loaded_is_a_warning(run: Any, site: Any) -> None:
    site.install("valor-broken", modules={"valor_broken": "import nowhere"}, broken="valor_broken")
    code, out, err = run("train", *data_options())
    assert code == 0
    assert err.startswith("valor: warning: plugin 'broken' of valor-broken 1.0 was left out")
    assert len(err.splitlines()) == 1
    assert losses(out)


@pytest.mark.parametrize("how", ["flag before", "flag after", "variable"])
def test_a_traceback_is_shown_where_it_is_asked_for(
    run: Any, monkeypatch: pytest.MonkeyPatch, how: str
) -> None:
    arguments = ["train", "none.toml"]
    if how == "variable":
        monkeypatch.setenv("VALOR_TRACEBACK", "1")
    else:
        arguments.insert(0 if how == "flag before" else 1, "--traceback")
    code, _, err = run(*arguments)
    assert code == 2
    assert err.startswith("Traceback (most recent call last):")
    assert "valor.exceptions.ConfigurationError: none.toml: No such file" in err


def test_a_disk_that_fails_late_is_a_1_and_leaves_no_halves(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "replace", full)
    code, _, err = run("train", *data_options("--output", "out", "-p", "no:loss_curve"))
    assert code == 1
    assert err.startswith(f"valor: error: {Path('out/config.toml')}: No space left on device")
    assert "could not be written to out" in err
    # The history has been opened, to see that it can be.
    left = ["checkpoint.valor.lock", "config.toml.lock", "history.csv"]
    assert sorted(os.listdir("out")) == left
    assert not any(Path("out", name).read_bytes() for name in left)


def test_a_path_that_is_no_text_is_refused_before_anything_is_done() -> None:
    os.rename("lesson.csv", b"\xff.csv")
    options = data_options("--output", "out")
    options[options.index("lesson.csv")] = os.fsdecode(b"\xff.csv")
    result = process("train", *options)
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith(
        "valor: error: --output: the configuration of the run cannot be written to it, because a "
        "path or a name is no text: "
    )
    assert not os.path.exists("out")
    assert process("train", *options[:-2]).returncode == 0


# valor predict


def test_predict_finds_its_columns_by_name(run: Any) -> None:
    assert run("train", *data_options("--output", "out"))[0] == 0
    Path("other.csv").write_text("name,x3,x1,x2\nAna,-1,2,3\n")
    code, out, err = run("predict", "out/model.json", "--data", "other.csv")
    assert (code, err) == (0, "")
    header, row = [line.split(",") for line in out.splitlines()]
    assert header == ["x1", "x2", "x3", "predicted_y"]
    expected = load("out/model.json")([2.0, 3.0, -1.0]).data
    assert [float(number) for number in row] == [2, 3, -1, expected]
    assert run("predict", "out/model.json", "--data", "other.csv", "--output", "p.csv")[0] == 0
    assert Path("p.csv").read_text() == out


def test_predict_with_a_model_that_names_no_columns(run: Any) -> None:
    save(MLP(3, [2], activation=activation("tanh"), seed=0), "m.json")
    code, _, err = run("predict", "m.json", "--data", "lesson.csv")
    assert code == 2
    assert "the model has 3 inputs, but there are 4 columns: x1, x2, x3, y" in err
    assert "--inputs" in err
    code, _, err = run("predict", "m.json", "--data", "lesson.csv", "--inputs", "x1,x2,x9")
    assert code == 2
    assert err.startswith("valor: error: --inputs: lesson.csv: no column is named 'x9'")
    code, out, _ = run("predict", "m.json", "--data", "lesson.csv", "--inputs", "x1, x2,y")
    assert code == 0
    assert out.splitlines()[0] == "x1,x2,y,predicted_1,predicted_2"
    assert len(out.splitlines()) == 5


# valor graph


def test_graph_of_a_configuration(run: Any) -> None:
    code, out, _ = run("graph", "lesson.toml", "--output", "g.svg")
    assert code == 0
    assert out == "wrote to g.svg the graph of the loss of all 4 samples\n"
    text = Path("g.svg").read_text(encoding="utf-8")
    assert ElementTree.fromstring(text).tag.endswith("svg")
    code, out, _ = run("graph", "lesson.toml", "--sample", "2")
    assert code == 0
    assert out.startswith("digraph")
    for label in ("x1", "x2", "x3", "predicted_y", "loss", "camadas[0].neuronios[0].pesos[0]"):
        assert label in out


def test_graph_of_a_model(run: Any) -> None:
    assert run("train", *data_options("--output", "out"))[0] == 0
    code, out, _ = run("graph", "out/model.json", "--output", "g.mmd")
    assert (code, out) == (0, "wrote to g.mmd the graph of the output for inputs of 0\n")
    code, out, _ = run(
        "graph", "out/model.json", "--data", "lesson.csv", "--sample", "3", "--exporter", "mermaid"
    )
    assert code == 0
    assert re.search("predicted.{1,5}y", out)  # Mermaid escapes the underscore
    code, out, _ = run("graph", "out/model.json", "--data", "lesson.csv", "--output", "g.dot")
    assert (code, out) == (0, "wrote to g.dot the graph of the output for sample 1\n")
    assert Path("g.dot").read_text(encoding="utf-8").startswith("digraph")


@pytest.mark.parametrize("sample", ["0", "-1", "5"])
def test_a_sample_of_a_model_is_counted_from_1(run: Any, sample: str) -> None:
    save(MLP(3, [1], seed=0), "m.json", inputs=["x1", "x2", "x3"])
    code, out, err = run("graph", "m.json", "--data", "lesson.csv", "--sample", sample)
    assert (code, out) == (2, "")
    assert err == f"valor: error: --sample: expected an int from 1 to 4, not {sample}\n"


def test_the_drawn_loss_is_that_of_the_first_epoch(run: Any) -> None:
    for name, count in (("sum_squared_error", 1), ("mean_squared_error", 4)):
        code, out, _ = run("train", "lesson.toml", "--loss", name, "--epochs", "1", "--output", "o")
        assert code == 0
        Path("l.toml").write_text(f'loss = "{name}"\n{LESSON}')
        code, dot, _ = run("graph", "l.toml")
        assert code == 0
        shown = float(f"{losses(out)[0]:.4g}")
        assert f"{shown:.4g}" in dot, (count, shown)


# valor plugins


def test_plugins_in_a_pipe_are_one_line_each(run: Any, site: Any) -> None:
    site.install(
        "valor-broken",
        "0.3",
        modules={"valor_broken": "raise OSError('a\\nb')"},
        bad="valor_broken",
    )
    code, out, _ = run("plugins", "-p", "no:tanh")
    assert code == 0
    rows = {row[3].split(" ")[0]: row for row in (line.split("\t") for line in out.splitlines())}
    assert rows["sigmoid"][0:2] == ["active", "valor-framework"]
    assert rows["sigmoid"][3:] == [
        "sigmoid = valor_plugins.activations.sigmoid",
        "activation sigmoid",
    ]
    assert rows["tanh"][0] == "blocked"
    assert rows["bad"] == ["failed", "valor-broken", "0.3", "bad = valor_broken", "OSError: a b"]


def test_plugins_on_a_terminal_are_columns(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, out, _ = run("plugins")
    assert code == 0
    header, *rows = out.splitlines()
    start = header.index("distribution")
    assert all(row[start - 2 :].startswith("  valor-framework") for row in rows if "tanh" in row)
    assert "\t" not in out


# Help, version, and the process


@pytest.mark.parametrize("command", [*ROOMS])
def test_help_tells_what_a_command_does(run: Any, command: str) -> None:
    code, out, err = run(command, "--help")
    assert (code, err) == (0, "")
    assert out.startswith(f"usage: valor {command}")
    assert "-p no:NAME" in out


def test_help_tells_the_commands_and_the_exit_codes(run: Any) -> None:
    code, out, _ = run("--help")
    assert code == 0
    for word in (*ROOMS, "exit codes", "130", "VALOR_PLUGINS", "VALOR_CACHE"):
        assert word in out
    assert run()[0] == 2


def test_the_examples_of_the_help_work(run: Any) -> None:
    _, out, _ = run("train", "--help")
    examples = out.partition("examples:")[2].partition("\n\n")[0].replace("\\\n", " ")
    rows = "".join(f"{i},{i * i},{i % 3}\n" for i in range(8))
    tables = {
        "y": "a,b,c,y\n" + rows.replace("\n", ",1\n"),
        "y1,y2": "x,y1,y2\n" + rows,
        "kind": "x,z,kind\n" + rows,
    }
    found = 0
    for line in examples.splitlines():
        words = line.split()
        if words[:1] != ["valor"]:
            continue
        found += 1
        if "--target" in words:
            Path("d.csv").write_text(tables[words[words.index("--target") + 1]])
        code, _, err = run(*words[1:], "--set", "training.epochs=2")
        assert (code, err) == (0, ""), line
    assert found == 6


def test_the_version_is_told(run: Any) -> None:
    code, out, _ = run("--version")
    assert code == 0
    assert re.fullmatch(r"valor (\d+\.\d+\S*|\(not installed\))\n", out)


def test_without_anything_the_help_is_shown_with_a_2(run: Any) -> None:
    code, out, err = run()
    assert (code, out) == (2, "")
    assert err.startswith("usage: valor ")


def test_it_runs_as_a_module_and_answers_with_its_code() -> None:
    assert process("train", *data_options()).returncode == 0
    refused = process("train", "none.toml")
    assert refused.returncode == 2
    assert refused.stderr == "valor: error: none.toml: No such file or directory\n"
    assert refused.stdout == ""


def started(*arguments: str) -> "subprocess.Popen[str]":
    """Start a training, and wait until its first epoch is told."""
    script = (
        "import signal, sys; from valor.cli import main\n"
        # Python inherits it ignored where these tests run in the background of a shell.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.exit(main())"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script, "train", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert process.stdout
    while not process.stdout.readline().startswith("epoch "):
        assert process.poll() is None
    return process


def test_ctrl_c_writes_what_was_completed_and_is_a_130() -> None:
    process = started("lesson.toml", "--epochs", "10000000", "--output", "out")
    time.sleep(0.2)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert process.returncode == 130
    assert err == ""
    assert sorted(os.listdir("out")) == RUN_FILES
    found = re.search(r"interrupted after (\d+) of 10000000 epochs", out)
    assert found
    epochs = int(found[1])
    assert epochs >= 1
    assert len(table_of("out/history.csv")) == epochs + 1
    model = MLP(3, [3, 2, 1], seed=1)
    x = [[2.0, 3.0, -1.0], [3.0, -1.0, 0.5], [0.5, 1.0, 1.0], [1.0, 1.0, -1.0]]
    Trainer(model).fit(x, [1, 0, 0.2, 0.5], epochs=epochs)
    again = load("out/model.json")
    assert [p.data for p in again.parametros()] == [p.data for p in model.parametros()]


def test_a_closed_pipe_ends_quietly() -> None:
    with subprocess.Popen(
        [*COMMAND, "plugins"], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout
        assert process.stderr
        process.stdout.close()
        assert process.wait(timeout=60) == 141
        assert process.stderr.read() == ""


def test_a_closed_pipe_does_not_lose_a_training() -> None:
    process = started("lesson.toml", "--epochs", "2000", "--output", "out")
    assert process.stdout
    assert process.stderr
    process.stdout.close()
    assert process.wait(timeout=60) == 141
    assert process.stderr.read() == ""
    process.stderr.close()
    assert sorted(os.listdir("out")) == RUN_FILES
    assert len(table_of("out/history.csv")) == 2001


def limited(size: int, *arguments: str) -> list[str]:
    """The command in a process whose files cannot grow beyond some bytes, as on a full disk."""
    script = (
        "import resource, sys; from valor.cli import main\n"
        f"resource.setrlimit(resource.RLIMIT_FSIZE, ({size}, {size}))\n"
        "sys.exit(main())"
    )
    return [sys.executable, "-B", "-c", script, *arguments]


def test_a_full_disk_under_the_output_is_a_1() -> None:
    with open("out.txt", "w") as file:
        result = subprocess.run(
            limited(10, "plugins"), stdout=file, stderr=subprocess.PIPE, text=True, check=False
        )
    assert result.returncode == 1
    assert result.stderr == "valor: error: File too large\n"


def test_a_full_disk_under_the_folder_is_a_1_and_leaves_no_halves() -> None:
    command = limited(1000, "train", *data_options("--epochs", "200", "--output", "out"))
    result = subprocess.run(command, capture_output=True, text=True, check=False)
    assert result.returncode == 1
    assert result.stderr.startswith(f"valor: error: {Path('out/history.csv')}: File too large")
    assert "Traceback" not in result.stderr
    left = ["checkpoint.valor.lock", "config.toml", "config.toml.lock", "history.csv"]
    assert sorted(os.listdir("out")) == left
    assert tomllib.loads(Path("out/config.toml").read_text())["training"]["epochs"] == 200
    assert Path("out/history.csv").read_bytes()[-1:] in (b"", b"\n")


def test_a_terminal_has_one_line_that_changes() -> None:
    import pty

    ours, theirs = pty.openpty()
    with subprocess.Popen(
        [*COMMAND, "train", "lesson.toml"],
        stdout=theirs,
        stderr=subprocess.PIPE,
        env={**os.environ, "TERM": "xterm"},
    ) as process:
        os.close(theirs)
        shown = b""
        with contextlib.suppress(OSError):  # how a pty tells its end
            while part := os.read(ours, 4096):
                shown += part
        os.close(ours)
    assert process.returncode == 0
    lines = [line for line in shown.decode().split("\n") if "1000" in line and "poch" in line]
    assert len(lines) == 1
    assert lines[0].count("\r") > 2
    assert "target y" in shown.decode()


def test_names_that_a_terminal_cannot_show_do_no_harm() -> None:
    Path("accents.csv").write_text(TABLE.replace("y\n", "preço\n", 1), encoding="utf-8")
    result = process(
        "train", "--data", "accents.csv", "--target", "preço", "--layers", "1", "--epochs", "2",
        "--output", "out",
        env={**os.environ, "PYTHONIOENCODING": "ascii", "PYTHONUTF8": "0"},
    )  # fmt: skip
    assert (result.returncode, result.stderr) == (0, "")
    assert "predicted pre\\xe7o" in result.stdout
    assert table_of("out/predictions.csv")[0][-1] == "predicted_preço"


def test_the_bytes_do_not_depend_on_the_hash_seed() -> None:
    for seed in ("1", "2"):
        environment = {**os.environ, "PYTHONHASHSEED": seed}
        options = ["train", "lesson.toml", "--epochs", "5", "--output", seed]
        assert process(*options, env=environment).returncode == 0
    for name in SAME_FILES:
        assert Path("1", name).read_bytes() == Path("2", name).read_bytes()


def test_importing_the_command_line_puts_off_what_a_command_needs() -> None:
    script = "import sys, valor.cli; print({'cattrs', 'tomllib', 'rich'} & set(sys.modules))"
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout == "set()\n"
