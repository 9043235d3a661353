"""The file of a checkpoint: what is written is read, and nothing else is."""

import hashlib
import json
import math
import struct
import sys
from array import array
from pathlib import Path
from typing import Any

import attrs
import pytest

from valor.checkpoint import Snapshot, read_snapshot, write_snapshot
from valor.checkpoint._snapshot import MAGIC, decoded
from valor.exceptions import CheckpointError, InvalidArgumentError

SNAPSHOT = Snapshot(
    settings={"loss": {"name": "sum_squared_error"}, "samples": 5},
    epochs=4,
    steps_per_epoch=3,
    completed_steps=7,
    closed_epochs=2,
    first_epoch=0,
    first_step=0,
    seed=-3,
    stopped_by="",
    names=["peso", 'é\n"\ud800'],
    frozen=[1],
    parameters=array("d", [0.1, -5e-324]),
    state={"velocity": array("d", [1 / 3, math.inf]), "of/a slash": array("d", [-0.0, 2.0])},
    losses=array("d", [0.5]),
    history={"loss": array("d", [2.0, 1.0]), "validation_loss": array("d", [3.0, 2.5])},
    schedule=array("d", [0.25, math.nan]),
    plugins={"early": {"best": 0.1, "names": ["a", None, True], "waited": 3}},
)
CONTENT = SNAPSHOT.encoded()


def plain(snapshot: Snapshot) -> dict[str, Any]:
    """Return a snapshot in values that compare, nan and the sign of zero included."""

    def told(value: Any) -> Any:
        if isinstance(value, array):
            return [struct.pack("<d", number) for number in value]
        return (
            {key: told(each) for key, each in value.items()} if isinstance(value, dict) else value
        )

    return {name: told(value) for name, value in attrs.asdict(snapshot, recurse=False).items()}


def sealed(body: bytes) -> bytes:
    """Return a file whose digest fits, whatever it says."""
    return MAGIC + hashlib.sha256(body).hexdigest().encode() + b"\n" + body


def changed(**parts: Any) -> bytes:
    """Return the file with other values in its document."""
    line, _, numbers = CONTENT.split(b"\n", 2)[2].partition(b"\n")
    document = json.loads(line)
    document.update(parts)
    document = {key: value for key, value in document.items() if value is not ...}
    return sealed(json.dumps(document).encode() + b"\n" + numbers)


def test_what_is_written_is_read_to_the_last_bit(tmp_path: Path) -> None:
    write_snapshot(tmp_path / "a", SNAPSHOT)
    assert (tmp_path / "a").read_bytes() == CONTENT
    assert plain(read_snapshot(tmp_path / "a")) == plain(SNAPSHOT)


def test_the_format_is_as_documented() -> None:
    """Read by hand, with nothing but what the reference says."""
    first, digest, rest = CONTENT.split(b"\n", 2)
    assert first == b"valor-checkpoint 1"
    assert digest == hashlib.sha256(rest).hexdigest().encode()
    line, _, numbers = rest.partition(b"\n")
    document = json.loads(line)
    assert document["arrays"] == [
        ["parameters", 2],
        ["state/velocity", 2],
        ["state/of/a slash", 2],
        ["losses", 1],
        ["history/loss", 2],
        ["history/validation_loss", 2],
        ["schedule", 2],
    ]
    assert len(numbers) == 8 * 13
    assert struct.unpack_from("<2d", numbers) == (0.1, -5e-324)
    assert document["completed_steps"] == 7


def test_every_truncation_is_refused() -> None:
    for length in range(len(CONTENT)):
        with pytest.raises(CheckpointError):
            decoded(CONTENT[:length])


def test_every_flipped_byte_is_refused() -> None:
    for position in range(len(CONTENT)):
        for bits in (0x01, 0x80, 0xFF):
            damaged = bytearray(CONTENT)
            damaged[position] ^= bits
            with pytest.raises(CheckpointError):
                decoded(bytes(damaged))


def test_what_is_appended_is_refused() -> None:
    for more in (b"\n", b"\x00" * 8, CONTENT):
        with pytest.raises(CheckpointError):
            decoded(CONTENT + more)


