"""The exporter "mermaid": a flowchart in the text that GitHub, GitLab and many notes draw.

Where the page does not say otherwise, Mermaid draws up to 500 edges and 50,000 characters: a neuron
or a layer, not a whole batch.
"""

import re
from collections.abc import Iterator, Sequence

from valor import Exporter, Valor, hookimpl
from valor_plugins.graph_export.picture import Picture
from valor_plugins.graph_export.snapshot import Node, shortened

HEAD = """\
flowchart LR
classDef leaf fill:#e0edff,stroke:#64748b,color:#0f172a
classDef frozen stroke-dasharray:4 3
"""
# Mermaid gives a meaning to most punctuation, and takes "+", "-" and "1. " for Markdown's lists.
UNSAFE = re.compile(r"[^A-Za-z0-9 \u0080-\U0010ffff]")


def mermaid_source(nodes: Sequence[Node]) -> str:
    """Return a graph as a Mermaid flowchart.

    Args:
        nodes: as `snapshot` gives them.

    >>> from valor_plugins.graph_export.snapshot import snapshot
    >>> print(mermaid_source(snapshot(-Valor(2, rotulo="a"))).partition("frozen")[2])
    stroke-dasharray:4 3
    n0["a<br/>data 2<br/>grad 0"]:::leaf
    n1["data #45;2<br/>grad 0"]
    n0 --> o1
    o1(["neg"]) --> n1
    <BLANKLINE>
    """
    lines = [HEAD]
    for index, node in enumerate(nodes):
        rows = list(node.numbers)
        if node.label:
            rows.insert(0, node.short_label)
        leaf = ":::leaf" if node.operation is None else ""
        lines.append(f'n{index}["{"<br/>".join(map(_escaped, rows))}"]{leaf}\n')
        if node.frozen:
            lines.append(f"class n{index} frozen\n")
        if node.operation is not None:
            lines.extend(f"n{parent} --> o{index}\n" for parent in node.parents)
            lines.append(f'o{index}(["{_escaped(shortened(node.operation))}"]) --> n{index}\n')
    return "".join(lines)


def mermaid(root: Valor) -> Picture:
    """Take the picture of a graph; its source is a Mermaid flowchart.

    Args:
        root: the scalar whose graph is asked for.

    >>> mermaid(Valor(2.0, rotulo="a")).source.splitlines()[0]
    'flowchart LR'
    """
    return Picture.of(root, mermaid_source, ("mmd", "mermaid"))


def _escaped(text: str) -> str:
    return UNSAFE.sub(lambda match: f"#{ord(match.group())};", text)


@hookimpl
def valor_register_exporters() -> Iterator[Exporter]:
    yield Exporter(name="mermaid", call=mermaid, suffixes=(".mmd", ".mermaid"))
