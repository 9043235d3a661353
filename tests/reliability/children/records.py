"""How records, their look-ups and their hyperparameters are called, and managers of plugins."""

import inspect
from collections.abc import Callable
from typing import Any

import attrs
from examples import FOLDER, Call, Once, X, Y, after, called, no_formula, trainer

import valor
from valor import PluginManager, testing
from valor.contracts import KINDS, Formula


def records() -> dict[str, Callable[[], Call]]:
    found: dict[str, Callable[[], Call]] = {
        "Record": lambda: (valor.contracts.Record, {"name": "a"}),
        "Engine": lambda: (
            valor.Engine,
            {"name": "a", "compile": no_formula, "automatic": False, "forward": None},
        ),
        "PluginManager": lambda: (PluginManager, {"strict": True}),
        "PluginManager.fork": lambda: (PluginManager().fork, {"callbacks": [Once()]}),
        "PluginManager.register": lambda: (
            PluginManager().register,
            {"plugin": Once(), "name": "once"},
        ),
        "PluginManager.unregister": _unregister,
        "plugin_manager": lambda: (
            valor.plugin_manager,
            {"strict": True, "block": ["tanh"], "environment": False},
        ),
        "Formula.bind": lambda: (
            lambda hyperparameters: valor.optimizer("adam").bind(epsilon=hyperparameters),
            {"hyperparameters": 1e-8},
        ),
    }
    more: dict[str, dict[str, Any]] = {
        "activation": {"over": "neuron"},
        "initializer": {"over": "neuron", "biases": True},
        "loss": {"reduction": "sum"},
        "optimizer": {"state": {"velocity": 0.0}},
        "schedule": {"state": {"loss": 0.0}},
        "exporter": {"suffixes": (".txt",)},
        "reader": {"suffixes": (".txt",)},
    }
    for kind, record in KINDS.items():
        found[kind] = _look_up(kind)
        if kind != "engine":
            found[record.__name__] = _record(record, more.get(kind, {}))
    for each in testing.records("valor-framework"):
        if isinstance(each, Formula):
            for name in each.hyperparameters:
                found[f"{each.kind} {each.name} ({name})"] = _hyperparameter(each, name)
            if each.kind == "callback" and hasattr(each(), "valor_load_checkpoint"):
                found[f"callback {each.name} (a checkpoint's state)"] = _state(each)
    return found


def _state(record: Any) -> Callable[[], Call]:
    """Give a callback what it kept in a checkpoint."""

    def make() -> Call:
        given = {"path": str(FOLDER / record.name)} if "path" in record.hyperparameters else {}
        callback = record.bind(**given)()
        run = trainer(callback).fit(X, Y, epochs=1)

        def hook(name: str, **given: Any) -> Any:
            method = getattr(callback, name)
            takes = inspect.signature(method).parameters
            return method(**{each: given[each] for each in takes})

        def load(state: Any) -> None:
            hook("valor_load_checkpoint", run=run, state=state)

        return load, {"state": hook("valor_save_checkpoint", run=run)}

    return make


def _unregister() -> Call:
    manager, plugin = PluginManager(), Once()
    manager.register(plugin, "once")

    def unregister(plugin: Any, name: Any) -> Any:
        return manager.unregister(plugin) if name is None else manager.unregister(name=name)

    return unregister, {"plugin": plugin, "name": "once"}


def _record(kind: Any, more: dict[str, Any]) -> Callable[[], Call]:
    validator = attrs.validators.instance_of(float)
    takes = ", ".join((*kind.takes, *(["state"] if kind.kind == "schedule" else []), "*", "a=0.5"))
    formula: Any = eval(f"lambda {takes.removeprefix(', ')}: None")
    given = {"name": "mine", "call": formula, "validators": {"a": validator}}
    return lambda: (after(lambda made: made.bind(a=0.25), kind), {**given, **more})


LOOK_UPS: dict[str, tuple[str, str, Any]] = {
    "activation": ("elu", "alpha", 0.5),
    "callback": ("early_stopping", "patience", 3),
    "engine": ("native", "", None),
    "exporter": ("dot", "", None),
    "gradient_transform": ("clip_by_norm", "", None),
    "initializer": ("uniform", "low", -0.5),
    "loss": ("huber", "delta", 0.5),
    "metric": ("f1", "", None),
    "optimizer": ("adam", "learning_rate", 0.1),
    "penalty": ("l2", "weight", 0.1),
    "reader": ("csv", "delimiter", ";"),
    "scaler": ("standard", "", None),
    "schedule": ("step_decay", "", None),
}


def _look_up(kind: str) -> Callable[[], Call]:
    name, hyperparameter, value = LOOK_UPS[kind]
    # A hyperparameter that there is not is refused, whatever its value.
    key = hyperparameter or "no_such"

    def look_up(name: Any, plugins: Any, hyperparameters: Any) -> Any:
        given = {} if hyperparameters is no_formula else {key: hyperparameters}
        return getattr(valor, kind)(name, plugins=plugins, **given)

    first = value if hyperparameter else no_formula
    return lambda: (look_up, {"name": name, "plugins": None, "hyperparameters": first})


def _hyperparameter(record: Formula, name: str) -> Callable[[], Call]:
    def use(**given: Any) -> Any:
        return called(record.bind(**given))

    return lambda: (use, {name: record.hyperparameters[name]})
