"""The loss of a run as a curve, beside that of its validation data if it has any: SVG text of our
own, and a callback that writes it to a file.

A history of any length gives a small file: what a column of pixels cannot show is left out.
"""

import itertools
import math
from collections.abc import Iterable, Iterator, Sequence
from html import escape
from pathlib import Path
from typing import Any

import attrs

from valor import Callback, Run, hookimpl
from valor.exceptions import InvalidArgumentError
from valor.files import path_of, write_atomically
from valor.functions import number
from valor_plugins.callbacks.loss_axis import SCALES, Axis, epoch_ticks, loss_axis
from valor_plugins.callbacks.own_file import claim

NAME = "loss_curve"
WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 76, 24, 44, 50  # around the frame of the curve
COLUMNS = WIDTH - LEFT - RIGHT  # pixels
ROWS = HEIGHT - TOP - BOTTOM
COLOURS = """\
.valor-curve .paper{{fill:{paper}}}
.valor-curve text{{fill:{ink}}}
.valor-curve .grid{{stroke:{grid}}}
.valor-curve .frame{{stroke:{line}}}
.valor-curve polyline{{stroke:{curve}}}
.valor-curve circle{{fill:{curve}}}
.valor-curve .validation{{stroke:{other}}}
.valor-curve circle.validation{{fill:{other}}}
"""
LIGHT = COLOURS.format(
    paper="#ffffff", ink="#0f172a", grid="#e2e8f0", line="#94a3b8", curve="#1d4ed8", other="#c2410c"
)
DARK = COLOURS.format(
    paper="#0f172a", ink="#f1f5f9", grid="#334155", line="#64748b", curve="#93c5fd", other="#fdba74"
)
STYLE = f"""\
<style>
.valor-curve{{font:12px system-ui,"DejaVu Sans",Arial,sans-serif}}
.valor-curve text{{text-anchor:middle}}
.valor-curve .tick{{text-anchor:end;dominant-baseline:central}}
.valor-curve .heading{{text-anchor:start;font-size:15px;font-weight:bold}}
.valor-curve .frame,.valor-curve polyline{{fill:none}}
.valor-curve polyline{{stroke-width:1.8;stroke-linejoin:round}}
.valor-curve .validation{{stroke-dasharray:6 3}}
.valor-curve .legend{{text-anchor:start;dominant-baseline:central}}
{LIGHT}@media (prefers-color-scheme:dark){{
{DARK}}}
</style>
"""

Point = tuple[int, float]  # an epoch, counted from 1, and its loss


def loss_curve_svg(
    losses: Iterable[float],
    *,
    validation: Iterable[float] = (),
    title: str = "Loss",
    scale: str = "auto",
) -> str:
    """Return the curve of a loss as SVG.

    Of the epochs that share a column of pixels, the first, the lowest, the highest and the last
    are drawn (Jugel et al., "M4: a visualization-oriented time series data aggregation", VLDB
    2014). Losses that the axis cannot show, such as nan, leave a gap.

    Args:
        losses: one number an epoch.
        validation: likewise, on validation data: a second curve, with a legend that tells which is
            which. It may be shorter.
        title: what stands above the curve.
        scale: of the axis of the loss: "linear", "log", or "auto", which takes "log" where all
            losses are positive and the largest is many times the smallest.

    Raises:
        InvalidArgumentError: `scale` is none of these; or `validation` is longer than `losses`.
        InvalidNumberError: a loss is not a number.

    >>> svg = loss_curve_svg([4.0, 2.0, 1.0])
    >>> svg.startswith("<svg"), svg.count("<polyline")
    (True, 1)
    """
    values = [float(number(loss, "a loss")) for loss in losses]
    others = [float(number(loss, "a validation loss")) for loss in validation]
    if len(others) > len(values):
        raise InvalidArgumentError(
            f"validation must have at most one number an epoch, {len(values)}, not {len(others)}"
        )
    axis = loss_axis([*values, *others], scale)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="valor-curve" role="img" width="{WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">\n',
        f"<title>{_text(title)}</title>\n<desc>{_description(values, others)}</desc>\n",
        STYLE,
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>\n',
        f'<text class="heading" x="{LEFT}" y="26">{_text(title)}</text>\n',
    ]
    parts.extend(_grid(axis, len(values)))
    parts.extend(_curve(values, axis, len(values), ""))
    if others:
        parts.extend(_curve(others, axis, len(values), ' class="validation"'))
        parts.extend(_legend())
    parts.append("</svg>\n")
    return "".join(parts)


def _grid(axis: Axis, epochs: int) -> Iterator[str]:
    right, bottom = LEFT + COLUMNS, TOP + ROWS
    for value, label in axis.ticks():
        y = _y(value, axis)
        yield f'<path class="grid" d="M{LEFT} {y}H{right}"/>\n'
        yield f'<text class="tick" x="{LEFT - 8}" y="{y}">{label}</text>\n'
    for epoch in epoch_ticks(epochs):
        x = _x(epoch, epochs)
        yield f'<path class="grid" d="M{x} {TOP}V{bottom}"/>\n'
        yield f'<text x="{x}" y="{bottom + 18}">{epoch}</text>\n'
    yield f'<rect class="frame" x="{LEFT}" y="{TOP}" width="{COLUMNS}" height="{ROWS}"/>\n'
    yield f'<text x="{LEFT + COLUMNS / 2}" y="{HEIGHT - 10}">epoch</text>\n'
    name = "loss (logarithmic)" if axis.logarithmic else "loss"
    middle = TOP + ROWS / 2
    yield f'<text x="16" y="{middle}" transform="rotate(-90 16 {middle})">{name}</text>\n'


