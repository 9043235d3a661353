"""`Probe`: a number that a formula may compute with but not look at.

It stands in for what an engine traces a formula with, so that the conformance kit can tell, without
any engine, whether a formula can be compiled: `v * 2`, `exp(v)` and `where(v > 0, a, b)` work, and
whatever needs the number itself (`if v > 0`, `float(v)`, `v.data`) is an error that says so.
"""

import functools
from collections.abc import Callable
from typing import Any, NoReturn

from valor.exceptions import FormulaError
from valor.functions import TABLE, Function, clip, number

# The rows that a Valor has as methods too.
_METHODS = (
    "exp",
    "expm1",
    "log",
    "log1p",
    "sqrt",
    "sin",
    "cos",
    "tanh",
    "sig",
    "softplus",
    "erf",
    "erfc",
    "maximum",
    "minimum",
)


def _method(name: str) -> Callable[..., Any]:
    row = TABLE[name]

    def method(*arguments: Any) -> Any:  # unlike a row, a function takes the place of self
        return row(*arguments)

    return method


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    row = TABLE[name]
    return lambda self, other: row(other, self)


def _refusal(what: str, remedy: str) -> Callable[..., NoReturn]:
    def refuse(self: "Probe", *arguments: Any) -> NoReturn:
        raise FormulaError(f"the formula looks at a number, by {what}; {remedy}")

    return refuse


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[[Any, Any], "Probe"]:
    return lambda self, other: Probe(compare(number_in(self), number_in(other)))


class Probe:
    """A number, or the outcome of a comparison, which only valor's functions may see.

    >>> from valor.functions import where
    >>> v = Probe(-2.0)
    >>> number_in(where(v > 0, v, 0.25 * v))
    -0.5
    """

    __slots__ = ("_number",)
    __array_ufunc__ = None  # as Valor: np.float64(2) * probe asks the probe

    def __init__(self, value: float) -> None:
        object.__setattr__(self, "_number", value)

    @staticmethod
    def __valor_apply__(function: Function, arguments: tuple[Any, ...]) -> "Probe":
        values = [number_in(argument) for argument in arguments]
        first = 1 if function is TABLE["where"] else 0  # a condition is no number
        for position in range(first, len(values)):
            values[position] = number(values[position], f"an argument of {function.name}")
        return Probe(number(function.value(*values)))

    def __getattr__(self, name: str) -> Any:
        if name in _METHODS:
            return functools.partial(_method(name), self)
        if name == "clip":
            return functools.partial(clip, self)
        if name.startswith("__"):
            raise AttributeError(name)
        fault = "looks at a number, by" if name == "data" else "does not only compute, but reads"
        raise FormulaError(
            f"the formula {fault} `.{name}`; compute with operators, and with the "
            "functions of valor.functions"
        )

    def __setattr__(self, name: str, value: Any) -> NoReturn:
        raise FormulaError(
            f"the formula sets `.{name}` of what it was given; it may compute with that, and "
            "change nothing of it"
        )

    def __pos__(self) -> "Probe":
        return self

    __neg__ = _method("negative")
    __abs__ = _method("absolute")
    __add__ = _method("add")
    __sub__ = _method("subtract")
    __mul__ = _method("multiply")
    __truediv__ = _method("divide")
    __pow__ = _method("power")
    __radd__ = _reflected("add")
    __rsub__ = _reflected("subtract")
    __rmul__ = _reflected("multiply")
    __rtruediv__ = _reflected("divide")
    __rpow__ = _reflected("power")

    __lt__ = _comparison(lambda a, b: a < b)
    __le__ = _comparison(lambda a, b: a <= b)
    __gt__ = _comparison(lambda a, b: a > b)
    __ge__ = _comparison(lambda a, b: a >= b)

    __bool__ = _refusal(
        "`if`, `while`, `and`, `or`, `not`, `max` or `min`",
        "use where(v > 0, a, b), maximum or minimum of valor.functions",
    )
    __float__ = _refusal(
        "`float()` or a function of `math`", "use the functions of valor.functions instead"
    )
    __int__ = _refusal("`int()`", "use where(v > 0, a, b) of valor.functions")
    __eq__ = _refusal(
        "`==` or `in`", "a Valor is compared by identity there; use `<`, `<=`, `>` or `>=`"
    )
    __format__ = _refusal("`format()` or an f-string", "a formula computes, and shows nothing")
    __hash__ = _refusal("`hash()`, a set or a dict", "keep scalars in lists")


def number_in(value: Any) -> Any:
    """Return the number that a Probe holds, or what is no Probe as it is.

    >>> number_in(Probe(2.0) + 1), number_in(3)
    (3.0, 3)
    """
    return object.__getattribute__(value, "_number") if type(value) is Probe else value
