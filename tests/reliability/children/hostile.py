"""Every public argument with every hostile value: ``hostile.py FIRST STRIDE FILE``.

Of all pairs of an argument and a value, it tries the one at FIRST and each STRIDE after it, and
writes to FILE what became of each: "ok", the name of an error of `valor.exceptions`, what else may
pass; or, after "FAULT", what must not happen.
"""

import contextlib
import inspect
import io
import json
import os
import resource
import signal
import sys
import tempfile
import traceback
import warnings
from collections.abc import Callable, Iterator
from typing import Any

from subjects import MAY_RAISE, Subject, subjects
from values import VALUES, Hostile

from valor.exceptions import CheckpointWarning, EngineWarning, PluginWarning, ValorError

LONGEST = 20  # seconds
MEMORY = 4 * 2**30  # bytes of addresses


class TooLong(BaseException):
    """A call went on and on."""


def call(function: Callable[..., Any], given: dict[str, Any]) -> None:
    """Call a function with every argument by its name, or in its place where that is the way."""
    positional: list[Any] = []
    named = dict(given)
    for parameter in inspect.signature(function).parameters.values():
        if parameter.name not in named:
            continue
        if parameter.kind is parameter.POSITIONAL_ONLY:
            positional.append(named.pop(parameter.name))
        elif parameter.kind is parameter.VAR_POSITIONAL:
            positional += named.pop(parameter.name)
        elif parameter.kind is parameter.VAR_KEYWORD:
            named.update(named.pop(parameter.name))
    function(*positional, **named)


def outcome(subject: Subject, argument: str, value: Any) -> str:
    """Return what becomes of a call in which one argument has a value."""
    function, given, then = subject.made()
    old = given[argument]
    # What is gathered is one of several: an entry of ``*keys``, a value of ``**hyperparameters``.
    if isinstance(old, Gathered):
        value = old.with_(value)
    given[argument] = value
    signal.alarm(LONGEST)
    try:
        result = function(given) if then is None else then(function(given))
        if isinstance(result, Iterator):
            list(result)
        return "ok"
    except ValorError as error:
        str(error)
        return type(error).__name__
    except Hostile:
        return "Hostile"
    except MAY_RAISE.get(subject.name, ()) as error:
        return type(error).__name__
    except (Exception, TooLong) as error:
        frames = traceback.extract_tb(error.__traceback__)
        place = f"{os.path.basename(frames[-1].filename)}:{frames[-1].lineno}"
        ours = [frame for frame in frames if "/valor" in frame.filename]
        if ours:
            place = f"{ours[-1].filename}:{ours[-1].lineno}, {place}"
        return f"FAULT {type(error).__name__}: {error} ({place})"[:400]
    finally:
        signal.alarm(0)
