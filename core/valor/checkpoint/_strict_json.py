"""JSON, read strictly: no key twice, no NaN, no number that a float cannot hold."""

import json
import math
from typing import Any, NoReturn

from valor.exceptions import ValorError, shown


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
                raise error(f"key {key!r} stands there twice")
            result[key] = value
        return result

    def refused(constant: str) -> NoReturn:
        raise error(f"{constant} is not a finite number")

    def finite(digits: str) -> float:
        value = float(digits)
        if not math.isfinite(value):
            raise error(f"{shown(digits)} is larger than any float")
        return value

    try:
        return json.loads(
            text, object_pairs_hook=without_duplicates, parse_constant=refused, parse_float=finite
        )
    except RecursionError:
        raise error(f"it is nested too deeply to be {what}") from None
    except error:
        raise
    except ValueError as fault:
        raise error(f"it is not a whole JSON document: {fault}") from None
