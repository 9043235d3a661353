"""`valor plugins --hooks`: who listens to what, in the order of the calls, and what it cost."""

import json
import sys
from pathlib import Path
from typing import Any

import pytest

CONFIGURATION = """
callbacks = [{ name = "early_stopping", patience = 3 }, "learning_rate_log"]
[data]
x = [[0.0, 1.0], [1.0, 1.0]]
y = [0.0, 1.0]
[model]
layers = [2, 1]
seed = 0
[training]
epochs = 5
"""
LISTENER = """
from valor import hookimpl
@hookimpl
def valor_after_epoch(run): ...
@hookimpl(tryfirst=True)
def valor_before_training(run): ...
"""


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for variable in ("VALOR_DISABLE_PLUGINS", "VALOR_PLUGINS", "VALOR_TRACEBACK"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setenv("VALOR_PLUGINS", "none")
    (tmp_path / "a.toml").write_text(CONFIGURATION)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def table(out: str) -> list[list[str]]:
    return [line.split("\t") for line in out.splitlines()]


def test_those_of_a_configuration_are_told_in_the_order_of_the_calls(run: Any) -> None:
    code, out, err = run("plugins", "--hooks", "a.toml")
    assert (code, err) == (0, "")
    rows = table(out)
    assert all(row[2] == "valor-framework" and len(row) == 4 for row in rows)
    # The command's own progress was given first, and is called last; what asks to be first, is.
    for hook, plugins in {
        "valor_before_training": ["early_stopping", "progress"],
        "valor_after_epoch": ["learning_rate_log"],
        "valor_should_stop": ["early_stopping"],
        "valor_after_training": ["early_stopping", "progress"],
    }.items():
        assert [row[1] for row in rows if row[0] == hook] == plugins
    hooks = list(dict.fromkeys(row[0] for row in rows))
    assert hooks.index("valor_before_training") < hooks.index("valor_after_epoch")
    assert hooks.index("valor_after_epoch") < hooks.index("valor_should_stop")


def test_those_of_a_run_are_told_with_calls_and_time(run: Any) -> None:
    code, _, _ = run("train", "a.toml", "--output", "out")
    assert code == 0
    by_folder = run("plugins", "--hooks", "out")
    assert by_folder[::2] == (0, "")
    assert run("plugins", "--hooks", "out/run.json") == by_folder
    rows = table(by_folder[1])
    written = json.loads(Path("out/run.json").read_text())["hooks"]
    assert [row[0] for row in rows] == [use["hook"] for use in written]
    calls = {(row[0], row[1]): int(row[4]) for row in rows}
    assert calls["valor_after_epoch", "learning_rate_log"] == 5
    assert calls["valor_should_stop", "early_stopping"] == 5
    assert calls["valor_after_training", "csv_log"] == 1
    assert calls["valor_on_training_error", "csv_log"] == 0
    for row, use in zip(rows, written, strict=True):
        assert float(row[5]) == pytest.approx(use["seconds"], abs=1e-6)


def test_what_is_told_before_a_run_is_what_listens_in_it(run: Any) -> None:
    Path("a.toml").write_text(CONFIGURATION + '[output]\nfolder = "out"\n')
    before = table(run("plugins", "--hooks", "a.toml")[1])
    assert run("train", "a.toml")[0] == 0
    after = table(run("plugins", "--hooks", "out")[1])
    assert before == [row[:4] for row in after]
    assert "checkpoint" in {row[1] for row in before}


def test_plugins_that_listen_to_every_run_are_told(
    run: Any, site: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("VALOR_PLUGINS", raising=False)
    site.install("spy", "1.2", modules={"spy_module": LISTENER}, spy="spy_module")
    assert table(run("plugins", "--hooks")[1]) == [
        ["valor_before_training", "spy", "spy", "1.2"],
        ["valor_after_epoch", "spy", "spy", "1.2"],
    ]
    rows = table(run("plugins", "--hooks", "a.toml")[1])
    # It asks to be first; and where it does not, plugins come after the callbacks of the run.
    assert next(row[1] for row in rows if row[0] == "valor_before_training") == "spy"
    assert [row[1] for row in rows if row[0] == "valor_after_epoch"] == ["learning_rate_log", "spy"]
    assert run("plugins", "--hooks", "-p", "no:spy")[1] == ""


def test_on_a_terminal_there_are_columns_with_a_header(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    run("train", "a.toml", "--output", "out")
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    code, out, _ = run("plugins", "--hooks", "out")
    header, *rows = out.splitlines()
    assert code == 0
    assert header.split() == ["hook", "plugin", "distribution", "version", "calls", "seconds"]
    assert "\t" not in out
    place = header.index("distribution")
    # The folder itself listens too, to write the configuration when the first step is done.
    assert {row[place:].split()[0] for row in rows if "RunFolder" not in row} == {"valor-framework"}
    assert run("plugins", "--hooks")[1] == "no plugin listens to what happens in a run\n"


def test_nobody_listens_and_nothing_is_printed_in_a_pipe(run: Any) -> None:
    assert run("plugins", "--hooks") == (0, "", "")


@pytest.mark.parametrize(
    ("content", "expected"),
    [
        ("", "it is not the run.json of a run"),
        ("[" * 100_000, "it is not the run.json of a run"),
        ("[]", "hooks must be a list of tables with hook, plugin, calls, seconds, not None"),
        ("{}", "hooks must be a list"),
        ('{"hooks": {}}', "hooks must be a list"),
        ('{"hooks": [1]}', "hooks must be a list"),
        ('{"hooks": [{"hook": "valor_after_epoch"}]}', "hooks must be a list"),
        (
            '{"hooks": [{"hook": "h", "plugin": "p", "calls": 1, "seconds": 0.5}]}',
            "hooks must be a list",
        ),
        (
            '{"hooks": [{"hook": "valor_after_step", "plugin": "", "calls": "1", "seconds": 0.5}]}',
            "hooks must be a list",
        ),
    ],
)
def test_a_file_that_no_run_wrote_is_refused(run: Any, content: str, expected: str) -> None:
    Path("run.json").write_text(content)
    code, out, err = run("plugins", "--hooks", "run.json")
    assert (code, out) == (2, "")
    assert err.startswith("valor: error: run.json: ")
    assert expected in err


def test_a_source_that_is_not_there_is_named(run: Any, folder: Path) -> None:
    (folder / "empty").mkdir()
    for source, named in (("no.toml", "no.toml"), ("no", "no"), ("empty", "empty/run.json")):
        code, out, err = run("plugins", "--hooks", source)
        assert (code, out) == (2, "")
        assert f"{named}: No such file" in err


def test_a_configuration_that_is_wrong_is_refused(run: Any) -> None:
    Path("a.toml").write_text(CONFIGURATION.replace("early_stopping", "early_stoping"))
    code, _, err = run("plugins", "--hooks", "a.toml")
    assert code == 2
    assert "did you mean 'early_stopping'?" in err


def test_names_in_a_file_cannot_steer_the_terminal(
    run: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    use = {"hook": "valor_after_epoch", "plugin": "\x1b[31mx", "calls": 1, "seconds": 0.5}
    Path("run.json").write_text(json.dumps({"hooks": [use]}))
    assert table(run("plugins", "--hooks", "run.json")[1]) == [
        ["valor_after_epoch", r"'\x1b[31mx'", "-", "-", "1", "0.500000"]
    ]
    monkeypatch.setattr(sys.stdout, "isatty", lambda: True)
    assert "\x1b" not in run("plugins", "--hooks", "run.json")[1]
