"""Nothing public lacks its line in the reference.

A line is a row of a table of `docs/reference/`, with the name in its first cell. What is documented
and does not exist is found by Sphinx, which treats a missing name as an error.
"""

import argparse
import builtins
import inspect
import pkgutil
import re
from pathlib import Path

import attrs
import pytest

import valor
from valor import cli, exceptions, hookspecs
from valor.cli._parser import EPILOG, TRAIN_OPTIONS, parser_of_commands
from valor.config._tables import Tables
from valor.contracts import KINDS
from valor_plugins import BUNDLED

ROOT = Path(__file__).parents[2]
REFERENCE = ROOT / "docs" / "reference"
# `valor.cli` is documented as a command, `valor.trainer` as `valor.Trainer`.
MODULES = [
    "valor",
    *sorted(
        module.name
        for module in pkgutil.iter_modules(valor.__path__)
        if not module.name.startswith("_") and module.name not in ("cli", "trainer")
    ),
]
HOOKS = {name: hook for name, hook in vars(hookspecs).items() if name.startswith("valor_")}
ERRORS = {
    name: error
    for name, error in vars(exceptions).items()
    if isinstance(error, type) and error.__module__ == exceptions.__name__
}


def rows(page: str) -> list[list[str]]:
    """Return the cells of every table row of a page, with `{role}` and `<target>` taken away."""
    found = []
    for line in (REFERENCE / page).read_text(encoding="utf-8").splitlines():
        if line.startswith("|") and not set(line) <= set("|-: "):
            text = re.sub(r"\{\w+\}`~?(?:valor\.)?([^`<]+?)(?: <[^`]*>)?`", r"`\1`", line)
            found.append([cell.strip() for cell in re.split(r"(?<!\\)\|", text)[1:-1]])
    assert found, f"{page} has no table"
    return found


def documented(page: str) -> set[str]:
    """Return what stands between backquotes in the first cells of a page."""
    return {name for row in rows(page) for name in re.findall(r"`([^`]+)`", row[0])}


def test_a_row_is_read_without_its_markup() -> None:
    assert "Valor" in documented("names.md")
    assert "valor_register_losses()" in documented("hooks.md")
    assert "nobody" not in documented("names.md")


def test_every_public_name() -> None:
    assert set(valor.__all__) - documented("names.md") == set()
    assert len(set(valor.__all__)) == len(valor.__all__)


@pytest.mark.parametrize("module", MODULES)
def test_every_public_module_has_a_page_made_of_its_docstrings(module: str) -> None:
    page = (REFERENCE / "api" / f"{module}.md").read_text(encoding="utf-8")
    full = "valor" if module == "valor" else f"valor.{module}"
    assert f".. automodule:: {full}\n" in page


