"""`valor compile`: what it tells, that it trains nothing, and what engines refuse."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ENGINES = """
    from valor import EAGER, Engine, hookimpl
    from valor.exceptions import CannotCompileError, MissingExtraError

    class Program:
        remark = "a remark"

        def __init__(self, plan):
            self.plan = plan

        def explain(self):
            return (
                f"told: mode {self.plan.mode}, {self.plan.batch_size} samples a step, "
                f"shuffle {self.plan.shuffle}\\nmore of it"
            )

    def missing(*_):
        raise MissingExtraError("install valor-framework[fast]")

    def unable(*_):
        raise CannotCompileError("loss 'odd' looks at a number (odd.py, line 3); use where")

    @hookimpl
    def valor_register_engines():
        yield Engine("told", compile=lambda model, loss, optimizer, plan: Program(plan))
        yield Engine("missing", compile=missing)
        yield Engine("unable", compile=unable)
        yield Engine("first", compile=unable, automatic=True)
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, site: Any) -> Path:
    """An empty folder to stand in, with a configuration, and a package with engines."""
    site.install("valor-engines", modules={"valor_engines": ENGINES}, engines="valor_engines")
    (tmp_path / "run.toml").write_text(
        "[data]\nx = [[0, 1], [1, 0], [1, 1]]\ny = [0, 1, 1]\n[model]\nlayers = [1]\n"
        "[training]\nepochs = 10\nshuffle = true\nbatch_size = 2\n"
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


def files_in(folder: Path) -> list[str]:
    """Return what is in a folder, without what Python keeps of the modules there."""
    return sorted(name for name in os.listdir(folder) if name != "__pycache__")


def test_it_tells_a_line_and_explains_on_demand(run: Any, folder: Path) -> None:
    before = files_in(folder)
    line = "told: mode exact, 2 samples a step, shuffle True\n"
    assert run("compile", "run.toml", "--engine", "told") == (0, line, "")
    code, out, err = run("compile", "run.toml", "--engine", "told", "--explain")
    assert (code, err) == (0, "")
    first, rest = out.split("\n", 1)
    assert first == "one epoch: engine told, asked for; a remark"
    assert rest == f"{line}more of it\n"
    assert files_in(folder) == before


def test_options_stand_above_the_file(run: Any) -> None:
    options = ["--engine", "told", "--fast", "--batch-size", "3"]
    line = "told: mode fast, 3 samples a step, shuffle True\n"
    assert run("compile", "run.toml", *options) == (0, line, "")
    with open("run.toml", "a") as file:
        file.write('engine = "told"\nmode = "fast"\n')
    line = "told: mode fast, 2 samples a step, shuffle True\n"
    assert run("compile", "run.toml") == (0, line, "")


def test_nothing_is_trained_or_written(run: Any, folder: Path) -> None:
    with open("run.toml", "a") as file:
        file.write('[output]\nfolder = "out"\n[[callbacks]]\nname = "csv_log"\n')
    before = files_in(folder)
    code, out, err = run("compile", "run.toml", "--engine", "eager")
    assert (code, err) == (0, "")
    assert out.startswith("eager: nothing is compiled")
    assert len(out.splitlines()) == 1
    assert files_in(folder) == before


@pytest.mark.parametrize("command", ["compile", "train"])
@pytest.mark.parametrize(
    ("engine", "message"),
    [
        ("missing", "install valor-framework[fast]"),
        ("unable", "loss 'odd' looks at a number (odd.py, line 3); use where"),
        ("no", "--engine: no engine is named 'no'; there are: "),
    ],
)
def test_what_an_engine_cannot_do_is_a_2(run: Any, command: str, engine: str, message: str) -> None:
    code, _, err = run(command, "run.toml", "--engine", engine)
    assert code == 2
    assert err.startswith(f"valor: error: {message}")
    assert "Traceback" not in err


def test_what_a_long_run_would_use_is_compiled_where_no_engine_is_named(
    run: Any, site: Any
) -> None:
    engines = ENGINES.replace("compile=unable, automatic", "compile=told, automatic").replace(
        "@hookimpl", "told = lambda model, loss, optimizer, plan: Program(plan)\n\n    @hookimpl"
    )
    site.install("valor-able", modules={"valor_able": engines}, engines="valor_able")
    options = ["compile", "run.toml", "-p", "no:valor-engines", "-p", "no:native"]
    line = "told: mode exact, 2 samples a step, shuffle True\n"
    assert run(*options) == (0, line, "")
    _, out, _ = run(*options, "--explain")
    assert "\na long run: engine first; a remark\ntold: " in out


def test_what_cannot_be_compiled_is_a_warning_where_no_engine_is_named(run: Any) -> None:
    code, out, err = run("compile", "run.toml", "-p", "no:native")
    assert code == 0
    assert out.startswith("eager: nothing is compiled")
    assert err.startswith("valor: warning: ")
    assert "loss 'odd' looks at a number" in err
    assert len(err.splitlines()) == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ((), "the following arguments are required: CONFIG"),
        (("none.toml",), "none.toml: No such file or directory"),
        (("run.toml", "--batch-size", "0"), "--batch-size: expected an int of at least 1, not 0"),
        (("run.toml", "--epochs", "3"), "unrecognized arguments: --epochs 3"),
    ],
)
def test_what_cannot_be_used_is_a_2(run: Any, arguments: tuple[str, ...], message: str) -> None:
    code, out, err = run("compile", *arguments)
    assert (code, out) == (2, "")
    assert err.startswith(f"valor: error: {message}")


def test_it_runs_as_a_process() -> None:
    command = [sys.executable, "-m", "valor", "compile", "run.toml", "--engine", "eager"]
    result = subprocess.run(command, capture_output=True, text=True, check=True)
    assert result.stdout.startswith("eager: nothing is compiled")
    assert result.stderr == ""
