"""Event files, byte by byte: checksums that are published, and messages taken apart by hand.

That TensorBoard itself reads them is tested in `tests/oracles`.
"""

import math
import struct
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from valor_plugins.callbacks.distributions import distribution
from valor_plugins.callbacks.event_file import EventFile, crc32c, record


@pytest.mark.parametrize(
    ("data", "checksum"),
    [
        # RFC 3720, appendix B.4; there, the bytes of each stand lowest first.
        (bytes(32), 0x8A9136AA),
        (b"\xff" * 32, 0x62A8AB43),
        (bytes(range(32)), 0x46DD794E),
        (bytes(range(31, -1, -1)), 0x113FDB5C),
        (b"", 0),
    ],
)
def test_the_checksum_is_that_of_the_standard(data: bytes, checksum: int) -> None:
    assert crc32c(data) == checksum


def unmasked(masked: int) -> int:
    rotated = (masked - 0xA282EAD8) & 0xFFFFFFFF
    return (rotated >> 17 | rotated << 15) & 0xFFFFFFFF


def records(content: bytes) -> Iterator[bytes]:
    while content:
        length, checksum = struct.unpack("<QI", content[:12])
        assert unmasked(checksum) == crc32c(content[:8])
        data = content[12 : 12 + length]
        (checksum,) = struct.unpack("<I", content[12 + length : 16 + length])
        assert unmasked(checksum) == crc32c(data)
        yield data
        content = content[16 + length :]


def varint(data: bytes) -> tuple[int, bytes]:
    value = shift = 0
    while True:
        byte, data = data[0], data[1:]
        value |= (byte & 0x7F) << shift
        shift += 7
        if byte < 0x80:
            return value, data


def fields(data: bytes) -> list[tuple[int, Any]]:
    """Return the fields of a message of Protocol Buffers: number, and raw value."""
    found: list[tuple[int, Any]] = []
    while data:
        key, data = varint(data)
        number, kind = key >> 3, key & 7
        if kind == 0:
            value: Any
            value, data = varint(data)
        else:
            size, data = varint(data) if kind == 2 else ({1: 8, 5: 4}[kind], data)
            value, data = data[:size], data[size:]
        found.append((number, value))
    return found


def test_a_record_is_length_data_and_checksums() -> None:
    assert list(records(record(b"abc") + record(b"") + record(b"x" * 300))) == [
        b"abc",
        b"",
        b"x" * 300,
    ]


def test_the_messages_have_the_fields_that_are_documented(tmp_path: Path) -> None:
    file = EventFile(tmp_path / "new" / "folder")
    file.begin(300)
    file.add(300, [("loss", 0.5), ("a/ü", math.nan)], [("w", distribution([1.0, 2.0, 2.0], 2))])
    assert len(list(records(Path(file.path).read_bytes()))) == 1  # nothing more was written yet
    file.write()
    version, start, values = map(fields, records(Path(file.path).read_bytes()))
    for event in (version, start, values):
        assert event[0][0] == 1
        assert 1.6e9 < struct.unpack("<d", event[0][1])[0] < 1e11
    assert version[1:] == [(3, b"brain.Event:2")]
    assert start[1:] == [(2, 300), (7, b"\x08\x01")]
    assert values[1] == (2, 300)
    number, summary = values[2]
    assert number == 5
    loss, other, weights = (fields(value) for field, value in fields(summary) if field == 1)
    assert loss == [(1, b"loss"), (2, struct.pack("<f", 0.5))]
    assert other[0] == (1, "a/ü".encode())
    assert math.isnan(struct.unpack("<f", other[1][1])[0])
    assert weights[0] == (1, b"w")
    histogram = dict(fields(weights[1][1]))
    assert weights[1][0] == 5
    assert [struct.unpack("<d", histogram[n])[0] for n in (1, 2, 3, 4, 5)] == [1, 2, 3, 5, 9]
    assert struct.unpack("<2d", histogram[6]) == (1.5, 2.0)
    assert struct.unpack("<2d", histogram[7]) == (1.0, 2.0)


@pytest.mark.parametrize(
    ("number", "expected"),
    [(1e300, math.inf), (-1e300, -math.inf), (math.inf, math.inf), (0.1, 0.1)],
)
def test_a_number_too_large_for_a_32_bit_float_is_infinite(
    tmp_path: Path, number: float, expected: float
) -> None:
    file = EventFile(tmp_path)
    file.add(1, [("loss", number)])
    file.write()
    *_, event = records(Path(file.path).read_bytes())
    (value,) = fields(dict(fields(event))[5])
    assert struct.unpack("<f", dict(fields(value[1]))[2])[0] == pytest.approx(expected)


def test_numbers_that_are_all_the_same_share_a_bin(tmp_path: Path) -> None:
    file = EventFile(tmp_path)
    file.add(1, [], [("w", distribution([2.0] * 3, 30))])
    file.write()
    *_, event = records(Path(file.path).read_bytes())
    (value,) = fields(dict(fields(event))[5])
    histogram = dict(fields(dict(fields(value[1]))[5]))
    assert struct.unpack("<d", histogram[6]) == (2.0,)
    assert struct.unpack("<d", histogram[7]) == (3.0,)


def test_files_of_one_folder_are_numbered_in_their_order(tmp_path: Path) -> None:
    names = [Path(EventFile(tmp_path).path).name for _ in range(11)]
    assert names == sorted(names)
    assert len(set(names)) == 11
    assert all("tfevents" in name for name in names)
    (tmp_path / names[0]).unlink()
    assert Path(EventFile(tmp_path).path).name not in names
