"""The checkpoint of a run: all that it takes to go on with it, to the same bits.

A file has four parts, one after the other:

1. the line ``valor-checkpoint 1``;
2. a line with the SHA-256 digest, in hexadecimal digits, of everything after this line;
3. a line with a JSON document;
4. numbers, each a 64-bit float of IEEE 754 with its lowest byte first: as many arrays as the
   document's ``arrays`` lists, in that order, each as long as it says.

A line ends with one line feed. Reading is strict, runs nothing and imports nothing: a file that is
damaged, or that says anything this version does not know, is refused whole.
"""

import hashlib
import json
import math
import os
import sys
from array import array
from collections.abc import Mapping, Sequence
from typing import Any

import attrs

from valor.checkpoint._strict_json import DEEPEST, parsed, too_deep
from valor.exceptions import CheckpointError, InvalidArgumentError, shown
from valor.files import PREVIOUS, path_of, write_atomically

MAGIC = b"valor-checkpoint 1\n"
DIGEST = 64  # hexadecimal digits
# Of the document: its keys, and what each holds.
_KINDS: dict[str, type] = {
    "settings": dict,
    "epochs": int,
    "steps_per_epoch": int,
    "completed_steps": int,
    "closed_epochs": int,
    "first_epoch": int,
    "first_step": int,
    "seed": int,
    "stopped_by": str,
    "names": list,
    "frozen": list,
    "plugins": dict,
    "arrays": list,
}

Path = str | os.PathLike[str]


@attrs.frozen(eq=False)
class Snapshot:
    """What a checkpoint says.

    Attributes:
        settings: what the run was made of, in plain values; a run that is resumed has the same.
        epochs, steps_per_epoch: how long the run was to be, and how many batches an epoch has.
        completed_steps: the steps of the run that are done.
        closed_epochs: the epochs whose end everybody who listens has heard of.
        first_epoch, first_step: what earlier runs of the same trainer did.
        seed: what the order of the samples follows from.
        stopped_by: who voted to end the run; "" if it is not over.
        names: the parameters' labels, in the order of the numbers.
        frozen: the positions of the parameters that are not trained.
        parameters: their numbers.
        state: the optimizer's state: by name, one number a parameter.
        losses: of the steps of the epoch under way.
        history: the numbers of the completed epochs, by column.
        schedule: what a schedule with a state goes on from; empty for any other.
        plugins: what each plugin wanted kept, by its name.
    """

    settings: Mapping[str, Any]
    epochs: int
    steps_per_epoch: int
    completed_steps: int
    closed_epochs: int
    first_epoch: int
    first_step: int
    seed: int
    stopped_by: str
    names: Sequence[str]
    frozen: Sequence[int]
    parameters: "array[float]"
    state: Mapping[str, "array[float]"]
    losses: "array[float]"
    history: Mapping[str, "array[float]"]
    schedule: "array[float]"
    plugins: Mapping[str, Any]

    def encoded(self) -> bytes:
        """Return the bytes of the file.

        Raises:
            InvalidArgumentError: what a plugin wants kept is more than plain values.
        """
        for plugin, kept in self.plugins.items():
            # In the document it stands in the table of a table.
            deep = too_deep(kept, DEEPEST - 2)
            fault = "something nested too deeply" if deep else _fault(kept)
            if fault:
                raise InvalidArgumentError(
                    f"plugin {plugin!r}: valor_save_checkpoint gave {fault}; a checkpoint holds "
                    "None, finite numbers, texts, True, False, and lists and dicts of them"
                )
        named = [("parameters", self.parameters)]
        named += [(f"state/{name}", column) for name, column in self.state.items()]
        named.append(("losses", self.losses))
        named += [(f"history/{name}", column) for name, column in self.history.items()]
        named.append(("schedule", self.schedule))
        values = attrs.asdict(self, recurse=False)
        document = {key: values.get(key) for key in _KINDS}
        document["arrays"] = [[name, len(numbers)] for name, numbers in named]
        text = json.dumps(document, allow_nan=False, separators=(",", ":"))
        parts = [text.encode(), b"\n", *(_little(numbers).tobytes() for _, numbers in named)]
        body = b"".join(parts)
        return MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def decoded(content: bytes) -> Snapshot:
    """Return what the bytes of a checkpoint say.

    Raises:
        CheckpointError: they are not those of a checkpoint, or of a damaged one.

    >>> decoded(b"valor-checkpoint 1\\n")
    Traceback (most recent call last):
    valor.exceptions.CheckpointError: it is cut off, or was changed: its digest does not fit
    """
    start = len(MAGIC) + DIGEST + 1
    _require(content.startswith(MAGIC), "it is not a checkpoint: it does not begin as one does")
    body = content[start:]
    expected = hashlib.sha256(body).hexdigest().encode() + b"\n"
    _require(
        content[len(MAGIC) : start] == expected,
        "it is cut off, or was changed: its digest does not fit",
    )
    line, _, numbers = body.partition(b"\n")
    try:
        text = line.decode()
    except UnicodeDecodeError as error:
        raise CheckpointError(f"its document is not UTF-8 text: {error}") from None
    return _checked(parsed(text, CheckpointError, "a checkpoint"), numbers)


