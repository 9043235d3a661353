"""Every public function, class and method, each with arguments that it takes.

`public` finds them, by the names that modules list in ``__all__``; `SUBJECTS` says how each is
called. What is in the one and not in the other is in `LEFT_OUT`, with the reason.
"""

import inspect
import random
import tempfile
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs
import pyarrow
import pyarrow.parquet

import valor
from valor import (
    MLP,
    Camada,
    Neuronio,
    PluginManager,
    Scaling,
    Trainer,
    Valor,
    checkpoint,
    config,
    data,
    files,
    functions,
    hookimpl,
    standin,
    testing,
)
from valor.contracts import KINDS, Formula
from valor.files import Columns

Call = tuple[Callable[..., Any], dict[str, Any]]

MODULES = (
    *("valor", "valor.checkpoint", "valor.config", "valor.contracts", "valor.data"),
    *("valor.files", "valor.functions", "valor.standin", "valor.testing"),
)

# What is no argument of a user's, and why.
BY_PYTHON = "Python calls it, with what it says"
BY_VALOR = "Valor calls it, and has checked what it gives"
FROM_VALOR = "it is made by Valor, and handed out"
OF_AN_ENGINE = "it says what an engine gives"
LEFT_OUT = {
    "Check": FROM_VALOR,
    "Columns.__getitem__": "as a list's: Python expects of a sequence the errors that a list has",
    "Configuration": FROM_VALOR,
    "Configuration.place": BY_VALOR,
    "EpochReport": FROM_VALOR,
    "Formula": "it is no kind of its own",
    "Formula.__call__": "it hands its arguments on: what they may be is up to the formula",
    "Forward": OF_AN_ENGINE,
    "Forward.__call__": OF_AN_ENGINE,
    "HookUse": FROM_VALOR,
    "Function": "the rows of the table are Valor's own",
    "Lock.__exit__": BY_PYTHON,
    "ModelDocument": FROM_VALOR,
    "Origin": FROM_VALOR,
    "Origin.place": BY_VALOR,
    "Plan": FROM_VALOR,
    "Plan.batches": BY_VALOR,
    "Plugin": FROM_VALOR,
    "Plugin.is_called": BY_VALOR,
    "PluginManager.__deepcopy__": BY_PYTHON,
    "PluginManager.answers": BY_VALOR,
    "PluginManager.call_all": BY_VALOR,
    "PluginManager.get_name": BY_VALOR,
    "PluginManager.listens": BY_VALOR,
    "PluginManager.load": BY_VALOR,
    "PluginManager.tell": BY_VALOR,
    "Program": OF_AN_ENGINE,
    "Program.advance": OF_AN_ENGINE,
    "Report": FROM_VALOR,
    "Run": FROM_VALOR,
    "Samples": FROM_VALOR,
    "Snapshot": FROM_VALOR,
    "Valor.__deepcopy__": BY_PYTHON,
    "Valor.__format__": BY_PYTHON,
    "Valor.__reduce_ex__": BY_PYTHON,
    "Valor.__valor_apply__": "the table of functions calls it",
    "hookimpl": "it is pluggy's",
    "standin.refusal": "it takes any text",
}
# Arguments of records that Valor gives: where one comes from, and what `bind` has bound.
GIVEN_BY_VALOR = {"provider", "bound"}
# That a file cannot be written, or a folder not be made, is what this error is for.
MAY_RAISE: dict[str, tuple[type[Exception], ...]] = dict.fromkeys(
    (
        *("MLP.save", "checkpoint.save", "checkpoint.write_snapshot", "Run.save_checkpoint"),
        *("files.write_atomically", "files.remove_leftovers", "files.cache_folder", "Lock"),
        "callback",
    ),
    (OSError,),
)

# What they are called with

X, Y = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [1.0, 1.0]], [0.0, 1.0, 0.0, 1.0]
TABLE = [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}, {"a": 3.0, "b": "x"}]
FOLDER = Path(tempfile.mkdtemp())
CSV, NUMBERS, MODEL, RUN, TOML = (
    str(FOLDER / name) for name in ("table.csv", "numbers", "model.json", "run.valor", "run.toml")
)
COLUMNS = Columns(["a", "b"], {"b": ["x", "y"]})


class Saves:
    """Writes a checkpoint after the first epoch."""

    @hookimpl
    def valor_after_epoch(self, run: Any, report: Any) -> None:
        if report.epoch == 1:
            run.save_checkpoint(RUN)


