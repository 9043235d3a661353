"""``python -m valor`` is the command `valor`."""

import sys

from valor.cli import main

if __name__ == "__main__":
    sys.exit(main())
