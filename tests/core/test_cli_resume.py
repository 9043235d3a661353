"""`valor train --resume`: whatever ends a training, it goes on to the bits of one nobody stopped.

Trainings that are killed are processes of their own; they are resumed within this one.
"""

import os
import random
import re
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from valor.checkpoint import read_snapshot
from valor.cli._folder import RunFolder
from valor.exceptions import CheckpointError, CheckpointWarning

# Everything there is to be remembered: an optimizer's and a schedule's state, what callbacks keep,
# the order of the samples, a scaling, weights, a split, and metrics.
RUN = """
metrics = ["accuracy"]
callbacks = [{ name = "early_stopping", patience = 500 }, "learning_rate_log"]
[data]
file = "kinds.csv"
target = "kind"
categorical = "kind"
[model]
layers = [4, 3]
activation = ["tanh", "softmax"]
[loss]
name = "categorical_cross_entropy"
[optimizer]
name = "adam"
learning_rate = { name = "on_plateau", first = 0.01, patience = 12 }
[training]
epochs = 40
batch_size = 8
shuffle = true
engine = "eager"
seed = 1
validation = 0.2
stratify = true
class_weight = { a = 1.0, b = 2.0, c = 1.5 }
scale_inputs = "standard"
[output]
folder = "out"
checkpoint_every = 0.02
"""
SAME = ["config.toml", "history.csv", "loss.svg", "model.json", "predictions.csv", "graph.svg"]


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the data, the configuration, and the run that nobody stopped."""
    folder = tmp_path_factory.mktemp("whole")
    draw = random.Random(1)
    rows = [f"{draw.random():.3f},{draw.random():.3f},{draw.choice('abc')}\n" for _ in range(60)]
    (folder / "kinds.csv").write_text("p,q,kind\n" + "".join(rows))
    (folder / "run.toml").write_text(RUN)
    subprocess.run([*COMMAND, "run.toml"], cwd=folder, check=True, capture_output=True)
    return folder


@pytest.fixture(autouse=True)
def folder(whole: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in, with the same data and configuration."""
    monkeypatch.setenv("VALOR_PLUGINS", "none")
    for name in ("kinds.csv", "run.toml"):
        shutil.copy(whole / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    return tmp_path


COMMAND = [sys.executable, "-m", "valor", "train"]
CHECKPOINT, PREVIOUS = Path("out/checkpoint.valor"), Path("out/checkpoint.valor.previous")


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a training, in a process of its own; what is left of them is killed at the end."""
    processes = []

    def start(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [*COMMAND, *arguments], stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        )
        processes.append(process)
        return process

    yield start
    for process in processes:
        kill(process)


def kill(process: Any) -> None:
    """Kill a training by a signal that it cannot answer."""
    process.kill()
    process.wait()
    if process.stdout:
        process.stdout.close()


def wait_until(process: Any, happened: Callable[[], bool]) -> None:
    while not happened() and process.poll() is None:
        time.sleep(0.002)


def steps() -> int:
    """Return how many steps the checkpoint holds; -1 if there is none yet."""
    try:
        return read_snapshot(CHECKPOINT).completed_steps
    except CheckpointError:
        return -1


def assert_like(whole: Path, names: Any = SAME) -> None:
    for name in names:
        assert Path("out", name).read_bytes() == (whole / "out" / name).read_bytes(), name
    leftovers = [name for name in os.listdir("out") if name.endswith(".tmp")]
    assert leftovers == []


MOMENTS = {
    "as soon as it is known of": lambda: Path("out/config.toml").exists(),
    "at its first checkpoint": lambda: CHECKPOINT.exists(),
    "at its second checkpoint": lambda: PREVIOUS.exists(),
    "at a third of its steps": lambda: steps() > 6 * 13,
    "at two thirds of them": lambda: steps() > 6 * 26,
    "near its end": lambda: steps() > 6 * 36,
    "while its results are written": lambda: Path("out/model.json").exists(),
}


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_training_that_was_killed_goes_on_to_the_same_bits(
    run: Any, start: Any, whole: Path, moment: str
) -> None:
    process = start("run.toml")
    wait_until(process, MOMENTS[moment])
    kill(process)
    begun = CHECKPOINT.exists() or PREVIOUS.exists()
    code, out, err = run("train", "out", "--resume")
    assert (code, err) == (0, "")
    told = r"^resumed from out/checkpoint\.valor, with \d+ epochs done$"
    anew = "out has no checkpoint to resume from: the run begins anew\n"
    assert bool(re.search(told, out, re.M)) == begun
    assert (anew in out) != begun
    assert_like(whole)


def test_a_training_that_is_killed_again_and_again(run: Any, start: Any, whole: Path) -> None:
    process = start("run.toml")
    done = -1
    for _ in range(4):
        wait_until(process, lambda: steps() > done)  # noqa: B023
        time.sleep(0.03)
        kill(process)
        assert steps() >= done
        done = steps()
        process = start("out", "--resume")
    out, _ = process.communicate()
    assert process.returncode == 0, out
    assert_like(whole)


def test_a_training_that_was_interrupted_says_how_to_go_on(
    run: Any, start: Any, whole: Path
) -> None:
    script = (
        "import signal, sys; from valor.cli import main\n"
        # Python inherits it ignored where these tests run in the background of a shell.
        "signal.signal(signal.SIGINT, signal.default_int_handler)\n"
        "sys.exit(main(['train', 'run.toml']))"
    )
    process = subprocess.Popen(
        [sys.executable, "-c", script], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    wait_until(process, CHECKPOINT.exists)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=60)
    assert (process.returncode, err) == (130, "")
    assert re.search(r"^interrupted after \d+ of 40 epochs$", out, re.M)
    assert out.endswith("\ngo on with: valor train out --resume\n")
    assert run("train", "out", "--resume")[0] == 0
    assert_like(whole)


def test_the_configuration_that_began_it_does_as_well(run: Any, start: Any, whole: Path) -> None:
    process = start("run.toml")
    wait_until(process, lambda: steps() > 0)
    kill(process)
    assert run("train", "run.toml", "--resume")[0] == 0
    assert_like(whole)


def test_seeds_that_were_drawn_are_those_of_the_run(run: Any) -> None:
    text = Path("run.toml").read_text().replace("seed = 1\n", "")
    Path("run.toml").write_text(text)
    _, out, _ = run("train", "run.toml", "--epochs", "4")
    seed = re.search(r"seed \d+", out)
    assert seed
    for source in ("run.toml", "out"):
        code, out, _ = run("train", source, "--resume", "--epochs", "6")
        assert code == 0
        assert seed[0] in out
    two = Path("out/model.json").read_bytes()
    assert run("train", "run.toml", "--epochs", "6", "--seed", seed[0][5:])[0] == 0
    assert Path("out/model.json").read_bytes() == two


# What there may be to resume from


def test_a_checkpoint_that_is_damaged_leaves_the_one_before(
    run: Any, start: Any, whole: Path
) -> None:
    process = start("run.toml")
    wait_until(process, lambda: steps() > 60 and PREVIOUS.exists())
    kill(process)
    content = bytearray(CHECKPOINT.read_bytes())
    content[len(content) // 2] ^= 1
    CHECKPOINT.write_bytes(content)
    code, out, err = run("train", "out", "--resume")
    assert code == 0
    assert err == (
        "valor: warning: out/checkpoint.valor: it is cut off, or was changed: its digest does not "
        "fit; the one before it is out/checkpoint.valor.previous; resuming from that\n"
    )
    assert "resumed from out/checkpoint.valor.previous, with " in out
    assert_like(whole)
    assert PREVIOUS.read_bytes() != content
    assert read_snapshot(PREVIOUS).completed_steps <= 240


def test_a_damaged_one_is_never_kept_in_place_of_a_good_one(whole: Path) -> None:
    shutil.copytree(whole / "out", "out")
    good = PREVIOUS.read_bytes()
    CHECKPOINT.write_bytes(b"damaged")
    with RunFolder("out", "--output") as folder:
        with pytest.warns(CheckpointWarning, match="resuming from that"):
            snapshot = folder.resume()
        assert snapshot is not None
        # What is written next keeps what is in its place.
        assert (CHECKPOINT.read_bytes(), PREVIOUS.read_bytes()) == (b"damaged", good)
        folder.valor_after_steps()
        assert CHECKPOINT.read_bytes() == good
        assert not PREVIOUS.exists()


def test_without_any_that_can_be_read_nothing_is_begun(run: Any, whole: Path) -> None:
    shutil.copytree(whole / "out", "out")
    for path in (CHECKPOINT, PREVIOUS):
        path.write_bytes(path.read_bytes()[:-1])
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    code, out, err = run("train", "out", "--resume")
    assert (code, out) == (2, "")
    assert "valor: error: out/checkpoint.valor.previous: it is cut off, or was changed" in err
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before


@pytest.mark.parametrize("there", [False, True])
def test_without_a_checkpoint_it_begins_anew_and_says_so(
    run: Any, whole: Path, there: bool
) -> None:
    if there:
        Path("out").mkdir()
    code, out, err = run("train", "run.toml", "--resume")
    assert (code, err) == (0, "")
    assert "\nout has no checkpoint to resume from: the run begins anew\n" in out
    assert_like(whole)


def test_a_run_without_checkpoints_begins_anew(run: Any, whole: Path) -> None:
    never = ["--set", "output.checkpoint_every=0"]
    assert run("train", "run.toml", *never)[0] == 0
    assert not CHECKPOINT.exists()
    assert not Path("out/checkpoint.valor.lock").exists()
    code, out, _ = run("train", "out", "--resume")
    assert code == 0
    assert "out has no checkpoint to resume from" in out
    assert_like(whole, [name for name in SAME if name != "config.toml"])


def test_a_run_that_is_over_stays_as_it_is(run: Any, whole: Path) -> None:
    shutil.copytree(whole / "out", "out")
    code, out, err = run("train", "out", "--resume")
    assert (code, err) == (0, "")
    assert "\nresumed from out/checkpoint.valor, with 40 epochs done\n" in out
    assert_like(whole, [*SAME, "checkpoint.valor"])


def test_a_run_may_become_longer(run: Any) -> None:
    constant = ["--set", "optimizer.learning_rate=0.01"]
    assert run("train", "run.toml", *constant, "--epochs", "8")[0] == 0
    code, out, _ = run("train", "out", "--resume", "--epochs", "12")
    assert code == 0
    assert "with 8 epochs done" in out
    longer = Path("out/model.json").read_bytes(), Path("out/history.csv").read_bytes()
    assert "epochs = 12" in Path("out/config.toml").read_text()
    assert run("train", "run.toml", *constant, "--epochs", "12")[0] == 0
    assert longer == (Path("out/model.json").read_bytes(), Path("out/history.csv").read_bytes())
    code, out, err = run("train", "out", "--resume", "--epochs", "4")
    assert (code, err) == (
        2,
        "valor: error: out/checkpoint.valor: this is another run: epochs is 4, but 12 are done in "
        "the checkpoint; give what the checkpoint has, or begin anew, without it\n",
    )


def test_a_run_that_was_voted_to_stop_has_stopped(run: Any) -> None:
    patience = ["--set", 'callbacks=[{name="early_stopping", monitor="loss", min_delta=10.0, '
                'patience=3}]']  # fmt: skip
    _, out, _ = run("train", "run.toml", *patience)
    assert "stopped by early_stopping after 4 of 40 epochs" in out
    model = Path("out/model.json").read_bytes()
    _, out, _ = run("train", "out", "--resume", "--epochs", "90")
    assert "stopped by early_stopping after 4 of 90 epochs" in out
    assert Path("out/model.json").read_bytes() == model


# Whose folder it is


def test_two_trainings_do_not_share_a_folder(run: Any, start: Any) -> None:
    process = start("run.toml", "--epochs", "1000000")
    wait_until(process, lambda: steps() > 0)
    configuration = Path("out/config.toml").read_bytes()
    for arguments in (["run.toml"], ["out", "--resume"], ["run.toml", "--output", "out"]):
        code, out, err = run("train", *arguments, "--learning-rate", "0.5")
        assert (code, out) == (2, "")
        assert f"out/config.toml is in use by process {process.pid} on " in err
        assert len(err.splitlines()) == 1
    assert "--output: out/config.toml is in use" in err
    assert Path("out/config.toml").read_bytes() == configuration
    assert process.poll() is None


@pytest.mark.parametrize(
    ("more", "message"),
    [
        (
            ["--learning-rate", "0.5"],
            "optimizer is adam(learning_rate=0.5, beta1=0.9, beta2=0.999, epsilon=1e-08), but "
            "adam(learning_rate=on_plateau(first=0.01, ",
        ),
        (["--layers", "5,3"], "model is "),
        (["--batch-size", "4"], "batch_size is 4, but 8 in the checkpoint"),
        (["--set", "training.seed=2"], "seed is 2, but 1 in the checkpoint"),
        (["--validation", "0.3"], "the training data are not those of the checkpoint"),
        (["--metrics", "f1"], "metrics is [f1("),
    ],
)
def test_another_run_is_refused_and_nothing_is_changed(
    run: Any, whole: Path, more: list[str], message: str
) -> None:
    shutil.copytree(whole / "out", "out")
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    code, _, err = run("train", "out", "--resume", *more)
    assert code == 2
    assert "this is another run: " in err
    assert message in err
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before
    assert run("train", "out", "--resume")[0] == 0


def test_a_run_that_begins_anew_is_not_mixed_with_the_one_before(
    run: Any, start: Any, whole: Path
) -> None:
    assert run("train", "run.toml", "--seed", "5", "--epochs", "20")[0] == 0
    process = start("run.toml", "--set", "output.checkpoint_every=1000.0")
    wait_until(process, lambda: b"seed = 1" in Path("out/config.toml").read_bytes())
    kill(process)
    code, out, _ = run("train", "out", "--resume")
    assert code == 0
    assert "out has no checkpoint to resume from: the run begins anew" in out
    assert_like(whole, [name for name in SAME if name != "config.toml"])


def test_a_run_that_is_refused_leaves_the_folder_as_it_was(run: Any, whole: Path) -> None:
    shutil.copytree(whole / "out", "out")
    before = {path.name: path.read_bytes() for path in Path("out").iterdir()}
    # Found out by the trainer itself, when everything else was found to be right.
    code, _, err = run("train", "run.toml", "--validation", "0.999")
    assert code == 2
    assert "choose another fraction" in err
    assert {path.name: path.read_bytes() for path in Path("out").iterdir()} == before


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (
            ["--data", "kinds.csv", "--target", "p", "--inputs", "q", "--layers", "1",
             "--epochs", "1", "--resume"],
            "--resume: there must be a folder with the checkpoint of a run: --output FOLDER, or "
            "folder in the table [output]",
        ),
        (["nowhere", "--resume"], "nowhere: No such file or directory; here a configuration is "),
        (["empty", "--resume"], "empty: it is a folder without config.toml: it is not that of a"),
        (["run.toml", "--resume", "--output", "run.toml"], "--output: cannot write to 'run.toml'"),
    ],
)  # fmt: skip
def test_what_cannot_be_resumed_is_a_2(run: Any, arguments: list[str], message: str) -> None:
    Path("empty").mkdir()
    code, out, err = run("train", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"valor: error: {message}")


def test_an_earlier_run_is_repeated_by_its_folder(run: Any, whole: Path) -> None:
    shutil.copytree(whole / "out", "out")
    Path("out/model.json").unlink()
    code, out, _ = run("train", "out")
    assert code == 0
    assert "resume" not in out
    assert_like(whole, [*SAME, "checkpoint.valor"])
    assert run("train", "out", "--output", "other")[0] == 0
    assert Path("other/model.json").read_bytes() == (whole / "out/model.json").read_bytes()