class Once:
    """Stops a run after the first epoch, however many were asked for."""

    @hookimpl
    def valor_should_stop(self) -> bool:
        return True


def network() -> MLP:
    return MLP(2, [1], activation="tanh", seed=0)


def trainer(*callbacks: Any) -> Trainer:
    return Trainer(network(), engine="eager", callbacks=[Once(), *callbacks], seed=1)


def prepare() -> None:
    """Write the files that some read."""
    Path(CSV).write_text("a,b,c\n1,x,0.5\n2,y,1.5\n3,x,2.5\n", encoding="utf-8")
    Path(TOML).write_text(
        "[data]\nx = [[0, 1], [1, 1]]\ny = [0, 1]\n[model]\nlayers = [1]\n[training]\nepochs = 2\n",
        encoding="utf-8",
    )
    Path(f"{NUMBERS}.csv").write_text("a,b\n1,2\n3,4\n", encoding="utf-8")
    table = pyarrow.table({"a": [1.0, 2.0], "b": [3.0, 4.0]})
    pyarrow.parquet.write_table(table, f"{NUMBERS}.parquet")
    network().save(MODEL)
    trainer(Saves()).fit(X, Y, epochs=2)


def after(use: Callable[[Any], Any], make: Callable[..., Any]) -> Callable[..., Any]:
    """Return a function that makes something, and uses it."""
    return lambda **given: use(make(**given))


def no_formula(*given: Any, **more: Any) -> Any:
    """Stand for a formula where it is never called."""


def called(record: Any) -> Any:
    """Use a record as the framework would."""
    kind = record.kind
    if kind == "callback":
        return trainer(record).fit(X, Y, epochs=1)
    if kind == "activation" and record.over == "layer":
        return record([Valor(0.5), Valor(-1.0)])
    if kind == "initializer":
        return record(random.Random(0), 2, 3)
    if kind in ("optimizer", "schedule"):
        state = (tuple(record.state.values()),) if record.state else ()
        if kind == "schedule":
            return record(1, 10, *state)
        return record(0.5, 0.1, *(state or ((),)), 1)
    arguments: dict[str, tuple[Any, ...]] = {
        "activation": (Valor(0.5),),
        "loss": ([Valor(0.5)], [1.0]),
        "penalty": (Valor(0.5),),
        "gradient_transform": ([0.5, -2.0],),
        "metric": ([[0.5], [0.25]], [[1.0], [0.0]]),
        "scaler": ([1.0, 3.0],),
        "exporter": (Valor(2.0) * 3.0,),
        "reader": (NUMBERS + (".parquet" if record.name == "parquet" else ".csv"),),
    }
    return record(*arguments[kind])


def subjects() -> dict[str, Callable[[], Call]]:
    """Return, by name, what makes a function and arguments that it takes; each is made anew."""
    return {**_networks(), **_training(), **_records(), **_files(), **_functions(), **_kit()}


