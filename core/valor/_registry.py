"""From a name to the record it stands for: conflicts, suggestions, and the public look-ups."""

from collections.abc import Callable
from typing import Any, TypeVar

from valor._discovery import manager_for
from valor._manager import Plugin, PluginManager, normalized
from valor.contracts import (
    Activation,
    Callback,
    Engine,
    Exporter,
    Formula,
    GradientTransform,
    Initializer,
    Loss,
    Metric,
    Optimizer,
    Penalty,
    Reader,
    Record,
    Scaler,
    Schedule,
)
from valor.exceptions import (
    HyperparameterError,
    InvalidArgumentError,
    NameConflictError,
    UnknownNameError,
    shown,
)

R = TypeVar("R", bound=Record)

FROM_FUNCTIONS = (
    Activation,
    Loss,
    Penalty,
    GradientTransform,
    Schedule,
    Initializer,
    Metric,
    Scaler,
)


def providers(manager: PluginManager, kind: type[R]) -> dict[str, list[tuple[Plugin, R]]]:
    """Return, by name, who provides the records of a kind, in the order they were loaded."""
    found: dict[str, list[tuple[Plugin, R]]] = {}
    for plugin in manager.plugins:
        for record in plugin.records:
            if isinstance(record, kind):
                found.setdefault(record.name, []).append((plugin, record))
    return found


def find(kind: type[R], name: str, manager: PluginManager) -> R:
    """Return the record of a name, or of a ``distribution:name``.

    Raises:
        UnknownNameError: nobody provides it.
        NameConflictError: more than one plugin does.
    """
    found = providers(manager, kind)
    distribution, _, short = name.rpartition(":")
    candidates = found.get(short, [])
    if distribution:
        wanted = normalized(distribution)
        candidates = [
            (plugin, record)
            for plugin, record in candidates
            if wanted == normalized(plugin.distribution or plugin.name)
        ]
    if len(candidates) == 1:
        return candidates[0][1]
    if candidates:
        raise NameConflictError(_conflict(kind, name, short, [plugin for plugin, _ in candidates]))
    raise UnknownNameError(_unknown(kind, name, list(found), manager))


def _conflict(kind: type[Record], name: str, short: str, plugins: list[Plugin]) -> str:
    origins = [plugin.distribution or plugin.name for plugin in plugins]
    # One distribution with two plugins of the same name cannot be told apart by its own name.
    choices = [repr(f"{origin}:{short}") for origin in origins if origins.count(origin) == 1]
    choose = f"choose with {' or '.join(choices)}, or " if choices else ""
    blocks = " or ".join(repr(plugin.key) for plugin in plugins)
    who = " and ".join(map(str, plugins))
    return f"{kind.kind} {name!r} is provided by {who}; {choose}block {blocks}"


def _unknown(kind: type[Record], name: str, known: list[str], manager: PluginManager) -> str:
    import difflib

    message = f"no {kind.kind} is named {name!r}"
    distribution, _, short = name.rpartition(":")
    origins = {normalized(plugin.distribution or plugin.name) for plugin in manager.plugins}
    if distribution and normalized(distribution) not in origins:
        message += f": no plugin of distribution {distribution!r} is installed or registered"
    message += f"; there are: {', '.join(known) or 'none'}"
    close = difflib.get_close_matches(short, known)
    if close:
        message += f"; did you mean {' or '.join(map(repr, close))}?"
    message += left_out(manager)
    if kind is Engine:
        # They belong to the trainer: no plugin provides them, and none can take them away.
        message += '; for a Trainer, "auto" and "eager" are always there'
    return message


def left_out(manager: PluginManager) -> str:
    """Return what to add to the error where nothing is found: plugins that could have had it."""
    text = ""
    for plugin in manager.plugins:
        if plugin.state == "failed":
            text += f"; {plugin} failed to load ({plugin.reason})"
        elif plugin.state == "blocked":
            text += f"; {plugin} is {plugin.reason}"
    return text


def resolve(kind: type[R], given: Any, manager: PluginManager | None, argument: str) -> R:
    """Return the record that an argument stands for: a name, a record, or a plain function.

    Raises:
        InvalidArgumentError: it is none of these.
        UnknownNameError, NameConflictError: see `find`.
    """
    if isinstance(given, str):
        return find(kind, given, manager_for(manager))
    if isinstance(given, kind):
        return given
    if callable(given) and kind in FROM_FUNCTIONS and not isinstance(given, Record):
        name = getattr(given, "__qualname__", type(given).__qualname__)
        return kind(name, given)  # type: ignore[call-arg]
    raise InvalidArgumentError(
        f"{argument} must be the name of {_with_article(kind)}, a record "
        f"{kind.__name__}{' or a function' if kind in FROM_FUNCTIONS else ''}, not {shown(given)}"
    )


