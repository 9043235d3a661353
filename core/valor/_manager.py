"""Loading and checking plugins, and naming the culprit when one fails.

A plugin that breaks a rule is left out whole, with a `PluginWarning` (or, where the manager is
strict, a `PluginError`) that says which plugin of which distribution it was, and why.
"""

import functools
import inspect
import itertools
import re
import time
import warnings
from collections.abc import Callable, Iterable, Iterator
from typing import Any, NoReturn

import attrs
import pluggy

from valor import hookspecs
from valor._arguments import listed
from valor._data import truth
from valor.contracts import KINDS, Callback, Record
from valor.exceptions import InvalidArgumentError, PluginError, PluginWarning, shown

COLLECTION_HOOKS = {f"valor_register_{record.plural}": record for record in KINDS.values()}


@attrs.define(eq=False)
class Plugin:
    """What is known of one plugin.

    Attributes:
        name: the entry point's name, or the last part of the module's.
        distribution, version: what it was installed with; "" where it was registered by hand.
        entry_point: where it is loaded from.
        state: "active", "blocked" (and never imported) or "failed".
        reason: why it failed or who blocked it.
        records: what it provides.

    >>> plugin = Plugin("swish", "valor-swish", "0.1.0")
    >>> print(plugin)
    plugin 'swish' of valor-swish 0.1.0
    >>> plugin.key, plugin.state, plugin.is_called("Valor_Swish")
    ('valor-swish:swish', 'active', True)
    """

    name: str
    distribution: str = ""
    version: str = ""
    entry_point: str = ""
    state: str = "active"
    reason: str = ""
    records: tuple[Record, ...] = ()
    _uses: dict[str, list[float]] = attrs.field(factory=dict, repr=False, init=False)

    @property
    def key(self) -> str:
        """The unique name it is registered by, accepted where a plugin is blocked."""
        return f"{self.distribution}:{self.name}" if self.distribution else self.name

    def __str__(self) -> str:
        origin = f"{self.distribution} {self.version}".strip()
        return f"plugin {self.name!r}" + (f" of {origin}" if origin else "")

    def is_called(self, name: str) -> bool:
        """Tell whether `name` is this plugin's name, key or distribution."""
        normal = normalized(name)
        return name in (self.name, self.key) or normal in map(normalized, self._aliases())

    def _aliases(self) -> tuple[str, ...]:
        return (self.distribution, self.key) if self.distribution else ()


@attrs.frozen(eq=False)
class HookUse:
    """What one plugin's listening to one hook came to.

    Attributes:
        hook: the hook.
        plugin: who listens, with its distribution.
        calls: how often it was called.
        seconds: how long that took altogether.

    >>> print(HookUse("valor_after_epoch", "plugin 'stop'", 100, 0.25))
    valor_after_epoch: plugin 'stop', 100 calls, 0.250 s
    """

    hook: str
    plugin: str
    calls: int = 0
    seconds: float = 0.0

    def __str__(self) -> str:
        return f"{self.hook}: {self.plugin}, {self.calls} calls, {self.seconds:.3f} s"


def normalized(distribution: str) -> str:
    """Return a distribution's name as the packaging specification compares it."""
    return re.sub(r"[-_.]+", "-", distribution).lower()


