"""Arguments of any kind at all, as what they have to be, or refused: paths, ints and lists."""

import operator
import os
from collections.abc import Iterable
from typing import Any

from valor.exceptions import InvalidArgumentError, shown

__all__ = ["listed", "path_of", "whole"]


def path_of(path: Any, argument: str = "path") -> str:
    """Return the path of a file as a text.

    Args:
        path: a text, or an object of `pathlib`.
        argument: what to call it in an error.

    Raises:
        InvalidArgumentError: it is something else, or a text that no path can be.

    >>> import pathlib
    >>> path_of(pathlib.PurePosixPath("runs", "a.json"))
    'runs/a.json'
    """
    try:
        text = os.fspath(path)
    except TypeError:
        text = b""
    if not isinstance(text, str):
        raise InvalidArgumentError(f"{argument} must be the path of a file, not {shown(path)}")
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        unusable = True
    else:
        unusable = "\0" in text
    if unusable:
        raise InvalidArgumentError(
            f"{argument} must be the path of a file, but {shown(path)} has a character that no "
            "path can have"
        )
    return text


def whole(value: Any, argument: str, expected: str = "an int") -> int:
    """Return a number as an int.

    Args:
        value: an int, or what NumPy has for one.
        argument, expected: what to call it, and what it has to be, in an error.

    Raises:
        InvalidArgumentError: it is something else.

    >>> whole(3, "seed")
    3
    """
    try:
        if not isinstance(value, bool):
            return operator.index(value)
    except TypeError:
        pass
    raise InvalidArgumentError(f"{argument} must be {expected}, not {shown(value)}")


def listed(values: Any, argument: str, expected: str = "a list") -> list[Any]:
    """Return several values as a list: of anything that can be gone through, but a text.

    Args:
        values: the values.
        argument, expected: what to call them, and what they have to be, in an error.

    Raises:
        InvalidArgumentError: they are one text, or cannot be gone through.

    >>> listed((1, 2), "keys")
    [1, 2]
    """
    if isinstance(values, Iterable) and not isinstance(values, (str, bytes)):
        try:
            iterator = iter(values)
        except TypeError:  # an array without axes
            pass
        else:
            return list(iterator)
    raise InvalidArgumentError(f"{argument} must be {expected}, not {shown(values)}")
