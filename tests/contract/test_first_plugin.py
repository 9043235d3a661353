"""The pages that teach a first plugin are followed to the letter, in an environment of their own.

The environment is a real one, in which pip really installs the package. It sees the packages of the
one that runs the tests, so that nothing has to be fetched.
"""

import os
import shutil
import subprocess
import sysconfig
import venv
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

pytestmark = pytest.mark.once

SCRIPTS = "Scripts" if os.name == "nt" else "bin"
PAGES = [
    "README.md",
    "docs/tutorial/first-plugin.md",
    "docs/pt_BR/tutorial/first-plugin.md",
]


@pytest.fixture(scope="module")
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make an environment with pip and with what the tests' own environment has."""
    folder = tmp_path_factory.mktemp("environment")
    venv.create(folder, with_pip=True, symlinks=os.name != "nt")
    packages = sysconfig.get_path("purelib", vars={"base": str(folder)})
    ours = sysconfig.get_path("purelib")
    # A line of code, unlike a bare path, also follows the .pth files of editable installations.
    Path(packages, "ours.pth").write_text(f"import site; site.addsitedir({ours!r})\n")
    for name, module in [("valor", "valor.cli"), ("pytest", "pytest")]:
        script = folder / SCRIPTS / name
        interpreter = folder / SCRIPTS / "python"
        script.write_text(
            f"#!{interpreter}\nimport sys\nfrom {module} import main\nsys.exit(main())\n"
        )
        script.chmod(0o755)
    return folder


def run(command: list[str], environment: Path, folder: Path) -> str:
    """Run a command as in an activated environment, and return what it prints."""
    path = os.pathsep.join([str(environment / SCRIPTS), os.environ["PATH"]])
    variables = {**os.environ, "PATH": path, "PIP_NO_INDEX": "1", "PYTHONWARNINGS": "error"}
    variables |= {"PIP_DISABLE_PIP_VERSION_CHECK": "1", "PYTHONIOENCODING": "utf-8"}
    for inherited in ("PYTHONPATH", "VALOR_PLUGINS", "VALOR_DISABLE_PLUGINS"):
        variables.pop(inherited, None)
    if command[:2] in (["pip", "install"], ["pip", "wheel"]):  # hatchling is here already
        command = [*command[:2], "--no-build-isolation", *command[2:]]
    if command[0] == "pip":
        variables.pop("PYTHONWARNINGS")  # pip's warnings are not ours
    program = shutil.which(command[0], path=str(environment / SCRIPTS))
    assert program, f"{command[0]} is not in the environment"
    result = subprocess.run(
        [program, *command[1:]],
        cwd=folder,
        env=variables,
        capture_output=True,
        text=True,
        encoding="utf-8",
        check=False,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    return result.stdout


@pytest.mark.parametrize("page", PAGES)
def test_the_page_makes_a_plugin(
    page: str,
    read_blocks: Callable[[str], list[Any]],
    shown: Callable[[str, str], None],
    environment: Path,
    tmp_path: Path,
) -> None:
    folder, printed = tmp_path, ""
    for block in read_blocks(page):
        if block.kind == "file":
            path = tmp_path / "valor-swish" / Path(block.name).name
            path.parent.mkdir(exist_ok=True)
            path.write_text(block.text, encoding="utf-8")
        elif block.kind == "run":
            printed = ""
            for line in block.text.splitlines():
                match line.split():
                    case ["cd", name]:
                        folder = folder / name
                    case ["mkdir", name]:
                        (folder / name).mkdir()
                    case command:
                        printed = run(command, environment, folder)
        elif block.kind == "shows":
            shown(block.text, printed)
        elif block.language == "python":
            printed = run(["python", "-c", block.text], environment, folder)

    # What the page promises: the kit passes, and there is a name that everybody can use.
    assert "passed" in run(["pytest"], environment, tmp_path / "valor-swish")
    script = "import valor; v = valor.Valor(1.0); f = valor.activation('swish').formula(v)"
    script += "; f.propagar_tudo(); print(v.grad)"
    # sig(1) + sig'(1), from mpmath
    assert float(run(["python", "-c", script], environment, tmp_path)) == pytest.approx(
        0.92767051187148673, rel=1e-14
    )
    run(["pip", "uninstall", "--yes", "valor-swish"], environment, tmp_path)
    assert "swish" not in run(["valor", "plugins"], environment, tmp_path)


def test_the_two_languages_teach_the_same_code(read_blocks: Callable[[str], list[Any]]) -> None:
    english, portuguese = (
        [(b.kind, b.name, b.language) for b in read_blocks(page)] for page in PAGES[1:]
    )
    assert english == portuguese
    assert ("file", "valor-swish/valor_swish.py", "python") in english
