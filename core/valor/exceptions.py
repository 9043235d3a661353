"""Every error a user can meet, in one leaf module.

All derive from `ValorError`, so that one ``except`` catches them, and each also derives from the
built-in exception a Python programmer would expect for it.
"""

from collections.abc import Sequence
from typing import Any


class ValorError(Exception):
    """Base of every error that Valor raises on purpose."""


class InvalidNumberError(ValorError, TypeError):
    """A value is not a real number that a float can hold (None, str, complex, bool, 10**400 …)."""


class InvalidArgumentError(ValorError, ValueError):
    """An argument has the right type but not a value that makes sense there."""


class DataError(InvalidArgumentError):
    """Training data is empty, ragged, of the wrong width, of unequal lengths, or not finite.

    Attributes:
        missing_column: the column that was asked for and is not in the table, or None.
        text_column: the column that holds something else than numbers, or None.
    """

    def __init__(
        self, message: str, *, missing_column: str | None = None, text_column: str | None = None
    ) -> None:
        super().__init__(message)
        self.missing_column = missing_column
        self.text_column = text_column


class GraphCycleError(ValorError, ValueError):
    """A Valor is, by hand-made parents, its own ancestor."""


class GraphCopyError(ValorError, TypeError):
    """A graph was asked to be copied or pickled in a way that would lose its meaning."""


class FormulaError(ValorError, TypeError):
    """A formula returned something other than its record promises."""


class HyperparameterError(InvalidArgumentError):
    """A hyperparameter is unknown to a formula, has the wrong type, or fails its validator."""


class UnknownNameError(ValorError, LookupError):
    """No plugin provides the name that was asked for, or a history has no such column."""


class NameConflictError(ValorError, LookupError):
    """Two plugins provide the same name, so that it means neither."""


class PluginError(ValorError):
    """A plugin could not be loaded, and ``strict=True`` asked for that to be an error."""


class PluginWarning(UserWarning):
    """A plugin was left out; the text names its distribution, its version and the reason."""


class ConfigurationError(ValorError, ValueError):
    """A configuration file or a command-line option does not describe a run."""


class ModelFileError(ValorError, ValueError):
    """A file is not a model that this version of Valor can read."""


class CheckpointError(ValorError, ValueError):
    """A file is not a checkpoint that this run can be resumed from; the text says why."""


class LockedError(ValorError, RuntimeError):
    """A file is in use by another run; the text names the process that holds it."""


class MissingExtraError(ValorError, ImportError):
    """An optional dependency is not installed; the text names the extra that brings it."""


class CannotCompileError(ValorError, TypeError):
    """An engine cannot run what it was given; the text names formula, file, line and remedy."""


class EngineWarning(UserWarning):
    """``engine="auto"`` could not compile and runs eagerly; the text says why, and the remedy."""


class CheckpointWarning(UserWarning):
    """A run is resumed, but not from all that is there.

    A plugin that had something kept in the checkpoint takes no part, or the newest checkpoint is
    damaged and the one before it is taken.
    """


class ConformanceError(ValorError, AssertionError):
    """A plugin's formula failed a check of `valor.testing`.

    Attributes:
        report: the outcome of every check, a `valor.testing.Report`.
    """

    def __init__(self, report: Any) -> None:
        super().__init__(str(report))
        self.report = report


class NonFiniteError(ValorError, ArithmeticError):
    """Training met a number that is not finite, and stopped before applying the step.

    Attributes:
        epoch: the epoch, counted from 1.
        batch: the batch within the epoch, counted from 1.
        sample: the row of the training data (counted from 0) whose graph first went wrong, or
            None where the number does not belong to one sample.
        operation: the operation that made the first scalar that is not finite.
        operands: the numbers it was given.
        path: the scalars from that one to the loss, each in a line: what made it, of what, and
            what came of it. Long sums are shortened. It is empty where the first number that went
            wrong is none of the graph's.
        through: the neurons on that path, by their places in the network.
    """

    def __init__(
        self,
        message: str,
        *,
        epoch: int,
        batch: int,
        sample: int | None,
        operation: str,
        operands: tuple[Any, ...],
        path: tuple[str, ...] = (),
        through: tuple[str, ...] = (),
    ) -> None:
        super().__init__(message)
        self.epoch = epoch
        self.batch = batch
        self.sample = sample
        self.operation = operation
        self.operands = operands
        self.path = path
        self.through = through


class RenderError(ValorError, RuntimeError):
    """A picture could not be drawn: Graphviz failed, or took too long."""


def shown(value: Any) -> str:
    """Return a value as an error shows it: never long, whatever the value.

    >>> shown(list(range(100)))
    '[0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16...'
    """
    try:
        text = repr(value)
    except Exception:  # it is too deep, has too many digits, or its own __repr__ fails
        return f"something of type {type(value).__name__} that cannot be shown"
    return text if len(text) <= 60 else text[:57] + "..."


def several(names: Sequence[str]) -> str:
    """Return names as an error lists them: not more than a few.

    >>> several(["a", "b"]), several([f"x{i}" for i in range(100)])
    ('a, b', 'x0, x1, x2, x3, x4, x5, x6, x7 and 92 more')
    """
    most = 8
    rest = f" and {len(names) - most} more" if len(names) > most + 1 else ""
    return ", ".join(names[:most] if rest else names) + rest


def nearest(name: str, known: Sequence[str]) -> str:
    """Return a hint at the name that was probably meant; "" if none is near.

    >>> nearest("epoch", ["epochs", "seed"])
    ", did you mean 'epochs'?"
    """
    import difflib

    by_letters = {each.casefold(): each for each in known}
    close = difflib.get_close_matches(name.casefold(), list(by_letters), n=1)
    return f", did you mean {by_letters[close[0]]!r}?" if close else ""
