"""`valor init`: a configuration to begin with, in which every key stands with its meaning.

It stands in `templates/valor.toml`. A key that is new there is one more line.
"""

import importlib.resources
import os
import shlex
from typing import Any

from valor.exceptions import ConfigurationError


def init(options: Any) -> int:
    """Write the example, and tell how to train it."""
    path, text = options.file, example()
    try:
        with open(path, "x", encoding="utf-8", newline="\n") as file:
            file.write(text)
    except FileExistsError as error:
        what = "a folder" if os.path.isdir(path) else "a file"
        raise ConfigurationError(
            f"{path!r} is {what} already, and nothing is written over; give another name, as in "
            "valor init other.toml"
        ) from error
    except OSError as error:
        raise ConfigurationError(f"cannot write {path!r}: {error.strerror or error}") from error
    print(f"wrote {path}; train what it describes with: valor train {shlex.quote(path)}")
    return 0


def example() -> str:
    """Return the text of the example.

    >>> print(example().splitlines()[0])
    # A run of Valor: the data, the network, and how it is trained.
    """
    templates = importlib.resources.files("valor.cli").joinpath("templates")
    return templates.joinpath("valor.toml").read_text("utf-8")
