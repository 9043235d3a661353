"""The SVG of our own, read back by an XML parser."""

import re
from xml.etree import ElementTree

from valor import Valor
from valor_plugins.graph_export.snapshot import snapshot
from valor_plugins.graph_export.svg import svg

SVG = "{http://www.w3.org/2000/svg}"


def groups(root: Valor, kind: str) -> list[ElementTree.Element]:
    tree = ElementTree.fromstring(svg(root).source)
    return [g for g in tree.iter(f"{SVG}g") if kind in g.attrib["class"].split()]


def texts(element: ElementTree.Element) -> list[str]:
    return ["".join(text.itertext()) for text in element.iter(f"{SVG}text")]


def test_every_scalar_has_a_box_with_its_label_and_numbers(lesson_loss: Valor) -> None:
    nodes = snapshot(lesson_loss)
    boxes = groups(lesson_loss, "scalar")
    assert len(boxes) == len(nodes)
    for node, box in zip(nodes, boxes, strict=True):
        label = [node.label] if node.label else []
        assert texts(box) == [*label, *node.numbers]
        title = box.find(f"{SVG}title")
        assert title is not None
        assert repr(node.value) in str(title.text)
    ellipses = groups(lesson_loss, "operation")
    assert [texts(each)[0] for each in ellipses] == [n.operation for n in nodes if n.operation]


def test_leaves_root_and_frozen_parameters_look_different(neuron: Valor) -> None:
    nodes = snapshot(neuron)
    classes = [set(box.attrib["class"].split()) for box in groups(neuron, "scalar")]
    assert [("leaf" in c, "frozen" in c) for c in classes] == [
        (n.operation is None, n.frozen) for n in nodes
    ]
    assert sum("frozen" in c for c in classes) == 1
    assert [i for i, c in enumerate(classes) if "root" in c] == [len(nodes) - 1]


def test_edges_run_from_the_right_of_a_box_to_the_left_of_an_operation() -> None:
    a, b = Valor(1.0), Valor(2.0)
    root = a - b
    tree = ElementTree.fromstring(svg(root).source)
    paths = [p.attrib["d"] for p in tree.iter(f"{SVG}path") if p.attrib["class"] == "edge"]
    ends = [[float(n) for n in re.findall(r"-?[\d.]+", path)] for path in paths]
    rects = [
        {key: float(rect.attrib[key]) for key in ("x", "y", "width", "height")}
        for group in groups(root, "scalar")
        for rect in group.iter(f"{SVG}rect")
    ]
    (ellipse,) = tree.iter(f"{SVG}ellipse")
    for path, rect in zip(ends, rects[:2], strict=True):
        assert path[0] == rect["x"] + rect["width"]
        assert path[1] == rect["y"] + rect["height"] / 2
        centre = float(ellipse.attrib["cx"]), float(ellipse.attrib["cy"])
        radii = float(ellipse.attrib["rx"]), float(ellipse.attrib["ry"])
        offset = [(path[-2] - centre[0]) / radii[0], (path[-1] - centre[1]) / radii[1]]
        assert offset[0] < 0
        assert abs(offset[0] ** 2 + offset[1] ** 2 - 1) < 0.02
    assert ends[0][-1] < ends[1][-1]  # the first operand enters above the second


def test_the_same_parent_twice_gives_two_edges() -> None:
    x = Valor(3.0)
    edges = re.findall(r'<path class="edge" d="([^"]*)"', svg(x * x).source)
    assert len(edges) == len(set(edges)) == 2


def test_hostile_texts_are_shown_as_they_are(hostile: str) -> None:
    root = Valor(1.0, (Valor(2.0, rotulo=hostile),), hostile[:12])
    source = svg(root).source
    assert "<script" not in source
    assert "</script" not in source
    assert "]]>" not in source
    assert [texts(box)[0] for box in groups(root, "scalar")] == [hostile, "data 1"]
    assert texts(groups(root, "operation")[0]) == [hostile[:12]]


def test_what_xml_forbids_is_spelt_out() -> None:
    (box,) = groups(Valor(1.0, rotulo="a\x00\x0b\ud800\uffff\nb"), "scalar")
    assert texts(box)[0] == "a\\x00\\x0b\\ud800\\uffff\\nb"


def test_the_picture_stands_by_itself(lesson_loss: Valor) -> None:
    source = svg(lesson_loss).source
    tree = ElementTree.fromstring(source)
    assert [child.tag for child in tree[:2]] == [f"{SVG}title", f"{SVG}desc"]
    assert "212 scalars" in str(tree[0].text)
    assert tree.attrib["role"] == "img"
    assert tree.attrib["viewBox"] == f"0 0 {tree.attrib['width']} {tree.attrib['height']}"
    assert "prefers-color-scheme:dark" in source
    assert source.count("http") == 1  # the name of the format
    for element in tree.iter():
        assert not {"id", "href", "src"} & set(element.attrib)
        assert element.tag != f"{SVG}script"
    rules = [line for line in str(tree.findtext(f"{SVG}style")).splitlines() if "{" in line]
    selectors = [s for r in rules if r[0] != "@" for s in r.partition("{")[0].split(",")]
    assert len(selectors) > 20
    assert all(selector.startswith(".valor-graph") for selector in selectors)