def write_snapshot(path: Path, snapshot: Snapshot) -> None:
    """Write a checkpoint, atomically, and keep the one that was there as ``path + ".previous"``.

    Raises:
        InvalidArgumentError: what a plugin wants kept is more than plain values; or an argument is
            not what is described here.
        OSError: the file cannot be written; what was there before is still there.
    """
    if not isinstance(snapshot, Snapshot):
        raise InvalidArgumentError(f"snapshot must be a Snapshot, not {shown(snapshot)}")
    write_atomically(path, snapshot.encoded(), keep_previous=True)


def read_snapshot(path: Path) -> Snapshot:
    """Return what a checkpoint says.

    Raises:
        CheckpointError: the file cannot be read, is not a checkpoint, or is damaged.

    >>> read_snapshot("nowhere.valor")
    Traceback (most recent call last):
    valor.exceptions.CheckpointError: nowhere.valor: No such file or directory
    """
    name = path_of(path)
    try:
        with open(name, "rb") as file:
            # So that a large file of another kind is not read to its end.
            content = file.read(len(MAGIC))
            if content == MAGIC:
                content += file.read()
        return decoded(content)
    except (OSError, CheckpointError) as error:
        reason = getattr(error, "strerror", None) or error
        older = f"{name}{PREVIOUS}"
        hint = f"; the one before it is {older}" if os.path.exists(older) else ""
        raise CheckpointError(f"{name}: {reason}{hint}") from error


def _checked(document: Any, numbers: bytes) -> Snapshot:
    _require(isinstance(document, dict), f"its document must be a table, not {shown(document)}")
    _require(
        document.keys() == _KINDS.keys(),
        f"its document must have the keys {', '.join(_KINDS)}, not {shown([*document])}",
    )
    for key, kind in _KINDS.items():
        value = document[key]
        # A bool is an int to Python.
        right = type(value) is kind and (type(value) is not int or key == "seed" or value >= 0)
        _require(right, f"{key} must be of kind {kind.__name__}, not {shown(value)}")
    _require(document["steps_per_epoch"] > 0, "steps_per_epoch must be at least 1")
    arrays = _arrays(document.pop("arrays"), numbers)
    grouped: dict[str, dict[str, array[float]]] = {"state": {}, "history": {}}
    for name in [*arrays]:
        group, _, rest = name.partition("/")
        if rest:
            _require(group in grouped, f"it has an unknown array {name!r}")
            grouped[group][rest] = arrays.pop(name)
    _require(
        arrays.keys() == {"parameters", "losses", "schedule"} and "loss" in grouped["history"],
        f"it lacks an array, or has an unknown one; there are: {', '.join(arrays)}",
    )
    parts: dict[str, Any] = {**document, **arrays, **grouped}
    snapshot = Snapshot(**parts)
    _check_lengths(snapshot)
    return snapshot


def _arrays(listed: list[Any], numbers: bytes) -> dict[str, "array[float]"]:
    for entry in listed:
        _require(
            isinstance(entry, list)
            and len(entry) == 2
            and isinstance(entry[0], str)
            and type(entry[1]) is int
            and entry[1] >= 0,
            f"an array must be a name and a length, not {shown(entry)}",
        )
    expected = 8 * sum(length for _, length in listed)
    _require(
        len(numbers) == expected, f"its arrays take {expected} bytes, but {len(numbers)} are there"
    )
    found: dict[str, array[float]] = {}
    start = 0
    for name, length in listed:
        _require(name not in found, f"array {name!r} stands there twice")
        found[name] = array("d")
        found[name].frombytes(numbers[start : start + 8 * length])
        found[name] = _little(found[name])
        start += 8 * length
    return found


def _check_lengths(snapshot: Snapshot) -> None:
    """Check that the parts fit each other."""
    count = len(snapshot.parameters)
    epochs, under_way = divmod(snapshot.completed_steps, snapshot.steps_per_epoch)
    for name, column in snapshot.state.items():
        _require(len(column) == count, f"state {name!r} must have {count} numbers")
    _require(
        len(snapshot.names) == count and all(isinstance(name, str) for name in snapshot.names),
        f"names must be {count} texts",
    )
    _require(
        all(type(place) is int and 0 <= place < count for place in snapshot.frozen),
        f"frozen must be positions from 0 to below {count}",
    )
    _require(all(map(math.isfinite, snapshot.parameters)), "a parameter is not finite")
    _require(epochs <= snapshot.epochs, f"{epochs} epochs are done of {snapshot.epochs}")
    _require(len(snapshot.losses) == under_way, f"losses must be {under_way} numbers")
    for name, column in snapshot.history.items():
        # A plugin's own column may begin late, or end early.
        right = len(column) == epochs if name == "loss" else len(column) <= epochs
        _require(right, f"column {name!r} of the history must have {epochs} numbers")
    _require(snapshot.closed_epochs <= epochs, f"closed_epochs must be at most {epochs}")


def _fault(value: Any) -> str:
    """Return what is wrong with a value that a plugin wants kept, or ""."""
    if isinstance(value, dict):
        for key in value:
            if type(key) is not str:
                return f"a dict with the key {shown(key)}"
        return next(filter(None, map(_fault, value.values())), "")
    if isinstance(value, list):
        return next(filter(None, map(_fault, value)), "")
    if type(value) is float and not math.isfinite(value):
        return repr(value)
    return "" if value is None or type(value) in (bool, int, float, str) else shown(value)


def _little(numbers: "array[float]") -> "array[float]":
    """Return numbers with their lowest byte first, or as they are from there."""
    if sys.byteorder == "big":
        numbers = numbers[:]
        numbers.byteswap()
    return numbers


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise CheckpointError(message)
