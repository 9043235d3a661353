"""The model file: one JSON document with a network's shape, activations and parameters, and with
what the numbers it takes and gives stand for: columns, their categories, how they were scaled.

Parameters are hexadecimal floats by path name, so that what is loaded is, to the last bit, what
was saved. Reading is strict and runs nothing: a file that is damaged, or that says anything this
version does not know, is refused whole.
"""

import json
import math
import os
from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

import attrs

from valor import functions
from valor._discovery import DISTRIBUTION, manager_for
from valor._graph import Valor
from valor._manager import PluginManager
from valor._network import MLP, SIGMOID, Camada, Neuronio
from valor._registry import find
from valor._scaling import Scaling
from valor.checkpoint._document import (
    FORMAT,
    VERSION,
    ModelDocument,
    columns_fault,
    is_plain,
    parse,
    scaling_fault,
)
from valor.checkpoint._snapshot import Snapshot, read_snapshot, write_snapshot
from valor.contracts import Activation, Initializer
from valor.exceptions import InvalidArgumentError, ModelFileError, ValorError, shown
from valor.files import Columns, path_of, write_atomically
from valor.files._columns import names_of

__all__ = [
    "ModelDocument",
    "Snapshot",
    "load",
    "read",
    "read_snapshot",
    "save",
    "write_snapshot",
]

Path = str | os.PathLike[str]


def save(
    model: MLP,
    path: Path,
    *,
    inputs: Iterable[str] = (),
    targets: Iterable[str] = (),
    plugins: PluginManager | None = None,
) -> None:
    """Write a network to a file, atomically; and with it, its `MLP.scaling`.

    Args:
        model: the network.
        path: the file; one that is there already is replaced.
        inputs, targets: the columns it was trained on, so that a later prediction can find them in
            another table: `valor.files.Columns`, whose categories are kept, or names; as many as
            the network has inputs and outputs, or none.
        plugins: the manager that the model's activations come from; the default one if None.

    Raises:
        InvalidArgumentError: the model is not an `MLP`, has an activation that no plugin of the
            manager provides, or holds something else that a file cannot; or the names of the
            columns are too many or too few, not texts, empty, or there twice.
        OSError: the file cannot be written.

    >>> import tempfile
    >>> model = MLP(2, [1], seed=0)
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(model, f"{folder}/model.json")
    ...     load(f"{folder}/model.json")([1.0, 2.0]).data == model([1.0, 2.0]).data
    True
    """
    _check_classes(model)
    parameters: dict[str, str] = {}
    names: dict[Valor, str] = {}
    shared = {}
    frozen = []
    for name, owner, key in _places(model):
        parameter = owner[key]
        if parameter in names:
            shared[name] = names[parameter]
            continue
        value = float(parameter.data)
        if not math.isfinite(value):
            raise InvalidArgumentError(f"model: parameter {name} is {value}; it must be finite")
        names[parameter] = name
        parameters[name] = value.hex()
        if not parameter.trainable:
            frozen.append(name)
    widths = _widths(model)
    sides = {
        "inputs": _columns("inputs", inputs, widths[0]),
        "targets": _columns("targets", targets, widths[-1]),
    }
    document = {
        "format": FORMAT,
        "version": VERSION,
        "architecture": "MLP",
        "widths": widths,
        "activations": [_described(layer.activation, plugins) for layer in model.camadas],
        **{side: list(columns.names) for side, columns in sides.items()},
        "categories": _all_categories(sides),
        "threshold": sides["targets"].threshold,
        "scaling": _scaling(model.scaling, widths),
        "parameters": parameters,
        "shared": shared,
        "frozen": frozen,
    }
    write_atomically(path, json.dumps(document, indent=1, ensure_ascii=False) + "\n")


def load(path: Path, plugins: PluginManager | None = None) -> MLP:
    """Return the network of a file, with the bits it was saved with.

    Args:
        path: the file.
        plugins: the manager to look activations up in; the default one if None.

    Raises:
        ModelFileError: the file cannot be read, is not a model file, is damaged, or needs a plugin
            that is not there.

    >>> load("nowhere.json")
    Traceback (most recent call last):
    valor.exceptions.ModelFileError: nowhere.json: No such file or directory
    """
    document = read(path)
    try:
        activations = [_activation(entry, plugins) for entry in document.activations]
    except ValorError as error:
        raise ModelFileError(f"{os.fspath(path)}: {error}") from error
    model = MLP(
        document.widths[0],
        document.widths[1:],
        activation=activations,
        initializer=Initializer("zero", lambda random, fan_in, fan_out: 0.0),
    )
    model.scaling = document.scaling
    parameters: dict[str, Valor] = {}
    frozen = set(document.frozen)
    for name, owner, key in _places(model):
        if name in document.shared:
            owner[key] = parameters[document.shared[name]]
            continue
        parameter = parameters[name] = owner[key]
        parameter.data = document.parameters[name]
        parameter.trainable = name not in frozen
    return model


def read(path: Path) -> ModelDocument:
    """Return what a model file says, without looking for the plugins it needs.

    Raises:
        ModelFileError: the file cannot be read, is not a model file, or is damaged.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(2, [1], seed=0), f"{folder}/model.json", inputs=["a", "b"], targets=["y"])
    ...     list(read(f"{folder}/model.json").inputs)
    ['a', 'b']
    """
    path = path_of(path)
    try:
        with open(path, encoding="utf-8") as file:
            return parse(file.read())
    except OSError as error:
        raise ModelFileError(f"{path}: {error.strerror or error}") from error
    except UnicodeDecodeError as error:
        raise ModelFileError(f"{path}: it is not UTF-8 text: {error}") from error
    except ModelFileError as error:
        raise ModelFileError(f"{path}: {error}") from error