def test_every_hook_with_its_arguments() -> None:
    assert len(HOOKS) == len(KINDS) + len(hookspecs.LIFECYCLE)
    for name, hook in HOOKS.items():
        arguments = list(inspect.signature(hook).parameters)
        assert f"{name}({', '.join(arguments)})" in documented("hooks.md")
        assert set(arguments) - documented("hooks.md") == set()
        for argument in arguments:
            assert re.search(rf"^ +{argument}: ", inspect.getdoc(hook) or "", re.MULTILINE), name


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_record_with_its_arguments(kind: str) -> None:
    record = KINDS[kind]
    own = [
        parameter.name if parameter.default is parameter.empty else f"{parameter.name}="
        for parameter in inspect.signature(record).parameters.values()
        if parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    (line,) = [name for name in documented("records.md") if name.startswith(f"{record.__name__}(")]
    written = line.removeprefix(f"{record.__name__}(").removesuffix(")").split(", ")
    assert [re.sub(r"=.*", "=", argument) for argument in written] == own
    keyword_only = {
        parameter.name
        for parameter in inspect.signature(record).parameters.values()
        if parameter.kind is parameter.KEYWORD_ONLY
    }
    assert keyword_only - {"provider"} - documented("records.md") == set()


def test_every_formula_with_what_it_takes() -> None:
    formulas = {row[0]: row[1] for row in rows("records.md")}
    for record in KINDS.values():
        (formula,) = [text for cell, text in formulas.items() if f"`{record.__name__}(" in cell]
        takes = getattr(record, "takes", ("model", "loss", "optimizer", "plan"))
        assert re.search(rf"\({', '.join([*takes, ''])[:-2]}[,)]|\(\*, …\)", formula), formula


def test_every_error_with_its_base() -> None:
    bases = {row[0].strip("`"): row[1].strip("`") for row in rows("errors.md")}
    for name, error in ERRORS.items():
        if issubclass(error, Warning):
            text = (REFERENCE / "errors.md").read_text(encoding="utf-8")
            assert f"`{name}`, a `{error.__base__.__name__}`" in text  # type: ignore[union-attr]
            continue
        base = getattr(builtins, bases[name], None) or getattr(exceptions, bases[name])
        assert issubclass(error, base), name


def test_every_bundled_plugin_with_what_it_provides() -> None:
    manager = valor.plugin_manager(environment=False)
    plugins = {plugin.entry_point: plugin for plugin in manager.plugins}
    lines = {row[0].strip("`"): f"{row[1]} {row[2]}" for row in rows("plugins.md")}
    for module in BUNDLED:
        plugin = plugins[module]
        for record in plugin.records:
            line = lines[plugin.name]
            assert f"`{record.name}`" in line
            assert record.kind.replace("_", " ") in line
            for hyperparameter in getattr(record, "hyperparameters", ()):
                assert f"`{hyperparameter}" in line, f"{record} lacks {hyperparameter}"


def test_the_glossary_has_every_name_of_the_lesson() -> None:
    lesson = {"Valor", "Neuronio", "Camada", "MLP", "plota_grafo"}
    lesson |= {"data", "grad", "progenitor", "operador_mae", "rotulo", "propagar", "propagar_tudo"}
    lesson |= {"exp", "sig", "pesos", "vies", "neuronios", "camadas", "parametros"}
    for network in (valor.Neuronio, valor.Camada, valor.MLP):
        positional = inspect.signature(network).parameters.values()
        lesson |= {p.name for p in positional if p.kind is p.POSITIONAL_OR_KEYWORD}
    assert lesson - documented("glossary.md") == set()


def sections(page: str) -> dict[str, set[str]]:
    """Return what stands between backquotes in the first cells below each heading of a page."""
    parts = re.split(r"^## (.+)$", (REFERENCE / page).read_text(encoding="utf-8"), flags=re.M)
    return {
        heading.strip("`"): {
            name
            for line in text.splitlines()
            if line.startswith("|")
            for name in re.findall(r"`([^`]+)`", line.split("|")[1])
        }
        for heading, text in zip(parts[1::2], parts[2::2], strict=True)
    }


def test_every_key_of_a_configuration() -> None:
    written = sections("configuration.md")
    everywhere = set().union(*written.values())
    for table in attrs.fields(Tables):
        if attrs.has(table.type):
            keys = {key.name for key in attrs.fields(table.type)}
            assert written[f"[{table.name}]"] == keys
        else:
            assert table.name in everywhere
    assert "epoch" not in everywhere


def options_of(parser: argparse.ArgumentParser) -> set[str]:
    return {option for action in parser._actions for option in action.option_strings}


def test_every_option_of_every_command() -> None:
    parser = parser_of_commands()
    (commands,) = [a for a in parser._actions if isinstance(a, argparse._SubParsersAction)]
    written = {
        heading: {name.split()[0] for name in names}
        for heading, names in sections("command-line.md").items()
    }
    common = options_of(parser)
    assert written["valor"] == common
    assert set(commands.choices) == set(cli.ROOMS)
    for name, command in commands.choices.items():
        assert written[f"valor {name}"] - {"model.json"} >= options_of(command) - common, name


def test_every_option_of_train_with_its_key() -> None:
    lines = [row for row in rows("command-line.md") if len(row) == 3]  # option, key, what it is
    keys = {row[0].strip("`").split()[0]: row[1] for row in lines}
    for option, places, *_ in TRAIN_OPTIONS:
        assert keys[option] == ", ".join(f"`{place}`" for place in places)


def test_every_exit_code_and_every_variable() -> None:
    written = sections("command-line.md")
    codes = {0, cli.FAILED, cli.REFUSED, cli.INTERRUPTED, cli.UNREAD}
    assert written["Exit codes"] == {str(code) for code in codes}
    assert written["Environment"] == set(re.findall(r"VALOR_[A-Z_]+", EPILOG))
