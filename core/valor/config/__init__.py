"""From a TOML file, and the options of a command line, to a checked description of a run.

Nothing is coerced: "0.5" is no number, 3.7 no int and true no 1. An unknown key is refused with
the nearest one there is, and every error names the file and its line, or the option, the table, the
key, the value and what was expected. Paths in a file are relative to the file.
"""

from valor.config._configuration import Configuration
from valor.config._effective import effective_text
from valor.config._origin import Origin, Override
from valor.config._reading import read

__all__ = ["Configuration", "Origin", "Override", "effective_text", "read"]
