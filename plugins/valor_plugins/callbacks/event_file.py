"""Event files: what TensorBoard reads.

An event file is a row of records (the format TFRecord): the length of the data in 8 bytes, the
checksum of those 8 bytes, the data, their checksum; numbers have their lowest byte first. A
checksum is CRC-32C (RFC 3720, appendix B.4), rotated and shifted by a constant, so that a checksum
of what holds checksums stays a good one. The data are messages of Protocol Buffers, ``Event`` and
``Summary`` of the files ``event.proto`` and ``summary.proto`` of TensorFlow. Of those, what is
needed here is a few fields, whose numbers stand below.

What is written reaches the system at once, so that a killed run leaves whole records, and at most
a part of one more, which readers leave out.
"""

import math
import os
import struct
import time
from collections.abc import Sequence

from valor_plugins.callbacks.distributions import Distribution

VARINT, DOUBLE, BYTES, SINGLE = 0, 1, 2, 5  # how a field is written
POLYNOMIAL = 0x82F63B78  # Castagnoli's, its lowest bit first
MASK = 0xA282EAD8


def _table() -> tuple[int, ...]:
    entries = []
    for byte in range(256):
        entry = byte
        for _ in range(8):
            entry = entry >> 1 ^ (POLYNOMIAL if entry & 1 else 0)
        entries.append(entry)
    return tuple(entries)


_TABLE = _table()


def crc32c(data: bytes) -> int:
    """Return the checksum of bytes.

    >>> hex(crc32c(b"123456789"))
    '0xe3069283'
    """
    crc = 0xFFFFFFFF
    for byte in data:
        crc = crc >> 8 ^ _TABLE[(crc ^ byte) & 0xFF]
    return crc ^ 0xFFFFFFFF


def record(data: bytes) -> bytes:
    """Return a record with data.

    >>> record(b"").hex()
    '000000000000000029039807d8ea82a2'
    """
    length = struct.pack("<Q", len(data))
    return length + _masked(length) + data + _masked(data)


def _masked(data: bytes) -> bytes:
    crc = crc32c(data)
    return struct.pack("<I", ((crc >> 15 | crc << 17) + MASK) & 0xFFFFFFFF)


class EventFile:
    """A new event file in a folder, which is made if it is not there.

    Its name begins as TensorBoard expects, and has the next number that is free, so that the files
    of one folder are read in the order in which they were begun.

    Args:
        folder: the folder.

    Attributes:
        path: the file.
        mark: how it begins, in hexadecimal digits: with the time to the last bit, so that no other
            file begins so.
    """

    def __init__(self, folder: str | os.PathLike[str]) -> None:
        os.makedirs(folder, exist_ok=True)
        number = 1 + sum("tfevents" in name for name in os.listdir(folder))
        while True:
            self.path = os.path.join(folder, f"events.out.tfevents.{number:06d}")
            try:
                with open(self.path, "xb"):
                    break
            except FileExistsError:
                number += 1
        self._pending: list[bytes] = []
        self._add(_text(3, "brain.Event:2"))
        self.mark = self._pending[0].hex()
        self.write()

    @staticmethod
    def is_in(folder: str | os.PathLike[str], mark: str) -> bool:
        """Tell whether a folder has the file with a mark."""
        for name in os.listdir(folder):
            if "tfevents" in name:
                with open(os.path.join(folder, name), "rb") as file:
                    if mark and file.read(len(mark) // 2).hex() == mark:
                        return True
        return False

    def begin(self, step: int) -> None:
        """Say that what was written of this step and later ones, in older files, does not count."""
        self._add(_number(2, step) + _field(7, BYTES, _number(1, 1)))

    def add(
        self,
        step: int,
        scalars: Sequence[tuple[str, float]],
        histograms: Sequence[tuple[str, Distribution]] = (),
    ) -> None:
        """Take down what there is of a step, for `write`.

        Args:
            step: the step.
            scalars: numbers with their names; they become 32-bit floats.
            histograms: distributions with their names.
        """
        values = [_text(1, name) + _field(2, SINGLE, _float(number)) for name, number in scalars]
        values += [
            _text(1, name) + _field(5, BYTES, _histogram(counted)) for name, counted in histograms
        ]
        summary = b"".join(_field(1, BYTES, value) for value in values)
        self._add(_number(2, step) + _field(5, BYTES, summary))

    def write(self) -> None:
        """Write what was taken down."""
        data, self._pending = b"".join(self._pending), []
        with open(self.path, "ab", buffering=0) as file:
            while data:
                data = data[file.write(data) :]

    def _add(self, event: bytes) -> None:
        now = struct.pack("<d", time.time())
        self._pending.append(record(_field(1, DOUBLE, now) + event))


def _histogram(counted: Distribution) -> bytes:
    """Return a message ``HistogramProto``."""
    numbers = (
        counted.low,
        counted.high,
        float(sum(counted.counts)),
        counted.total,
        counted.squares,
    )
    fields = [
        _field(position, DOUBLE, struct.pack("<d", number))
        for position, number in enumerate(numbers, start=1)
    ]
    limits, counts = counted.limits, [float(each) for each in counted.counts]
    if counted.low == counted.high:  # bins without a width would be divided by it
        limits, counts = [counted.high], [float(sum(counted.counts))]
    for position, column in ((6, limits), (7, counts)):
        fields.append(_field(position, BYTES, struct.pack(f"<{len(column)}d", *column)))
    return b"".join(fields)


def _field(number: int, kind: int, data: bytes) -> bytes:
    length = _varint(len(data)) if kind == BYTES else b""
    return _varint(number << 3 | kind) + length + data


def _number(field: int, value: int) -> bytes:
    return _field(field, VARINT, _varint(value))


def _text(field: int, text: str) -> bytes:
    return _field(field, BYTES, text.encode())


def _varint(value: int) -> bytes:
    """Return a number of at least 0, seven bits a byte."""
    data = bytearray()
    while value > 0x7F:
        data.append(value & 0x7F | 0x80)
        value >>= 7
    data.append(value)
    return bytes(data)


def _float(number: float) -> bytes:
    try:
        return struct.pack("<f", number)
    except OverflowError:
        return struct.pack("<f", math.copysign(math.inf, number))
