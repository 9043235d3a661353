"""A graph in DOT, Graphviz's language. Labels are HTML-like, so that what is special in one
can be written as an entity, and no label can end the statement it stands in.
"""

from collections.abc import Sequence
from html import escape

from valor_plugins.graph_export.snapshot import Node, shortened

HEAD = """\
digraph {
rankdir="LR"
nodesep="0.15"
ranksep="0.3"
node [fontname="Helvetica,Arial,sans-serif" fontsize="11" shape="plain"]
edge [arrowsize="0.6" color="#64748b"]
"""
PIECE = 800  # characters of up to 20 bytes, once escaped; 16,384 bytes fit
TABLE = (
    '<<table border="0" cellborder="1" cellspacing="0" cellpadding="3" bgcolor="{color}">'
    "{rows}</table>>"
)


def dot_source(nodes: Sequence[Node]) -> str:
    r"""Return a graph in DOT: each scalar a record, each operation an ellipse before it.

    Args:
        nodes: as `snapshot` gives them.

    >>> from valor import Valor
    >>> from valor_plugins.graph_export.snapshot import snapshot
    >>> a = Valor(3, rotulo="a")
    >>> edges = [line for line in dot_source(snapshot(a * a)).splitlines() if " -> " in line]
    >>> edges
    ['n0 -> o1', 'n0 -> o1', 'o1 -> n1']
    """
    lines = [HEAD]
    for index, node in enumerate(nodes):
        lines.append(f"n{index} [label={_table(node)} tooltip={quoted(node.tooltip)}]\n")
        if node.operation is not None:
            symbol = markup(shortened(node.operation))
            lines.append(
                f'o{index} [label=<{symbol}> shape="ellipse" margin="0.03" width="0.3" '
                'height="0.3"]\n'
            )
            lines.extend(f"n{parent} -> o{index}\n" for parent in node.parents)
            lines.append(f"o{index} -> n{index}\n")
    lines.append("}\n")
    return "".join(lines)


def quoted(text: str) -> str:
    """Return a text as a string of DOT, in pieces that Graphviz' reader has room for.

    >>> print(quoted('a "quoted" text'))
    "a &quot;quoted&quot; text"
    """
    pieces = [text[start : start + PIECE] for start in range(0, len(text), PIECE)] or [""]
    # In a tooltip Graphviz replaces \N and \G, decodes entities, then replaces \n, then \N again.
    return " + ".join(f'"{escape(piece)}"'.replace("\\", 4 * "&#92;") for piece in pieces)


def markup(text: str) -> str:
    r"""Return a text for an HTML-like label.

    >>> print(markup("<b>\\N"))
    &lt;b&gt;\\N
    """
    return escape(text).replace("\\", "\\\\")  # Graphviz replaces \N and \G after decoding


def _table(node: Node) -> str:
    style = ' style="dashed"' if node.frozen else ""
    first, second = node.numbers
    rows = f"<tr><td{style}>{first}</td><td{style}>{second}</td></tr>"
    if node.label:
        rows = f'<tr><td colspan="2"{style}>{markup(node.short_label)}</td></tr>{rows}'
    return TABLE.format(color="#e0edff" if node.operation is None else "#ffffff", rows=rows)
