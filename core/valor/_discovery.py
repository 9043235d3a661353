"""Finding the bundled plugins and the installed ones, and blocking those that are not wanted."""

import functools
import importlib
import os
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any

from valor._arguments import listed
from valor._data import truth
from valor._manager import Plugin, PluginManager, normalized
from valor.exceptions import InvalidArgumentError, PluginWarning, shown

DISTRIBUTION = "valor-framework"
BUNDLED_PACKAGE = "valor_plugins"  # may be absent: then there are no bundled plugins
ENTRY_POINT_GROUP = "valor"


def plugin_manager(
    *, strict: bool = False, block: Iterable[str] = (), environment: bool = True
) -> PluginManager:
    """Build a manager with the bundled plugins and those of the installed distributions.

    Args:
        strict: raise `PluginError` where a plugin fails, instead of warning and leaving it out.
        block: plugins not to load, by name, by distribution or by ``distribution:name``.
        environment: whether to obey ``VALOR_DISABLE_PLUGINS`` (more names to block, separated by
            commas) and ``VALOR_PLUGINS`` (the only third-party plugins to load; ``none`` for none).
            A variable that is set but empty counts for nothing.

    Raises:
        InvalidArgumentError: `block` is no list of names, or a flag neither True nor False.
        PluginError: a plugin failed, and `strict` is true.

    >>> manager = plugin_manager(block=["tanh"])
    >>> [plugin.state for plugin in manager.plugins if plugin.name == "tanh"]
    ['blocked']
    """
    strict, environment = truth(strict, "strict"), truth(environment, "environment")
    block = listed(block, "block", "a list of names")
    for position, name in enumerate(block):
        if not isinstance(name, str):
            raise InvalidArgumentError(f"block[{position}] must be a name, not {shown(name)}")
    blocked = dict.fromkeys(block, "blocked by the program")
    only: list[str] = []
    if environment:
        for name in _names("VALOR_DISABLE_PLUGINS"):
            blocked.setdefault(name, "blocked by VALOR_DISABLE_PLUGINS")
        only = _names("VALOR_PLUGINS")
    manager = PluginManager(strict=strict)
    for info, load in [*_bundled(), *_installed()]:
        reason = next((why for name, why in blocked.items() if info.is_called(name)), "")
        third_party = info.distribution != DISTRIBUTION
        if not reason and third_party and only:
            reason = "" if any(map(info.is_called, only)) else "not in VALOR_PLUGINS"
        if reason:
            info.state, info.reason = "blocked", reason
            manager.plugins.append(info)
        else:
            manager.load(info, load)
    for name in block:
        if not any(info.is_called(name) for info in manager.plugins):
            warnings.warn(
                f"block names {name!r}, but there is no such plugin", PluginWarning, stacklevel=2
            )
    return manager


@functools.cache
def default_manager() -> PluginManager:
    """Return the manager that is used where none is given; it is built on first use."""
    return plugin_manager()


def manager_for(plugins: Any) -> PluginManager:
    """Return the manager that an argument stands for: the default one for None.

    Raises:
        InvalidArgumentError: it is no manager.
    """
    if plugins is None:
        return default_manager()
    if not isinstance(plugins, PluginManager):
        raise InvalidArgumentError(
            f"plugins must be a manager made by valor.plugin_manager, or None, not {shown(plugins)}"
        )
    return plugins


def _names(variable: str) -> list[str]:
    return [name.strip() for name in os.environ.get(variable, "").split(",") if name.strip()]


def _bundled() -> Iterator[tuple[Plugin, Callable[[], Any]]]:
    try:
        package = importlib.import_module(BUNDLED_PACKAGE)
    except ModuleNotFoundError as error:
        if error.name != BUNDLED_PACKAGE:
            raise
        return
    version = _version()
    for module in package.BUNDLED:
        info = Plugin(module.rpartition(".")[2], DISTRIBUTION, version, module)
        yield info, functools.partial(importlib.import_module, module)


def _version() -> str:
    import importlib.metadata

    try:
        return importlib.metadata.version(DISTRIBUTION)
    except importlib.metadata.PackageNotFoundError:
        return ""


def _installed() -> Iterator[tuple[Plugin, Callable[[], Any]]]:
    """Find third-party plugins, in an order that does not depend on how they were installed."""
    import importlib.metadata

    found = []
    for entry_point in importlib.metadata.entry_points(group=ENTRY_POINT_GROUP):
        distribution = entry_point.dist
        name = distribution.name if distribution else ""
        version = distribution.version if distribution else ""
        info = Plugin(entry_point.name, name, version, entry_point.value)
        found.append((normalized(name), entry_point.name, info, entry_point.load))
    for _, _, info, load in sorted(found, key=lambda item: item[:2]):
        yield info, load
