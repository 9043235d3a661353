"""What a model file may say: its parts, and the strict reading of its text.

Nothing is guessed and nothing is run: a document that is damaged, or that says anything this
version does not know, is refused whole.
"""

import itertools
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import attrs

from valor._scaling import Scaling
from valor.checkpoint._strict_json import parsed
from valor.exceptions import InvalidArgumentError, ModelFileError, ValorError, shown
from valor.files import Columns

FORMAT = "valor-model"
VERSION = 2
# What version 1, of Valor 0.1, does not say.
ADDED = {"categories": {}, "threshold": 0.5, "scaling": None}


@attrs.frozen(eq=False)
class ModelDocument:
    """What a model file says.

    Attributes:
        widths: the number of inputs, then the number of neurons of each layer.
        activations: one a layer, with its name, its distribution (for a plugin that was registered
            by hand, the plugin's name) and its hyperparameters.
        parameters: the numbers by path name, ``camadas[0].neuronios[0].pesos[0]``.
        shared: path names of places that hold a parameter of another name, with that name.
        frozen: the names of the parameters that trainers leave alone.
        inputs, targets: the columns that it was trained on, with their categories; of length 0
            where there were none.
        scaling: how their numbers were scaled; None where they were not.

    >>> import tempfile
    >>> from valor import MLP
    >>> from valor.checkpoint import read, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(3, [2, 1], seed=0), f"{folder}/model.json", inputs=["a", "b", "c"])
    ...     document = read(f"{folder}/model.json")
    >>> document.widths, list(document.inputs), len(document.parameters)
    ([3, 2, 1], ['a', 'b', 'c'], 11)
    """

    widths: Sequence[int]
    activations: Sequence[Mapping[str, Any]]
    parameters: Mapping[str, float]
    shared: Mapping[str, str]
    frozen: Sequence[str]
    inputs: Columns
    targets: Columns
    scaling: Scaling | None


def parse(text: str) -> ModelDocument:
    """Return what the text of a model file says.

    Raises:
        ModelFileError: it is not the text of a model file, or of a damaged one.

    >>> parse("{}")
    Traceback (most recent call last):
    valor.exceptions.ModelFileError: it is not a model file: it has no format 'valor-model'
    """
    return _checked(parsed(text, ModelFileError, "a model file"))


def is_plain(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (bool, int, str))


def columns_fault(columns: Columns, width: int) -> str:
    """Return what is wrong with the columns of the inputs or the targets, or ""."""
    if len(columns) not in (0, width):
        numbers = f", {len(columns)} with a number for each category" if columns.categories else ""
        return f"names {len(columns.names)} columns{numbers}, but the network has {width}"
    if "" in columns.names:
        return f"holds an empty name, at [{columns.names.index('')}]"
    return ""


def scaling_fault(scaling: Scaling, widths: Sequence[int]) -> str:
    """Return what is wrong with a scaling for a network, or ""."""
    for name, width in (("inputs", widths[0]), ("targets", widths[-1])):
        pairs = getattr(scaling, name)
        if pairs is not None and len(pairs) != width:
            return f"{name} scales {len(pairs)} numbers, but the network has {width}"
    return ""


def _checked(document: Any) -> ModelDocument:
    """Return what a parsed document says, or refuse it."""
    named = isinstance(document, dict) and document.get("format") == FORMAT
    _require(named, f"it is not a model file: it has no format {FORMAT!r}")
    version, architecture = document.get("version"), document.get("architecture")
    _require(
        type(version) is int and 1 <= version <= VERSION,
        f"its format has version {shown(version)}, but this Valor reads versions 1 to {VERSION} "
        "only",
    )
    _require(architecture == "MLP", f"architecture must be 'MLP', not {shown(architecture)}")
    expected = {"format", "version", "architecture", "widths", "activations", "parameters"}
    expected |= {"shared", "frozen", "inputs", "targets"}
    if version == 1:
        _require_keys(document, expected, "the document")
        document = {**document, **ADDED}
    _require_keys(document, expected | {*ADDED}, "the document")
    for name in ("parameters", "shared"):
        _require_texts(document[name], dict, f"{name} must map names to texts")
    for name in ("frozen", "inputs", "targets"):
        _require_texts(document[name], list, f"{name} must be a list of texts")
    widths = document["widths"]
    _require(
        isinstance(widths, list)
        and len(widths) > 1
        and all(type(width) is int and width > 0 for width in widths),
        f"widths must be two or more ints of at least 1, not {shown(widths)}",
    )
    _check_activations(document["activations"], len(widths) - 1)
    _check_names(widths, document["parameters"], document["shared"], document["frozen"])
    return ModelDocument(
        widths=widths,
        activations=document["activations"],
        parameters={
            name: _number(f"parameter {name}", text)
            for name, text in document["parameters"].items()
        },
        shared=document["shared"],
        frozen=document["frozen"],
        inputs=_columns(document, "inputs", widths[0]),
        targets=_columns(document, "targets", widths[-1]),
        scaling=_scaling(document["scaling"], widths),
    )