DOCUMENTS = {
    "a key is missing": ({"seed": ...}, "must have the keys"),
    "a key is new": ({"code": "import os"}, "must have the keys"),
    "settings no table": ({"settings": []}, "settings must be of kind dict"),
    "epochs no int": ({"epochs": 4.0}, "epochs must be of kind int, not 4.0"),
    "a bool for an int": ({"first_step": True}, "first_step must be of kind int, not True"),
    "a negative count": ({"completed_steps": -1}, "completed_steps must be of kind int, not -1"),
    "no steps an epoch": ({"steps_per_epoch": 0}, "steps_per_epoch must be at least 1"),
    "more epochs done than planned": ({"epochs": 1}, "2 epochs are done of 1"),
    "losses of another length": ({"completed_steps": 8}, "losses must be 2 numbers"),
    "history of another length": (
        {"completed_steps": 10},
        "column 'loss' of the history must have 3 numbers",
    ),
    "closed beyond the end": ({"closed_epochs": 3}, "closed_epochs must be at most 2"),
    "names too few": ({"names": ["a"]}, "names must be 2 texts"),
    "names no texts": ({"names": ["a", 1]}, "names must be 2 texts"),
    "frozen beyond": ({"frozen": [2]}, "frozen must be positions from 0 to below 2"),
    "frozen no ints": ({"frozen": ["a"]}, "frozen must be positions"),
    "plugins a list": ({"plugins": []}, "plugins must be of kind dict"),
    "an array of no length": ({"arrays": [["parameters", -1]]}, "must be a name and a length"),
    "an array that is no pair": ({"arrays": ["parameters"]}, "must be a name and a length"),
    "an array of billions": ({"arrays": [["parameters", 10**12]]}, "arrays take 8000000000000 b"),
    "an array twice": ({"arrays": [["losses", 7], ["losses", 6]]}, "'losses' stands there twice"),
    "an array of no kind": ({"arrays": [["code", 13]]}, "it lacks an array, or has an unknown"),
    "an array of no group": ({"arrays": [["code/a", 13]]}, "unknown array 'code/a'"),
    "no losses": (
        {"arrays": [["parameters", 2], ["history/loss", 2], ["schedule", 9]]},
        "it lacks an array",
    ),
}


@pytest.mark.parametrize(("parts", "message"), DOCUMENTS.values(), ids=DOCUMENTS)
def test_a_document_that_says_something_else_is_refused(parts: Any, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        decoded(changed(**parts))


@pytest.mark.parametrize(
    ("body", "message"),
    [
        (b"", "not a whole JSON document"),
        (b"[]\n", "its document must be a table"),
        (b"\xff\n", "not UTF-8 text"),
        (b'{"a":1,"a":2}\n', "key 'a' stands there twice"),
        (b'{"a":NaN}\n', "NaN is not a finite number"),
        (b'{"a":1e999}\n', "'1e999' is larger than any float"),
        (b"[" * 100_000 + b"\n", "nested too deeply"),
        (b"[" * 101 + b"]" * 101 + b"\n", "nested too deeply"),
        (b"[" * 100 + b"]" * 100 + b"\n", "its document must be a table"),
        (b'{"a":' + b"9" * 5000 + b"}\n", "not a whole JSON document"),
    ],
)
def test_a_document_that_is_none_is_refused(body: bytes, message: str) -> None:
    with pytest.raises(CheckpointError, match=message):
        decoded(sealed(body))


def test_what_can_be_written_can_be_read_however_deep_it_is() -> None:
    kept: Any = 0
    for _ in range(98):
        kept = {"a": kept} if isinstance(kept, list) else [kept]
    deep = attrs.evolve(SNAPSHOT, plugins={"deep": kept})
    assert decoded(deep.encoded()).plugins == {"deep": kept}
    deeper = attrs.evolve(SNAPSHOT, plugins={"deeper": [kept]})
    with pytest.raises(InvalidArgumentError, match=r"'deeper'.*something nested too deeply"):
        deeper.encoded()


def test_a_parameter_that_is_not_finite_is_refused() -> None:
    broken = attrs.evolve(SNAPSHOT, parameters=array("d", [1.0, math.nan]))
    with pytest.raises(CheckpointError, match="a parameter is not finite"):
        decoded(broken.encoded())


def test_another_file_is_not_read_to_its_end(tmp_path: Path) -> None:
    (tmp_path / "a").write_bytes(b"x" * 100)
    with pytest.raises(CheckpointError, match="it is not a checkpoint"):
        read_snapshot(tmp_path / "a")
    with pytest.raises(CheckpointError, match=r"Is a directory|Permission denied"):
        read_snapshot(tmp_path)


_EVENTS: list[tuple[str, Any]] = []
_LISTENING = [False]


def _listen(event: str, arguments: Any) -> None:
    if _LISTENING[0]:
        _EVENTS.append((event, arguments))


sys.addaudithook(_listen)  # it cannot be taken away again


def test_reading_imports_nothing_and_opens_nothing_else(tmp_path: Path) -> None:
    path = tmp_path / "a"
    write_snapshot(path, SNAPSHOT)
    _EVENTS.clear()
    _LISTENING[0] = True
    try:
        read_snapshot(path)
    finally:
        _LISTENING[0] = False
    # "object.__getattr__" and the like come from pytest's own bookkeeping.
    watched = ("import", "open", "exec", "compile", "os.", "subprocess", "socket", "ctypes")
    events = [(event, given) for event, given in _EVENTS if event.startswith(watched)]
    assert [event for event, _ in events] == ["open"]
    assert str(events[0][1][0]) == str(path)
