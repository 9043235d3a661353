"""Every public argument with every hostile value: ``hostile.py STRIDE FILE``.

Of all pairs of an argument and a value, it tries each STRIDE-th, and writes to FILE what became of
it: "ok", the name of an error of `valor.exceptions`, what else may pass; or, after "FAULT", what
must not happen.
"""

import contextlib
import io
import json
import os
import signal
import sys
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from examples import FOLDER, Call, prepare
from guard import limit_memory
from subjects import MAY_RAISE, subjects, uncovered
from values import VALUES, Hostile

from valor.exceptions import CheckpointWarning, EngineWarning, PluginWarning, ValorError

LONGEST = 20  # seconds
MEMORY = 4 * 2**30  # bytes more than are taken at first


class TooLong(BaseException):
    """A call went on and on."""


def stop(signum: int, frame: Any) -> None:
    raise TooLong


def outcome(name: str, make: Callable[[], Call], argument: str, value: Any) -> str:
    """Return what becomes of a call in which one argument has a value."""
    function, given = make()
    signal.alarm(LONGEST)
    try:
        result = function(**({**given, argument: value} if argument else given))
        if isinstance(result, Iterator):
            for _ in result:
                pass
        return "ok"
    except ValorError as error:
        str(error)
        return type(error).__name__
    except Hostile:
        return "Hostile"
    except MAY_RAISE.get(name.partition(" ")[0], ()) as error:
        return type(error).__name__
    except (Exception, TooLong) as error:
        notes = [note for note in getattr(error, "__notes__", ()) if note.startswith("raised by ")]
        if notes and "valor-framework" not in notes[0]:
            return "what the formula raises"  # the value was taken for one
        frames = traceback.extract_tb(error.__traceback__)
        ours = [f for f in frames if "/valor" in f.filename] or frames
        place = f"{os.path.basename(ours[-1].filename)}:{ours[-1].lineno}"
        return f"FAULT {type(error).__name__} at {place}: {words(error)}"[:300]
    finally:
        signal.alarm(0)


def words(error: BaseException) -> str:
    try:
        return str(error)
    except Exception:  # it shows a value, such as a key
        return "it cannot be shown"


def main(stride: str, path: str) -> None:
    signal.signal(signal.SIGALRM, stop)
    limit_memory(MEMORY)
    for category in (CheckpointWarning, EngineWarning, PluginWarning):
        warnings.simplefilter("ignore", category)
    prepare()
    os.chdir(FOLDER)
    found = {}
    usual = {name: outcome(name, make, "", None) for name, make in subjects().items()}
    pairs = [
        (name, make, argument, value)
        for name, make in subjects().items()
        for argument in make()[1]
        for value in VALUES
    ]
    for name, make, argument, value in pairs[:: int(stride)]:
        with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
            found[f"{name}: {argument}={value}"] = outcome(name, make, argument, VALUES[value]())
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"outcomes": found, "usual": usual, "uncovered": uncovered()}, file)


if __name__ == "__main__":
    main(*sys.argv[1:])
