"""Data, files, networks and trainers for calls of what is public; and how records are used."""

import random
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow
import pyarrow.parquet

from valor import MLP, Trainer, Valor, hookimpl
from valor.files import Columns

Call = tuple[Callable[..., Any], dict[str, Any]]

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