def _networks() -> dict[str, Callable[[], Call]]:
    layer: dict[str, Any] = {"activation": "tanh", "initializer": "uniform", "seed": 1}
    layer["plugins"] = None

    def build(kind: Any, **given: Any) -> Callable[[], Call]:
        return lambda: (after(lambda made: made([0.5, 1.0]), kind), {**given, **layer})

    scaling = Scaling([(0.0, 1.0), (1.0, 2.0)], [(0.5, 2.0)])
    rows = [[0.5, 1.0]]
    found: dict[str, Callable[[], Call]] = {
        "MLP": build(MLP, num_dados_entrada=2, num_neuronios_por_camada=[2, 1]),
        "Camada": build(Camada, num_dados_entrada=2, num_neuronios=2),
        "Neuronio": build(Neuronio, num_dados_entrada=2, fan_out=1),
        "MLP.__call__": lambda: (network(), {"x": [0.5, 1.0]}),
        "MLP.predict": lambda: (network().predict, {"x": X, "plugins": None}),
        "MLP.save": lambda: (
            network().save,
            {"path": MODEL, "inputs": ["a", "b"], "targets": ["y"], "plugins": None},
        ),
        "MLP.load": lambda: (MLP.load, {"path": MODEL, "plugins": None}),
        "Camada.__call__": lambda: (Camada(2, 2), {"x": [0.5, 1.0]}),
        "Camada.outputs": lambda: (Camada(2, 2).outputs, {"x": [0.5, 1.0]}),
        "Neuronio.__call__": lambda: (Neuronio(2), {"x": [0.5, 1.0]}),
        "Neuronio.weighted_sum": lambda: (Neuronio(2).weighted_sum, {"x": [0.5, 1.0]}),
        "Scaling": lambda: (
            after(lambda made: made.scaled_inputs(X), Scaling),
            {"inputs": [(0.0, 1.0), (1.0, 2.0)], "targets": [(0.5, 2.0)]},
        ),
        "Scaling.scaled_inputs": lambda: (scaling.scaled_inputs, {"rows": rows}),
        "Scaling.scaled_targets": lambda: (scaling.scaled_targets, {"rows": [[0.5]]}),
        "Scaling.unscaled_outputs": lambda: (scaling.unscaled_outputs, {"rows": [[0.5]]}),
        "Valor": lambda: (
            after(lambda made: (made * 2).propagar_tudo(), Valor),
            {"data": 1.0, "progenitor": (Valor(0.5),), "operador_mae": "f", "rotulo": "a"},
        ),
        "Valor.clip": lambda: (Valor.clip, {"x": Valor(0.5), "low": 0.0, "high": 1.0}),
        "Valor.maximum": lambda: (Valor.maximum, {"a": Valor(0.5), "b": 1.0}),
        "Valor.minimum": lambda: (Valor.minimum, {"a": Valor(0.5), "b": 1.0}),
        "topological_order": lambda: (valor.topological_order, {"root": Valor(1.0) * 2}),
        "plota_grafo": lambda: (
            after(str, valor.plota_grafo),
            {"root": Valor(1.0) * 2, "exporter": "mermaid", "plugins": None},
        ),
    }
    for name in ("add", "sub", "mul", "truediv"):
        for way in (f"__{name}__", f"__r{name}__"):
            found[f"Valor.{way}"] = _operator(way, "other")
    for name in ("lt", "le", "gt", "ge", "rpow"):
        found[f"Valor.__{name}__"] = _operator(f"__{name}__", "other")
    found["Valor.__pow__"] = _operator("__pow__", "exponent")
    return found


def _operator(method: str, argument: str) -> Callable[[], Call]:
    def call(**given: Any) -> Any:
        (other,) = given.values()
        result = getattr(Valor(0.5), method)(other)
        return None if result is NotImplemented else result

    return lambda: (call, {argument: 2.0})


def _training() -> dict[str, Callable[[], Call]]:
    def run() -> Any:
        return trainer().fit(X, Y, epochs=1)

    def unfinished(path: Any) -> None:
        class Asked:
            @hookimpl
            def valor_after_epoch(self, run: Any) -> None:
                run.save_checkpoint(path)

        trainer(Asked()).fit(X, Y, epochs=1)

    def read() -> Any:
        return config.read(TOML)

    return {
        "Trainer": lambda: (
            after(lambda made: made.fit(X, Y, epochs=2), Trainer),
            {
                "model": network(),
                "loss": "huber",
                "optimizer": "adam",
                "engine": "eager",
                "mode": "exact",
                "callbacks": [Once()],
                "seed": 1,
                "plugins": None,
                "penalties": ["l2"],
                "gradient_transforms": ["clip_by_norm"],
                "threads": 1,
            },
        ),
        "Trainer.fit": lambda: (
            trainer().fit,
            {
                "x": X,
                "y": Y,
                "epochs": 2,
                "batch_size": 4,
                "shuffle": False,
                "validation": None,
                "stratify": False,
                "metrics": ["accuracy"],
                "sample_weight": None,
                "class_weight": None,
                "scale_inputs": None,
                "scale_targets": None,
                "resume_from": None,
            },
        ),
        "Trainer.predict": lambda: (trainer().predict, {"x": X}),
        "Trainer.evaluate": lambda: (trainer().evaluate, {"x": X, "y": Y, "metrics": ["r2"]}),
        "Trainer.explain": lambda: (
            trainer().explain,
            {"x": X, "y": Y, "batch_size": 2, "shuffle": True},
        ),
        "Run.save_checkpoint": lambda: (unfinished, {"path": str(FOLDER / "other.valor")}),
        "History.__getitem__": lambda: (run().history.__getitem__, {"name": "loss"}),
        "History.extend": lambda: (run().history.extend, {"name": "mine", "values": [0.5]}),
        "History.row": lambda: (run().history.row, {"epoch": 0}),
        "data.split": lambda: (
            data.split,
            {"x": X, "y": Y, "fraction": 0.5, "seed": 1, "stratify": True},
        ),
        "data.folds": lambda: (
            data.folds,
            {"x": X, "y": Y, "count": 2, "seed": 1, "stratify": True},
        ),
        "config.read": lambda: (config.read, {"path": TOML, "overrides": []}),
        "config.effective_text": lambda: (
            config.effective_text,
            {"configuration": read(), "folder": str(FOLDER), "plugins": None},
        ),
        "Override": lambda: (
            after(lambda made: config.read(TOML, [made]), config.Override),
            {"option": "--epochs", "keys": ("training", "epochs"), "value": 3},
        ),
        "Configuration.samples": lambda: (read().samples, {"plugins": None}),
        "Configuration.metrics": lambda: (read().metrics, {"plugins": None}),
        "Configuration.trainer": lambda: (
            read().trainer,
            {"inputs": 2, "plugins": None, "callbacks": [Once()]},
        ),
        "Configuration.fit_arguments": lambda: (
            read().fit_arguments,
            {"samples": read().samples(), "plugins": None},
        ),
    }


