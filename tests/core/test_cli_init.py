"""`valor init`: an example that trains as it stands, and lacks no table and no key."""

import os
import re
import tomllib
from collections.abc import Iterable
from pathlib import Path
from typing import Any

import attrs
import pytest

from valor import config
from valor.cli._init import example
from valor.config._tables import Tables

LINES = example().splitlines()
# What is switched off: a # and no space. `[[name]]` begins a block, which is one setting.
SETTING = re.compile(r"#?(?:(?P<key>\w+) = |\[\[(?P<block>\w+)\]\]$|\[(?P<table>\w+)\]$)")


def settings() -> dict[str, list[int]]:
    """Return the lines of each setting, by its table and its key."""
    found: dict[str, list[int]] = {}
    table = block = ""
    for position, line in enumerate(LINES):
        match = SETTING.match(line)
        if match is None:
            block = ""
        elif match["table"]:
            table, block = match["table"], ""
        elif match["block"]:
            block = match["block"]
            assert block not in found, f"two examples of [[{block}]]"
            found[block] = [position]
        elif block:
            found[block].append(position)
        else:
            name = f"{table}.{match['key']}"
            assert name not in found, f"{name} stands twice"
            found[name] = [position]
    return found


SETTINGS = settings()
OFF = {name: lines for name, lines in SETTINGS.items() if LINES[lines[0]].startswith("#")}
# From this line on, [data] is about a file.
INSTEAD = next(position for position, line in enumerate(LINES) if "instead of x and y" in line)
ABOUT_A_FILE = [name for name in OFF if name.startswith("data.") and OFF[name][0] > INSTEAD]


def switched_on(*names: str, off: tuple[str, ...] = ()) -> str:
    """Return the example with settings switched on, and others off."""
    lines = list(LINES)
    for name in names:
        for position in OFF[name]:
            lines[position] = lines[position].removeprefix("#")
    for name in off:
        for position in SETTINGS[name]:
            lines[position] = f"#{lines[position]}"
    return "\n".join(lines)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    for variable in ("VALOR_DISABLE_PLUGINS", "VALOR_PLUGINS", "VALOR_TRACEBACK"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def built(bundled: Any) -> Any:
    """Return a function that makes all of a training from the text of a configuration."""

    def build(text: str) -> Any:
        if "\nclass_weight" in text:  # there have to be classes
            text = text.replace("y = [1.0, 0.0, 0.2, 0.5]", "y = [1.0, 0.0, 0.0, 1.0]")
        Path("run.toml").write_text(text, encoding="utf-8")
        configuration = config.read("run.toml")
        samples = configuration.samples(bundled)
        trainer = configuration.trainer(len(samples.x[0]), bundled)
        arguments = configuration.fit_arguments(samples, bundled)
        return samples, trainer, {**arguments, "epochs": 2}

    return build


def missing(there: Iterable[str]) -> list[str]:
    """Return the tables and keys of a configuration that are not among some settings."""
    tables = {name.partition(".")[0] for name in there}
    wanted = set()
    for table in attrs.fields(Tables):
        keys = [key.name for key in attrs.fields(table.type)] if attrs.has(table.type) else []
        # Of other tables, such as [loss], what is in them depends on the plugin they name.
        wanted |= {f"{table.name}.{key}" for key in keys} or {table.name}
    return sorted(wanted - set(there) - tables)


def test_every_table_and_every_key_is_there() -> None:
    assert missing(SETTINGS) == [], "templates/valor.toml lacks them"


def test_what_would_be_missing_is_named() -> None:
    fewer = set(SETTINGS) - {"training.shuffle", "callbacks", "loss.name"}
    assert missing(fewer) == ["callbacks", "loss", "training.shuffle"]


def test_it_trains_as_it_stands(run: Any) -> None:
    code, out, err = run("init")
    assert (code, err) == (0, "")
    assert out == "wrote valor.toml; train what it describes with: valor train valor.toml\n"
    assert os.listdir() == ["valor.toml"]
    assert Path("valor.toml").read_bytes().decode("utf-8") == example()
    code, out, err = run("train", "valor.toml")
    assert (code, err) == (0, "")
    losses = [float(loss) for loss in re.findall(r"  loss (\S+)$", out, re.M)]
    assert losses[-1] < 0.01 * losses[0]
    assert "model.json" in os.listdir("valor-run")


def test_a_run_of_it_is_repeated_to_the_bit(run: Any) -> None:
    run("init", "a.toml")
    for output in ("one", "two"):
        assert run("train", "a.toml", "--output", output)[0] == 0
    assert Path("one/model.json").read_bytes() == Path("two/model.json").read_bytes()


@pytest.mark.parametrize("name", [name for name in OFF if name not in ABOUT_A_FILE])
def test_a_setting_can_be_switched_on_alone(built: Any, name: str) -> None:
    samples, trainer, arguments = built(switched_on(name))
    assert trainer.fit(samples.x, samples.y, **arguments).completed_epochs == 2


def test_all_settings_can_be_switched_on_together(built: Any) -> None:
    names = [name for name in OFF if name not in ABOUT_A_FILE]
    samples, trainer, arguments = built(switched_on(*names))
    run = trainer.fit(samples.x, samples.y, **arguments)
    assert list(run.history) == ["loss", "validation_loss", "validation_r2"]
    assert trainer.model.scaling is not None


def test_a_file_can_stand_instead_of_the_samples(built: Any) -> None:
    text = switched_on(*ABOUT_A_FILE, off=("data.x", "data.y"))
    data = tomllib.loads(text)["data"]
    columns = [*data["inputs"], data["target"], data["weight"]]
    lines = [",".join(columns)]
    for row, colour in enumerate(["red", "blue", "red", "blue"]):
        lines.append(",".join(colour if c in data["categorical"] else f"{row}" for c in columns))
    Path(data["file"]).write_text("\n".join(lines), encoding="utf-8")
    samples, trainer, arguments = built(text)
    assert [targets for (targets,) in samples.y] == [0, 1, 2, 3]
    assert samples.weights == [0, 1, 2, 3]
    assert trainer.fit(samples.x, samples.y, **arguments).completed_epochs == 2


def test_no_line_is_too_long_to_read() -> None:
    assert [line for line in LINES if len(line) > 100] == []


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("there.toml", "'there.toml' is a file already, and nothing is written over"),
        ("folder", "'folder' is a folder already, and nothing is written over"),
        ("nowhere/run.toml", "cannot write 'nowhere/run.toml': No such file or directory"),
    ],
)
def test_it_writes_over_nothing(run: Any, name: str, message: str) -> None:
    Path("there.toml").write_text("mine")
    Path("folder").mkdir()
    code, out, err = run("init", name)
    assert (code, out) == (2, "")
    assert err.startswith(f"valor: error: {message}")
    assert len(err.splitlines()) == 1
    assert Path("there.toml").read_text() == "mine"
    assert sorted(os.listdir()) == ["folder", "there.toml"]


def test_a_name_with_a_blank_is_told_as_a_shell_reads_it(run: Any) -> None:
    code, out, _ = run("init", "my run.toml")
    assert code == 0
    assert out.endswith("valor train 'my run.toml'\n")
