"""What the guard is to see: ``careless.py WHAT`` does it, and prints what was noted and raised."""

import os
import socket
import subprocess
import sys
import tempfile
from collections.abc import Callable
from typing import Any

import guard

guard.LONGEST = 0.5


def forever() -> None:
    while True:
        pass


what = sys.argv[1]
with tempfile.NamedTemporaryFile() as file:
    path = file.name
    actions: dict[str, Callable[[], Any]] = {
        "imports": lambda: __import__("antigravity"),
        "compiles": lambda: eval("1 + 1"),
        "opens another file": lambda: open(os.devnull),  # noqa: SIM115
        "writes": lambda: open(path, "a"),  # noqa: SIM115
        "removes": lambda: os.remove(path),
        "starts a program": lambda: subprocess.run(["true"]),  # noqa: PLW1510
        "connects": socket.socket,
        "loops": forever,
        "takes memory": lambda: bytearray(2**31),
        "reads the file": lambda: open(path, "rb").close(),
    }
    watching = guard.Guard(path, f"{path}.folder")
    guard.limit_memory()
    try:
        watching.call(actions[what])
        print("nothing")
    except (guard.Forbidden, MemoryError) as error:
        print(type(error).__name__, *watching.noted)