def _curve(values: Sequence[float], axis: Axis, epochs: int, marked: str) -> Iterator[str]:
    points = [(epoch, value) for epoch, value in enumerate(values, start=1) if axis.shows(value)]
    for line in _lines(points, epochs):
        yield _line(line, axis, epochs, marked)


def _legend() -> Iterator[str]:
    """Yield what tells the two curves apart, above the right end of the frame."""
    right = LEFT + COLUMNS
    for name, marked, x in (
        ("training", "", right - 184),
        ("validation", ' class="validation"', right - 92),
    ):
        yield f'<polyline{marked} points="{x},26 {x + 24},26"/>\n'
        yield f'<text class="legend" x="{x + 30}" y="26">{name}</text>\n'


def _lines(points: Sequence[Point], epochs: int) -> Iterator[list[Point]]:
    """Yield the points to draw, in lines without a gap."""
    line: list[Point] = []
    before = -1
    for place in _visible(points, epochs):
        # A gap is an epoch left out between two points that had been neighbours.
        if line and place == before + 1 and points[place][0] > points[before][0] + 1:
            yield line
            line = []
        line.append(points[place])
        before = place
    if line:
        yield line


def _visible(points: Sequence[Point], epochs: int) -> Iterator[int]:
    """Yield where the points stand that make a difference to the picture."""

    def column(place: int) -> int:
        return (points[place][0] - 1) * COLUMNS // epochs

    for _, group in itertools.groupby(range(len(points)), column):
        places = list(group)
        lowest = min(places, key=lambda place: points[place][1])
        highest = max(places, key=lambda place: points[place][1])
        yield from sorted({places[0], lowest, highest, places[-1]})


def _line(points: Sequence[Point], axis: Axis, epochs: int, marked: str) -> str:
    places = [(_x(epoch, epochs), _y(value, axis)) for epoch, value in points]
    if len(places) == 1:
        x, y = places[0]
        return f'<circle{marked} cx="{x}" cy="{y}" r="2.5"/>\n'
    return f'<polyline{marked} points="{" ".join(f"{x},{y}" for x, y in places)}"/>\n'


def _x(epoch: int, epochs: int) -> str:
    share = (epoch - 1) / (epochs - 1) if epochs > 1 else 0.5
    return f"{LEFT + COLUMNS * share:.1f}"


def _y(value: float, axis: Axis) -> str:
    return f"{TOP + ROWS * (1 - axis.share(value)):.2f}"


def _description(values: Sequence[float], others: Sequence[float]) -> str:
    if others:
        return f"{_description(values, ())} On validation data: {_description(others, ())}"
    finite = [value for value in values if math.isfinite(value)]
    if not finite:
        return f"{len(values)} epochs, none with a finite loss."
    lowest = min(finite)
    text = (
        f"{len(values)} epochs. The loss begins at {values[0]:.6g} and ends at {values[-1]:.6g}; "
        f"the lowest is {lowest:.6g}, in epoch {values.index(lowest) + 1}."
    )
    missing = len(values) - len(finite)
    return f"{text} {missing} losses are not finite." if missing else text


def _text(text: str) -> str:
    """Return a text for XML, in which control characters are illegal even when escaped."""
    return escape("".join(char if char.isprintable() else " " for char in text))


def _path(path: Any) -> Path:
    return Path(path_of(path))


def _check_scale(callback: Any, attribute: Any, scale: str) -> None:
    if scale not in SCALES:
        raise InvalidArgumentError(f"scale must be one of {', '.join(SCALES)}, not {scale!r}")


@attrs.define(eq=False)
class LossCurve:
    """A callback that writes the curve of the loss to a file, once, when a run ends or fails.

    Where the run has validation data, the curve of their loss stands beside it.

    Args:
        path: of the SVG file; folders that are missing are made.
        title, scale: as for `loss_curve_svg`.

    Raises:
        InvalidArgumentError: `path` is not a path, or `scale` not a scale.

    >>> import tempfile
    >>> from valor import MLP, Trainer
    >>> with tempfile.TemporaryDirectory() as folder:
    ...     path = Path(folder) / "loss.svg"
    ...     trainer = Trainer(MLP(1, [1], seed=0), callbacks=[LossCurve(path)])
    ...     _ = trainer.fit([[1.0]], [0.5], epochs=10)
    ...     path.read_text(encoding="utf-8")[:4]
    '<svg'
    """

    path: Path = attrs.field(converter=_path)
    title: str = "Loss"
    scale: str = attrs.field(default="auto", validator=_check_scale)

    @hookimpl
    def valor_before_training(self, run: Run) -> None:
        """See that no other callback writes the file."""
        claim(run, self.path, NAME)

    @hookimpl
    def valor_after_training(self, run: Run) -> None:
        """Write the curve."""
        known = "validation_loss" in run.history
        svg = loss_curve_svg(
            run.history["loss"],
            validation=run.history["validation_loss"] if known else (),
            title=self.title,
            scale=self.scale,
        )
        self.path.parent.mkdir(parents=True, exist_ok=True)
        write_atomically(self.path, svg)

    @hookimpl
    def valor_on_training_error(self, run: Run) -> None:
        """Write the curve up to the error; an older one stays if there is nothing to draw."""
        if run.history:
            self.valor_after_training(run)


def loss_curve(*, path: str = "loss.svg", title: str = "Loss", scale: str = "auto") -> LossCurve:
    """Return a `LossCurve`, for ``callbacks=["loss_curve"]``.

    Args:
        path, title, scale: as for `LossCurve`.

    >>> loss_curve(path="curve.svg").path.name
    'curve.svg'
    """
    return LossCurve(path, title, scale)


@hookimpl
def valor_register_callbacks() -> Iterator[Callback]:
    yield Callback(
        name=NAME,
        call=loss_curve,
        validators={"scale": attrs.validators.in_(SCALES)},
    )
