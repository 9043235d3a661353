"""Train on a disk that gets full: ``starved.py HOW FOLDER COUNT``.

After three epochs there is room for a part of a checkpoint only. If HOW is "limit", that is by the
system's limit on the size of a file, COUNT times, each with another limit. If it is "disk", a file
fills the disk of FOLDER, which is made for it and is small; so many times as a checkpoint has
pages. Then there is room again, and the training is resumed. Of each time, the list in JSON has
what there is to be known.
"""

import json
import os
import subprocess
import sys
from typing import Any

import work

from valor import hookimpl
from valor_plugins.callbacks.checkpoint import checkpoint

EPOCHS, FULL_AFTER = 8, 3
PAGE = 4096  # the room that a disk in memory gives is so many bytes, or twice as many …


class Limit:
    """No file may grow beyond so many bytes."""

    def __init__(self, size: int, count: int) -> None:
        self.rooms = [size * at // count for at in range(count)]

    def fill(self, room: int) -> None:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (room, hard))

    def clear(self) -> None:
        import resource

        hard = resource.getrlimit(resource.RLIMIT_FSIZE)[1]
        resource.setrlimit(resource.RLIMIT_FSIZE, (hard, hard))


class Disk:
    """A disk of 128 KiB is full but for so many bytes."""

    def __init__(self, size: int) -> None:
        subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={32 * PAGE}", "tmpfs", folder], check=True
        )
        self.rooms = list(range(0, size, PAGE))

    def fill(self, room: int) -> None:
        with open(f"{folder}/filler", "wb", buffering=0) as file:
            try:
                while True:
                    file.write(bytes(PAGE))
            except OSError:
                file.truncate(file.tell() - room)

    def clear(self) -> None:
        if os.path.exists(f"{folder}/filler"):
            os.remove(f"{folder}/filler")


class Fills:
    """Fills the disk after some epochs, when the last checkpoint before is written."""

    def __init__(self, room: int) -> None:
        self.room = room

    @hookimpl(trylast=True)
    def valor_after_steps(self, run: Any) -> None:
        if run.completed_epochs == FULL_AFTER:
            disk.fill(self.room)


class Parameters:
    """Keeps the parameters after each epoch."""

    def __init__(self) -> None:
        self.after: dict[int, list[str]] = {}

    @hookimpl
    def valor_after_epoch(self, run: Any) -> None:
        self.after[run.completed_steps] = on(run.model)


def on(model: Any) -> list[str]:
    """Return the parameters' numbers."""
    return work.hexadecimal(parameter.data for parameter in model.parametros())


def trainer(*callbacks: Any) -> Any:
    """Make the trainer, of a model whose checkpoints take some pages."""
    return work.trainer("eager", "adam", *callbacks, restore_best=False, width=24)


def starved(room: int) -> dict[str, Any]:
    """Train with no more room than that, and then resume; return what there is to be known."""
    os.makedirs(f"{folder}/{room}")
    path = f"{folder}/{room}/run.valor"
    chosen = trainer(checkpoint(path=path), Fills(room))
    try:
        work.fit(chosen, epochs=EPOCHS)
        raise AssertionError("there was room")
    except OSError as error:
        names, text = sorted(os.listdir(os.path.dirname(path))), str(error)
    finally:
        disk.clear()
    steps = chosen.run.completed_steps
    again = trainer(checkpoint(path=path))
    digest = work.digest(path)
    work.fit(again, epochs=EPOCHS, resume_from=path)
    return {
        "path": path,
        "error": text,
        "names": names,
        "steps": steps,
        "parameters": on(chosen.model) == parameters.after[steps],
        "untouched": digest == before,
        "resumed": work.left_by(again) == work.left_by(whole),
    }


how, folder, count = sys.argv[1:]
parameters, fingerprints = Parameters(), work.Fingerprints(f"{folder}/whole")
whole = trainer(parameters, fingerprints)
work.fit(whole, epochs=EPOCHS)
before = fingerprints.of[FULL_AFTER * work.STEPS_PER_EPOCH]
size = os.path.getsize(f"{folder}/whole")
disk: Any = Limit(size, int(count)) if how == "limit" else Disk(size)
print(json.dumps([starved(room) for room in disk.rooms]))
