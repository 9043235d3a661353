"""Have every call of a save fail: ``fail_calls.py FOLDER OLDER OLD NEW``, all checkpoints.

In FOLDER there is then, for each kind of save and each call, a folder in which that call said that
no space is left while NEW was written over what had been there. Of each, the list in JSON has the
kind, the call, the folder, what is in it, and of the error what it names; null if there was none.
"""

import errno
import itertools
import json
import os
import sys
from typing import Any

from calls import Do, Nth, Without, around_calls
from saves import SAVES, prepared

from valor.checkpoint import read_snapshot, write_snapshot

folder, older, old, new = sys.argv[1:]
SNAPSHOT = read_snapshot(new)


def no_space(do: Do) -> Any:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


found: list[Any] = []
for save, links in itertools.product(SAVES, (True, False)):
    for at in itertools.count():
        path = prepared(
            f"{folder}/{save}{'' if links else ', without links'}/{at}", save, older, old
        )
        failing, named = Nth(at, no_space), None
        try:
            with around_calls(Without(failing, links), len(SNAPSHOT.encoded()) // 5 + 1):
                write_snapshot(path, SNAPSHOT)
        except OSError as error:
            named = [error.errno, error.filename]
        if not failing.called:
            break
        place = os.path.dirname(path)
        found.append([save, failing.called, place, sorted(os.listdir(place)), named])
print(json.dumps(found))
