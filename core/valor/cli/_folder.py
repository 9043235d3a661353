"""The folder of a run: its files, who may write to them, and where a run goes on from.

Whatever ends a command, the configuration and the checkpoint in a folder are those of one run.
"""

import contextlib
import os
import tempfile
import warnings
from types import TracebackType

import attrs

from valor._manager import PluginManager
from valor.checkpoint import Snapshot, read_snapshot
from valor.config import Configuration, effective_text
from valor.exceptions import CheckpointError, CheckpointWarning, ConfigurationError, LockedError
from valor.files import PREVIOUS, Lock, remove_leftovers, write_atomically
from valor.hookspecs import hookimpl

CONFIGURATION, CHECKPOINT, HISTORY, CURVE = (
    "config.toml",
    "checkpoint.valor",
    "history.csv",
    "loss.svg",
)
MODEL, RUN, PREDICTIONS, GRAPH = "model.json", "run.json", "predictions.csv", "graph.svg"
FILES = (CONFIGURATION, CHECKPOINT, HISTORY, CURVE, MODEL, RUN, PREDICTIONS, GRAPH)


def within(path: str, name: str) -> str:
    """Return a file; where a folder was named, that of this name in it.

    Raises:
        ConfigurationError: the folder has no such file.
    """
    if not os.path.isdir(path):
        return path
    found = os.path.join(path, name)
    if not os.path.exists(found):
        raise ConfigurationError(
            f"{path}: it is a folder without {name}: it is not that of a run, or the run did not "
            "come to the end of its first step"
        )
    return found


@attrs.define(eq=False)
class RunFolder:
    """The folder of a run, which listens to the run.

    Between entering and leaving it, no other command can write to it.

    Attributes:
        path: the folder.
        place: what a user calls the place where it was named.
        text: the configuration that is to be written.
        resumed_from: the checkpoint that the run goes on from; None for a run that begins anew.
    """

    path: str
    place: str
    text: str = ""
    resumed_from: str | None = None
    _lock: Lock | None = attrs.field(default=None, init=False, repr=False)
    _begun: bool = attrs.field(default=False, init=False, repr=False)

    @classmethod
    def of(cls, configuration: Configuration) -> "RunFolder | None":
        """Return the folder that a configuration names; None if it names none."""
        path = configuration.tables.output.folder
        return None if path is None else cls(path, configuration.place("output", "folder"))

    def __enter__(self) -> "RunFolder":
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        if self._lock is not None:
            self._lock.release()

    def resume(self) -> Snapshot | None:
        """Return the last checkpoint that can be read; None if there is none.

        Raises:
            CheckpointError: there are some, but none can be read.
            LockedError: another command writes to the folder.
        """
        if not os.path.isdir(self.path):
            return None
        self.take()
        path = self._file(CHECKPOINT)
        there = [each for each in (path, path + PREVIOUS) if os.path.exists(each)]
        for each in there:
            try:
                snapshot = read_snapshot(each)
            except CheckpointError as error:
                if each is there[-1]:
                    raise
                warnings.warn(f"{error}; resuming from that", CheckpointWarning, stacklevel=2)
            else:
                self.resumed_from = each
                return snapshot
        return None

    def take(self) -> None:
        """Make the folder, see that files can be made in it, and keep others from it.

        Raises:
            ConfigurationError: that cannot be.
            LockedError: another command writes to it.
        """
        if self._lock is not None:
            return
        lock = Lock(self._file(CONFIGURATION))
        try:
            os.makedirs(self.path, exist_ok=True)
            with tempfile.TemporaryFile(dir=self.path):
                pass
            lock.acquire()
        except LockedError as error:
            raise LockedError(f"{self.place}: {error}") from error
        except OSError as error:
            reason = error.strerror or str(error)
            if os.path.exists(self.path) and not os.path.isdir(self.path):
                reason = "it is a file, not a folder"
            raise ConfigurationError(
                f"{self.place}: cannot write to {self.path!r}: {reason}"
            ) from error
        self._lock = lock
        for name in FILES:
            if name != CHECKPOINT:  # that is looked after by who writes it
                remove_leftovers(self._file(name))

    def describe(self, configuration: Configuration, plugins: PluginManager) -> None:
        """Note the configuration that is to be written.

        Raises:
            ConfigurationError: it cannot be written.
        """
        self.text = effective_text(configuration, self.path, plugins)
        try:
            self.text.encode()
        except UnicodeEncodeError as error:
            raise ConfigurationError(
                f"{self.place}: the configuration of the run cannot be written to it, because a "
                f"path or a name is no text: {error}"
            ) from None

    @hookimpl(tryfirst=True)
    def valor_after_steps(self) -> None:
        """Write the configuration: not before a step is done, for until then a run may be refused.

        What the checkpoint was of is gone then, unless it is this run that goes on.
        """
        if self._begun:
            return
        path = self._file(CHECKPOINT)
        if self.resumed_from is None:
            for each in (path, path + PREVIOUS):
                with contextlib.suppress(FileNotFoundError):
                    os.remove(each)
        elif self.resumed_from != path:
            os.replace(self.resumed_from, path)  # or the damaged one would be kept instead of it
        write_atomically(self._file(CONFIGURATION), self.text)
        self._begun = True

    def _file(self, name: str) -> str:
        return os.path.join(self.path, name)
