"""DOT, read back by Graphviz itself."""

import re
from xml.etree import ElementTree

import pygraphviz
import pytest

from valor import Valor
from valor_plugins.graph_export.dot import dot
from valor_plugins.graph_export.snapshot import snapshot

SVG = "{http://www.w3.org/2000/svg}"
TITLE = "{http://www.w3.org/1999/xlink}title"


def drawn(source: str) -> ElementTree.Element:
    svg = pygraphviz.AGraph(string=source).draw(format="svg", prog="dot")
    return ElementTree.fromstring(svg.decode("utf-8"))


def drawn_texts(source: str) -> list[str]:
    """Return the texts that Graphviz draws, in the order of the file."""
    root = drawn(source)
    return ["".join(element.itertext()) for element in root.iter(f"{SVG}text")]


def test_graphviz_reads_every_scalar_and_operation(lesson_loss: Valor) -> None:
    nodes = snapshot(lesson_loss)
    graph = pygraphviz.AGraph(string=dot(lesson_loss).source)
    operations = [i for i, node in enumerate(nodes) if node.operation is not None]
    names = {f"n{i}" for i in range(len(nodes))} | {f"o{i}" for i in operations}
    assert set(graph.nodes()) == names
    expected = [(f"n{p}", f"o{i}") for i in operations for p in nodes[i].parents]
    expected += [(f"o{i}", f"n{i}") for i in operations]
    assert sorted(graph.edges()) == sorted(expected)
    assert graph.graph_attr["rankdir"] == "LR"


def test_the_numbers_and_symbols_are_drawn(neuron: Valor) -> None:
    texts = drawn_texts(dot(neuron).source)
    for node in snapshot(neuron):
        assert set(node.numbers) <= set(texts)
        assert not node.label or node.label in texts
        assert node.operation is None or node.operation in texts


def test_the_same_parent_twice_gives_two_edges() -> None:
    x = Valor(3.0)
    edges = re.findall(r"^(\w+) -> (\w+)$", dot(x * x).source, re.MULTILINE)
    assert edges == [("n0", "o1"), ("n0", "o1"), ("o1", "n1")]
    assert len(pygraphviz.AGraph(string=dot(x * x).source).edges()) == 3


def test_a_shared_parent_is_drawn_once() -> None:
    x = Valor(3.0, rotulo="x")
    assert drawn_texts(dot((x + 1) * (x - 1)).source).count("x") == 1


def test_hostile_texts_are_drawn_as_they_are(hostile: str) -> None:
    source = dot(Valor(1.0, (Valor(2.0, rotulo=hostile),), hostile[:12])).source
    graph = pygraphviz.AGraph(string=source)
    assert set(graph.nodes()) == {"n0", "n1", "o1"}
    assert sorted(graph.edges()) == [("n0", "o1"), ("o1", "n1")]
    texts = [" ".join(text.split()) for text in drawn_texts(source)]  # \xa0 is a space, too
    assert " ".join(hostile.split()) in texts or not hostile.strip()
    assert " ".join(hostile[:12].split()) in texts or not hostile.strip()
    links = [link.attrib.get(TITLE, "") for link in drawn(source).iter(f"{SVG}a")]
    assert f"{hostile}: data 2.0, grad 0" in [link.replace("\xa0", " ") for link in links]


@pytest.mark.parametrize("length", [20_000, 200_000])
def test_labels_of_any_length_are_read(length: int) -> None:
    graph = pygraphviz.AGraph(string=dot(Valor(1.0, rotulo="\\" + '"é' * length)).source)
    assert graph.get_node("n0").attr["tooltip"].count("é") == length


def test_frozen_parameters_have_dashed_lines() -> None:
    scalar = Valor(1.0)
    assert "dashed" not in dot(scalar).source
    scalar.trainable = False
    assert "dashed" in dot(scalar).source
