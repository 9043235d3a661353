"""Killed at random moments and resumed, a training loses no epoch that it acknowledged."""

import hashlib
import json
import signal
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from valor.checkpoint import read_snapshot


def output_until_killed(process: Any, random: Random) -> str:
    """Kill a training at a random moment, and return all that it has said by then."""
    epochs = random.randrange(5)
    said: str = ""
    for _ in range(epochs):
        said += process.stdout.readline()
    # Without an epoch to wait for, also while Python starts and the run is prepared; else within
    # an epoch or some, with the two checkpoints that each writes.
    time.sleep(random.uniform(0.0, 0.02 if epochs else 0.5))
    process.kill()
    said += process.stdout.read()
    process.wait()
    return said


class Files:
    """A checkpoint as it is after a kill, and the files that an uninterrupted run wrote."""

    def __init__(self, path: Path, fingerprints: dict[str, str]) -> None:
        self.path, self.previous = path, Path(f"{path}.previous")
        self.fingerprints = fingerprints
        self.done = 0

    def check(self, safe: int) -> None:
        """See that the file has that many epochs or more, and never less than it had before."""
        done = [self.steps(each) for each in (self.previous, self.path) if each.exists()]
        assert done == sorted(done)
        before, self.done = self.done, [0, *done][-1]
        assert self.done >= max(before, 4 * safe)

    def steps(self, path: Path) -> int:
        steps = read_snapshot(path).completed_steps
        assert hashlib.sha256(path.read_bytes()).hexdigest() == self.fingerprints[str(steps)]
        return steps

    def half_done_by(self, process: Any) -> bool:
        """Tell whether a process was killed in the middle of a save."""
        return any(self.path.parent.glob(f".run.valor.{process.pid}-*.tmp"))


@pytest.mark.parametrize("kind", ["gradient_descent", "adam"])
@pytest.mark.parametrize("engine", ["eager", "native"])
def test_no_acknowledged_epoch_is_lost_and_the_bits_are_the_same(
    start: Any, told: Any, scale: int, tmp_path: Path, engine: str, kind: str
) -> None:
    whole = json.loads(told("whole.py", engine, kind, tmp_path / "whole"))
    random = Random(f"{engine} {kind}")
    kills = trainings = within = 0
    while kills < 2 * scale:
        trainings += 1
        folder = tmp_path / f"training-{trainings}"
        folder.mkdir()
        files = Files(folder / "run.valor", whole["fingerprints"])
        safe = 0
        while True:
            process = start("train.py", engine, kind, files.path)
            if kills < 2 * scale:
                said = output_until_killed(process, random)
            else:
                said = process.communicate()[0]
            if process.returncode == 0:  # the training ended first
                break
            assert process.returncode == -signal.SIGKILL
            kills += 1
            acknowledged = [int(line) for line in said.splitlines() if line.isdigit()]
            # What was acknowledged once is not done again.
            assert [safe, *acknowledged] == sorted({safe, *acknowledged})
            safe = max([safe, *acknowledged])
            within += files.half_done_by(process)
            files.check(safe)
        assert json.loads(said.splitlines()[-1]) == whole["left"]
        assert not any(folder.glob("*.tmp"))  # what killed saves left is cleared away
    print(f"{engine}, {kind}: {kills} kills of {trainings} trainings, {within} within a save")
