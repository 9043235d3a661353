"""`valor plugins`, and the plugins that a command has."""

import sys
from typing import Any

from valor._discovery import plugin_manager
from valor._manager import Plugin, PluginManager
from valor.cli._results import aligned


def plugins(options: Any) -> int:
    """List every plugin: one line each, with columns on a terminal and tabs elsewhere."""
    rows = [_described(plugin) for plugin in manager_of(options).plugins]
    if sys.stdout.isatty():
        header = ("state", "distribution", "version", "entry point", "provides, or reason")
        print(*aligned([header, *rows], str.ljust), sep="\n")
    else:
        for row in rows:
            print("\t".join(row))
    return 0


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
