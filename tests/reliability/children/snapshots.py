"""Train, and keep the checkpoints of the first steps: ``snapshots.py FOLDER``."""

import sys
from typing import Any

import work

from valor import hookimpl


class Keeps:
    """Writes each step into a file of its own, named by the number of steps."""

    @hookimpl
    def valor_after_batch(self) -> None:
        """Listen, so that there is a call after each step."""

    @hookimpl
    def valor_after_steps(self, run: Any) -> None:
        if run.completed_steps < 14:
            run.save_checkpoint(f"{sys.argv[1]}/{run.completed_steps}")


work.fit(work.trainer("eager", "adam", Keeps()))
