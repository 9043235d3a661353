"""What a model file may say: its parts, and the strict reading of its text.

Nothing is guessed and nothing is run: a document that is damaged, or that says anything this
version does not know, is refused whole.
"""

import itertools
import json
import math
from collections.abc import Iterator, Mapping, Sequence
from typing import Any, NoReturn

import attrs

from valor.exceptions import ModelFileError, shown

FORMAT = "valor-model"
VERSION = 1


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
        inputs, targets: the names of the columns that it was trained on, where there were any.

    >>> import tempfile
    >>> from valor import MLP
    >>> from valor.checkpoint import read, save
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     save(MLP(3, [2, 1], seed=0), f"{folder}/model.json", inputs=["a", "b", "c"])
    ...     document = read(f"{folder}/model.json")
    >>> document.widths, document.inputs, len(document.parameters)
    ([3, 2, 1], ['a', 'b', 'c'], 11)
    """

    widths: Sequence[int]
    activations: Sequence[Mapping[str, Any]]
    parameters: Mapping[str, float]
    shared: Mapping[str, str]
    frozen: Sequence[str]
    inputs: Sequence[str]
    targets: Sequence[str]


def parse(text: str) -> ModelDocument:
    """Return what the text of a model file says.

    Raises:
        ModelFileError: it is not the text of a model file, or of a damaged one.

    >>> parse("{}")
    Traceback (most recent call last):
    valor.exceptions.ModelFileError: it is not a model file: it has no format 'valor-model'
    """
    try:
        document = json.loads(
            text,
            object_pairs_hook=_without_duplicates,
            parse_constant=_refuse_constant,
            parse_float=_finite,
        )
    except RecursionError:
        raise ModelFileError("it is nested too deeply to be a model file") from None
    except ModelFileError:
        raise
    except ValueError as error:
        raise ModelFileError(f"it is not a whole JSON document: {error}") from None
    return _checked(document)


def is_plain(value: Any) -> bool:
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, (bool, int, str))


def columns_fault(columns: Any, width: int) -> str:
    """Return what is wrong with the names of the inputs' or the targets' columns, or ""."""
    if not isinstance(columns, list) or not all(isinstance(name, str) for name in columns):
        return f"must be a list of texts, not {shown(columns)}"
    if len(columns) not in (0, width):
        return f"names {len(columns)} columns, but the network has {width}"
    if "" in columns:
        return f"holds an empty name, at [{columns.index('')}]"
    seen: set[str] = set()
    for name in columns:
        if name in seen:
            return f"names column {name!r} twice"
        seen.add(name)
    return ""


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    result: dict[str, Any] = {}
    for key, value in pairs:
        if key in result:
            raise ModelFileError(f"key {key!r} stands there twice")
        result[key] = value
    return result


def _refuse_constant(text: str) -> NoReturn:
    raise ModelFileError(f"{text} is not a finite number")


def _finite(text: str) -> float:
    value = float(text)
    return value if math.isfinite(value) else _refuse_constant(text)


def _checked(document: Any) -> ModelDocument:
    """Return what a parsed document says, or refuse it."""
    named = isinstance(document, dict) and document.get("format") == FORMAT
    _require(named, f"it is not a model file: it has no format {FORMAT!r}")
    version, architecture = document.get("version"), document.get("architecture")
    _require(
        type(version) is int and version == VERSION,
        f"its format has version {version!r}, but this Valor reads version {VERSION} only",
    )
    _require(architecture == "MLP", f"architecture must be 'MLP', not {architecture!r}")
    sections = {field.name for field in attrs.fields(ModelDocument)}
    _require_keys(document, {"format", "version", "architecture", *sections}, "the document")
    for name in ("parameters", "shared"):
        _require_texts(document[name], dict, f"{name} must map names to texts")
    _require_texts(document["frozen"], list, "frozen must be a list of texts")
    widths = document["widths"]
    _require(
        isinstance(widths, list)
        and len(widths) > 1
        and all(type(width) is int and width > 0 for width in widths),
        f"widths must be two or more ints of at least 1, not {shown(widths)}",
    )
    for name, width in (("inputs", widths[0]), ("targets", widths[-1])):
        fault = columns_fault(document[name], width)
        _require(not fault, f"{name} {fault}")
    _check_activations(document["activations"], len(widths) - 1)
    _check_names(widths, document["parameters"], document["shared"], document["frozen"])
    numbers = {name: _number(name, text) for name, text in document["parameters"].items()}
    return ModelDocument(**{name: document[name] for name in sections} | {"parameters": numbers})


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
                f"{name} shares {shared[name]!r}, which is no parameter before it",
            )
    for name in frozen:
        _require(name in parameters, f"frozen names {name!r}, which is no parameter")


def _names(widths: list[int]) -> Iterator[str]:
    for i, (before, width) in enumerate(itertools.pairwise(widths)):
        for j in range(width):
            path = f"camadas[{i}].neuronios[{j}]"
            yield from (f"{path}.pesos[{k}]" for k in range(before))
            yield f"{path}.vies"


def _number(name: str, text: str) -> float:
    try:
        value = float.fromhex(text)
    except (ValueError, OverflowError):
        value = math.nan
    # Only what `float.hex` writes: not "1.5", which would be read as something else.
    _require(
        math.isfinite(value) and value.hex() == text,
        f"parameter {name} must be a finite hexadecimal float such as '0x1.8p+0', not {text!r}",
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
