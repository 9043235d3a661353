"""Files: the plugin meant for one, tables of samples read through it, safe writing, the cache."""

from valor._arguments import path_of
from valor.files._cache import cache_folder, cache_root, cached_files
from valor.files._columns import Columns, selected
from valor.files._locking import Lock
from valor.files._reading import Samples, by_suffix, read_samples, read_table
from valor.files._writing import PREVIOUS, remove_leftovers, write_atomically

__all__ = [
    "PREVIOUS",
    "Columns",
    "Lock",
    "Samples",
    "by_suffix",
    "cache_folder",
    "cache_root",
    "cached_files",
    "path_of",
    "read_samples",
    "read_table",
    "remove_leftovers",
    "selected",
    "write_atomically",
]
