"""What importing Valor costs, and which way its imports run, seen in the installed packages.

import-linter (`tox -e imports`) holds the stack of the core; here is what it cannot see: what one
statement really pulls in, and single names.
"""

import ast
import subprocess
import sys
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path

import pytest

import valor
from valor_plugins import BUNDLED

# Each costs milliseconds or is an extra. argparse and tomllib wait for the command line and the
# configuration, importlib.metadata for the first look-up of a plugin.
PUT_OFF = {
    "argparse",
    "asyncio",
    "cattrs",
    "difflib",
    "hypothesis",
    "importlib.metadata",
    "json",
    "matplotlib",
    "multiprocessing",
    "numpy",
    "pandas",
    "polars",
    "pyarrow",
    "pygraphviz",
    "pytest",
    "rich",
    "subprocess",
    "tomli_w",
    "tomllib",
    "unittest",
    "valor_plugins",
}


def folder_of(package: str) -> Path:
    spec = find_spec(package)
    assert spec is not None
    assert spec.submodule_search_locations is not None
    return Path(spec.submodule_search_locations[0])


def sources(package: str) -> Iterator[tuple[str, ast.Module]]:
    """Yield the path within the package and the syntax tree of each module, in order."""
    folder = folder_of(package)
    paths = sorted(folder.rglob("*.py"))
    assert paths, f"{package} has no modules in {folder}"
    for path in paths:
        yield path.relative_to(folder).as_posix(), ast.parse(path.read_text(encoding="utf-8"))


def modules_after(statement: str) -> set[str]:
    """Return the modules a new interpreter has after the statement, beyond those it begins with."""
    script = (
        "import sys; before = set(sys.modules)\n"
        f"{statement}\n"
        "print(*sorted(set(sys.modules) - before), sep='\\n')"
    )
    result = subprocess.run(
        [sys.executable, "-c", script], capture_output=True, text=True, check=True
    )
    return set(result.stdout.split())


@pytest.mark.parametrize("statement", ["import valor", "import valor.testing"])
def test_an_import_puts_off_what_is_heavy(statement: str) -> None:
    # valor.testing counts too: pytest imports it in every environment that has Valor.
    loaded = modules_after(statement)
    assert "valor" in loaded
    assert "pluggy" in loaded
    assert loaded & PUT_OFF == set()


def test_the_list_of_what_is_put_off_can_catch_something() -> None:
    assert modules_after("import argparse, tomllib") & PUT_OFF == {"argparse", "tomllib"}


def test_the_core_imports_without_the_bundled_plugins() -> None:
    script = (
        "import sys; sys.modules['valor_plugins'] = None\n"  # importing it raises ImportError
        "from valor import MLP, Valor\n"
        "network = MLP(3, [3, 2, 1], seed=1)\n"
        "network([1.0, 2.0, 3.0]).propagar_tudo()\n"
        "print(all(p.grad for p in network.parametros()))"
    )
    result = subprocess.run(
        [sys.executable, "-W", "error", "-c", script], capture_output=True, text=True, check=True
    )
    assert result.stdout == "True\n"


def test_the_core_names_the_bundled_plugins_in_one_string_only() -> None:
    mentions = [
        f"{path}:{node.lineno}"
        for path, tree in sources("valor")
        for node in ast.walk(tree)
        if isinstance(node, ast.Constant)
        and isinstance(node.value, str)
        and "valor_plugins" in node.value
        and not is_docstring(node, tree)
    ]
    assert len(mentions) == 1, mentions


def is_docstring(node: ast.Constant, tree: ast.Module) -> bool:
    return any(
        isinstance(statement, ast.Expr) and statement.value is node for statement in ast.walk(tree)
    )


def imports(tree: ast.Module) -> Iterator[tuple[int, str, str]]:
    """Yield line, module and imported name ("" for a plain import) of every import statement."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            for alias in node.names:
                yield node.lineno, alias.name, ""
        elif isinstance(node, ast.ImportFrom):
            for alias in node.names:
                yield node.lineno, "." * node.level + (node.module or ""), alias.name


def test_the_core_imports_the_bundled_plugins_in_no_statement() -> None:
    found = [
        f"{path}:{line}"
        for path, tree in sources("valor")
        for line, module, _ in imports(tree)
        if module.split(".")[0] == "valor_plugins"
    ]
    assert found == []


def is_public(module: str, name: str) -> bool:
    if any(part.startswith("_") for part in module.split(".")):
        return False
    if not name:
        return True
    if name.startswith("_"):
        return False
    return module != "valor" or name in valor.__all__


@pytest.mark.parametrize(
    ("module", "name", "public"),
    [
        ("valor", "Valor", True),
        ("valor.functions", "exp", True),
        ("valor.functions", "", True),
        ("valor", "_graph", False),
        ("valor", "number_of_the_beast", False),
        ("valor._graph", "Valor", False),
        ("valor._graph", "", False),
        ("valor.functions", "_row", False),
    ],
)
def test_what_counts_as_public(module: str, name: str, public: bool) -> None:
    assert is_public(module, name) is public


def test_bundled_plugins_import_only_public_names() -> None:
    private = [
        f"{path}:{line}: {module} {name}".rstrip()
        for path, tree in sources("valor_plugins")
        for line, module, name in imports(tree)
        if module.split(".")[0] == "valor" and not is_public(module, name)
    ]
    assert private == []


def plugin_of(module: str) -> str | None:
    """Return the bundled plugin that a module is, or is a part of."""
    owners = [name for name in BUNDLED if f"{module}.".startswith(f"{name}.")]
    return max(owners, key=len, default=None)


def test_a_part_belongs_to_its_plugin() -> None:
    assert plugin_of(f"{BUNDLED[0]}.part") == plugin_of(BUNDLED[0]) == BUNDLED[0]
    assert plugin_of(f"{BUNDLED[0]}_and_more") is None


def test_no_bundled_plugin_imports_another() -> None:
    borrowed = []
    for path, tree in sources("valor_plugins"):
        this = plugin_of("valor_plugins." + path.removesuffix(".py").replace("/", "."))
        for line, module, name in imports(tree):
            other = plugin_of(f"{module}.{name}") or plugin_of(module)
            if other not in (None, this):
                borrowed.append(f"{path}:{line}: {other}")
    assert borrowed == []


@pytest.mark.parametrize("package", ["valor", "valor_plugins"])
def test_no_import_is_relative_or_a_star(package: str) -> None:
    found = [
        f"{path}:{line}"
        for path, tree in sources(package)
        for line, module, name in imports(tree)
        if module.startswith(".") or name == "*"
    ]
    assert found == []


def test_both_packages_carry_their_types() -> None:
    for package in ("valor", "valor_plugins"):
        assert (folder_of(package) / "py.typed").is_file()
