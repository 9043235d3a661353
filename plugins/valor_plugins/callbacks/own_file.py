"""Files that callbacks write: each one belongs to one callback of a run."""

import os
from weakref import WeakKeyDictionary

from valor import Run
from valor.exceptions import InvalidArgumentError

_owners: WeakKeyDictionary[Run, dict[str, str]] = WeakKeyDictionary()


def claim(run: Run, path: str | os.PathLike[str], owner: str) -> None:
    """Note that a callback writes a file, so that no other callback of the run does too.

    What is neither a file nor a folder, such as a pipe or a terminal, may belong to several.

    Args:
        run: the run, which has not begun.
        path: the file, or the folder.
        owner: the name of the callback.

    Raises:
        InvalidArgumentError: it belongs to another one.
    """
    place = os.path.realpath(path)
    if os.path.exists(place) and not os.path.isfile(place) and not os.path.isdir(place):
        return
    owners = _owners.setdefault(run, {})
    if place in owners:
        raise InvalidArgumentError(
            f"{owner}: {os.fspath(path)!r} is written by {owners[place]} of the same run too; give "
            "each callback a path of its own"
        )
    owners[place] = owner
