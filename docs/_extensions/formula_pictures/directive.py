"""The directive: ``{pictures} activation`` for all of a kind, ``{pictures} loss huber`` for one."""

import re
from typing import Any

from docutils import nodes
from sphinx.util.docutils import SphinxDirective

from .pictures import KINDS, Picture, pictures


class Pictures(SphinxDirective):
    """Puts pictures on a page, side by side where there is room."""

    required_arguments = 1
    optional_arguments = 1

    def run(self) -> list[nodes.Node]:
        """Return the pictures."""
        kind, *name = self.arguments
        if kind not in KINDS:
            raise self.error(f"kind must be one of {', '.join(KINDS)}, not {kind!r}")
        try:
            found = list(pictures(kind, *name))
        except KeyError:
            raise self.error(f"no bundled {kind} is called {name[0]!r}") from None
        return [nodes.container("", *map(_figure, found), classes=["formula-pictures"])]


def _figure(picture: Picture) -> nodes.container:
    heading = nodes.paragraph("", "", nodes.strong("", "", nodes.literal("", picture.record.name)))
    drawing = nodes.raw("", picture.svg, format="html")
    text = nodes.paragraph("", "", *_marked_up(picture.summary))
    parts: list[nodes.Node] = [heading, drawing, text]
    if picture.hyperparameters:
        defaults = ", ".join(picture.hyperparameters)
        parts.append(nodes.paragraph("", "", nodes.literal("", defaults)))
    return nodes.container("", *parts, ids=[picture.anchor], classes=["formula-figure"])


def _marked_up(text: str) -> list[nodes.Node]:
    """Return a docstring's text, with what stands between backquotes as code."""
    parts = re.split(r"`+", text)
    return [
        nodes.literal("", part) if at % 2 else nodes.Text(part)
        for at, part in enumerate(parts)
        if part
    ]


def setup(app: Any) -> dict[str, bool]:
    """Hook into Sphinx."""
    app.add_directive("pictures", Pictures)
    return {"parallel_read_safe": True, "parallel_write_safe": True}
