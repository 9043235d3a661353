"""The README is executed: its Python examples, and the plugin it teaches, as a package of its own.

The two commands marked `<!-- ci: … -->` are executed by `.ci/run`.
"""

import os
import re
import subprocess
import sys
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
BLOCK = re.compile(
    r"^<!-- (?P<kind>\w+): (?P<name>\S+) -->\n```\w+\n(?P<text>.*?)^```$", re.DOTALL | re.MULTILINE
)


def blocks(kind: str) -> dict[str, str]:
    """Return the marked code blocks of that kind, by name."""
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    return {m["name"]: m["text"] for m in BLOCK.finditer(readme) if m["kind"] == kind}


@pytest.mark.parametrize("page", ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"])
def test_its_links_lead_somewhere(page: str) -> None:
    text = (ROOT / page).read_text(encoding="utf-8")
    targets = [t for t in re.findall(r"\]\(([^)#]+)[^)]*\)", text) if "://" not in t]
    assert [target for target in targets if not (ROOT / target).exists()] == []


def python(*arguments: str, folder: Path, **environment: str) -> str:
    result = subprocess.run(
        [sys.executable, "-W", "error", *arguments],
        cwd=folder,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


def test_the_readme_marks_what_is_executed() -> None:
    assert list(blocks("ci")) == ["run", "test"]
    assert list(blocks("python")) == ["train", "gradient"]
    assert list(blocks("file")) == ["pyproject.toml", "valor_swish.py", "test_valor_swish.py"]


def test_the_training_example_lowers_the_loss(tmp_path: Path) -> None:
    first, last = python("-c", blocks("python")["train"], folder=tmp_path).split(" -> ")
    assert 0 < float(last) < float(first)


def test_the_gradient_example_prints_the_derivatives(tmp_path: Path) -> None:
    value, by_a, by_b = map(
        float, python("-c", blocks("python")["gradient"], folder=tmp_path).split()
    )
    slope = 0.017662706213291116  # sig'(4), from mpmath
    assert value == pytest.approx(0.9820137900379085, rel=1e-15)
    assert by_a == pytest.approx(-3 * slope, rel=1e-15)
    assert by_b == pytest.approx(2 * slope, rel=1e-15)


@pytest.fixture
def swish_project(tmp_path: Path) -> Path:
    project = tmp_path / "valor-swish"
    project.mkdir()
    for name, text in blocks("file").items():
        (project / name).write_text(text, encoding="utf-8")
    return project


def test_the_plugin_it_teaches_is_found_and_passes_its_own_tests(swish_project: Path) -> None:
    python("-m", "hatchling", "build", "-t", "wheel", folder=swish_project)
    (wheel,) = (swish_project / "dist").glob("*.whl")
    installed = swish_project.parent / "installed"
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(installed)

    tests = swish_project.parent / "tests"
    tests.mkdir()
    (swish_project / "test_valor_swish.py").rename(tests / "test_valor_swish.py")
    path = {"PYTHONPATH": os.pathsep.join([str(installed), os.environ.get("PYTHONPATH", "")])}
    output = python("-m", "pytest", "-q", "-p", "no:cacheprovider", ".", folder=tests, **path)
    assert "2 passed" in output

    command = "import sys; from valor.cli import main; sys.exit(main())"
    listing = python("-c", command, "plugins", folder=tests, **path)
    (line,) = [line for line in listing.splitlines() if "valor-swish" in line]
    assert "0.1.0" in line
    assert "swish" in line.replace("valor-swish", "")


def test_the_plugin_has_the_true_gradient(swish_project: Path) -> None:
    script = (
        "import valor, valor_swish\n"
        "v = valor.Valor(2.0)\n"
        "valor_swish.swish(v, slope=1.5).propagar_tudo()\n"
        "print(v.grad)"
    )
    output = python("-c", script, folder=swish_project)
    # sig(3) + 2·1.5·sig'(3), from mpmath
    assert float(output) == pytest.approx(1.0881041060151696, rel=1e-14)
