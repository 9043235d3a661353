"""A fresh environment with Valor and third-party distributions, installed from wheels."""

import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parents[2]
PROJECTS = sorted(path.parent for path in ROOT.glob("tests/*/*/pyproject.toml"))
GOOD = "valor-swish,valor-robust"


def execute(*command: Any, folder: Path, **environment: str) -> "subprocess.CompletedProcess[str]":
    """Run a command as on a machine that knows nothing of this checkout."""
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("PYTHON", "VALOR_", "VIRTUAL_ENV"))
    }
    return subprocess.run(
        [str(each) for each in command],
        cwd=folder,
        env={**inherited, **environment},
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )


def checked(result: "subprocess.CompletedProcess[str]") -> str:
    """Return what a command printed; fail with all it said where it failed."""
    assert result.returncode == 0, f"{result.args}\n{result.stdout}\n{result.stderr}"
    return result.stdout


class Environment:
    """A virtual environment of its own, and the folder that commands are run in.

    Unless told otherwise, only the third-party plugins that are in order are loaded.
    """

    def __init__(self, folder: Path, work: Path) -> None:
        checked(execute(sys.executable, "-m", "venv", folder, folder=work))
        self.scripts = folder / ("Scripts" if os.name == "nt" else "bin")
        self.work = work

    def pip(self, *arguments: Any) -> str:
        return checked(
            execute(self.scripts / "python", "-m", "pip", "-q", *arguments, folder=self.work)
        )

    def run(
        self, *arguments: Any, plugins: str = GOOD, folder: str = "", **environment: str
    ) -> "subprocess.CompletedProcess[str]":
        """Run a command of the environment, such as `valor` or `python`."""
        program, *rest = arguments
        choice = {"VALOR_PLUGINS": plugins} if plugins else {}
        place = self.work / folder
        return execute(self.scripts / program, *rest, folder=place, **choice, **environment)

    def python(self, script: str, plugins: str = GOOD, **environment: str) -> str:
        """Return what a script prints; warnings are errors."""
        return checked(
            self.run("python", "-W", "error", "-c", script, plugins=plugins, **environment)
        )


@pytest.fixture(scope="package")
def wheels(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a folder with the wheels of Valor, of what it needs, and of the projects here."""
    folder = tmp_path_factory.mktemp("wheels")
    work = tmp_path_factory.mktemp("projects")
    builder = Environment(tmp_path_factory.mktemp("builder"), work)
    builder.pip("install", "hatchling", "setuptools>=77")
    for project in PROJECTS:  # copied, for setuptools builds in the source tree
        shutil.copytree(project, work / project.name)
    builder.pip("wheel", "--no-build-isolation", "--wheel-dir", folder, ROOT)
    copies = [work / project.name for project in PROJECTS]
    builder.pip("wheel", "--no-build-isolation", "--no-deps", "--wheel-dir", folder, *copies)
    return folder


@pytest.fixture(scope="package")
def empty_environment(tmp_path_factory: pytest.TempPathFactory) -> Callable[[], Environment]:
    """Return a function that makes an environment in which nothing is installed yet."""

    def make() -> Environment:
        return Environment(tmp_path_factory.mktemp("environment"), tmp_path_factory.mktemp("work"))

    return make


@pytest.fixture(scope="package")
def environment(wheels: Path, empty_environment: Callable[[], Environment]) -> Environment:
    """An environment with everything installed: packages that work, and packages that do not."""
    made = empty_environment()
    names = [project.name for project in PROJECTS]
    made.pip("install", "--no-index", "--find-links", wheels, "valor-framework", *names)
    return made


@pytest.fixture
def install(environment: Environment, wheels: Path) -> Callable[[str], str]:
    """Return a function that installs one of the distributions (again)."""
    return lambda name: environment.pip("install", "--no-index", "--find-links", wheels, name)