def _records() -> dict[str, Callable[[], Call]]:
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


def _files() -> dict[str, Callable[[], Call]]:
    csv = valor.reader("csv")
    samples: dict[str, Any] = {"target": "c", "inputs": ["a", "b"], "categorical": ["b"]}
    samples |= {"threshold": 0.5, "weight": None, "reader": "csv", "plugins": None}
    return {
        "checkpoint.load": lambda: (checkpoint.load, {"path": MODEL, "plugins": None}),
        "checkpoint.read": lambda: (checkpoint.read, {"path": MODEL}),
        "checkpoint.read_snapshot": lambda: (checkpoint.read_snapshot, {"path": RUN}),
        "checkpoint.save": lambda: (
            checkpoint.save,
            {
                "model": network(),
                "path": MODEL,
                "inputs": ["a", "b"],
                "targets": ["y"],
                "plugins": None,
            },
        ),
        "checkpoint.write_snapshot": lambda: (
            checkpoint.write_snapshot,
            {"path": RUN, "snapshot": checkpoint.read_snapshot(RUN)},
        ),
        "Columns": lambda: (
            after(lambda made: made.encoded(TABLE), Columns),
            {
                "names": ["a", "b"],
                "categories": {"b": ["x", "y"]},
                "targets": False,
                "threshold": 0.5,
            },
        ),
        "Columns.of": lambda: (
            Columns.of,
            {
                "table": TABLE,
                "names": ["a", "b"],
                "categorical": ["b"],
                "targets": True,
                "threshold": 0.5,
                "source": "a table",
            },
        ),
        "Columns.decoded": lambda: (COLUMNS.decoded, {"rows": [[1.0, 0.0, 1.0]]}),
        "Columns.encoded": lambda: (COLUMNS.encoded, {"table": TABLE, "source": "a table"}),
        "Columns.renamed": lambda: (COLUMNS.renamed, {"names": ["c", "d"]}),
        "Lock": lambda: (after(_locked, files.Lock), {"path": str(FOLDER / "locked")}),
        "Samples.like": lambda: (
            files.read_samples(CSV, target="c", categorical="b").like,
            {"path": CSV, "reader": csv},
        ),
        "files.by_suffix": lambda: (
            files.by_suffix,
            {"kind": valor.Reader, "path": CSV, "plugins": None},
        ),
        "files.cache_folder": lambda: (files.cache_folder, {"name": "hostile"}),
        "files.path_of": lambda: (files.path_of, {"path": CSV, "argument": "path"}),
        "files.read_samples": lambda: (files.read_samples, {"path": CSV, **samples}),
        "files.read_table": lambda: (
            files.read_table,
            {"path": CSV, "reader": csv, "columns": ["a", "b"], "texts": ["b"]},
        ),
        "files.remove_leftovers": lambda: (
            files.remove_leftovers,
            {"path": str(FOLDER / "nothing")},
        ),
        "files.selected": lambda: (
            files.selected,
            {"path": CSV, "rows": [{"a": 1.0, "b": 2.0}], "columns": ["b"]},
        ),
        "files.write_atomically": lambda: (
            files.write_atomically,
            {"path": str(FOLDER / "written"), "content": "text", "keep_previous": True},
        ),
    }


def _locked(lock: files.Lock) -> None:
    with lock:
        pass