class PluginManager(pluggy.PluginManager):
    """pluggy's manager, knowing Valor's hooks, and what each plugin provides.

    `register` adds a plugin by hand: a module or an object with hookimpl functions. A manager is
    shared: a copy of what holds it, such as a trainer, holds the same one. It cannot be pickled.

    Args:
        strict: raise `PluginError` where a plugin fails, instead of warning and leaving it out.

    >>> manager = PluginManager()
    >>> class Plain:
    ...     @hookspecs.hookimpl
    ...     def valor_register_activations(self):
    ...         yield KINDS["activation"]("double", lambda v: 2 * v)
    >>> manager.register(Plain(), "plain")
    'plain'
    >>> [str(record) for record in manager.plugins[0].records]
    ["activation 'double' of plugin 'plain'"]
    """

    def __init__(self, *, strict: bool = False) -> None:
        super().__init__(hookspecs.PROJECT)
        self.add_hookspecs(hookspecs)
        self.strict = truth(strict, "strict")
        self.plugins: list[Plugin] = []
        self._known: dict[str, Plugin] = {}  # by the name it is registered by

    def __copy__(self) -> "PluginManager":
        return self

    def __deepcopy__(self, memo: dict[int, Any]) -> "PluginManager":
        return self

    def __reduce__(self) -> NoReturn:
        raise PluginError(
            "a PluginManager cannot be pickled, because its plugins are modules and objects of "
            "this process; build one in the other process, with valor.plugin_manager()"
        )

    def register(self, plugin: Any, name: str | None = None) -> str | None:
        """Register a module or an object, after the checks every plugin goes through.

        Raises:
            PluginError: it breaks a rule; nothing is registered then.
        """
        if name is not None and (not isinstance(name, str) or not name):
            raise PluginError(f"name must be a text that is not empty, not {shown(name)}")
        info = Plugin(name) if name else _with_a_free_name(self, Plugin(_name_of(plugin)))
        self._admit(plugin, info)
        self.plugins.append(info)
        return info.key

    def unregister(self, plugin: Any = None, name: str | None = None) -> Any:
        """Take a plugin out again, with the records it provided.

        Raises:
            PluginError: it is not registered.
        """
        key = self.get_name(plugin) if name is None else name
        if not isinstance(key, str) or not self.has_plugin(key):
            raise PluginError(f"{shown(plugin if name is None else name)} is not registered")
        gone = super().unregister(plugin, name)
        self.plugins = [
            info for info in self.plugins if info.state != "active" or self.has_plugin(info.key)
        ]
        return gone

    def get_name(self, plugin: Any) -> str | None:
        """Return the name a plugin is registered by: this very object, not one that equals it."""
        return next((name for name, known in self.list_name_plugin() if known is plugin), None)

    def load(self, info: Plugin, load: Callable[[], Any]) -> None:
        """Import and register a plugin; one that fails is left out, and said to be."""
        try:
            self._admit(load(), info)
        except (Exception, SystemExit) as error:
            info.state = "failed"
            info.reason = _one_line(error).removeprefix(f"{info}: ")
            message = f"{info} was left out: {info.reason}"
            if self.strict:
                raise PluginError(message) from error
            warnings.warn(message, PluginWarning, stacklevel=2)
        self.plugins.append(info)

    def fork(self, callbacks: Iterable[Any] = ()) -> "PluginManager":
        """Return a manager for one run: this one's plugins, then `callbacks`.

        Raises:
            InvalidArgumentError: a callback has no hook, or one that only a plugin may have.
            PluginError: a callback breaks a rule.
        """
        manager = PluginManager(strict=self.strict)
        for info in self.plugins:
            plugin = self.get_plugin(info.key) if info.state == "active" else None
            if plugin is not None and _hooks_of(self, plugin) - COLLECTION_HOOKS.keys():
                # What is counted of it is of this run alone.
                manager._admit(plugin, attrs.evolve(info), collect=False)
        manager.plugins = list(self.plugins)
        for given in listed(callbacks, "callbacks"):
            callback, info = given, Plugin(_name_of(given))
            if isinstance(given, Callback):
                callback = given()
                known = (plugin for plugin in self.plugins if str(plugin) == given.provider)
                info = attrs.evolve(next(known, info), name=given.name)
            info = _with_a_free_name(manager, info)
            manager._admit(callback, info, collect=False)
            hooks = _hooks_of(manager, callback)
            if not hooks or hooks & COLLECTION_HOOKS.keys():
                raise InvalidArgumentError(
                    f"callbacks must hold objects with lifecycle hooks (methods marked @hookimpl, "
                    f"such as valor_after_epoch), not {shown(callback)}"
                )
        return manager

    def listens(self, *hooks: str) -> bool:
        """Tell whether any plugin implements one of these hooks."""
        return any(getattr(self.hook, hook).get_hookimpls() for hook in hooks)

    def hook_uses(self) -> list[HookUse]:
        """Return who listens to the lifecycle hooks: in their order, and in that of the calls."""
        found = []
        for hook in hookspecs.LIFECYCLE:
            # pluggy calls the last of the list first.
            for implementation in reversed(getattr(self.hook, hook).get_hookimpls()):
                info = self._known[implementation.plugin_name]
                calls, seconds = info._uses.get(hook, (0, 0.0))
                found.append(HookUse(hook, str(info), int(calls), seconds))
        return found

    def call_all(self, hook: str, **arguments: Any) -> None:
        """Call a hook of every plugin, also after one has failed; the first error is raised then.

        Raises:
            BaseException: what the first that failed raised; notes say who failed after it.
        """
        first: BaseException | None = None
        for implementation in reversed(getattr(self.hook, hook).get_hookimpls()):
            try:
                implementation.function(*[arguments[name] for name in implementation.argnames])
            except BaseException as error:
                if first is None:
                    first = error
                else:
                    who = self._known[implementation.plugin_name]
                    first.add_note(f"then {who} failed too, in its hook {hook}: {error!r}")
        if first is not None:
            raise first

    def answers(self, hook: str, **arguments: Any) -> dict[str, Any]:
        """Call a hook, and return the answers that are not None, by who gave them."""
        found = {}
        for implementation in reversed(getattr(self.hook, hook).get_hookimpls()):
            given = [arguments[name] for name in implementation.argnames]
            answer = implementation.function(*given)
            if answer is not None:
                found[implementation.plugin_name] = answer
        return found

    def tell(self, hook: str, name: str, **arguments: Any) -> bool:
        """Call one plugin's hook; tell whether there is one."""
        for implementation in getattr(self.hook, hook).get_hookimpls():
            if implementation.plugin_name == name:
                implementation.function(*[arguments[each] for each in implementation.argnames])
                return True
        return False

    def _admit(self, plugin: Any, info: Plugin, *, collect: bool = True) -> None:
        if self.has_plugin(info.key):
            raise PluginError(f"{info}: another plugin is registered by the name {info.key!r}")
        if self.get_name(plugin):
            raise PluginError(f"{info}: it is already registered, as {self.get_name(plugin)!r}")
        try:
            super().register(plugin, info.key)
        except pluggy.PluginValidationError as error:
            raise PluginError(f"{info}: {_reason(error)}") from error
        except ValueError as error:  # pluggy looks for the plugin among the others with ==
            raise PluginError(
                f"{info}: it cannot be told from another plugin by ==; let its class compare by "
                "identity (attrs: define(eq=False))"
            ) from error
        self._known[info.key] = info
        try:
            self.check_pending()
            callers = self.get_hookcallers(plugin) or ()
            for caller in callers:
                for implementation in caller.get_hookimpls():
                    if implementation.plugin is plugin:
                        self._check(implementation, caller.name, info)
            if collect:
                if not callers:
                    raise PluginError(f"{info}: it has no hook, no function marked @hookimpl")
                info.records = tuple(self._collect(plugin, info))
        except BaseException as error:
            super().unregister(plugin, info.key)
            if isinstance(error, pluggy.PluginValidationError):
                raise PluginError(f"{info}: {_reason(error)}") from error
            raise

    def _check(self, implementation: pluggy.HookImpl, hook: str, info: Plugin) -> None:
        function = implementation.function
        for parameter in inspect.signature(function).parameters.values():
            if parameter.name not in implementation.argnames:
                raise PluginError(
                    f"{info}: {hook} would never be passed its argument {str(parameter)!r}; "
                    f"{_remedy(parameter, implementation.plugin)}"
                )
        if implementation.wrapper or implementation.hookwrapper:
            raise PluginError(f"{info}: {hook} is a wrapper; Valor's hooks take none")
        lazy = inspect.isgeneratorfunction(function) and hook not in COLLECTION_HOOKS
        if lazy or inspect.iscoroutinefunction(function) or inspect.isasyncgenfunction(function):
            raise PluginError(f"{info}: {hook} must be a plain function, or it would never run")
        # pluggy declares the attribute final, but has no other place to name the culprit.
        setattr(implementation, "function", _named(function, hook, info))  # noqa: B010

    def _collect(self, plugin: Any, info: Plugin) -> Iterator[Record]:
        seen = []
        for hook, expected in COLLECTION_HOOKS.items():
            for implementation in getattr(self.hook, hook).get_hookimpls():
                if implementation.plugin is not plugin:
                    continue
                for record in implementation.function():
                    if not isinstance(record, expected):
                        raise PluginError(
                            f"{info}: {hook} yielded {shown(record)} instead of a record "
                            f"{expected.__name__}"
                        )
                    if (hook, record.name) in seen:
                        raise PluginError(f"{info}: {hook} yielded {record.name!r} twice")
                    seen.append((hook, record.name))
                    yield attrs.evolve(record, provider=str(info))


