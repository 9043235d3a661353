"""`valor cache`: how large the cache is, and emptying it."""

import os
from typing import Any

from valor.files import cache_root, cached_files


def cache(options: Any) -> int:
    """Tell where the cache is and how large, or remove its files."""
    count, size = 0, 0
    for path in cached_files():
        try:
            size_of_this = os.lstat(path).st_size
            if options.clear:
                os.remove(path)
        except FileNotFoundError:  # somebody else empties the cache too
            continue
        count, size = count + 1, size + size_of_this
    files = f"{count} file{'' if count == 1 else 's'}, {_size(size)}"
    print(f"{cache_root()}: {'removed ' if options.clear else ''}{files}")
    return 0


def _size(count: int) -> str:
    """Return a number of bytes as people read it.

    >>> _size(999), _size(1_250_000)
    ('999 B', '1.2 MB')
    """
    power = min((len(str(count)) - 1) // 3, 3)
    if power == 0:
        return f"{count} B"
    return f"{count / 1000**power:.1f} {('kB', 'MB', 'GB')[power - 1]}"
