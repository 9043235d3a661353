"""`valor inspect`: what is in a file is told as it is, and what is damaged is refused."""

import json
import math
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from valor import MLP, Trainer, callback, optimizer
from valor.checkpoint import read_snapshot, save
from valor.files import Columns

RUN = """
metrics = ["accuracy"]
callbacks = [{ name = "early_stopping", patience = 7 }]
[data]
file = "kinds.csv"
target = "kind"
categorical = "kind"
[model]
layers = [4, 3]
activation = ["tanh", "softmax"]
seed = 1
[loss]
name = "categorical_cross_entropy"
[optimizer]
name = "adam"
learning_rate = { name = "step_decay", first = 0.1 }
[training]
epochs = 5
batch_size = 4
shuffle = true
engine = "eager"
scale_inputs = "standard"
[output]
folder = "out"
"""
ROWS = [f"{i % 7},{i % 5},{'abc'[i % 3]}\n" for i in range(10)]


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("trained")
    (folder / "kinds.csv").write_text("p,q,kind\n" + "".join(ROWS))
    (folder / "run.toml").write_text(RUN)
    command = [sys.executable, "-m", "valor", "train", "run.toml"]
    subprocess.run(command, cwd=folder, check=True, capture_output=True)
    return folder / "out"


@pytest.fixture(autouse=True)
def folder(trained: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to stand in, with that of a run."""
    for variable in ("VALOR_DISABLE_PLUGINS", "VALOR_PLUGINS", "VALOR_TRACEBACK"):
        monkeypatch.delenv(variable, raising=False)
    shutil.copytree(trained, tmp_path / "out")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def refuse(constant: str) -> None:
    raise AssertionError(f"{constant} is no JSON")


def told(run: Any, path: str) -> Any:
    """Return what is told as JSON, read as strictly as it can be."""
    code, out, err = run("inspect", path, "--json")
    assert (code, err) == (0, "")
    assert out.isascii()
    return json.loads(out, parse_constant=refuse)


def section(out: str, name: str) -> dict[str, str]:
    """Return a part of the text: what stands first in a line, and the rest of it."""
    part = out.partition(f"\n\n{name}\n")[2].partition("\n\n")[0]
    return {line.split()[0]: line.strip().partition(" ")[2].strip() for line in part.splitlines()}


# A checkpoint


def test_a_checkpoint(run: Any) -> None:
    facts = told(run, "out/checkpoint.valor")
    snapshot = read_snapshot("out/checkpoint.valor")
    assert facts["kind"] == "checkpoint"
    assert (facts["path"], facts["version"]) == ("out/checkpoint.valor", 1)
    assert facts["bytes"] == os.path.getsize("out/checkpoint.valor")
    assert facts["digest"].encode() == Path("out/checkpoint.valor").read_bytes()[19:83]
    assert facts["digest_fits"] is True
    assert facts["previous"] is None
    assert facts["progress"] == {
        "epochs": 5,
        "completed_epochs": 5,
        "completed_steps": 15,
        "steps_per_epoch": 3,
        "epochs_of_earlier_runs": 0,
        "steps_of_earlier_runs": 0,
        "stopped_by": "",
        "seed": 1,
    }
    assert facts["settings"] == json.loads(json.dumps(snapshot.settings))
    assert facts["settings"]["optimizer"]["beta1"] == 0.9
    last = {name: column[-1] for name, column in snapshot.history.items()}
    assert facts["last_epoch"] == last
    assert [*last] == ["loss", "accuracy"]
    assert facts["arrays"] == {
        "parameters": 27,
        "state/mean": 27,
        "state/square": 27,
        "losses": 0,
        "history/loss": 5,
        "history/accuracy": 5,
        "schedule": 0,
    }
    assert [*facts["plugins"]] == ["valor-framework:early_stopping"]


def test_parameters_are_summed_up_by_layer(run: Any) -> None:
    snapshot = read_snapshot("out/checkpoint.valor")
    expected: dict[str, list[float]] = {}
    for name, value in zip(snapshot.names, snapshot.parameters, strict=True):
        layer, _, rest = name.partition(".neuronios")
        kind = "vies" if rest.endswith("vies") else "pesos"
        expected.setdefault(f"{layer} {kind}", []).append(value)
    rows = told(run, "out/checkpoint.valor")["parameters"]
    assert [row["layer"] for row in rows] == [
        "camadas[0] pesos", "camadas[0] vies", "camadas[1] pesos", "camadas[1] vies",
    ]  # fmt: skip
    assert [row["numbers"] for row in rows] == [8, 4, 12, 3]
    for row in rows:
        values = expected[row["layer"]]
        assert (row["smallest"], row["largest"]) == (min(values), max(values))
        assert row["mean"] == pytest.approx(math.fsum(values) / len(values))
        assert row["frozen"] == 0
    assert told(run, "out/model.json")["parameters"] == rows


def test_the_text_of_a_checkpoint(run: Any) -> None:
    code, out, err = run("inspect", "out/checkpoint.valor")
    assert (code, err) == (0, "")
    size = os.path.getsize("out/checkpoint.valor")
    first = f"out/checkpoint.valor: checkpoint, version 1, {size} bytes, its digest fits"
    assert out.splitlines()[0] == first
    progress = section(out, "progress")
    assert (progress["completed_steps"], progress["stopped_by"]) == ("15", "none")
    settings = section(out, "settings")
    assert settings["optimizer"].startswith("adam(learning_rate=step_decay(first=0.1, factor=0.1, ")
    assert settings["shuffle"] == "yes"
    assert section(out, "last epoch").keys() == {"loss", "accuracy"}
    assert section(out, "arrays")["state/mean"] == "27"
    assert section(out, "plugins")["valor-framework:early_stopping"].startswith("monitor=auto, ")
    lines = out.partition("\n\nparameters\n")[2].splitlines()
    assert lines[0].split() == ["layer", "numbers", "frozen", "smallest", "mean", "largest"]
    starts = {line.index(line.split()[2]) for line in lines[1:5]}
    assert starts == {lines[0].index("numbers")}
    assert max(map(len, out.splitlines())) < 140


def test_the_text_is_the_same_on_a_terminal(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    piped = run("inspect", "out")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert run("inspect", "out") == piped


def test_the_checkpoint_before_it(run: Any) -> None:
    shutil.copy("out/checkpoint.valor", "out/checkpoint.valor.previous")
    previous = told(run, "out/checkpoint.valor")["previous"]
    size = os.path.getsize("out/checkpoint.valor")
    path = "out/checkpoint.valor.previous"
    assert previous == {"path": path, "bytes": size, "completed_steps": 15}
    assert section(run("inspect", "out/checkpoint.valor")[1], "previous")["completed_steps"] == "15"
    assert told(run, path)["kind"] == "checkpoint"
    Path(path).write_bytes(b"")
    previous = told(run, "out/checkpoint.valor")["previous"]
    assert previous["damaged"].startswith(f"{path}: it is not a checkpoint")


def test_a_run_in_the_middle_of_an_epoch_with_frozen_parameters(run: Any) -> None:
    model = MLP(1, [1, 1], seed=0)
    model.camadas[0].neuronios[0].vies.trainable = False
    saving = callback("checkpoint", path="run.valor", every_epochs=0, every_steps=2)
    limit = callback("time_limit", seconds=1e-9)
    trainer = Trainer(model, callbacks=[saving, limit], engine="eager")
    trainer.fit([[0.0], [1.0], [2.0]], [0, 1, 0], epochs=3, batch_size=1)
    facts = told(run, "run.valor")
    assert facts["progress"]["completed_steps"] in (1, 2)
    assert facts["progress"]["completed_epochs"] == 0
    assert facts["arrays"]["losses"] == facts["progress"]["completed_steps"]
    assert facts["last_epoch"] == {}
    assert [row["frozen"] for row in facts["parameters"]] == [0, 1, 0, 0]


class Plain:
    """A model whose parameters are called as somebody likes."""

    def __init__(self) -> None:
        from valor import Valor

        self.parts = [Valor(2.0, rotulo="slope"), Valor(0.5, rotulo="offset")]

    def parametros(self) -> list[Any]:
        return self.parts

    def __call__(self, x: Any) -> Any:
        return self.parts[0] * x[0] + self.parts[1]


def test_a_model_of_ones_own(run: Any) -> None:
    saving = callback("checkpoint", path="run.valor")
    slow = optimizer("gradient_descent", learning_rate=1e-9)
    Trainer(Plain(), optimizer=slow, callbacks=[saving], engine="eager").fit(
        [[1.0]], [2.5], epochs=1
    )
    (row,) = told(run, "run.valor")["parameters"]
    assert row == {
        "layer": "others", "numbers": 2, "frozen": 0, "smallest": 0.5, "mean": 1.25, "largest": 2.0,
    }  # fmt: skip


def test_what_is_no_number_is_null_in_json(run: Any) -> None:
    class Odd:
        from valor import hookimpl

        @hookimpl
        def valor_after_epoch(self, run: Any) -> None:
            run.history.extend("odd", [math.nan])

    saving = callback("checkpoint", path="run.valor")
    Trainer(MLP(1, [1]), callbacks=[saving, Odd()]).fit([1.0], [1.0], epochs=1)
    assert told(run, "run.valor")["last_epoch"]["odd"] is None
    assert section(run("inspect", "run.valor")[1], "last epoch")["odd"] == "nan"


# A model file


def test_a_model_file(run: Any) -> None:
    facts = told(run, "out/model.json")
    assert (facts["kind"], facts["version"]) == ("model file", 2)
    assert facts["bytes"] == os.path.getsize("out/model.json")
    assert facts["network"] == {
        "widths": [2, 4, 3],
        "activations": [{"name": "tanh"}, {"name": "softmax"}],
        "shared_parameters": 0,
    }
    assert facts["inputs"] == {"columns": ["p", "q"], "categories": {}, "scaled": True}
    assert facts["targets"] == {
        "columns": ["kind"],
        "categories": {"kind": ["a", "b", "c"]},
        "scaled": False,
    }
    _, out, _ = run("inspect", "out/model.json")
    assert out.startswith("out/model.json: model file, version 2, ")
    assert section(out, "network")["widths"] == "2, 4, 3"
    assert section(out, "targets")["categories"] == "kind=a, b, c"
    assert section(out, "inputs")["scaled"] == "yes"


def test_a_model_of_logits_tells_its_threshold_and_what_is_shared(run: Any) -> None:
    model = MLP(20, [1, 1], activation=["leaky_relu", "identity"], seed=0)
    first, second = model.camadas[0].neuronios[0], model.camadas[1].neuronios[0]
    second.vies = first.vies
    targets = Columns(["sick"], {"sick": ["no", "yes"]}, targets=True, threshold=0.0)
    save(model, "m.json", inputs=[f"x{i}" for i in range(20)], targets=targets)
    facts = told(run, "m.json")
    assert facts["targets"]["threshold"] == 0.0
    assert facts["network"]["shared_parameters"] == 1
    _, out, _ = run("inspect", "m.json")
    assert section(out, "network")["activations"] == "leaky_relu(slope=0.01), identity"
    assert section(out, "inputs")["columns"] == "x0, x1, x2, x3, x4, x5, x6, x7 and 12 more"
    assert section(out, "targets")["threshold"] == "0"


def test_the_plugins_are_not_needed(
    run: Any, monkeypatch: pytest.MonkeyPatch, site: Any, folder: Path
) -> None:
    text = Path("out/model.json").read_text()
    gone = text.replace('"tanh"', '"gone"').replace("valor-framework", "valor-gone", 1)
    Path("gone.json").write_text(gone)
    site.install("valor-broken", modules={"valor_broken": "import nowhere"}, broken="valor_broken")
    assert told(run, "gone.json")["network"]["activations"][0] == {"name": "gone"}
    script = (
        "import sys; from valor.cli import main\n"
        "code = main(['inspect', 'out'])\n"
        "loaded = [name for name in sys.modules if name.startswith('valor_plugins')]\n"
        "print(code, loaded)"
    )
    done = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    assert done.stdout.endswith("\n0 []\n")


# The folder of a run


def test_the_folder_of_a_run(run: Any) -> None:
    facts = told(run, "out")
    assert (facts["kind"], facts["path"]) == ("folder of a run", "out")
    names = [name for name in os.listdir("out") if not name.endswith(".lock")]
    assert facts["files"] == {name: os.path.getsize(f"out/{name}") for name in names}
    assert [each["kind"] for each in facts["holds"]] == [
        "report of a run",
        "checkpoint",
        "model file",
    ]
    for each in facts["holds"]:
        assert told(run, each["path"]) == each
    report = facts["holds"][0]
    assert report["run"]["engine"] == "eager"
    assert report["run"]["stopped_by"] == "epochs"
    assert [*report["last_epoch"]] == ["accuracy"]
    _, out, _ = run("inspect", "out")
    assert out.startswith("out: folder of a run\n\nfiles, in bytes\n  config.toml ")
    for each in facts["holds"]:
        assert run("inspect", each["path"])[1] in f"{out}\n"


def test_a_folder_that_lacks_some_of_them(run: Any) -> None:
    for name in ("run.json", "model.json", "history.csv"):
        os.remove(f"out/{name}")
    facts = told(run, "out")
    assert [each["kind"] for each in facts["holds"]] == ["checkpoint"]
    assert "model.json" not in facts["files"]


# What is damaged


@pytest.mark.parametrize(
    ("name", "damage", "message"),
    [
        ("checkpoint.valor", lambda content: content[:-1], "it is cut off, or was changed: its d"),
        ("checkpoint.valor", lambda content: content[:10] + content[11:], "it is not a checkpoint"),
        ("checkpoint.valor", lambda content: content[:50], "it is cut off, or was changed: its d"),
        ("model.json", lambda content: content[:-9], "it is not a whole JSON document: "),
        ("model.json", lambda content: content.replace(b"0x1", b"0y1", 1), "scaling: inputs must"),
        ("model.json", lambda content: b"{}", "it is not a model file: it has no format"),
        ("model.json", lambda content: b'{"a": "\xff"}', "it is not UTF-8 text: "),
        ("model.json", lambda content: b"", "it is not a whole JSON document: "),
        ("run.json", lambda content: content[:-9], "it is not the run.json of a run: "),
        ("run.json", lambda content: b"[]", "it is not the run.json of a run: it holds no table"),
        ("run.json", lambda content: b"[" * 100_000, "it is not the run.json of a run: "),
        ("run.json", lambda content: b"\xff", "it is not the run.json of a run: "),
    ],
)
@pytest.mark.parametrize("how", ["file", "folder"])
def test_what_is_damaged_is_a_line_and_a_2(
    run: Any, name: str, damage: Any, message: str, how: str
) -> None:
    path = Path("out", name)
    path.write_bytes(damage(path.read_bytes()))
    for more in ([], ["--json"]):
        code, out, err = run("inspect", "out" if how == "folder" else str(path), *more)
        assert (code, out) == (2, "")
        assert err.startswith(f"valor: error: {path}: {message}")
        assert len(err.splitlines()) == 1


def test_names_in_a_file_cannot_steer_the_terminal(run: Any) -> None:
    save(MLP(1, [1]), "m.json", inputs=["\x1b[31mred\n\nforged"], targets=["y"])
    _, out, _ = run("inspect", "m.json")
    assert "\x1b" not in out
    assert "\\x1b[31mred forged" in out
    assert told(run, "m.json")["inputs"]["columns"] == ["\x1b[31mred\n\nforged"]


def test_what_is_not_there_is_named(run: Any, folder: Path) -> None:
    code, out, err = run("inspect", "nowhere")
    assert (code, out, err) == (2, "", "valor: error: nowhere: No such file or directory\n")
    code, _, err = run("inspect")
    assert code == 2
    assert "the following arguments are required: FILE" in err
