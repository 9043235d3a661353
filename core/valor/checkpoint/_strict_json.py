"""JSON, read strictly: no key twice, no NaN, no number that a float cannot hold, nothing deep."""

import json
import math
from typing import Any, NoReturn

from valor.exceptions import ValorError, shown

# Lists and objects in each other: whoever looks through what was read may do so by recursion.
DEEPEST = 100


def too_deep(value: Any, deepest: int = DEEPEST) -> bool:
    """Tell whether lists and dicts stand in each other more than so many deep.

    >>> too_deep([[0], {"a": []}], 2), too_deep([[0], {"a": []}], 3)
    (True, False)
    """
    if not isinstance(value, (dict, list)):
        return False
    inner = value.values() if isinstance(value, dict) else value
    return not deepest or any(
        too_deep(each, deepest - 1) for each in inner if isinstance(each, (dict, list))
    )


def parsed(text: str, error: type[ValorError], what: str) -> Any:
    """Return what a JSON document says.

    Args:
        text: the document.
        error: what to raise.
        what: what the document is expected to be, such as "a model file".

    Raises:
        ValorError: of the class `error`: it is not a whole document, or not a strict one.

    >>> from valor.exceptions import ModelFileError
    >>> parsed('{"a": 1, "a": 2}', ModelFileError, "a model file")
    Traceback (most recent call last):
    valor.exceptions.ModelFileError: key 'a' stands there twice
    """

    def without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        result: dict[str, Any] = {}
        for key, value in pairs:
            if key in result:
                raise error(f"key {shown(key)} stands there twice")
            result[key] = value
        return result

    def refused(constant: str) -> NoReturn:
        raise error(f"{constant} is not a finite number")

    def finite(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise error(f"{shown(digits)} is larger than any float")
        return value

    deep = error(f"it is nested too deeply to be {what}")
    try:
        document = json.loads(
            text, object_pairs_hook=without_duplicates, parse_constant=refused, parse_float=finite
        )
    except RecursionError:
        raise deep from None
    except error:
        raise
    except ValueError as fault:
        raise error(f"it is not a whole JSON document: {fault}") from None
    if too_deep(document):
        raise deep
    return document
