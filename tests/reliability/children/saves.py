"""The kinds of saves there are, by what was there before; a module for the programs beside it."""

import os
import shutil

SAVES = ("first", "second", "third")


def prepared(folder: str, save: str, older: str, old: str) -> str:
    """Make a folder with what is there before a save, and return the checkpoint's path."""
    os.makedirs(folder)
    path = f"{folder}/run.valor"
    if save != "first":
        shutil.copy(old, path)
    if save == "third":
        shutil.copy(older, f"{path}.previous")
    return path
