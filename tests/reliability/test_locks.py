"""Of several trainings with one checkpoint, one trains; the others are told which it is."""

import json
import os
import re
import signal
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from valor import MLP, Trainer, plugin_manager
from valor.checkpoint import read_snapshot
from valor.exceptions import LockedError
from valor_plugins.callbacks.checkpoint import checkpoint

PLUGINS = plugin_manager(environment=False)
STEPS = 48 * 4  # of the whole training


@pytest.fixture(scope="module")
def whole(told: Any, tmp_path_factory: pytest.TempPathFactory) -> Any:
    """What a training leaves that is alone."""
    path = tmp_path_factory.mktemp("whole") / "run.valor"
    return json.loads(told("whole.py", "eager", "adam", path))["left"]


def refused(path: Path, owner: int) -> None:
    """Have another trainer, which would be quick, try to write to the same file."""
    model = MLP(1, [1], seed=0, plugins=PLUGINS)
    trainer = Trainer(model, callbacks=[checkpoint(path=str(path))], plugins=PLUGINS)
    with pytest.raises(LockedError, match=f"run.valor is in use by process {owner} on .* since "):
        trainer.fit([0.5], [1.0], epochs=1)
    assert trainer.run is not None
    assert trainer.run.completed_steps == 0


def trains(process: Any, path: Path) -> bool:
    """Stop a training, and tell whether it was still under way; if not, let it go on."""
    os.kill(process.pid, signal.SIGSTOP)  # not by a method, which would look how it ended
    os.waitid(os.P_PID, process.pid, os.WSTOPPED | os.WEXITED | os.WNOWAIT)
    under_way = read_snapshot(path).completed_steps < STEPS
    if not under_way:
        os.kill(process.pid, signal.SIGCONT)
    return under_way


def test_the_second_is_refused_until_the_first_is_killed(
    start: Any, whole: Any, scale: int, tmp_path: Path
) -> None:
    random = Random(5)
    kills = refusals = trainings = 0
    while kills < 2 * scale:
        trainings += 1
        path = tmp_path / f"{trainings}" / "run.valor"
        path.parent.mkdir()
        while True:
            process = start("train.py", "eager", "adam", path)
            said = process.stdout.readline()
            time.sleep(random.uniform(0.0, 0.05))
            if kills == 2 * scale or not trains(process, path):
                break
            refused(path, process.pid)
            refusals += 1
            process.kill()
            process.stdout.read()
            assert process.wait() == -signal.SIGKILL
            kills += 1
        said += process.stdout.read()
        assert process.wait() == 0
        assert json.loads(said.splitlines()[-1]) == whole
    print(f"{kills} kills of {trainings} trainings, {refusals} refusals")


def test_of_some_that_start_together_one_trains(
    start: Any, whole: Any, scale: int, tmp_path: Path
) -> None:
    refusals = 0
    for at in range(scale):
        path = tmp_path / f"{at}" / "run.valor"
        path.parent.mkdir()
        processes = [
            start("train.py", "eager", "adam", path, stderr=subprocess.PIPE) for _ in range(3)
        ]
        said = {process.pid: process.communicate() for process in processes}
        trained = [process.pid for process in processes if process.returncode == 0]
        assert trained
        for process in processes:
            output, errors = said[process.pid]
            if process.pid in trained:
                # More than one, if one began when another was done: there was nothing left to do.
                assert json.loads(output.splitlines()[-1]) == whole
            else:
                owner = re.search(
                    r"LockedError: .* is in use by process (\d+) on .* since ", errors
                )
                assert owner is not None, errors
                assert int(owner[1]) in trained
                assert output == ""
                refusals += 1
    print(f"{scale} times 3 trainings, {refusals} refusals")
