"""What a picture shows of a graph: its nodes by position, taken once.

Later training does not change a picture. Positions are those of the topological order, which
depends on the formula alone, so that the same graph gives the same bytes in every process.
"""

from collections.abc import Sequence

import attrs

from valor import Valor, topological_order
from valor.exceptions import InvalidArgumentError, shown
from valor.functions import number

LONGEST_LABEL = 36  # characters; MLP's own labels (camadas[0].neuronios[0].pesos[0]) fit
LONGEST_SYMBOL = 12
ZERO_WIDTH_JOINER = "\u200d"  # not printable by itself, but it holds emoji together


@attrs.frozen(eq=False)
class Node:
    """One scalar of a graph, as it was.

    Attributes:
        label: its `rotulo`, made visible but not escaped for any format, and not shortened.
        value, gradient: its numbers.
        operation: the symbol of what computed it; None for a scalar that was given.
        parents: the positions of its operands, in order; one appears twice in ``x * x``.
        frozen: whether trainers leave it alone.
    """

    label: str
    value: float
    gradient: float
    operation: str | None
    parents: tuple[int, ...]
    frozen: bool

    @property
    def numbers(self) -> tuple[str, str]:
        """The two texts in which a box shows its numbers."""
        return f"data {compact(self.value)}", f"grad {compact(self.gradient)}"

    @property
    def short_label(self) -> str:
        """The label, with its middle left out where it is long."""
        return shortened(self.label, LONGEST_LABEL)

    @property
    def tooltip(self) -> str:
        """The label in full and the exact numbers, in one line."""
        numbers = f"data {self.value!r}, grad {self.gradient!r}"
        text = f"{self.label}: {numbers}" if self.label else numbers
        return f"{text}, frozen" if self.frozen else text


def snapshot(root: Valor) -> list[Node]:
    """Return the nodes of a graph, parents before children, the root last.

    Args:
        root: the scalar whose graph is asked for.

    Raises:
        InvalidArgumentError: `root` is not a `Valor`.
        GraphCycleError: a scalar is its own ancestor.

    >>> a = Valor(3, rotulo="a")
    >>> [(node.label, node.numbers, node.parents) for node in snapshot(a * a)]
    [('a', ('data 3', 'grad 0'), ()), ('', ('data 9', 'grad 0'), (0, 0))]
    """
    if not isinstance(root, Valor):
        hint = ""
        if isinstance(root, Sequence) and any(isinstance(each, Valor) for each in root):
            hint = "; draw one of its items, or their sum"
        raise InvalidArgumentError(f"root must be a Valor, not {shown(root)}{hint}")
    order = topological_order(root)
    position = {id(node): index for index, node in enumerate(order)}
    nodes = []
    for index, scalar in enumerate(order):
        parents = tuple(position[id(parent)] for parent in scalar.progenitor)
        symbol = visible(scalar.operador_mae)
        nodes.append(
            Node(
                label=visible(scalar.rotulo),
                value=number(scalar.data, f"data of node {index}"),
                gradient=number(scalar.grad, f"grad of node {index}"),
                operation=(symbol or "?") if symbol or parents else None,
                parents=parents,
                frozen=not scalar.trainable,
            )
        )
    return nodes


def compact(value: float) -> str:
    """Return a number as a box shows it: ints in full, floats to four digits.

    >>> compact(1 / 3), compact(-2.0), compact(12345678), compact(1e-300), compact(float("nan"))
    ('0.3333', '-2', '12345678', '1e-300', 'nan')
    """
    return str(value) if isinstance(value, int) else f"{value:.4g}"


def visible(text: str) -> str:
    r"""Return a text in one line, with what cannot be seen (or is illegal in XML) spelt out.

    >>> print(visible("peso\n\x00 é 🙂"))
    peso\n\x00 é 🙂
    """
    text = str(text)
    if text.isprintable():
        return text
    return "".join(
        char
        if char.isprintable() or char == ZERO_WIDTH_JOINER
        else char.encode("unicode_escape").decode("ascii")
        for char in text
    )


def shortened(text: str, longest: int = LONGEST_SYMBOL) -> str:
    """Return a text with its middle left out if it has more characters than `longest`.

    >>> shortened("abcdefghijklmnopqrstuvwxyz")
    'abcdef…vwxyz'
    """
    if len(text) <= longest:
        return text
    half = longest // 2
    return f"{text[:half]}…{text[half + 1 - longest :]}"
