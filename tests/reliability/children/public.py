"""What is public, and can be called: found by the names that modules list in ``__all__``."""

import inspect
from collections.abc import Iterator
from importlib import import_module
from typing import Any

from valor import standin

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

NOT_CALLED = {
    *("__init__", "__attrs_post_init__", "__eq__", "__ne__", "__setattr__", "__delattr__"),
    *("__getstate__", "__setstate__", "__subclasshook__"),
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


def arguments(thing: Any) -> set[str]:
    """Return the names of the arguments of a public thing."""
    return {*inspect.signature(thing).parameters} - {"self", "cls"} - GIVEN_BY_VALOR
