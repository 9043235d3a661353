"""A checkpoint of a training that is cut off anywhere, or has another bit anywhere, is refused."""

import shutil
from pathlib import Path
from random import Random

import pytest

from valor.checkpoint import read_snapshot
from valor.exceptions import CheckpointError

STEPS, BEFORE = 13, 11
REFUSED = r"run\.valor: it (is cut off|is not a checkpoint).*before it is .*run\.valor\.previous$"


@pytest.fixture
def path(snapshots: dict[int, Path], tmp_path: Path) -> Path:
    """A checkpoint to be damaged, with the one before it."""
    path = tmp_path / "run.valor"
    shutil.copy(snapshots[STEPS], path)
    shutil.copy(snapshots[BEFORE], f"{path}.previous")
    assert read_snapshot(path).completed_steps == STEPS
    return path


def test_wherever_it_is_cut_off(path: Path, scale: int) -> None:
    content = path.read_bytes()
    lengths = Random(1).sample(range(len(content)), min(len(content), 120 * scale))
    for length in lengths:
        path.write_bytes(content[:length])
        with pytest.raises(CheckpointError, match=REFUSED):
            read_snapshot(path)
    print(f"{len(lengths)} of {len(content)} lengths")


def test_whichever_bit_is_another(path: Path, scale: int) -> None:
    content = path.read_bytes()
    bits = Random(2).sample(range(8 * len(content)), min(8 * len(content), 1000 * scale))
    with open(path, "r+b", buffering=0) as file:
        for bit in bits:
            position, at = divmod(bit, 8)
            file.seek(position)
            file.write(bytes([content[position] ^ 1 << at]))
            with pytest.raises(CheckpointError, match=REFUSED):
                read_snapshot(path)
            file.seek(position)
            file.write(content[position : position + 1])
    assert read_snapshot(path).completed_steps == STEPS
    assert read_snapshot(f"{path}.previous").completed_steps == BEFORE
    print(f"{len(bits)} of {8 * len(content)} bits")
