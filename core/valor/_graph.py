"""`Valor`: a number that remembers how it was computed, so that its gradient can be.

Each computed `Valor` keeps its parents and, beside each, the partial derivative that held when it
was computed. Going backward is then one multiplication and one addition an edge, whatever the
operation was; which derivative an operation has stands in `valor.functions` and nowhere else.
"""

import functools
import operator
from collections.abc import Callable, Iterable
from typing import Any

from valor._arguments import listed
from valor._traversal import computed_nodes, copy_of, topological_order
from valor.exceptions import GraphCopyError, InvalidArgumentError, shown
from valor.functions import TABLE, Function, clip, maximum, minimum, number, power_of

_new = object.__new__


def _binary(row: Function) -> Callable[["Valor", Any], "Valor"]:
    """Make the operator method of a row of two arguments. This is the hot path of a run."""
    value, derivative = row.value, row.derivative

    def method(self: "Valor", other: Any) -> "Valor":
        if other.__class__ is not Valor:
            other = _operand(other)
            if other is NotImplemented:
                return NotImplemented  # type: ignore[no-any-return]
        left, right = self.data, other.data
        data = value(left, right)
        node: Valor = _new(Valor)
        node._left_slope, node._right_slope = derivative(left, right, data)
        node.data = data if data.__class__ is float else number(data)
        node.grad = 0
        node.rotulo = ""
        node.trainable = True
        node._operation = row
        node._left = self
        node._right = other
        node._mark = 0
        return node

    return method


def _reflected(method: Callable[["Valor", Any], "Valor"]) -> Callable[["Valor", Any], "Valor"]:
    """Make the method for an operator between `other` and `self`, where `other` is not a Valor."""

    def reflected(self: "Valor", other: Any) -> "Valor":
        other = _operand(other)
        return NotImplemented if other is NotImplemented else method(other, self)

    return reflected


def _unary(row: Function) -> Callable[["Valor"], "Valor"]:
    """Make the method of a row of one argument."""
    value, derivative = row.value, row.derivative

    def method(self: "Valor") -> "Valor":
        argument = self.data
        data = value(argument)
        node: Valor = _new(Valor)
        node._left_slope = derivative(argument, data)
        node._right_slope = 0
        node.data = data if data.__class__ is float else number(data)
        node.grad = 0
        node.rotulo = ""
        node.trainable = True
        node._operation = row
        node._left = self
        node._right = None
        node._mark = 0
        return node

    method.__name__, method.__qualname__ = row.name, f"Valor.{row.name}"
    method.__doc__ = (value.__doc__ or "").partition("\n")[0]
    return method


def _comparison(compare: Callable[[Any, Any], bool]) -> Callable[["Valor", Any], bool]:
    def method(self: "Valor", other: Any) -> bool:
        other = _operand(other)
        return NotImplemented if other is NotImplemented else compare(self.data, other.data)

    return method


_power = _binary(TABLE["power"])


class _Operation:
    """An operation made by hand: any number of parents, and a closure that pushes the gradient."""

    __slots__ = ("progenitor", "propagate", "symbol")

    def __init__(self, progenitor: tuple["Valor", ...], symbol: str) -> None:
        self.progenitor = progenitor
        self.symbol = symbol
        self.propagate: Callable[[], object] | None = None


