"""Pictures: files, formats, limits, and the same bytes every time."""

import errno
import os
import struct
import subprocess
import sys
import zlib
from pathlib import Path
from xml.etree import ElementTree

import pytest

from valor import Valor, exporter, plota_grafo
from valor.exceptions import InvalidArgumentError, MissingExtraError, ValorError
from valor_plugins.graph_export import graphviz
from valor_plugins.graph_export.dot import dot
from valor_plugins.graph_export.mermaid import mermaid
from valor_plugins.graph_export.svg import svg

EXPORTERS = [dot, svg, mermaid]


@pytest.fixture
def no_system_graphviz(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    empty = tmp_path / "empty"
    empty.mkdir()
    monkeypatch.setenv("PATH", str(empty))


def system_graphviz(monkeypatch: pytest.MonkeyPatch, folder: Path, script: str) -> None:
    """Put a program named dot, written in Python, where the system's would be."""
    program = folder / "dot"
    program.write_text(f"#!{sys.executable}\nimport sys, time\n{script}\n", encoding="utf-8")
    program.chmod(0o755)
    monkeypatch.setenv("PATH", str(folder))


def decoded_png(content: bytes) -> tuple[int, int, bytes]:
    """Return width, height and the pixel data of a PNG, and check that they fit together."""
    assert content[:8] == b"\x89PNG\r\n\x1a\n"
    position, compressed = 8, b""
    while position < len(content):
        length, kind = struct.unpack(">I4s", content[position : position + 8])
        body = content[position + 8 : position + 8 + length]
        (check,) = struct.unpack(">I", content[position + 8 + length : position + 12 + length])
        assert zlib.crc32(kind + body) == check
        if kind == b"IHDR":
            width, height, depth, colour, *_ = struct.unpack(">IIBBBBB", body)
        elif kind == b"IDAT":
            compressed += body
        position += 12 + length
    pixels = zlib.decompress(compressed)
    channels = {0: 1, 2: 3, 3: 1, 6: 4}[colour]
    assert len(pixels) == height * (1 + (width * channels * depth + 7) // 8)
    return width, height, pixels


@pytest.mark.usefixtures("no_system_graphviz")
def test_png_is_painted_without_a_system_graphviz(lesson_loss: Valor) -> None:
    picture = dot(lesson_loss)
    width, height, pixels = decoded_png(picture.pipe("png"))
    tree = ElementTree.fromstring(picture.pipe("svg"))
    # The two are the same picture, up to the margin.
    assert abs(width - int(tree.attrib["width"])) < 40
    assert abs(height - int(tree.attrib["height"])) < 40
    assert len(set(pixels)) > 50


@pytest.mark.usefixtures("no_system_graphviz")
def test_pdf_is_painted_without_a_system_graphviz(neuron: Valor) -> None:
    assert mermaid(neuron).pipe("pdf").startswith(b"%PDF-")


@pytest.mark.usefixtures("no_system_graphviz")
def test_hostile_texts_are_painted(hostile: str) -> None:
    picture = svg(Valor(1.0, (Valor(2.0, rotulo=hostile),), hostile[:12]))
    assert decoded_png(picture.pipe("png"))[0] > 100


@pytest.mark.usefixtures("no_system_graphviz")
def test_without_any_graphviz_the_error_names_the_extra(
    neuron: Valor, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "pygraphviz", None)
    with pytest.raises(MissingExtraError, match=r"valor-framework\[graph\]"):
        dot(neuron).pipe("png")
    assert dot(neuron).pipe("svg").startswith(b"<svg")


def test_a_system_graphviz_is_preferred(
    neuron: Valor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    script = "print(sys.argv[1:], len(sys.stdin.read()) > 1000)"
    system_graphviz(monkeypatch, tmp_path, script)
    assert dot(neuron).pipe("png") == b"['-Knop2', '-Tpng'] True\n"


def test_a_graphviz_that_fails_is_quoted(
    neuron: Valor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    system_graphviz(monkeypatch, tmp_path, "sys.exit('no plugin for png')")
    with pytest.raises(ValorError, match=r"format='png'.*status 1: no plugin for png"):
        dot(neuron).pipe("png")


def test_a_graphviz_that_hangs_is_ended(
    neuron: Valor, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    system_graphviz(monkeypatch, tmp_path, "time.sleep(600)")
    monkeypatch.setattr(graphviz, "TIME_LIMIT", 0.2)
    with pytest.raises(ValorError, match=r"within 0\.2 seconds"):
        dot(neuron).pipe("png")


def test_render_writes_as_in_the_lesson(
    lesson_loss: Valor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    picture = plota_grafo(lesson_loss)
    assert picture.render("rede_neural", format="png") == "rede_neural.png"
    decoded_png((tmp_path / "rede_neural.png").read_bytes())
    assert [path.name for path in tmp_path.iterdir()] == ["rede_neural.png"]


@pytest.mark.parametrize(
    ("filename", "format", "written"),
    [
        ("g", None, "g.svg"),
        ("g.v2", None, "g.v2.svg"),
        ("g.svg", None, "g.svg"),
        ("g.SVG", "svg", "g.SVG"),
        ("g.dot", None, "g.dot"),
        ("g.gv", "dot", "g.gv.dot"),
        ("new/folder/g", "svg", "new/folder/g.svg"),
    ],
)
def test_where_render_writes(
    neuron: Valor, tmp_path: Path, filename: str, format: str | None, written: str
) -> None:
    picture = dot(neuron)
    path = Path(picture.render(tmp_path / filename, format))
    assert path == tmp_path / written
    expected = picture.pipe(path.suffix[1:].lower())
    assert path.read_bytes() == expected
    assert [each.name for each in path.parent.iterdir()] == [path.name]


def test_a_failed_write_leaves_the_old_file(
    neuron: Valor, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "g.svg").write_text("old", encoding="utf-8")

    def no_room(source: str, target: str) -> None:
        raise OSError(errno.ENOSPC, "no room")

    monkeypatch.setattr(os, "replace", no_room)
    with pytest.raises(OSError, match="no room"):
        dot(neuron).render(tmp_path / "g")
    assert [(p.name, p.read_text()) for p in tmp_path.iterdir()] == [("g.svg", "old")]


@pytest.mark.parametrize("exporter_call", EXPORTERS)
def test_an_unknown_format_names_those_there_are(exporter_call, neuron: Valor) -> None:
    with pytest.raises(InvalidArgumentError, match=r"svg, png, pdf.*not 'gif'"):
        exporter_call(neuron).pipe("gif")


def test_a_notebook_gets_svg_and_text(neuron: Valor) -> None:
    bundle = plota_grafo(neuron)._repr_mimebundle_(include=None, exclude=None)
    assert set(bundle) == {"image/svg+xml", "text/plain"}
    assert ElementTree.fromstring(bundle["image/svg+xml"]).attrib["role"] == "img"
    assert "10 scalars" in bundle["text/plain"]


def test_the_names_lead_to_the_exporters(neuron: Valor) -> None:
    assert exporter("dot").formula(neuron).source.startswith("digraph")
    assert exporter("svg").formula(neuron).source.startswith("<svg")
    assert exporter("mermaid").formula(neuron).source.startswith("flowchart")
    suffixes = [s for name in ("dot", "svg", "mermaid") for s in exporter(name).suffixes]
    assert len(suffixes) == len(set(suffixes))


SCRIPT = """
import sys
from valor import MLP
from valor_plugins.graph_export.dot import dot
from valor_plugins.graph_export.mermaid import mermaid
from valor_plugins.graph_export.svg import svg
loss = sum(MLP(3, [4, 3], seed=5)([1.0, 2.0, 3.0]))
loss.propagar_tudo()
sys.stdout.write("".join(call(loss).source for call in (dot, svg, mermaid)))
sys.stdout.write(dot(loss).pipe("png").hex())
"""


def test_the_same_graph_gives_the_same_bytes_whatever_the_hash_seed() -> None:
    outputs = [
        subprocess.run(
            [sys.executable, "-c", SCRIPT],
            env={**os.environ, "PYTHONHASHSEED": seed},
            capture_output=True,
            check=True,
        ).stdout
        for seed in ("0", "1")
    ]
    assert outputs[0] == outputs[1]
    assert outputs[0].count(b"digraph") == 1


@pytest.fixture
def deep() -> Valor:
    root = Valor(1.0)
    for _ in range(100_000):
        root = -root
    return root


def test_the_source_of_a_deep_graph_needs_no_recursion(deep: Valor) -> None:
    assert sys.getrecursionlimit() <= 1000
    assert dot(deep).source.count(" -> ") == 200_000
    assert mermaid(deep).source.count(" --> ") == 200_000


@pytest.mark.parametrize("format", ["svg", "png", "pdf"])
def test_a_graph_too_large_to_draw_is_refused(deep: Valor, format: str) -> None:
    with pytest.raises(InvalidArgumentError, match=r"100001 scalars.*up to 20000.*`source`"):
        dot(deep).pipe(format)
    assert set(dot(deep)._repr_mimebundle_()) == {"text/plain"}


def test_a_picture_with_too_many_pixels_is_refused() -> None:
    root = Valor(1.0)
    for _ in range(2000):
        root = -root
    with pytest.raises(InvalidArgumentError, match=r"2001 scalars.*use format='svg' or 'pdf'"):
        dot(root).pipe("png")
    assert ElementTree.fromstring(dot(root).pipe("svg")).tag.endswith("svg")
