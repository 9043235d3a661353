"""A full disk stops a training with an error that names the file, and costs nothing else."""

import errno
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from valor import MLP, Trainer, hookimpl, plugin_manager
from valor.checkpoint import read_snapshot

CHILDREN = Path(__file__).with_name("children")
OLDER, OLD, NEW = 5, 8, 11
# A name space of one's own, in which one may mount a disk.
PRIVATE = ["unshare", "--user", "--map-root-user", "--mount"]


def may_mount() -> bool:
    """Tell whether this system lets everybody have a small disk."""
    command = [*PRIVATE, "mount", "-t", "tmpfs", "-o", "size=64k", "tmpfs", "/tmp"]
    return bool(shutil.which("unshare")) and not subprocess.call(command, stderr=subprocess.DEVNULL)


WAYS = ["limit", *(["disk"] if may_mount() else [])]


@pytest.mark.parametrize("way", WAYS)
def test_a_training_stops_and_can_be_resumed(tmp_path: Path, scale: int, way: str) -> None:
    command = [sys.executable, "-W", "error", CHILDREN / "starved.py", way, tmp_path, 3 * scale]
    before = PRIVATE if way == "disk" else []
    said = subprocess.run([*before, *map(str, command)], stdout=subprocess.PIPE, check=True).stdout
    full = errno.EFBIG if way == "limit" else errno.ENOSPC
    times = json.loads(said)
    for found in times:
        path = found.pop("path")
        assert found == {
            "error": f"[Errno {full}] {os.strerror(full)}: '{path}'",
            "names": ["run.valor", "run.valor.lock", "run.valor.previous"],
            "steps": 16,
            "parameters": True,
            "untouched": True,
            "resumed": True,
        }
    print(f"{way}: {len(times)} disks")


class Saves:
    """Writes each epoch to a path."""

    def __init__(self, path: str) -> None:
        self.path = path

    @hookimpl
    def valor_after_epoch(self, run: Any) -> None:
        run.save_checkpoint(self.path)


@pytest.mark.parametrize("path", [each for each in ["/dev/full"] if os.path.exists(each)])
def test_the_device_that_is_always_full(path: str) -> None:
    plugins = plugin_manager(environment=False)
    whole, chosen = (MLP(1, [2, 1], seed=0, plugins=plugins) for _ in range(2))
    Trainer(whole, plugins=plugins).fit([0.5], [1.0], epochs=1)
    trainer = Trainer(chosen, callbacks=[Saves(path)], plugins=plugins)
    with pytest.raises(OSError, match="No space left") as caught:
        trainer.fit([0.5], [1.0], epochs=3)
    assert caught.value.filename == path
    assert trainer.run is not None
    assert trainer.run.completed_steps == 1
    assert [p.data for p in chosen.parametros()] == [p.data for p in whole.parametros()]


def test_whichever_call_fails(told: Any, snapshots: dict[int, Path], tmp_path: Path) -> None:
    said = told("fail_calls.py", tmp_path, *(snapshots[steps] for steps in (OLDER, OLD, NEW)))
    times = json.loads(said)
    for save, call, folder, names, error in times:
        path = Path(folder) / "run.valor"
        assert set(names) <= {"run.valor", "run.valor.previous"}
        assert error == (None if call == "link" else [errno.ENOSPC, str(path)])
        if path.exists():
            steps = read_snapshot(path).completed_steps
            assert steps == NEW if call in ("link", "open") else steps in (OLD, NEW)
        else:
            assert save == "first"
    print(f"{len(times)} calls that failed")


LOCKING = """
import resource, sys
from valor.files import Lock

most = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
resource.setrlimit(resource.RLIMIT_FSIZE, (10, most))
lock = Lock(sys.argv[1])
try:
    lock.acquire()
except OSError as error:
    print(error)
resource.setrlimit(resource.RLIMIT_FSIZE, (most, most))
with lock:
    print("held")
"""


def test_a_lock_that_cannot_say_who_holds_it_is_not_taken(tmp_path: Path) -> None:
    command = [sys.executable, "-W", "error", "-c", LOCKING, str(tmp_path / "run")]
    said = subprocess.run(command, capture_output=True, text=True, check=True)
    assert (
        said.stdout
        == f"[Errno {errno.EFBIG}] {os.strerror(errno.EFBIG)}: '{tmp_path / 'run.lock'}'\nheld\n"
    )
    assert said.stderr == ""