class Valor:
    """A scalar: a number, the scalars it was computed from, and its gradient.

    Args:
        data: the number. An int stays an int up to 2**53; any other real number becomes a float.
        progenitor: the scalars (parents) it was computed from.
        operador_mae: the symbol of the operation that made it; "" for a number that was given.
        rotulo: a label for people; it has no meaning to the program.

    Attributes:
        data: the number. It may be assigned to.
        grad: the derivative of the root of the last `propagar_tudo` by this scalar.
        rotulo: the label.
        trainable: whether a trainer may change `data`; False freezes a parameter.

    Raises:
        InvalidNumberError: `data` is not a real number.
        InvalidArgumentError: a parent is not a `Valor`, or a text is not a str.

    >>> a, b = Valor(2.0, rotulo="a"), Valor(-3.0, rotulo="b")
    >>> y = a * b + 10
    >>> y
    Valor(data=4.0)
    >>> y.propagar_tudo()
    >>> a.grad, b.grad
    (-3.0, 2.0)

    Comparisons (``<``, ``>=`` …) and `bool` look at the number; ``==`` and `hash` at the identity,
    so that two scalars which happen to be equal stay two.
    """

    __slots__ = (
        "__weakref__",
        "_left",
        "_left_slope",
        "_mark",
        "_operation",
        "_right",
        "_right_slope",
        "data",
        "grad",
        "rotulo",
        "trainable",
    )
    __array_ufunc__ = None  # np.float64(2) * v asks v instead of making an array of objects

    data: float
    grad: float
    rotulo: str
    trainable: bool
    _operation: Function | _Operation | None
    _left: "Valor | None"
    _right: "Valor | None"
    _left_slope: float
    _right_slope: float
    _mark: int

    def __init__(
        self,
        data: Any,
        progenitor: Iterable["Valor"] = (),
        operador_mae: str = "",
        rotulo: str = "",
    ) -> None:
        if data.__class__ is not float:
            wrap = getattr(type(data), "__valor_wrap__", None)
            if wrap is not None:  # an engine's stand-in for a number, which takes our place
                wrap(data, self)
                return
            data = number(data)
        self.data = data
        self.grad = 0
        self.rotulo = _text("rotulo", rotulo)
        self.trainable = True
        self._operation = None
        self._left = self._right = None
        self._left_slope = self._right_slope = 0
        self._mark = 0
        given = progenitor.__class__ is tuple and operador_mae.__class__ is str
        if not given or progenitor or operador_mae:
            self._operation = _Operation(_parents(progenitor), _text("operador_mae", operador_mae))

    # What made this scalar

    @property
    def progenitor(self) -> tuple["Valor", ...]:
        """The scalars (parents) this one was computed from, in the order of the formula."""
        if isinstance(self._operation, _Operation):
            return self._operation.progenitor
        return tuple(parent for parent in (self._left, self._right) if parent is not None)

    @progenitor.setter
    def progenitor(self, parents: Iterable["Valor"]) -> None:
        self._by_hand().progenitor = _parents(parents)
        self._forget_operands()  # their derivatives are not those of the new parents

    @property
    def operador_mae(self) -> str:
        """The symbol of the operation (mother operator) that made it; "" where none did."""
        return "" if self._operation is None else self._operation.symbol

    @operador_mae.setter
    def operador_mae(self, symbol: str) -> None:
        self._by_hand().symbol = _text("operador_mae", symbol)

    @property
    def propagar(self) -> Callable[[], object]:
        """Push this scalar's gradient to its parents (propagate), one step of the chain rule.

        An operation of one's own is added by assigning a function without arguments:

        >>> v = Valor(3.0)
        >>> saida = Valor(v.data**3, (v,), "cube")
        >>> def propagate_cube():
        ...     v.grad += saida.grad * 3 * v.data**2
        >>> saida.propagar = propagate_cube
        >>> saida.propagar_tudo()
        >>> v.grad
        27.0
        """
        return getattr(self._operation, "propagate", None) or self._push

    @propagar.setter
    def propagar(self, function: Callable[[], object]) -> None:
        if not callable(function):
            raise InvalidArgumentError(f"propagar must be a function, not {shown(function)}")
        self._by_hand().propagate = function
        self._forget_operands()  # the function takes their place

    def _by_hand(self) -> _Operation:
        """Turn whatever made this scalar into an operation whose parts can be assigned."""
        if not isinstance(self._operation, _Operation):
            self._operation = _Operation(self.progenitor, self.operador_mae)
        return self._operation

    def _forget_operands(self) -> None:
        self._left = self._right = None
        self._left_slope = self._right_slope = 0

    # The gradient

    def _push(self) -> None:
        gradient = self.grad
        if gradient:
            if self._left is not None and self._left_slope:
                self._left.grad += gradient * self._left_slope
            if self._right is not None and self._right_slope:
                self._right.grad += gradient * self._right_slope

    def propagar_tudo(self) -> None:
        """Compute the gradient of this scalar by everything it was computed from.

        The order is the reverse of a depth-first post-order that visits parents from left to
        right: each scalar pushes its gradient once, after all that use it have pushed theirs.
        Gradients of given numbers (leaves) accumulate from call to call; those of computed
        scalars start afresh. Partial derivatives are those of the forward pass, even if `data`
        was assigned to since. A gradient or a partial derivative of zero pushes nothing, so a
        branch that does not matter stays at 0 even where its own derivative is infinite.

        Raises:
            GraphCycleError: a scalar is its own ancestor.
            Exception: whatever a `propagar` of one's own raises; leaves then have the gradients
                they had before.

        >>> x = Valor(3.0)
        >>> y = x * x
        >>> y.propagar_tudo(); y.propagar_tudo()
        >>> x.grad, y.grad
        (12.0, 1.0)
        """
        order, held = computed_nodes(self)
        for node in order:
            node.grad = 0
        for leaf in held:  # each call sums its own, so that n calls give exactly n times as much
            leaf.grad = 0
        self.grad += 1.0
        try:
            for node in reversed(order):
                gradient = node.grad
                if gradient:
                    slope = node._left_slope
                    if slope:
                        node._left.grad += gradient * slope  # type: ignore[union-attr]
                    slope = node._right_slope
                    if slope:
                        node._right.grad += gradient * slope  # type: ignore[union-attr]
                        continue  # two slopes: no propagar of one's own, which clears them
                operation = node._operation
                if operation.__class__ is _Operation and operation.propagate is not None:
                    operation.propagate()
        except BaseException:  # out of somebody's propagar: nothing was propagated
            self.zero_grad()
            for leaf, before in held.items():
                leaf.grad = before
            raise
        for leaf, before in held.items():
            leaf.grad = before + leaf.grad

    def zero_grad(self) -> None:
        """Set the gradient of this scalar, and of all it was computed from, to 0.

        >>> x = Valor(3.0)
        >>> y = x * x
        >>> y.propagar_tudo(); y.zero_grad()
        >>> x.grad
        0
        """
        for node in topological_order(self):
            node.grad = 0

    # Arithmetic, each way round, and functions: all from the rows of the table

    @staticmethod
    def __valor_apply__(function: Function, arguments: tuple[Any, ...]) -> Any:
        if len(arguments) == 1:
            return _operation_of(function, 1)(arguments[0])
        if len(arguments) > 2:
            return NotImplemented  # where: a number is no condition
        operands = [_operand(argument) for argument in arguments]
        if any(operand is NotImplemented for operand in operands):
            return NotImplemented
        return _operation_of(function, len(operands))(*operands)

    __add__ = _binary(TABLE["add"])
    __sub__ = _binary(TABLE["subtract"])
    __mul__ = _binary(TABLE["multiply"])
    __truediv__ = _binary(TABLE["divide"])
    __radd__ = _reflected(__add__)
    __rsub__ = _reflected(__sub__)
    __rmul__ = _reflected(__mul__)
    __rtruediv__ = _reflected(__truediv__)

    def __pow__(self, exponent: Any) -> "Valor":
        if exponent.__class__ is not float and hasattr(type(exponent), "__valor_apply__"):
            return _power(self, exponent)
        return _operation_of(power_of(number(exponent, "exponent")), 1)(self)

    __rpow__ = _reflected(_power)

    def __pos__(self) -> "Valor":
        return self

    __neg__ = _unary(TABLE["negative"])
    __abs__ = _unary(TABLE["absolute"])
    exp = _unary(TABLE["exp"])
    expm1 = _unary(TABLE["expm1"])
    log = _unary(TABLE["log"])
    log1p = _unary(TABLE["log1p"])
    sqrt = _unary(TABLE["sqrt"])
    sin = _unary(TABLE["sin"])
    cos = _unary(TABLE["cos"])
    tanh = _unary(TABLE["tanh"])
    sig = _unary(TABLE["sig"])
    softplus = _unary(TABLE["softplus"])
    erf = _unary(TABLE["erf"])
    erfc = _unary(TABLE["erfc"])
    maximum = maximum
    minimum = minimum
    clip = clip

    # Looking at the number

    __lt__ = _comparison(operator.lt)
    __le__ = _comparison(operator.le)
    __gt__ = _comparison(operator.gt)
    __ge__ = _comparison(operator.ge)

    def __bool__(self) -> bool:
        return bool(self.data)

    def __float__(self) -> float:
        return float(self.data)

    def __repr__(self) -> str:
        return f"Valor(data={self.data})"

    def __format__(self, specification: str) -> str:
        return format(self.data, specification) if specification else repr(self)

    # Copies

    def __copy__(self) -> "Valor":
        return copy_of(self, {})

    def __deepcopy__(self, memo: dict[int, Any]) -> "Valor":
        for node in topological_order(self):
            if id(node) not in memo:
                memo[id(node)] = copy_of(node, memo)
        copied: Valor = memo[id(self)]
        return copied

    def __reduce_ex__(self, protocol: Any) -> tuple[Any, ...]:
        if self._operation is not None:
            raise GraphCopyError(
                f"{self!r} was computed (operador_mae={self.operador_mae!r}) and cannot be "
                "pickled; pickle the numbers it was computed from, or copy.deepcopy the graph"
            )
        state = {"grad": self.grad, "trainable": self.trainable}
        return type(self), (self.data, (), "", self.rotulo), (None, state)


def _operand(value: Any) -> Any:
    """Return `value` as a Valor, or NotImplemented where it is an engine's stand-in."""
    if value.__class__ is float:
        return Valor(value)
    if isinstance(value, Valor):
        return value
    if hasattr(type(value), "__valor_apply__"):
        return NotImplemented
    return Valor(number(value, "operand"))


@functools.lru_cache(maxsize=256)
def _operation_of(row: Function, arguments: int) -> Callable[..., Valor]:
    return _unary(row) if arguments == 1 else _binary(row)


def _text(argument: str, text: Any) -> str:
    if isinstance(text, str):
        return text
    raise InvalidArgumentError(f"{argument} must be a str, not {shown(text)}")


def _parents(progenitor: Iterable[Valor]) -> tuple[Valor, ...]:
    parents = tuple(listed(progenitor, "progenitor", "a tuple of Valor"))
    for parent in parents:
        if not isinstance(parent, Valor):
            raise InvalidArgumentError(
                f"progenitor must hold Valor objects only, not {shown(parent)}"
            )
    return parents