def _check_classes(model: Any) -> None:
    """Refuse a class derived from ours: a file cannot hold what it does otherwise."""
    if type(model) is not MLP:
        derived = ", and not of a class derived from it" if isinstance(model, MLP) else ""
        raise InvalidArgumentError(f"model must be an MLP to be saved{derived}, not {shown(model)}")
    for i, layer in enumerate(model.camadas):
        if type(layer) is not Camada:
            raise InvalidArgumentError(
                f"model: camadas[{i}] must be a Camada to be saved, not {shown(layer)}"
            )
        for j, neuron in enumerate(layer.neuronios):
            if type(neuron) is not Neuronio:
                raise InvalidArgumentError(
                    f"model: camadas[{i}].neuronios[{j}] must be a Neuronio to be saved, "
                    f"not {shown(neuron)}"
                )


def _places(model: MLP) -> Iterator[tuple[str, Any, Any]]:
    """Yield every place of a parameter: its path name, and where to get and put it."""
    for i, layer in enumerate(model.camadas):
        for j, neuron in enumerate(layer.neuronios):
            path = f"camadas[{i}].neuronios[{j}]"
            for k in range(len(neuron.pesos)):
                yield f"{path}.pesos[{k}]", neuron.pesos, k
            yield f"{path}.vies", vars(neuron), "vies"


def _widths(model: MLP) -> list[int]:
    widths = [len(model.camadas[0].neuronios[0].pesos)]
    for position, layer in enumerate(model.camadas):
        for neuron in layer.neuronios:
            if len(neuron.pesos) != widths[-1]:
                raise InvalidArgumentError(
                    f"model: a neuron of camadas[{position}] has {len(neuron.pesos)} weights, "
                    f"but {widths[-1]} inputs"
                )
        widths.append(len(layer.neuronios))
    return widths


def _columns(side: str, given: Any, width: int) -> Columns:
    if isinstance(given, Columns):
        columns = attrs.evolve(given, targets=side == "targets")
    elif isinstance(given, str):  # a list of letters to Python, and never what was meant
        raise InvalidArgumentError(f"{side} must be a list of texts, not {shown(given)}")
    else:
        columns = Columns(names_of(given, side), targets=side == "targets")
    fault = columns_fault(columns, width)
    if fault:
        raise InvalidArgumentError(f"{side} {fault}")
    return columns


def _all_categories(sides: Mapping[str, Columns]) -> dict[str, Any]:
    """Return the categories of both sides, where a column that is on both has the same ones."""
    inputs, targets = (sides[side] for side in ("inputs", "targets"))
    for name in inputs.names:
        if name in targets.names and inputs.categories.get(name) != targets.categories.get(name):
            raise InvalidArgumentError(
                f"column {name!r} must have the same categories as an input and as a target"
            )
    return {**inputs.categories, **targets.categories}


def _scaling(scaling: Scaling | None, widths: Sequence[int]) -> dict[str, Any] | None:
    if scaling is None:
        return None
    fault = scaling_fault(scaling, widths)
    if fault:
        raise InvalidArgumentError(f"model: scaling: {fault}")
    return {
        side: pairs and [[number.hex() for number in pair] for pair in pairs]
        for side, pairs in (("inputs", scaling.inputs), ("targets", scaling.targets))
    }


def _described(activation: Activation, plugins: PluginManager | None) -> dict[str, Any]:
    hyperparameters = activation.hyperparameters
    for name, value in hyperparameters.items():
        if not is_plain(value):
            raise InvalidArgumentError(
                f"{activation}: hyperparameter {name} is {shown(value)}, which a file cannot hold"
            )
    name = activation.name
    if activation.provider:
        distribution = _origin(activation, manager_for(plugins))
    elif activation.call is functions.sig and activation.over == "neuron":
        # Known by what it computes: a network that was copied has a copy of the record.
        name, distribution = SIGMOID.name, DISTRIBUTION
    else:
        # A name alone would be loaded as whatever plugin provides that name, or never.
        raise InvalidArgumentError(
            f"{activation} cannot be saved: a file holds only the name of an activation, and no "
            "plugin provides this one; provide it by a plugin (PluginManager.register adds one by "
            "hand), and build the network with its name"
        )
    return {"name": name, "distribution": distribution, "hyperparameters": hyperparameters}


def _origin(activation: Activation, manager: PluginManager) -> str:
    """Return what stands before the colon where this activation is looked up."""
    for plugin in manager.plugins:
        if str(plugin) == activation.provider:
            return plugin.distribution or plugin.name
    raise InvalidArgumentError(
        f"{activation} cannot be saved: the manager has no such plugin; give the manager that the "
        "network was built with: save(…, plugins=manager)"
    )


def _activation(entry: Mapping[str, Any], plugins: PluginManager | None) -> Activation:
    name, distribution = entry["name"], entry["distribution"]
    hyperparameters = entry["hyperparameters"]
    # The lesson's own activation is never looked up, so that no plugin can change or remove it.
    if (name, distribution, hyperparameters) == (SIGMOID.name, DISTRIBUTION, {}):
        return SIGMOID
    record = find(Activation, f"{distribution}:{name}", manager_for(plugins))
    return record.bind(**hyperparameters)
