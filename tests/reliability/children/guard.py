"""A guard over what reading a file may do: look at that file, and nothing else.

While it watches, everything that Python reports to audit hooks (https://docs.python.org/3/library/
audit_events.html) is refused and noted: an import, code that is compiled or run, a program, a
socket, any other file. So is what takes longer than `LONGEST` seconds. Of memory there are some
hundred megabytes more than were taken before.
"""

import os
import resource
import signal
import sys
import time
from collections.abc import Callable
from typing import Any

LONGEST = 10.0
SPARE = 400 * 2**20  # bytes
# An array is made, an address is told, the signature of a formula is read.
HARMLESS = {"array.__new__", "builtins.id", "object.__getattr__"}


class Forbidden(BaseException):
    """What is watched did something it must not; no `except Exception` keeps that quiet."""


def limit_memory(spare: int = SPARE) -> None:
    """Let the addresses that the process takes grow by so many bytes, and no more."""
    with open("/proc/self/statm", encoding="ascii") as file:
        taken = int(file.read().split()[0]) * os.sysconf("SC_PAGE_SIZE")
    resource.setrlimit(resource.RLIMIT_AS, (taken + spare, taken + spare))


class Guard:
    """Calls functions, and notes what they must not do.

    Args:
        path: the one file that may be opened, to be read.
        own: a folder in which anything may be done.

    Attributes:
        noted: what was refused since the last call began.
        slowest: how many seconds the longest call took.
    """

    def __init__(self, path: str, own: str) -> None:
        self.path = path
        self.own = own + os.sep
        self.noted: list[str] = []
        self.slowest = 0.0
        self._watching = False
        sys.addaudithook(self._audit)
        signal.signal(signal.SIGALRM, self._too_long)

    def call(self, function: Callable[[], Any]) -> Any:
        """Call a function, and watch it."""
        self.noted.clear()
        start = time.perf_counter()
        signal.setitimer(signal.ITIMER_REAL, LONGEST)
        self._watching = True
        try:
            return function()
        finally:
            self._watching = False
            signal.setitimer(signal.ITIMER_REAL, 0)
            self.slowest = max(self.slowest, time.perf_counter() - start)

    def _audit(self, event: str, arguments: tuple[Any, ...]) -> None:
        if not self._watching or event in HARMLESS:
            return
        if event == "open" and arguments[0] == self.path and not arguments[2] & os.O_ACCMODE:
            return
        on_a_path = event == "open" or event.startswith("os.")
        if on_a_path and f"{arguments[0]}{os.sep}".startswith(self.own):
            return
        self.noted.append(f"{event} {arguments!r}"[:300])
        raise Forbidden(event)

    def _too_long(self, signum: int, frame: Any) -> None:
        self.noted.append(f"it took longer than {LONGEST} seconds")
        raise Forbidden("time")
