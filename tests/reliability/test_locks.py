"""Of two trainings with one checkpoint, the second is told of the first, which loses nothing."""

import json
import re
import signal
import subprocess
import time
from pathlib import Path
from random import Random
from typing import Any

import pytest

from valor import MLP, Trainer, plugin_manager
from valor.exceptions import LockedError
from valor_plugins.callbacks.checkpoint import checkpoint

PLUGINS = plugin_manager(environment=False)


def second(path: Path) -> Trainer:
    """Make another trainer that would write to the same file, and would be quick."""
    model = MLP(1, [1], seed=0, plugins=PLUGINS)
    return Trainer(model, callbacks=[checkpoint(path=str(path))], plugins=PLUGINS)


def test_the_second_is_refused_until_the_first_is_killed(
    start: Any, told: Any, scale: int, tmp_path: Path
) -> None:
    whole = json.loads(told("whole.py", "eager", "adam", tmp_path / "whole"))["left"]
    path, random, refused = tmp_path / "run.valor", Random(5), 0
    # So that each of them comes some epochs further, and none to the end.
    for _ in range(2 * scale):
        process = start("train.py", "eager", "adam", path)
        if not process.stdout.readline().isdigit():
            pass
        while random.random() < 0.7:
            trainer = second(path)
            with pytest.raises(LockedError, match=f"in use by process {process.pid} on .* since "):
                trainer.fit([0.5], [1.0], epochs=1)
            assert trainer.run is not None
            assert trainer.run.completed_steps == 0
            refused += 1
        process.kill()
        process.wait()
    said = start("train.py", "eager", "adam", path).communicate()[0]
    assert json.loads(said.splitlines()[-1]) == whole
