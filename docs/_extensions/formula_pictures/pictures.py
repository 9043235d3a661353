"""Every bundled record of a kind, with its picture and what is to be said of it."""

import inspect
from collections.abc import Iterator
from dataclasses import dataclass

from valor import plugin_manager
from valor.contracts import Formula
from valor.testing import records

from .scenes import SCENES, scene
from .svg import drawing

KINDS = {kind.kind: kind for kind in SCENES}


@dataclass(frozen=True)
class Picture:
    """A record in the catalogue.

    Attributes:
        record: the record.
        svg: its picture.
        summary: the first paragraph of its formula's docstring.
        hyperparameters: each with its default, as it is written.
    """

    record: Formula
    svg: str
    summary: str
    hyperparameters: tuple[str, ...]

    @property
    def anchor(self) -> str:
        """What a link to it ends with."""
        return f"{self.record.kind}-{self.record.name}".replace("_", "-")


def pictures(kind: str, name: str = "") -> Iterator[Picture]:
    """Yield the bundled records of a kind, by name; or the one of a name.

    Raises:
        KeyError: the kind has no pictures.
    """
    manager = plugin_manager(strict=True, environment=False)
    found = {
        record.name: record
        for record in records("valor-framework", manager)
        if isinstance(record, KINDS[kind])
    }
    for record in [found[name]] if name else [found[each] for each in sorted(found)]:
        yield picture(record)


def picture(record: Formula) -> Picture:
    """Return a record's picture."""
    summary = " ".join((inspect.getdoc(record.call) or "").partition("\n\n")[0].split())
    title = f"{record.kind.replace('_', ' ')} {record.name}"
    svg = drawing(scene(record), title, summary.replace("`", ""))
    defaults = tuple(f"{name}={value!r}" for name, value in record.hyperparameters.items())
    return Picture(record, svg, summary, defaults)
