"""Writing a file so that nobody meets a part of it."""

import os
import threading


def write_atomically(path: str | os.PathLike[str], content: str | bytes) -> None:
    """Write a file so that whoever reads it finds the old content or the new, never a part.

    The new content is written beside the file, forced to the disk, and put in its place. What is
    not a regular file (a pipe, a terminal) is written to as it is.

    Args:
        path: the file; its folder must exist.
        content: text, which is written as UTF-8, or bytes.

    Raises:
        OSError: it cannot be written; what was there before is still there. Its `filename` is
            `path`.

    >>> import tempfile
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     write_atomically(f"{folder}/a.txt", "new")
    ...     os.listdir(folder)
    ['a.txt']
    """
    data = content.encode() if isinstance(content, str) else content
    target = os.path.realpath(path)  # of a link, the file it leads to is replaced
    try:
        if os.path.exists(target) and not os.path.isfile(target):
            with open(path, "wb") as file:
                file.write(data)
        else:
            _replace(target, data)
    except OSError as error:
        # It would name the file beside this one, of which the caller knows nothing, or none.
        raise OSError(error.errno, error.strerror, os.fspath(path)) from error


def _replace(target: str, data: bytes) -> None:
    folder, name = os.path.split(target)
    # Two processes, and two threads, may be at the same file.
    writer = f"{os.getpid()}-{threading.get_ident()}"
    temporary = os.path.join(folder, f".{name}.{writer}.tmp")
    try:
        with open(temporary, "wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        os.replace(temporary, target)
    except BaseException:
        if os.path.exists(temporary):
            os.remove(temporary)
        raise
