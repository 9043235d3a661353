"""`valor plugins`, and the plugins that a command has."""

import os
import re
import sys
from collections.abc import Sequence
from typing import Any

import attrs

from valor._discovery import plugin_manager
from valor._manager import HookUse, Plugin, PluginManager
from valor.cli._folder import RUN, RunFolder
from valor.cli._text import aligned
from valor.exceptions import ConfigurationError, shown
from valor.hookspecs import LIFECYCLE

_OWNER = re.compile(r"plugin '(?P<name>.*)'(?: of (?P<distribution>\S+)(?: (?P<version>\S+))?)?")


def plugins(options: Any) -> int:
    """List every plugin, or every listener to a hook: one line each."""
    if options.hooks is not None:
        return _hooks(options)
    rows = [_described(plugin) for plugin in manager_of(options).plugins]
    _print(("state", "distribution", "version", "entry point", "provides, or reason"), rows)
    return 0


def _hooks(options: Any) -> int:
    source = options.hooks
    if os.path.isdir(source):
        source = os.path.join(source, RUN)
    is_run = bool(source) and not source.endswith(".toml")
    uses = _uses_of_a_run(source) if is_run else _uses(source, manager_of(options))
    header = ("hook", "plugin", "distribution", "version", "calls", "seconds")
    shown_columns = len(header) if is_run else 4
    rows = [_told(use)[:shown_columns] for use in uses]
    if rows or not sys.stdout.isatty():
        _print(header[:shown_columns], rows)
    else:
        print("no plugin listens to what happens in a run")
    return 0


def _told(use: HookUse) -> tuple[str, ...]:
    owner = _OWNER.fullmatch(use.plugin)
    parts = [owner[part] for part in ("name", "distribution", "version")] if owner else [use.plugin]
    cells = [(part or "-") if (part or "-").isprintable() else ascii(part) for part in parts]
    cells += ["-"] * (3 - len(cells))
    return (use.hook, *cells, str(use.calls), f"{use.seconds:.6f}")


def _uses(source: str, manager: PluginManager) -> list[HookUse]:
    """Return who listens to any run, or to the run of a configuration as `valor train` does it."""
    if not source:
        return manager.fork().hook_uses()
    from valor import config
    from valor.cli._training import own_listeners

    configuration = config.read(source)
    listeners, _, _ = own_listeners(configuration, manager, RunFolder.of(configuration))
    # Who listens does not depend on the data, of which one column is as good as any.
    trainer = configuration.trainer(1, manager, listeners)
    return manager.fork(trainer.callbacks).hook_uses()


def _uses_of_a_run(path: str) -> list[HookUse]:
    """Return who listened to a run, by what it has left in its folder."""
    import json

    try:
        with open(path, encoding="utf-8") as file:
            document = json.load(file)
    except OSError as error:
        raise ConfigurationError(f"{path}: {error.strerror or error}") from error
    except (ValueError, RecursionError) as error:
        raise ConfigurationError(f"{path}: it is not the {RUN} of a run: {error}") from None
    listed = document.get("hooks") if isinstance(document, dict) else None
    if not isinstance(listed, list) or not all(map(_is_a_use, listed)):
        names = ", ".join(attrs.fields_dict(HookUse))
        raise ConfigurationError(
            f"{path}: hooks must be a list of tables with {names}, not {shown(listed)}"
        )
    return [HookUse(**entry) for entry in listed]


def _is_a_use(entry: Any) -> bool:
    kinds = {"hook": str, "plugin": str, "calls": int, "seconds": float}
    return (
        isinstance(entry, dict)
        and entry.keys() == kinds.keys()
        and all(type(entry[name]) is kind for name, kind in kinds.items())
        and entry["hook"] in LIFECYCLE
    )


def _print(header: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table: with columns on a terminal, and with tabs, and no header, elsewhere."""
    if sys.stdout.isatty():
        print(*aligned([header, *rows], str.ljust), sep="\n")
    else:
        for row in rows:
            print("\t".join(" ".join(cell.split()) for cell in row))


def manager_of(options: Any) -> PluginManager:
    """Return the manager of a command, saying of what it blocks which option did."""
    manager = plugin_manager(block=options.blocked)
    for plugin in manager.plugins:
        if any(map(plugin.is_called, options.blocked)):
            plugin.reason = "blocked by -p"
    return manager


def _described(plugin: Plugin) -> tuple[str, ...]:
    provides = ", ".join(f"{record.kind} {record.name}" for record in plugin.records)
    cells = (
        plugin.state,
        plugin.distribution or "-",
        plugin.version or "-",
        f"{plugin.name} = {plugin.entry_point}",
        plugin.reason or provides or "lifecycle hooks",
    )
    return tuple(" ".join(cell.split()) for cell in cells)