def _name_of(plugin: Any) -> str:
    return str(getattr(plugin, "__name__", type(plugin).__name__))


def _with_a_free_name(manager: pluggy.PluginManager, info: Plugin) -> Plugin:
    """Return what is known of a plugin under a name that no other one has: ``name#2``, …"""
    first, numbers = info.name, itertools.count(2)
    while manager.has_plugin(info.key):
        info = attrs.evolve(info, name=f"{first}#{next(numbers)}")
    return info


def _hooks_of(manager: pluggy.PluginManager, plugin: Any) -> set[str]:
    return {caller.name for caller in manager.get_hookcallers(plugin) or ()}


def _remedy(parameter: inspect.Parameter, plugin: Any) -> str:
    if parameter.default is not parameter.empty:
        return "take its default away"
    return "give an instance, not the class" if inspect.isclass(plugin) else "take it away"


def _reason(error: pluggy.PluginValidationError) -> str:
    """Return pluggy's explanation on one line, without its first line (the plugin's name)."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return "; ".join(lines[1:] or lines)


def _one_line(error: BaseException) -> str:
    text = " ".join(str(error).split())
    if isinstance(error, PluginError):
        return text
    return f"{type(error).__name__}: {text}" if text else type(error).__name__


def _named(function: Callable[..., Any], hook: str, info: Plugin) -> Callable[..., Any]:
    """Return a hook's function, with a note on its exceptions that names the plugin."""
    note = f"raised by {info} in its hook {hook}"
    use = info._uses.setdefault(hook, [0, 0.0])

    @functools.wraps(function)
    def call(*arguments: Any) -> Any:
        start = time.perf_counter()
        try:
            result = function(*arguments)
            if hook in COLLECTION_HOOKS:
                return _listed(result, hook, info)  # what a generator raises, it raises here
            if hook == "valor_should_stop":
                # A vote counts with the voter's name, which the trainer gives as the reason.
                return info.name if result else None
        except BaseException as error:
            error.add_note(note)
            raise
        finally:
            use[0] += 1
            use[1] += time.perf_counter() - start
        return result

    return call


def _listed(result: Any, hook: str, info: Plugin) -> list[Any]:
    if result is None:
        return []
    if not isinstance(result, Iterable):
        raise PluginError(f"{info}: {hook} must yield records, not return {shown(result)}")
    return list(result)
