"""What a callback watches: a column of the history, and whether more of it is better, or less."""

import math
from collections.abc import Sequence

import attrs

from valor import Run
from valor.exceptions import InvalidArgumentError, nearest
from valor_plugins.callbacks.checks import checked

AUTO = "auto"
MODES = (AUTO, "min", "max")
# Names of columns of which less is better, and of which more is, without "validation_".
LESS = ("loss", "error")  # how they end
MORE = frozenset(("accuracy", "auc", "balanced_accuracy", "f1", "precision", "r2", "recall"))


@attrs.frozen
class Monitor:
    """Tells whether the last epoch was the best so far.

    Args:
        owner: the name of the callback that asks, for errors.
        column: the column of the history; "auto" for ``validation_loss`` if there is one, or else
            ``loss``.
        mode: "min" if less is better, "max" if more is; "auto" to tell by the column's name.
        min_delta: how much better than the best so far it has to be.

    >>> Monitor("example").is_better("loss", 0.5, than=0.75)
    True
    >>> Monitor("example", min_delta=0.5).is_better("validation_accuracy", 0.75, than=0.5)
    False
    """

    owner: str
    column: str = AUTO
    mode: str = attrs.field(default=AUTO, validator=checked(attrs.validators.in_(MODES)))
    min_delta: float = attrs.field(default=0.0, validator=checked(attrs.validators.ge(0.0)))

    def better(self, run: Run, best: float | None) -> float | None:
        """Return the last epoch's number, if it is better than the best so far; else None.

        Args:
            run: the run, after an epoch.
            best: the best number so far; None if there is none.

        Raises:
            InvalidArgumentError: there is no such column; or its name does not tell the mode.
        """
        name = self.column
        known = [each for each in run.history if len(run.history[each]) == len(run.history)]
        if name == AUTO:
            name = "validation_loss" if "validation_loss" in known else "loss"
        if name not in known:
            raise InvalidArgumentError(
                f"{self.owner}: monitor must be a column of the history, {', '.join(known)}, "
                f"not {name!r}{_remedy(name, known)}"
            )
        value = run.history[name][-1]
        return value if self.is_better(name, value, than=best) else None

    def is_better(self, name: str, value: float, *, than: float | None) -> bool:
        """Tell whether a number is better than another one; what is not finite never is.

        Args:
            name: the column.
            value: the number.
            than: the other one; None if there is none.
        """
        sign = 1.0 if self._more_is_better(name) else -1.0
        if not math.isfinite(value):
            return False
        return than is None or sign * value > sign * than + self.min_delta

    def _more_is_better(self, name: str) -> bool:
        if self.mode != AUTO:
            return self.mode == "max"
        measured = name.removeprefix("validation_")
        if measured not in MORE and not measured.endswith(LESS):
            raise InvalidArgumentError(
                f"{self.owner}: mode must be 'min' or 'max', because the name of the column "
                f"{name!r} does not tell whether less of it is better, or more"
            )
        return measured in MORE


def _remedy(name: str, known: Sequence[str]) -> str:
    """Return what was probably meant by a column that is not there; "" if nothing is near."""
    measured = name.removeprefix("validation_").removeprefix("val_")
    if f"validation_{measured}" in known:
        return f", did you mean 'validation_{measured}'?"
    if measured != name and measured in known:
        return "; there are no validation data: give fit some, such as validation=0.2"
    return nearest(name, known)
