"""What plotting a graph returns: a text, files in several formats, and a picture in a notebook."""

import os
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import attrs

from valor import Valor
from valor.exceptions import InvalidArgumentError
from valor.files import write_atomically
from valor_plugins.graph_export.drawing import drawing
from valor_plugins.graph_export.graphviz import painted
from valor_plugins.graph_export.placed_dot import placed_dot
from valor_plugins.graph_export.snapshot import Node, snapshot

MOST_SCALARS = 20_000  # in a drawing: some 15 MB of SVG, which browsers still open
DRAWN = ("svg", "png", "pdf")


@attrs.frozen(eq=False, repr=False)
class Picture:
    """A graph as it was when it was plotted.

    Attributes:
        nodes: its scalars.
        language: writes the nodes as text.
        text_formats: what that text is called as a file's suffix, without the dot.

    >>> from valor import Valor, plota_grafo
    >>> picture = plota_grafo(Valor(2.0) * Valor(3.0))
    >>> picture
    <Picture of 3 scalars>
    >>> picture.pipe("svg")[:4]
    b'<svg'
    """

    nodes: Sequence[Node]
    language: Callable[[Sequence[Node]], str]
    text_formats: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        root: Valor,
        language: Callable[[Sequence[Node]], str],
        text_formats: tuple[str, ...] = (),
    ) -> "Picture":
        """Take the picture of everything a scalar was computed from.

        Args:
            root: the scalar.
            language, text_formats: see the attributes.

        Raises:
            InvalidArgumentError: `root` is not a `Valor`.
            GraphCycleError: a scalar is its own ancestor.
        """
        return cls(snapshot(root), language, text_formats)

    @property
    def source(self) -> str:
        """The graph as text, in the language of the exporter."""
        return self.language(self.nodes)

    def pipe(self, format: str = "svg") -> bytes:
        """Return the content of a file.

        Args:
            format: "svg", which needs nothing but Valor; "png" or "pdf", which need Graphviz (the
                system's, or the extra `graph`); or what the exporter calls its text.

        Raises:
            InvalidArgumentError: the format is unknown, or the graph too large for it.
            MissingExtraError: the format needs Graphviz, and there is none.
            RenderError: Graphviz failed or took too long.
        """
        if format in self.text_formats:
            return self.source.encode("utf-8")
        if format not in DRAWN:
            raise InvalidArgumentError(
                f"format must be one of {', '.join(self._formats)}, not {format!r}"
            )
        if len(self.nodes) > MOST_SCALARS:
            raise InvalidArgumentError(
                f"a graph of {len(self.nodes)} scalars is too large to be drawn "
                f"(format={format!r} takes up to {MOST_SCALARS}); draw a smaller part of it, such "
                "as one sample, one layer or one neuron, or use `source`, which has no limit"
            )
        if format == "svg":
            return drawing(self.nodes).encode("utf-8")
        return painted(placed_dot(self.nodes, raster=format == "png"), format)

    def render(self, filename: str | os.PathLike[str], format: str | None = None) -> str:
        """Write the picture to a file, and return the file's path.

        The file appears whole or not at all. Folders that are missing are made.

        Args:
            filename: the path; ``.`` and the format are added unless it ends so.
            format: as for `pipe`; if None, that of the file's suffix, or else "svg".

        Raises:
            InvalidArgumentError, MissingExtraError, RenderError: as for `pipe`.

        >>> import tempfile
        >>> from valor import Valor, plota_grafo
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     path = plota_grafo(Valor(2.0)).render(Path(folder) / "rede_neural")
        >>> Path(path).name
        'rede_neural.svg'
        """
        path = Path(filename)
        suffix = path.suffix[1:].lower()
        if format is None:
            format = suffix if suffix in self._formats else "svg"
        content = self.pipe(format)
        if suffix != format or not path.stem:
            path = path.with_name(f"{path.name}.{format}")
        path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(path, content)
        return str(path)

    @property
    def _formats(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys((*DRAWN, *self.text_formats)))

    def __repr__(self) -> str:
        return f"<Picture of {len(self.nodes)} scalars>"

    def _repr_mimebundle_(self, include: Any = None, exclude: Any = None) -> dict[str, str]:
        """Show the picture in a notebook; one that is too large shows how large it is."""
        bundle = {"text/plain": repr(self)}
        if len(self.nodes) <= MOST_SCALARS:
            bundle["image/svg+xml"] = drawing(self.nodes)
        return bundle
