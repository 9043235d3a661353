"""Every public function, class and method, each with arguments that it takes.

`public` finds them, by the names that modules list in ``__all__``; `subjects` says how each is
called. What is in the one and not in the other is in `LEFT_OUT`, with the reason.
"""

import inspect
import itertools
import random
import tempfile
from array import array
from collections.abc import Callable, Iterator
from importlib import import_module
from pathlib import Path
from typing import Any

import attrs

import valor
from valor import MLP, Camada, Neuronio, Plan, PluginManager, Trainer, Valor, checkpoint, config
from valor import contracts, data, files, functions, hookimpl, standin, testing
from valor._discovery import default_manager
from valor.files import Columns

Call = tuple[Callable[..., Any], dict[str, Any]]

MODULES = (
    "valor",
    "valor.checkpoint",
    "valor.config",
    "valor.contracts",
    "valor.data",
    "valor.files",
    "valor.functions",
    "valor.standin",
    "valor.testing",
)
X, Y = [[0.0, 1.0], [1.0, 0.0], [0.5, 0.5], [1.0, 1.0]], [0.0, 1.0, 0.0, 1.0]
TABLE = [{"a": 1.0, "b": "x"}, {"a": 2.0, "b": "y"}, {"a": 3.0, "b": "x"}]
FOLDER = Path(tempfile.mkdtemp())

# What is no argument of a user's, and why.
FROM_VALOR = "it is made by Valor, and handed out"
BY_PYTHON = "Python calls it, with what it says"
BY_TRAINER = "the trainer calls it, and has checked what it gives"
LEFT_OUT = {
    "Callback.__call__": BY_TRAINER,
    "Check": FROM_VALOR,
    "Configuration": FROM_VALOR,
    "EpochReport": FROM_VALOR,
    "Forward": "it says what an engine gives",
    "Forward.__call__": "it says what an engine gives",
    "Lock.__enter__": BY_PYTHON,
    "Lock.__exit__": BY_PYTHON,
    "ModelDocument": FROM_VALOR,
    "Plan": FROM_VALOR,
    "Plugin": FROM_VALOR,
    "PluginManager.__copy__": BY_PYTHON,
    "PluginManager.__deepcopy__": BY_PYTHON,
    "PluginManager.__reduce__": BY_PYTHON,
    "PluginManager.answers": BY_TRAINER,
    "PluginManager.call_all": BY_TRAINER,
    "PluginManager.listens": BY_TRAINER,
    "PluginManager.load": BY_TRAINER,
    "PluginManager.tell": BY_TRAINER,
    "Program": "it says what an engine gives",
    "Program.advance": "it says what an engine gives",
    "Report": FROM_VALOR,
    "Run": FROM_VALOR,
    "Samples": FROM_VALOR,
    "Snapshot": FROM_VALOR,
    "StandIn": "what its operators do is up to the class that is derived from it",
    "Valor.__deepcopy__": BY_PYTHON,
    "Valor.__format__": BY_PYTHON,
    "Valor.__reduce_ex__": BY_PYTHON,
    "Valor.__valor_apply__": "the table of functions calls it",
    "hookimpl": "it is pluggy's",
}
# Written out: the file could not be written. Not everything that is called a path can be one.
MAY_RAISE: dict[str, tuple[type[Exception], ...]] = dict.fromkeys(
    (
        *("MLP.save", "checkpoint.save", "checkpoint.write_snapshot", "Run.save_checkpoint"),
        *("files.write_atomically", "files.Lock.acquire", "Lock", "files.remove_leftovers"),
        *("files.cache_folder", "callback bind"),
    ),
    (OSError,),
)


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
                continue
            yield name, thing
            if name != "StandIn":
                yield from ((f"{name}.{method}", found) for method, found in _methods(thing))


def _methods(kind: type) -> Iterator[tuple[str, Any]]:
    """Yield the public methods of a class, and the operators, that it has of ours."""
    for name in dir(kind):
        static = inspect.getattr_static(kind, name)
        owner = next((each for each in kind.__mro__ if name in vars(each)), object)
        method = getattr(static, "__func__", static)
        special = name.startswith("__") and name.endswith("__")
        if name.startswith("_") and not special or not owner.__module__.startswith("valor"):
            continue
        # attrs writes these, `object` these.
        if not inspect.isfunction(method) or "attrs generated" in method.__code__.co_filename:
            continue
        if name not in ("__init__", "__attrs_post_init__", "__setattr__", "__delattr__"):
            yield name, method


def arguments(thing: Any) -> list[str]:
    """Return the names of the arguments of a public thing."""
    names = list(inspect.signature(thing).parameters)
    return [name for name in names if name not in ("self", "cls")]
