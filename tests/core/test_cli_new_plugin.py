"""`valor new-plugin`: what it writes for every kind of record, and which names it refuses.

Whether the projects can be built, installed and tested is for `tests/packages/test_new_plugin.py`.
"""

import configparser
import contextlib
import importlib.resources
import io
import os
import re
import shlex
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from valor import plugin_manager
from valor._discovery import default_manager
from valor.cli import main
from valor.contracts import KINDS
from valor.testing import check, records

TEMPLATES = importlib.resources.files("valor.cli").joinpath("templates", "kinds")
# Kinds that no configuration file and no option of a command names.
IN_PYTHON_ONLY = {"metric", "scaler"}
BLOCK = re.compile(r"^```(\w+)\n(.*?)^```$", re.DOTALL | re.MULTILINE)


@pytest.fixture(autouse=True)
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder to stand in."""
    for variable in ("VALOR_DISABLE_PLUGINS", "VALOR_PLUGINS", "VALOR_TRACEBACK"):
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def installed(
    run: Any, folder: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[..., Path]]:
    """Write a project, and let it be found as if pip had installed it."""

    def install(name: str, kind: str) -> Path:
        code, _, err = run("new-plugin", name, "--kind", kind)
        assert (code, err) == (0, "")
        project = tomllib.loads(Path(name, "pyproject.toml").read_text(encoding="utf-8"))["project"]
        source = folder / name / "src"
        info = source / f"{name.replace('-', '_')}-{project['version']}.dist-info"
        info.mkdir()
        (info / "METADATA").write_text(
            f"Metadata-Version: 2.1\nName: {name}\nVersion: {project['version']}\n"
        )
        points = project["entry-points"]["valor"].items()
        lines = [f"{point} = {module}" for point, module in points]
        (info / "entry_points.txt").write_text("\n".join(["[valor]", *lines]))
        monkeypatch.syspath_prepend(source)
        default_manager.cache_clear()
        return folder / name

    yield install
    default_manager.cache_clear()
    for name, module in list(sys.modules.items()):
        if str(getattr(module, "__file__", "")).startswith(str(folder)):
            del sys.modules[name]


# What is written


def test_every_kind_has_its_templates() -> None:
    found = {kind.name: {file.name for file in kind.iterdir()} for kind in TEMPLATES.iterdir()}
    needed = {"module.py.in", "test.py.in", "usage.md.in"}
    assert {kind: found.get(kind) for kind in KINDS} == dict.fromkeys(KINDS, needed)
    assert set(found) == set(KINDS)


@pytest.mark.parametrize("kind", KINDS)
def test_what_is_written_conforms(installed: Any, kind: str) -> None:
    installed(f"made-{kind}", kind)
    manager = plugin_manager(strict=True)
    (record,) = records(f"made-{kind}", manager)
    assert (record.kind, record.name) == (kind, f"made_{kind}")
    assert check(record).passed


@pytest.mark.parametrize("kind", KINDS)
def test_the_readme_does_what_it_says(installed: Any, kind: str) -> None:
    readme = (installed(f"made-{kind}", kind) / "README.md").read_text(encoding="utf-8")
    names: dict[str, Any] = {"__name__": "readme"}
    done = set()
    for language, text in BLOCK.findall(readme):
        output = io.StringIO()
        with contextlib.redirect_stdout(output):
            if language == "python":
                exec(compile(text, "README.md", "exec"), names)
            elif language == "toml":
                Path("run.toml").write_text(text, encoding="utf-8")
                assert f'"made_{kind}"' in text or kind == "exporter"
            elif language == "text":
                Path("samples.dat").write_text(text, encoding="utf-8")
            elif "valor " in text:
                for line in text.splitlines():
                    assert main(shlex.split(line)[1:]) == 0, line
        if language == "python" or "valor " in text:
            assert output.getvalue() or kind == "exporter"
        done.add(language)
    assert {"python", "toml"} - done == ({"toml"} if kind in IN_PYTHON_ONLY else set())
    for hyperparameter in getattr(next(iter(records(f"made-{kind}"))), "hyperparameters", ()):
        assert f"| `{hyperparameter}` |" in readme


@pytest.mark.parametrize("kind", KINDS)
def test_no_place_is_left_to_fill_in(run: Any, kind: str) -> None:
    assert run("new-plugin", f"made-{kind}", "--kind", kind)[0] == 0
    texts = [path.read_text(encoding="utf-8") for path in Path().rglob("*") if path.is_file()]
    for text in texts:
        assert "$" not in text.replace("${{ matrix.python }}", "")
        assert "TODO" not in text
    assert sum("${{ matrix.python }}" in text for text in texts) == 1


def test_the_project_is_complete(run: Any) -> None:
    code, out, err = run("new-plugin", "valor-leaky-swish", "--kind", "activation")
    assert (code, err) == (0, "")
    files = sorted(
        path.relative_to("valor-leaky-swish").as_posix()
        for path in Path("valor-leaky-swish").rglob("*")
        if path.is_file()
    )
    assert files == [
        ".github/workflows/ci.yml",
        ".gitignore",
        "CHANGELOG.md",
        "LICENSE",
        "README.md",
        "pyproject.toml",
        "src/valor_leaky_swish/__init__.py",
        "src/valor_leaky_swish/py.typed",
        "tests/test_conformance.py",
        "tests/test_valor_leaky_swish.py",
        "tox.ini",
    ]
    first, *rest = out.splitlines()
    assert sorted(first.removeprefix("wrote to valor-leaky-swish: ").split()) == files
    assert "  cd valor-leaky-swish" in rest
    os.chdir("valor-leaky-swish")
    document = tomllib.loads(Path("pyproject.toml").read_text(encoding="utf-8"))
    assert document["build-system"]["build-backend"] == "hatchling.build"
    project = document["project"]
    assert (project["name"], project["license"]) == ("valor-leaky-swish", "MIT")
    assert "valor-framework" in project["dependencies"]
    assert project["entry-points"] == {"valor": {"leaky_swish": "valor_leaky_swish"}}
    assert {"tests", "lint", "types", "dev"} <= set(document["dependency-groups"])
    assert f"## [{project['version']}]" in Path("CHANGELOG.md").read_text(encoding="utf-8")
    assert "Copyright (c) The valor-leaky-swish developers" in Path("LICENSE").read_text()
    module = Path("src/valor_leaky_swish/__init__.py").read_text(encoding="utf-8")
    assert "def leaky_swish(" in module
    tox = configparser.ConfigParser()
    tox.read("tox.ini")
    assert tox["tox"]["env_list"] == "lint, types, py311, py312, py313"
    used = [tox[section].get("dependency_groups", "").split() for section in tox.sections()]
    assert {group for groups in used for group in groups} == {"tests", "lint", "types"}


@pytest.mark.parametrize(
    ("distribution", "package", "name"),
    [
        ("my-loss", "my_loss", "my_loss"),
        ("My.Loss_2", "my_loss_2", "my_loss_2"),
        ("valor-robust", "valor_robust", "robust"),
        ("Valor_Robust", "valor_robust", "robust"),
        ("valorous", "valorous", "valorous"),
    ],
)
def test_the_names_follow_from_that_of_the_distribution(
    run: Any, distribution: str, package: str, name: str
) -> None:
    assert run("new-plugin", distribution, "--kind", "loss")[0] == 0
    document = tomllib.loads(Path(distribution, "pyproject.toml").read_text(encoding="utf-8"))
    assert document["project"]["name"] == distribution
    assert document["project"]["entry-points"]["valor"] == {name: package}
    module = Path(distribution, "src", package, "__init__.py").read_text(encoding="utf-8")
    assert f'name="{name}"' in module


def test_a_callback_has_a_class_of_its_name(run: Any) -> None:
    assert run("new-plugin", "valor-stop-below", "--kind", "callback")[0] == 0
    module = Path("valor-stop-below/src/valor_stop_below/__init__.py").read_text(encoding="utf-8")
    assert "class StopBelow:" in module


# Names that are refused


@pytest.mark.parametrize(
    ("name", "kind", "reason", "instead"),
    [
        ("my activation!", "activation", "letters and digits", "my-activation"),
        ("my-zip!", "activation", "letters and digits", "our-zip"),
        ("x-", "activation", "letters and digits", "my-x"),
        ("../swish", "activation", "letters and digits", "my-swish"),
        ("a/b", "activation", "letters and digits", "my-a-b"),
        ("ativação", "activation", "letters and digits", "my-ativa-o"),
        ("swish\n", "activation", "letters and digits", "my-swish"),
        ("", "activation", "letters and digits", "my-plugin"),
        ("$name", "activation", "letters and digits", "my-name"),
        ("3d-loss", "loss", "3d_loss is no name: it begins with a digit", "my-3d-loss"),
        ("valor-3d", "loss", "3d is no name: it begins with a digit", "my-3d"),
        ("lambda", "loss", "lambda is a keyword", "my-lambda"),
        ("valor-while", "loss", "while is a keyword", "my-while"),
        ("statistics", "metric", "Python has a module statistics", "my-statistics"),
        ("valor", "loss", "what Valor itself is called", "my-valor"),
        ("valor-plugins", "loss", "what Valor itself is called", "my-plugins"),
        ("Valor.Framework", "loss", "what Valor itself is called", "my-valor-framework"),
        ("valor-sqrt", "loss", "the loss that would be written uses sqrt itself", "my-sqrt"),
        ("target", "loss", "the loss that would be written uses target itself", "my-target"),
        ("callback", "callback", "would be written uses Callback itself", "my-callback"),
        ("zip", "loss", "would be written uses zip itself", "my-zip"),
        ("tanh", "activation", "there is activation 'tanh' of plugin 'tanh' of", "my-tanh"),
        ("valor-tanh", "activation", "a name that two provide means neither", "my-tanh"),
    ],
)
def test_a_name_that_would_not_work_is_refused(
    run: Any, name: str, kind: str, reason: str, instead: str
) -> None:
    code, out, err = run("new-plugin", name, "--kind", kind)
    assert (code, out) == (2, "")
    assert err.startswith("valor: error: ")
    assert reason in err
    assert instead in err
    assert os.listdir() == []


def test_what_it_says_to_take_instead_is_taken(run: Any) -> None:
    _, _, err = run("new-plugin", "tanh", "--kind", "activation")
    assert err.endswith("take another one, such as my-tanh\n")
    assert run("new-plugin", "my-tanh", "--kind", "activation")[0] == 0


def test_names_of_other_kinds_are_free(run: Any) -> None:
    assert run("new-plugin", "valor-tanh", "--kind", "metric")[0] == 0
    assert run("new-plugin", "optimizer", "--kind", "optimizer")[0] == 0


def test_a_project_that_is_installed_can_be_written_again(installed: Any, run: Any) -> None:
    installed("valor-again", "loss")
    code, _, err = run("new-plugin", "other-again", "--kind", "loss")
    assert (code, err) == (0, "")
    code, _, err = run("new-plugin", "valor-again", "--kind", "loss", "--output", "second")
    assert (code, err) == (0, "")
    code, _, err = run("new-plugin", "again", "--kind", "loss")
    assert code == 2
    assert "there is loss 'again' of plugin 'again' of valor-again 0.1.0 already" in err


def test_an_unknown_kind_is_told_which_there_are(run: Any) -> None:
    code, out, err = run("new-plugin", "my-layer", "--kind", "layer")
    assert (code, out) == (2, "")
    assert all(kind in err for kind in KINDS)
    code, _, err = run("new-plugin", "my-layer")
    assert code == 2
    assert "--kind" in err
    assert os.listdir() == []


# Where it is written


def test_the_folder_is_made_with_those_above_it(run: Any) -> None:
    code, out, _ = run("new-plugin", "my-loss", "--kind", "loss", "--output", "a b/c")
    assert code == 0
    assert Path("a b/c/pyproject.toml").is_file()
    assert out.startswith("wrote to a b/c: pyproject.toml ")
    assert "  cd 'a b/c'\n" in out
    os.mkdir("empty")
    assert run("new-plugin", "my-loss", "--kind", "loss", "--output", "empty")[0] == 0


@pytest.mark.parametrize(
    ("output", "message"),
    [
        ("full", "--output: the folder 'full' is not empty; name another with --output FOLDER"),
        (".", "--output: the folder '.' is not empty; name another with --output FOLDER"),
        ("full/mine.txt", "cannot write to 'full/mine.txt': it is a file, not a folder"),
        ("full/mine.txt/a", "cannot write to 'full/mine.txt/a': Not a directory"),
        ("", "cannot write to '': No such file or directory"),
    ],
)
def test_a_folder_that_is_not_free_is_refused(run: Any, output: str, message: str) -> None:
    os.mkdir("full")
    Path("full/mine.txt").write_text("mine")
    code, out, err = run("new-plugin", "my-loss", "--kind", "loss", "--output", output)
    assert (code, out) == (2, "")
    assert message in err
    assert [path.as_posix() for path in Path().rglob("*")] == ["full", "full/mine.txt"]
    assert Path("full/mine.txt").read_text() == "mine"


def test_a_folder_of_the_projects_name_is_not_written_into(run: Any) -> None:
    assert run("new-plugin", "my-loss", "--kind", "loss")[0] == 0
    before = Path("my-loss/README.md").stat()
    code, _, err = run("new-plugin", "my-loss", "--kind", "loss")
    assert code == 2
    assert "the folder 'my-loss' is not empty" in err
    assert Path("my-loss/README.md").stat() == before


def test_a_disk_that_is_full_is_a_1_that_says_what_to_do() -> None:
    script = (
        "import resource, sys; from valor.cli import main\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))\n"
        "sys.exit(main())"
    )
    arguments = ["new-plugin", "my-loss", "--kind", "loss"]
    result = subprocess.run(
        [sys.executable, "-B", "-c", script, *arguments],
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 1
    first, note = result.stderr.splitlines()
    assert first.startswith("valor: error: ")
    assert first.endswith("File too large")
    assert note == "  what is in my-loss is not complete: remove it before you try again"