def _columns(document: Mapping[str, Any], side: str, width: int) -> Columns:
    names, categories, threshold = (document[key] for key in (side, "categories", "threshold"))
    lists = isinstance(categories, dict) and all(isinstance(v, list) for v in categories.values())
    _require(lists, f"categories must map columns to lists, not {shown(categories)}")
    for name in categories:
        known = name in document["inputs"] or name in document["targets"]
        _require(known, f"categories are of a column {name!r}, which there is none of")
    _require(type(threshold) in (int, float), f"threshold must be a number, not {shown(threshold)}")
    own = {name: categories[name] for name in names if name in categories}
    try:
        columns = Columns(names, own, targets=side == "targets", threshold=threshold)
    except ValorError as error:
        raise ModelFileError(f"{side}: {error}") from None
    fault = columns_fault(columns, width)
    _require(not fault, f"{side} {fault}")
    return columns


def _scaling(given: Any, widths: Sequence[int]) -> Scaling | None:
    if given is None:
        return None
    _require(isinstance(given, dict), f"scaling must be an object or null, not {shown(given)}")
    _require_keys(given, {"inputs", "targets"}, "scaling")
    read: dict[str, Any] = {}
    for side, pairs in given.items():
        place = f"scaling: {side}"
        _require(
            pairs is None or isinstance(pairs, list),
            f"{place} must be a list or null, not {shown(pairs)}",
        )
        for pair in pairs or ():
            _require_texts(pair, list, f"{place} must hold pairs of texts")
        read[side] = pairs and [[_number(place, text) for text in pair] for pair in pairs]
    try:
        scaling = Scaling(**read)
    except InvalidArgumentError as error:
        raise ModelFileError(str(error)) from None
    fault = scaling_fault(scaling, widths)
    _require(not fault, f"scaling: {fault}")
    return scaling


def _check_activations(activations: Any, layers: int) -> None:
    count = len(activations) if isinstance(activations, list) else None
    _require(count == layers, f"activations must be a list of {layers}, one a layer")
    for position, entry in enumerate(activations):
        place = f"activations[{position}]"
        _require(isinstance(entry, dict), f"{place} must be an object, not {shown(entry)}")
        _require_keys(entry, {"name", "distribution", "hyperparameters"}, place)
        texts = [entry["name"], entry["distribution"]]
        _require_texts(texts, list, f"{place}: name and distribution must be texts")
        _require(all(texts), f"{place}: name and distribution must not be empty")
        hyperparameters = entry["hyperparameters"]
        _require(
            isinstance(hyperparameters, dict) and all(map(is_plain, hyperparameters.values())),
            f"{place}: hyperparameters must map names to numbers, texts, true, false or null",
        )


def _check_names(
    widths: list[int], parameters: dict[str, str], shared: dict[str, str], frozen: list[str]
) -> None:
    # The count comes first: damaged widths must not make us list a billion names.
    count = sum((before + 1) * width for before, width in itertools.pairwise(widths))
    given = len(parameters) + len(shared)
    _require(given == count, f"widths {widths} make {count} parameters, but there are {given}")
    seen = set()
    for name in _names(widths):
        _require(
            (name in parameters) != (name in shared), f"parameter {name} is missing or there twice"
        )
        if name in parameters:
            seen.add(name)
        else:
            _require(
                shared[name] in seen,
                f"{name} shares {shown(shared[name])}, which is no parameter before it",
            )
    for name in frozen:
        _require(name in parameters, f"frozen names {name!r}, which is no parameter")


def _names(widths: list[int]) -> Iterator[str]:
    for i, (before, width) in enumerate(itertools.pairwise(widths)):
        for j in range(width):
            path = f"camadas[{i}].neuronios[{j}]"
            yield from (f"{path}.pesos[{k}]" for k in range(before))
            yield f"{path}.vies"


def _number(place: str, text: str) -> float:
    try:
        value = float.fromhex(text)
    except (ValueError, OverflowError):
        value = math.nan
    # Only what `float.hex` writes: not "1.5", which would be read as something else.
    _require(
        math.isfinite(value) and value.hex() == text,
        f"{place} must be a finite hexadecimal float such as '0x1.8p+0', not {text!r}",
    )
    return value


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise ModelFileError(message)


def _require_keys(table: dict[str, Any], expected: set[str], place: str) -> None:
    missing, unknown = expected - table.keys(), table.keys() - expected
    _require(not missing, f"{place} lacks {', '.join(sorted(missing))}")
    _require(not unknown, f"{place} has unknown keys: {', '.join(sorted(unknown))}")


def _require_texts(value: Any, kind: type, message: str) -> None:
    texts = value.values() if isinstance(value, dict) else value
    _require(
        isinstance(value, kind) and all(isinstance(text, str) for text in texts),
        f"{message}, not {shown(value)}",
    )
