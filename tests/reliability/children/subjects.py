"""How everything public is called: each with arguments that it takes.

What `public` finds and is not here is in `LEFT_OUT`, each with the reason.
"""

from collections.abc import Callable
from typing import Any

from examples import (
    COLUMNS,
    CSV,
    FOLDER,
    MODEL,
    RUN,
    TABLE,
    TOML,
    Call,
    Once,
    X,
    Y,
    after,
    network,
    trainer,
)
from public import LEFT_OUT, arguments, public
from records import records

import valor
from valor import (
    MLP,
    Camada,
    Neuronio,
    Scaling,
    Trainer,
    Valor,
    checkpoint,
    config,
    data,
    files,
    functions,
    hookimpl,
    testing,
)
from valor.files import Columns

# That a file cannot be written, or a folder not be made, is what this error is for.
MAY_RAISE: dict[str, tuple[type[Exception], ...]] = dict.fromkeys(
    (
        *("MLP.save", "checkpoint.save", "checkpoint.write_snapshot", "Run.save_checkpoint"),
        *("files.write_atomically", "files.remove_leftovers", "files.cache_folder", "Lock"),
        "callback",
    ),
    (OSError,),
)


def subjects() -> dict[str, Callable[[], Call]]:
    """Return, by name, what makes a function and arguments that it takes; each is made anew."""
    return {**_networks(), **_training(), **records(), **_files(), **_functions(), **_kit()}


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


def uncovered() -> list[str]:
    """Return what is public, and neither among the subjects nor left out; or the reverse."""
    found = {name: names for name, thing in public() if (names := arguments(thing))}
    covered = {name: {*make()[1]} for name, make in subjects().items() if not name.endswith(")")}
    faults = [f"{name} is left out, but not there" for name in LEFT_OUT.keys() - found.keys()]
    for name in found.keys() - LEFT_OUT.keys():
        if covered.get(name) != found[name]:
            faults.append(f"{name} takes {found[name]}, but is called with {covered.get(name)}")
    return sorted(faults + [f"{name} is not there" for name in covered.keys() - found.keys()])
