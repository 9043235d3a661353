"""What an installed Valor writes for its users, by `valor new-plugin` and by `valor init`.

Each project is really built, installed and tested, and its style and its types are checked.
"""

import tomllib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from valor.contracts import KINDS

pytestmark = pytest.mark.once

ROOT = Path(__file__).parents[2]
PROJECTS = {kind: f"made-{kind.replace('_', '-')}" for kind in KINDS}


@pytest.fixture(scope="module")
def author(wheels: Path, empty_environment: Callable[[], Any]) -> Any:
    """The environment of somebody who begins a plugin of each kind, and installs them all."""
    made = empty_environment()
    groups = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    tools = [*groups["dependency-groups"]["lint"], *groups["dependency-groups"]["types"]]
    made.pip("install", "--find-links", wheels, "valor-framework", "hatchling", "pytest", *tools)
    for kind, name in PROJECTS.items():
        result = made.run("valor", "new-plugin", name, "--kind", kind, plugins="none")
        assert (result.returncode, result.stderr) == (0, "")
    folders = [made.work / name for name in PROJECTS.values()]
    made.pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", "dist", *folders)
    made.pip("install", "--no-index", "--find-links", "dist", *PROJECTS.values())
    return made


@pytest.mark.parametrize("kind", KINDS)
def test_the_tests_of_a_project_pass(author: Any, kind: str) -> None:
    result = author.run("pytest", folder=PROJECTS[kind], plugins=PROJECTS[kind])
    assert result.returncode == 0, result.stdout + result.stderr
    summary = result.stdout.splitlines()[-1]
    assert " passed in " in summary
    assert "skipped" not in summary


def test_the_tests_of_a_project_fail_where_it_is_not_found(author: Any) -> None:
    result = author.run("pytest", folder=PROJECTS["loss"], plugins="none")
    assert result.returncode == 1
    assert "FAILED tests/test_conformance.py" in result.stdout


def test_each_project_provides_what_it_is_for(author: Any) -> None:
    listing = author.run("valor", "plugins", plugins="").stdout
    rows = [line.split("\t") for line in listing.splitlines() if "\tmade-" in line]
    records = {kind: name.replace("-", "_") for kind, name in PROJECTS.items()}
    assert sorted(rows) == sorted(
        ["active", PROJECTS[kind], "0.1.0", f"{record} = {record}", f"{kind} {record}"]
        for kind, record in records.items()
    )


def test_the_projects_are_clean(author: Any) -> None:
    for command in (["check"], ["format", "--check"]):
        result = author.run("ruff", *command, ".")
        assert result.returncode == 0, result.stdout + result.stderr


def test_the_types_of_the_projects_are_right(author: Any) -> None:
    config = Path(PROJECTS["loss"], "pyproject.toml")
    assert tomllib.loads((author.work / config).read_text("utf-8"))["tool"]["mypy"]["strict"]
    files = [Path(PROJECTS["loss"], "tests", "test_conformance.py")]
    for name in PROJECTS.values():
        package = name.replace("-", "_")
        files += [Path(name, "src", package), Path(name, "tests", f"test_{package}.py")]
    result = author.run("mypy", "--config-file", config, *files)
    assert result.returncode == 0, result.stdout + result.stderr


def test_the_example_of_a_configuration_trains(author: Any) -> None:
    for arguments in (["init"], ["train", "valor.toml"]):
        result = author.run("valor", *arguments)
        assert (result.returncode, result.stderr) == (0, "")
    assert (author.work / "valor-run" / "model.json").is_file()
