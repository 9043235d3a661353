"""Kill a save at every call: ``kill_calls.py FOLDER OLDER OLD NEW HOW``.

OLDER, OLD and NEW are checkpoints. In FOLDER there is then, for each kind of save and each
call, a folder in which a process was killed while it wrote NEW over what had been there. HOW is
"calls", to kill at the calls of Python that change something; or "system calls", to have the
system stop the process whenever it enters and leaves one, and kill it there. Says how many kills
there were.
"""

import ctypes
import itertools
import os
import signal
import sys

from calls import Around, Nth, Without, around_calls, killed_after, killed_before
from saves import SAVES, prepared

from valor.checkpoint import read_snapshot, write_snapshot

TRACE_ME, TRACE_TO_NEXT_CALL = 0, 24  # of ptrace(2)


def ptrace(request: int, process: int = 0) -> None:
    """Ask the system to stop a process at its calls."""
    function = ctypes.CDLL(None, use_errno=True).ptrace
    function.argtypes = [ctypes.c_long, ctypes.c_long, ctypes.c_void_p, ctypes.c_void_p]
    if function(request, process, None, None) < 0:
        raise OSError(ctypes.get_errno(), "no process may be stopped at its calls here")


folder, *given = sys.argv[1:]
if not given:  # this was only asked for the sake of the answer
    ptrace(TRACE_ME)
    sys.exit()
older, old, new, how = given
SNAPSHOT = read_snapshot(new)


def survives(path: str, around: Around) -> bool:
    """Write the new checkpoint in another process, and tell whether that came to its end."""
    process = os.fork()
    if not process:
        # In five pieces.
        with around_calls(around, len(SNAPSHOT.encoded()) // 5 + 1):
            write_snapshot(path, SNAPSHOT)
        os._exit(0)
    status = os.waitpid(process, 0)[1]
    assert status in (0, signal.SIGKILL)
    return status == 0


def by_calls(save: str, links: bool) -> int:
    """Kill before and after each call, and return how often that was."""
    kills, note = 0, "" if links else ", without links"
    for when, killed in (("before", killed_before), ("after", killed_after)):
        for at in itertools.count():
            path = prepared(f"{folder}/{save}{note}/{when} call {at}", save, older, old)
            if survives(path, Without(Nth(at, killed), links)):
                break
            kills += 1
    return kills


def by_system_calls(save: str) -> int:
    """Kill at each entry to a system call, before it does anything, and at each return."""
    at = 0
    while True:
        path = prepared(f"{folder}/{save}/stop {at}", save, older, old)
        process = os.fork()
        if not process:
            ptrace(TRACE_ME)
            signal.raise_signal(signal.SIGSTOP)
            write_snapshot(path, SNAPSHOT)
            os._exit(0)
        status = os.waitpid(process, 0)[1]
        for _ in range(at + 1):
            ptrace(TRACE_TO_NEXT_CALL, process)
            status = os.waitpid(process, 0)[1]
            if os.WIFEXITED(status):
                assert os.WEXITSTATUS(status) == 0
                return at
        os.kill(process, signal.SIGKILL)
        os.waitpid(process, 0)
        at += 1


kills = 0
for save in SAVES:
    if how == "calls":
        kills += by_calls(save, links=True) + by_calls(save, links=False)
    else:
        kills += by_system_calls(save)
print(kills)
