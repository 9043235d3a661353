"""Mermaid text, read back by a reader of just the lines that a flowchart of ours has."""

import html
import re

import pytest

from valor import Valor
from valor_plugins.graph_export.mermaid import mermaid
from valor_plugins.graph_export.snapshot import snapshot

SCALAR = re.compile(r'(n\d+)\["([^"]*)"\](:::leaf)?')
RESULT = re.compile(r'(o\d+)\(\["([^"]*)"\]\) --> (n\d+)')
EDGE = re.compile(r"(n\d+) --> (o\d+)")
FROZEN = re.compile(r"class (n\d+) frozen")


def decoded(text: str) -> str:
    """Undo Mermaid's entities, ``#`` where HTML has ``&#``."""
    assert re.fullmatch(r"(#\d+;|[A-Za-z0-9 ]|[^\x00-\x7f])*", text), text
    return html.unescape(text.replace("#", "&#"))


def parsed(source: str) -> tuple[dict[str, list[str]], dict[str, str], list[tuple[str, str]]]:
    """Return the rows of each scalar, the symbol of each operation, and the edges."""
    lines = source.splitlines()
    assert lines[0] == "flowchart LR"
    scalars, operations, edges = {}, {}, []
    for line in lines[1:]:
        if match := SCALAR.fullmatch(line):
            scalars[match[1]] = [decoded(row) for row in match[2].split("<br/>")]
        elif match := RESULT.fullmatch(line):
            operations[match[1]] = decoded(match[2])
            edges.append((match[1], match[3]))
        elif match := EDGE.fullmatch(line):
            edges.append((match[1], match[2]))
        else:
            assert FROZEN.fullmatch(line) or line.startswith("classDef "), line
    return scalars, operations, edges


def test_every_scalar_and_operation_is_there(lesson_loss: Valor) -> None:
    nodes = snapshot(lesson_loss)
    scalars, operations, edges = parsed(mermaid(lesson_loss).source)
    for index, node in enumerate(nodes):
        label = [node.label] if node.label else []
        assert scalars[f"n{index}"] == [*label, *node.numbers]
        assert operations.get(f"o{index}") == node.operation
    assert len(scalars) == len(nodes)
    count = sum(len(node.parents) for node in nodes) + len(operations)
    assert len(edges) == count


def test_the_same_parent_twice_gives_two_edges() -> None:
    x = Valor(3.0)
    assert parsed(mermaid(x * x).source)[2] == [("n0", "o1"), ("n0", "o1"), ("o1", "n1")]


def test_hostile_texts_are_escaped(hostile: str) -> None:
    source = mermaid(Valor(1.0, (Valor(2.0, rotulo=hostile),), hostile[:12])).source
    scalars, operations, edges = parsed(source)
    assert scalars["n0"][0] == hostile
    assert operations == {"o1": hostile[:12]}
    assert edges == [("n0", "o1"), ("o1", "n1")]


@pytest.mark.parametrize("trainable", [True, False])
def test_frozen_parameters_have_their_class(trainable: bool) -> None:
    scalar = Valor(1.0)
    scalar.trainable = trainable
    assert ("class n0 frozen" in mermaid(scalar).source) is not trainable