def _functions() -> dict[str, Callable[[], Call]]:
    found: dict[str, Callable[[], Call]] = {
        "functions.clip": lambda: (functions.clip, {"x": 0.5, "low": 0.0, "high": 1.0}),
        "functions.dot": lambda: (functions.dot, {"a": [1.0, 2.0], "b": [3.0, 4.0]}),
        "functions.number": lambda: (functions.number, {"value": 1, "argument": "data"}),
        "functions.power_of": lambda: (
            after(lambda row: row(2.0), functions.power_of),
            {"exponent": 3.0},
        ),
        "functions.where": lambda: (
            functions.where,
            {"condition": Valor(1.0) > 0, "a": Valor(1.0), "b": 2.0},
        ),
        "Function.__call__": lambda: (
            lambda arguments: functions.TABLE["add"](Valor(1.0), arguments),
            {"arguments": 2.0},
        ),
    }
    for name in ("divide", "maximum", "minimum"):
        found[f"functions.{name}"] = _function(name, "a", "b")
    for name in (
        *("absolute", "cos", "erf", "erfc", "exp", "expm1", "log", "log1p", "sig", "sin"),
        *("softplus", "sqrt", "tanh"),
    ):
        found[f"functions.{name}"] = _function(name, "x")
    return found


def _function(name: str, *arguments: str) -> Callable[[], Call]:
    return lambda: (getattr(functions, name), dict.fromkeys(arguments, 0.5))


def _kit() -> dict[str, Callable[[], Call]]:
    records: dict[str, Any] = {
        "activation": "tanh",
        "exporter": "mermaid",
        "gradient_transform": "clip_by_norm",
        "initializer": "uniform",
        "loss": "hinge",
        "metric": "r2",
        "optimizer": "gradient_descent",
        "penalty": "l1",
        "scaler": "standard",
        "schedule": "step_decay",
    }
    more: dict[str, dict[str, Any]] = {
        "activation": {"domain": (-1.0, 1.0)},
        "loss": {"domain": (-1.0, 1.0), "targets": (-1.0, 1.0)},
        "penalty": {"domain": (-1.0, 1.0)},
    }

    def check(kind: str) -> Callable[[], Call]:
        given = {"record": records[kind], "plugins": None, **more.get(kind, {})}
        return lambda: (getattr(testing, f"check_{kind}"), given)

    return {
        **{f"testing.check_{kind}": check(kind) for kind in records},
        "testing.check": lambda: (
            lambda record, options: testing.check(record, domain=options),
            {"record": valor.activation("identity"), "options": (-1.0, 1.0)},
        ),
        "testing.records": lambda: (
            testing.records,
            {"distribution": "valor-framework", "plugins": None},
        ),
    }


def public() -> Iterator[tuple[str, Any]]:
    """Yield the name of everything public that can be called, and the thing itself."""
    seen: set[int] = set()
    for module_name in MODULES:
        module = import_module(module_name)
        short = module_name.partition(".")[2]
        for name in module.__all__:
            thing = getattr(module, name)
            if id(thing) in seen or not callable(thing) or inspect.ismodule(thing):
                continue
            seen.add(id(thing))
            if not inspect.isclass(thing):
                yield f"{short}.{name}".removeprefix("."), thing
            elif thing is not standin.StandIn:  # its operators are those of what is derived from it
                yield name, thing
                yield from ((f"{name}.{method}", found) for method, found in _methods(thing))


def _methods(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods of a class, and the operators, that are written in it."""
    for name, static in vars(kind).items():
        method = getattr(static, "__func__", static)
        special = name.startswith("__") and name.endswith("__")
        if (name.startswith("_") and not special) or not inspect.isfunction(method):
            continue
        # attrs writes some of them, typing others.
        if method.__module__.startswith("valor") and name not in NOT_CALLED:
            yield name, method


NOT_CALLED = {
    *("__init__", "__attrs_post_init__", "__eq__", "__ne__", "__setattr__", "__delattr__"),
    *("__getstate__", "__setstate__", "__subclasshook__"),
}


def arguments(thing: Any) -> set[str]:
    """Return the names of the arguments of a public thing."""
    return {*inspect.signature(thing).parameters} - {"self", "cls"} - GIVEN_BY_VALOR


def uncovered() -> list[str]:
    """Return what is public, and neither among the subjects nor left out; or the reverse."""
    found = {name: names for name, thing in public() if (names := arguments(thing))}
    covered = {name: {*make()[1]} for name, make in subjects().items() if not name.endswith(")")}
    faults = [f"{name} is left out, but not there" for name in LEFT_OUT.keys() - found.keys()]
    for name in found.keys() - LEFT_OUT.keys():
        if covered.get(name) != found[name]:
            faults.append(f"{name} takes {found[name]}, but is called with {covered.get(name)}")
    return sorted(faults + [f"{name} is not there" for name in covered.keys() - found.keys()])