def _with_article(kind: type[Record]) -> str:
    return f"{'an' if kind.kind[0] in 'aeio' else 'a'} {kind.kind.replace('_', ' ')}"


def _look_up(kind: type[R], example: str) -> Callable[..., R]:
    def look_up(name: str, /, *, plugins: PluginManager | None = None, **hyperparameters: Any) -> R:
        record = resolve(kind, name, plugins, "name")
        if isinstance(record, Formula):
            return record.bind(**hyperparameters)
        if hyperparameters:
            raise HyperparameterError(f"{record} has no hyperparameters, not {[*hyperparameters]}")
        return record

    look_up.__name__ = look_up.__qualname__ = kind.kind
    look_up.__annotations__["return"] = kind
    look_up.__doc__ = f"""Return {_with_article(kind)} by name, with
    hyperparameters bound.

    Args:
        name: its name, or ``"distribution:name"`` where two plugins claim the name.
        plugins: the manager to look in; the default one if None.
        **hyperparameters: values of its keyword-only arguments.

    Raises:
        UnknownNameError: no plugin provides the name.
        NameConflictError: more than one plugin does.
        HyperparameterError: a hyperparameter is unknown or has a value that it cannot have.
{example}    """
    return look_up


activation = _look_up(
    Activation,
    """
    >>> activation("tanh").formula(0.0)
    0.0
""",
)
loss = _look_up(
    Loss,
    """
    >>> loss("mean_squared_error").formula([3.0, 1.0], [1.0, 1.0])
    2.0
""",
)
penalty = _look_up(
    Penalty,
    """
    >>> from valor import hookimpl
    >>> class Own:
    ...     @hookimpl
    ...     def valor_register_penalties(self):
    ...         yield Penalty("square", lambda parameter, *, rate=0.1: rate * parameter**2)
    >>> manager = PluginManager()
    >>> _ = manager.register(Own())
    >>> penalty("square", plugins=manager, rate=0.5).formula(4.0)
    8.0
""",
)
optimizer = _look_up(
    Optimizer,
    """
    >>> optimizer("gradient_descent", momentum=0.9).hyperparameters["momentum"]
    0.9
""",
)
gradient_transform = _look_up(
    GradientTransform,
    """
    >>> from valor import hookimpl
    >>> class Own:
    ...     @hookimpl
    ...     def valor_register_gradient_transforms(self):
    ...         yield GradientTransform("flip", lambda gradients: [-g for g in gradients])
    >>> manager = PluginManager()
    >>> _ = manager.register(Own())
    >>> gradient_transform("flip", plugins=manager).formula([1.0, -2.0])
    [-1.0, 2.0]
""",
)
schedule = _look_up(
    Schedule,
    """
    >>> from valor import hookimpl
    >>> class Own:
    ...     @hookimpl
    ...     def valor_register_schedules(self):
    ...         yield Schedule("fall", lambda step, total_steps: 1 - step / total_steps)
    >>> manager = PluginManager()
    >>> _ = manager.register(Own())
    >>> schedule("fall", plugins=manager).formula(25, 100)
    0.75
""",
)
initializer = _look_up(
    Initializer,
    """
    >>> initializer("uniform", low=-0.5).hyperparameters
    {'low': -0.5, 'high': 1.0}
""",
)
metric = _look_up(
    Metric,
    """
    >>> from valor import hookimpl
    >>> class Own:
    ...     @hookimpl
    ...     def valor_register_metrics(self):
    ...         yield Metric("count", lambda predicted, target: float(len(target)))
    >>> manager = PluginManager()
    >>> _ = manager.register(Own())
    >>> metric("count", plugins=manager).formula([[0.1], [0.9]], [[0.0], [1.0]])
    2.0
""",
)
exporter = _look_up(
    Exporter,
    """
    >>> exporter("svg").suffixes
    ('.svg',)
""",
)
reader = _look_up(
    Reader,
    """
    >>> reader("csv", delimiter=";").hyperparameters["delimiter"]
    ';'
""",
)
scaler = _look_up(
    Scaler,
    """
    >>> scaler("standard").formula([1.0, 3.0])
    (2.0, 1.0)
""",
)
callback = _look_up(
    Callback,
    """
    >>> callback("progress", lines=3).formula().lines
    3
""",
)
engine = _look_up(
    Engine,
    """
    >>> from valor import hookimpl
    >>> class Own:
    ...     @hookimpl
    ...     def valor_register_engines(self):
    ...         yield Engine("own", lambda model, loss, optimizer, plan: None)
    >>> manager = PluginManager()
    >>> _ = manager.register(Own())
    >>> engine("own", plugins=manager).name
    'own'
""",
)
