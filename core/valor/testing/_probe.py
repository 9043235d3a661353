"""`Probe`: a number that a formula may compute with but not look at.

It stands in for what an engine traces a formula with, so that the conformance kit can tell, without
any engine, whether a formula can be compiled.
"""

import operator
from typing import Any, NoReturn

from valor.exceptions import FormulaError
from valor.functions import TABLE, Function, number
from valor.standin import StandIn, refusal

_COMPARE = {"<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge}


class Probe(StandIn):
    """A number, or the outcome of a comparison, which only valor's functions may see.

    >>> from valor.functions import where
    >>> v = Probe(-2.0)
    >>> number_in(where(v > 0, v, 0.25 * v))
    -0.5
    """

    __slots__ = ("_number",)

    def __init__(self, value: float) -> None:
        object.__setattr__(self, "_number", value)

    @staticmethod
    def __valor_apply__(function: Function, arguments: tuple[Any, ...]) -> "Probe":
        values = [number_in(argument) for argument in arguments]
        first = 1 if function is TABLE["where"] else 0  # a condition is no number
        for position in range(first, len(values)):
            values[position] = number(values[position], f"an argument of {function.name}")
        return Probe(number(function.value(*values)))

    @staticmethod
    def _compared(symbol: str, left: Any, right: Any) -> "Probe":
        return Probe(_COMPARE[symbol](number_in(left), number_in(right)))

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        self._refuse(
            f"does not only compute, but reads `.{name}`",
            "compute with operators, and with the functions of valor.functions",
        )

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise FormulaError(
            f"the formula sets `.{name}` of what it was given; it may compute with that, and "
            "change nothing of it"
        )

    __eq__ = refusal(
        "`==` or `in`", "a Valor is compared by identity there; use `<`, `<=`, `>` or `>=`"
    )
    __hash__ = refusal("`hash()`, a set or a dict", "keep scalars in lists")


def number_in(value: Any) -> Any:
    """Return the number that a Probe holds, or what is no Probe as it is.

    >>> number_in(Probe(2.0) + 1), number_in(3)
    (3.0, 3)
    """
    return object.__getattribute__(value, "_number") if type(value) is Probe else value
