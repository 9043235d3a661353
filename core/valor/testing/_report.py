"""The outcome of the checks, in words and figures."""

import traceback
from collections.abc import Callable

import attrs


class Failed(Exception):
    """A property does not hold; the text says where, what was expected and what was found."""


@attrs.frozen
class Check:
    """The outcome of one check: its name, whether it passed, and the figures.

    >>> print(Check("gradient", True, "24 slopes"))
    ok   gradient: 24 slopes
    """

    name: str
    passed: bool
    figures: str

    def __str__(self) -> str:
        return f"{'ok  ' if self.passed else 'FAIL'} {self.name}: {self.figures}"


@attrs.frozen
class Report:
    """What was examined, and how each check came out.

    Attributes:
        subject: the record, with its plugin and distribution.
        checks: the outcomes, in the order in which they were found.

    >>> print(Report("activation 'swish'", (Check("result", True, "a Valor"),)))
    activation 'swish' conforms:
      ok   result: a Valor
    """

    subject: str
    checks: tuple[Check, ...]

    @property
    def passed(self) -> bool:
        """Whether every check passed."""
        return all(check.passed for check in self.checks)

    def __str__(self) -> str:
        verdict = "conforms" if self.passed else "does not conform"
        return "\n  ".join([f"{self.subject} {verdict}:", *map(str, self.checks)])


def outcome(name: str, examine: Callable[[], str]) -> Check:
    """Run one check; an exception out of the formula is a failure like any other."""
    try:
        return Check(name, True, examine())
    except Failed as failure:
        return Check(name, False, str(failure))
    except Exception as error:
        return Check(name, False, told(error))


def told(error: Exception) -> str:
    """Return an exception in words, with the line of the formula that it came from."""
    package = __name__.partition(".")[0]
    theirs = [
        frame
        for frame, _ in traceback.walk_tb(error.__traceback__)
        if str(frame.f_globals.get("__name__")).partition(".")[0] != package
    ]
    place = f" ({theirs[-1].f_code.co_filename}:{theirs[-1].f_lineno})" if theirs else ""
    return f"{type(error).__name__}: {error}{place}"
