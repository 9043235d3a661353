"""Train and write checkpoints: ``train.py ENGINE KIND PATH``; go on from PATH if it is there.

Each epoch that is safe in the file is acknowledged by a line with its number, and after the last
one a line says in JSON what the run left.
"""

import json
import os
import sys
from typing import Any

import work

from valor import hookimpl
from valor_plugins.callbacks.checkpoint import checkpoint


class Acknowledges:
    """Says so when an epoch is in the file: after the plugin that writes it."""

    @hookimpl(trylast=True)
    def valor_after_steps(self, run: Any) -> None:
        if run.completed_steps % run.steps_per_epoch == 0:
            os.write(1, f"{run.completed_epochs}\n".encode())


engine, kind, path = sys.argv[1:]
chosen = work.trainer(
    engine, kind, checkpoint(path=path, every_epochs=1, every_steps=3), Acknowledges()
)
work.fit(chosen, resume_from=path if os.path.exists(path) else None)
print(json.dumps(work.left_by(chosen)))
