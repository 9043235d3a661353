"""Writing a file so that nobody meets a part of it."""

import contextlib
import errno
import os
import re
import threading
from typing import Any

from valor._arguments import path_of
from valor._data import truth
from valor.exceptions import InvalidArgumentError, shown

PREVIOUS = ".previous"


def write_atomically(
    path: str | os.PathLike[str], content: str | bytes, *, keep_previous: bool = False
) -> None:
    """Write a file so that whoever reads it finds the old content or the new, never a part.

    The new content is written beside the file, forced to the disk, and put in its place, and the
    folder is forced to the disk too. What is not a regular file (a pipe, a terminal) is written to
    as it is.

    Args:
        path: the file; its folder must exist.
        content: text, which is written as UTF-8, or bytes.
        keep_previous: whether to keep what was there, as ``path + ".previous"``.

    Raises:
        InvalidArgumentError: an argument is not what is described here.
        OSError: it cannot be written; what was there before is still there. Its `filename` is
            `path`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/a.txt", "old")
    ...     write_atomically(f"{folder}/a.txt", "new", keep_previous=True)
    ...     sorted(os.listdir(folder))
    ['a.txt', 'a.txt.previous']
    """
    path, data = path_of(path), _encoded(content)
    keep_previous = truth(keep_previous, "keep_previous")
    target = os.path.realpath(path)  # of a link, the file it leads to is replaced
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(path, "wb") as file:
                file.write(data)
        else:
            _replace(target, data, keep_previous)
    except OSError as error:
        # It would name the file beside this one, of which the caller knows nothing, or none.
        raise OSError(error.errno, error.strerror, path) from error


def remove_leftovers(path: str | os.PathLike[str]) -> None:
    """Remove what was written beside a file by processes that ended before it was in its place.

    Whoever calls it must hold the file's `Lock`: what others are writing would be removed too.

    Args:
        path: the file.

    Raises:
        InvalidArgumentError: it is no path.
        OSError: its folder cannot be looked into.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/.a.txt.7-1.tmp", "what process 7 left of a.txt")
    ...     remove_leftovers(f"{folder}/a.txt")
    ...     os.listdir(folder)
    []
    """
    folder, name = os.path.split(os.path.realpath(path_of(path)))
    ours = re.compile(rf"\.{re.escape(name)}\.\d+-\d+(\.old)?\.tmp")
    for each in os.listdir(folder):
        if ours.fullmatch(each):
            with contextlib.suppress(OSError):  # it is in nobody's way
                os.remove(os.path.join(folder, each))


def _encoded(content: Any) -> bytes:
    if isinstance(content, (bytes, bytearray, memoryview)):
        return bytes(content)
    if not isinstance(content, str):
        raise InvalidArgumentError(f"content must be a text or bytes, not {shown(content)}")
    try:
        return content.encode()
    except UnicodeEncodeError as error:
        raise InvalidArgumentError(f"content cannot be written as UTF-8: {error}") from None


def _replace(target: str, data: bytes, keep_previous: bool) -> None:
    folder, name = os.path.split(target)
    # Two processes, and two threads, may be at the same file. `remove_leftovers` knows this name.
    writer = f"{os.getpid()}-{threading.get_ident()}"
    temporary = os.path.join(folder, f".{name}.{writer}.tmp")
    try:
        _write(temporary, data)
        if keep_previous and os.path.exists(target):
            _keep(target, os.path.join(folder, f".{name}.{writer}.old.tmp"))
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
    _force_folder(folder)


def _write(path: str, data: bytes) -> None:
    """Write a new file, and force it to the disk."""
    with open(path, "wb") as file:
        file.write(data)
        file.flush()
        os.fsync(file.fileno())


def _keep(target: str, temporary: str) -> None:
    """Give what is in a file a second name, under which it stays when the file is replaced."""
    try:
        try:
            os.link(target, temporary)
        except OSError:  # a file system without links
            with open(target, "rb") as file:
                _write(temporary, file.read())
        os.replace(temporary, target + PREVIOUS)
    finally:
        # Where both names are of one file already, replacing does nothing.
        with contextlib.suppress(FileNotFoundError):
            os.remove(temporary)


def _force_folder(folder: str) -> None:
    """Force the names in a folder to the disk; without that, a crash may undo a replacement."""
    if os.name != "posix":
        return  # a folder cannot be opened there
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    except OSError as error:
        if error.errno != errno.EINVAL:  # what a file system says that knows of no such thing
            raise
    finally:
        os.close(descriptor)
