"""Save some checkpoints, and say which calls that took: ``log_calls.py FOLDER LINKS SNAPSHOT…``.

Each SNAPSHOT is written to FOLDER/run.valor, over the one before it. The calls are a list in JSON:
their names, and what they were about; between them "acknowledged", with the number of steps, when
a save was done. LINKS is "links", or "no links" for a file system without them.
"""

import json
import os
import sys
from typing import Any

from calls import Do, Without, around_calls

from valor.checkpoint import read_snapshot, write_snapshot

folder, links, *paths = sys.argv[1:]
log: list[Any] = []


def noting(name: str, given: tuple[Any, ...], do: Do) -> Any:
    """Note a call that does not fail; of paths what stands after the folder."""
    result = do()
    names = [os.path.relpath(each, folder) for each in given if isinstance(each, str)]
    log.append([name, *names, *(each.decode("latin-1") for each in given if type(each) is bytes)])
    return result


with around_calls(Without(noting, links == "links"), piece=1500):
    for path in paths:
        snapshot = read_snapshot(path)
        write_snapshot(f"{folder}/run.valor", snapshot)
        log.append(["acknowledged", snapshot.completed_steps])
print(json.dumps(log))
