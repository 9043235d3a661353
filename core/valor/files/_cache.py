"""The cache: folders for files that can be made again.

What is in them may be executed, so they are the user's alone; and they are emptied by a command,
so they are marked, lest a folder of another kind that `VALOR_CACHE` names be taken for one.
"""

import os
import re
import stat
import sys
import time

from valor.exceptions import InvalidArgumentError, shown
from valor.files._writing import write_atomically

# What marks a folder as ours to empty, after https://bford.info/cachedir/: backups leave it out.
TAG_NAME = "CACHEDIR.TAG"
TAG = b"""\
Signature: 8a477f597d28d172789f06886806bc55
# This folder is a cache of Valor. Whatever is in it is removed by `valor cache --clear`.
"""
ABANDONED = 3600.0  # seconds after which nobody is writing a file any more


def cache_root() -> str:
    """Return the folder above those of `cache_folder`; it need not exist.

    It is `VALOR_CACHE` if that is set, or else ``valor`` in the user's folder for caches. Links in
    it are resolved.

    Raises:
        InvalidArgumentError: the user has no home.
    """
    chosen = os.environ.get("VALOR_CACHE")
    if chosen:
        return os.path.realpath(os.path.expanduser(chosen))
    if sys.platform == "win32":
        folder, usual = os.environ.get("LOCALAPPDATA", ""), "~/AppData/Local"
    elif sys.platform == "darwin":
        folder, usual = "", "~/Library/Caches"
    else:
        folder, usual = os.environ.get("XDG_CACHE_HOME", ""), "~/.cache"
    if not os.path.isabs(folder):  # a relative one is not valid there
        folder = os.path.expanduser(usual)
    if not os.path.isabs(folder):
        raise InvalidArgumentError("there is no home to have a cache in; set VALOR_CACHE")
    return os.path.realpath(os.path.join(folder, "valor"))


def cache_folder(name: str) -> str:
    """Return a folder for files that can be made again, and make it if need be.

    Others can neither read nor write what is in it. Files are to be put there with
    `write_atomically`, so that whoever reads one, or empties the cache, meets no halves.

    Args:
        name: letters, digits, ``_``, ``-`` and ``.``, beginning with one of the first three.

    Raises:
        InvalidArgumentError: the name is something else; or the folder, or the one above it, is
            somebody else's, can be written to by others, or holds what is not of this cache.
        OSError: the folder cannot be made.

    >>> import tempfile
    >>> from unittest import mock
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     with mock.patch.dict(os.environ, VALOR_CACHE=folder):
    ...         os.path.basename(cache_folder("programs"))
    'programs'
    """
    if not isinstance(name, str) or not re.fullmatch(r"\w[\w.-]*", name, re.ASCII):
        raise InvalidArgumentError(f"name must be that of a folder, not {shown(name)}")
    root = cache_root()
    os.makedirs(os.path.dirname(root), exist_ok=True)
    folder = os.path.join(root, name)
    for each in (root, folder):
        os.makedirs(each, mode=0o700, exist_ok=True)
        _check_private(each)
    if not _is_cache(folder):
        others = [entry for entry in os.listdir(folder) if TAG_NAME not in entry]
        # Whoever put a file there meanwhile has marked the folder before.
        if others and not _is_cache(folder):
            raise InvalidArgumentError(
                f"{folder} holds {shown(others[0])}, which is not of the cache; "
                f"move it away, or set VALOR_CACHE to another folder"
            )
        write_atomically(os.path.join(folder, TAG_NAME), TAG)
    return folder


def cached_files() -> list[str]:
    """Return the paths of all files in the cache, without those that are being written.

    Links are not followed, and folders that `cache_folder` did not make are not looked into.
    """
    found = []
    for folder in _folders(cache_root()):
        if not _is_cache(folder):
            continue
        for here, folders, names in os.walk(folder):
            folders.sort()
            found += [
                path
                for path in (os.path.join(here, name) for name in sorted(names))
                if path != os.path.join(folder, TAG_NAME) and _is_whole(path)
            ]
    return found


def _folders(root: str) -> list[str]:
    try:
        with os.scandir(root) as entries:
            return sorted(entry.path for entry in entries if entry.is_dir(follow_symlinks=False))
    except FileNotFoundError:
        return []


def _is_cache(folder: str) -> bool:
    try:
        with open(os.path.join(folder, TAG_NAME), "rb") as file:
            return file.read(len(TAG) + 1) == TAG
    except OSError:
        return False


def _is_whole(path: str) -> bool:
    """Tell whether a path is of a regular file, and nobody is about to finish it."""
    try:
        status = os.lstat(path)
    except FileNotFoundError:  # removed meanwhile
        return False
    name = os.path.basename(path)
    unfinished = name.startswith(".") and name.endswith(".tmp")  # as `_replace` calls them
    return stat.S_ISREG(status.st_mode) and not (
        unfinished and time.time() - status.st_mtime < ABANDONED
    )


def _check_private(folder: str) -> None:
    """See that nobody but the user can put files into a folder, or others in its place."""
    if os.name != "posix":
        return  # folders of a user's profile are private there
    status = os.lstat(folder)
    if stat.S_ISLNK(status.st_mode):
        reason = "is a link"
    elif status.st_uid != os.geteuid():
        reason = f"belongs to another user ({status.st_uid})"
    elif status.st_mode & (stat.S_IWGRP | stat.S_IWOTH):
        reason = "can be written to by others"
    else:
        return
    raise InvalidArgumentError(
        f"{folder} {reason}, so that its files cannot be trusted; "
        f"mend that, or set VALOR_CACHE to another folder"
    )
