"""What tests of reliability begin with: how often they try, and programs to try it on.

A part of each test runs with all others. `tox -e faults` sets FAULTS_SCALE, which says how many
times as much is tried.
"""

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

CHILDREN = Path(__file__).with_name("children")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Note that all of this folder is the same on every version of Python."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.once)


@pytest.fixture(scope="session")
def scale() -> int:
    """How many times as much is to be tried as among all other tests."""
    return int(os.environ.get("FAULTS_SCALE", "1"))


@pytest.fixture(scope="session", autouse=True)
def session_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """Compiled programs are kept for the time of the tests, and are nobody else's."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("VALOR_CACHE", str(tmp_path_factory.mktemp("valor-cache")))
        yield


@pytest.fixture
def start() -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Start a program of the folder `children`; whatever happens, none outlives the test."""
    running: list[subprocess.Popen[str]] = []

    def begin(program: str, *arguments: Any, **more: Any) -> "subprocess.Popen[str]":
        command = [sys.executable, "-W", "error", str(CHILDREN / program), *map(str, arguments)]
        process = subprocess.Popen(command, stdout=subprocess.PIPE, text=True, **more)
        running.append(process)
        return process

    yield begin
    for process in running:
        with process:  # which closes its pipes
            process.kill()


@pytest.fixture(scope="session")
def told() -> Callable[..., str]:
    """Run such a program to its end, and return what it says."""

    def run(program: str, *arguments: Any) -> str:
        command = [sys.executable, "-W", "error", str(CHILDREN / program), *map(str, arguments)]
        done = subprocess.run(command, stdout=subprocess.PIPE, text=True, check=False)
        said: str = done.stdout
        assert done.returncode == 0, said
        return said

    return run


@pytest.fixture(scope="session")
def snapshots(
    told: Callable[..., str], tmp_path_factory: pytest.TempPathFactory
) -> dict[int, Path]:
    """Checkpoints of one training, by the number of steps that are done in them."""
    folder = tmp_path_factory.mktemp("snapshots")
    told("snapshots.py", folder)
    return {int(path.name): path for path in folder.iterdir() if path.name.isdigit()}
