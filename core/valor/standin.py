"""`StandIn`: what a formula is given where it is to be looked at, and not only computed.

It takes the place of a number. A formula may compute with it, by operators and by the functions of
`valor.functions`, and every such step goes to ``__valor_apply__``; whatever needs the number itself
(`if v > 0`, `float(v)`, `v.data`) is refused with an error that says what to write instead.
"""

from collections.abc import Callable
from typing import Any, NoReturn

from valor.exceptions import FormulaError
from valor.functions import TABLE, Function, clip

__all__ = ["StandIn", "refusal"]


def _method(name: str) -> Callable[..., Any]:
    row = TABLE[name]

    def method(*arguments: Any) -> Any:  # unlike a row, a function takes the place of self
        return row(*arguments)

    return method


def _reflected(name: str) -> Callable[[Any, Any], Any]:
    row = TABLE[name]
    return lambda self, other: row(other, self)


def _comparison(symbol: str) -> Callable[[Any, Any], Any]:
    return lambda self, other: self._compared(symbol, self, other)


def refusal(what: str, remedy: str) -> Callable[..., NoReturn]:
    """Return a method that refuses what it stands for."""

    def refuse(self: "StandIn", *arguments: Any) -> NoReturn:
        self._refuse(f"looks at a number, by {what}", remedy)

    return refuse


_COMPUTE = "compute with operators, and with the functions of valor.functions"


def _hidden(name: str) -> property:
    def refuse(self: "StandIn", *arguments: Any) -> NoReturn:
        fault = "looks at a number, by" if name == "data" else "does not only compute, but reads"
        self._refuse(f"{fault} `.{name}`", _COMPUTE)

    return property(refuse, refuse)


class StandIn:
    """Base of stand-ins. It has no slots, so that it can come before another base.

    A subclass has two static methods, ``__valor_apply__(function, arguments)``, which records or
    computes a row of the table, and ``_compared(symbol, left, right)`` for ``"<"``, ``"<="``,
    ``">"`` and ``">="``; and may override `_refuse`. It may have two more: a static method
    ``__valor_dot__(a, b)``, which takes down a whole `valor.functions.dot`, and a method
    ``__valor_wrap__(valor)``, called by ``Valor(stand_in)`` to take the new scalar's place.

    >>> class Shown(StandIn):
    ...     def __valor_apply__(function, arguments):
    ...         return f"{function.symbol} of {len(arguments)}"
    >>> Shown() * 2, 2 - Shown(), Shown().sig()
    ('* of 2', '- of 2', 'sig of 1')
    """

    __slots__ = ()
    __array_ufunc__ = None  # as Valor: np.float64(2) * v asks v

    __valor_apply__: Callable[[Function, tuple[Any, ...]], Any]
    _compared: Callable[[str, Any, Any], Any]

    def _refuse(self, fault: str, remedy: str) -> NoReturn:
        raise FormulaError(f"the formula {fault}; {remedy}")

    def __pos__(self) -> Any:
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

    __lt__ = _comparison("<")
    __le__ = _comparison("<=")
    __gt__ = _comparison(">")
    __ge__ = _comparison(">=")

    exp = _method("exp")
    expm1 = _method("expm1")
    log = _method("log")
    log1p = _method("log1p")
    sqrt = _method("sqrt")
    sin = _method("sin")
    cos = _method("cos")
    tanh = _method("tanh")
    sig = _method("sig")
    softplus = _method("softplus")
    erf = _method("erf")
    erfc = _method("erfc")
    maximum = _method("maximum")
    minimum = _method("minimum")
    clip = clip

    data = _hidden("data")
    grad = _hidden("grad")
    progenitor = _hidden("progenitor")
    operador_mae = _hidden("operador_mae")
    propagar = _hidden("propagar")
    propagar_tudo = _hidden("propagar_tudo")
    zero_grad = _hidden("zero_grad")

    __bool__ = refusal(
        "`if`, `while`, `and`, `or`, `not`, `max` or `min`",
        "use where(v > 0, a, b), maximum or minimum of valor.functions",
    )
    __float__ = refusal(
        "`float()` or a function of `math`", "use the functions of valor.functions instead"
    )
    __int__ = refusal("`int()`", "use where(v > 0, a, b) of valor.functions")
    __format__ = refusal("`format()` or an f-string", "a formula computes, and shows nothing")
