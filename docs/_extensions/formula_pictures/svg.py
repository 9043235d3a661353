"""Curves in a frame with axes, as SVG text. The colours are those of docs/_static/pictures.css."""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape

WIDTH, HEIGHT = 340, 240
LEFT, RIGHT, TOP, BOTTOM = 42, 18, 10, 48  # around the frame of the curves
COLUMNS, ROWS = WIDTH - LEFT - RIGHT, HEIGHT - TOP - BOTTOM

Point = tuple[float, float]


@dataclass(frozen=True)
class Curve:
    """A line through points, in one of the colours.

    Attributes:
        points: numbers on both axes; one that is not finite is a gap.
        role: "first", "second" or "ground", which choose the colour.
        label: what stands below the picture; "" for nothing.
        marks: whether a dot stands at each point.
    """

    points: Sequence[Point]
    role: str = "first"
    label: str = ""
    marks: bool = False


@dataclass(frozen=True)
class Scene:
    """What a picture shows.

    Attributes:
        curves: drawn from the first to the last.
        across, up: the lowest and the highest number on either axis.
        name: of the axis that goes across.
    """

    curves: Sequence[Curve]
    across: tuple[float, float]
    up: tuple[float, float]
    name: str


def drawing(scene: Scene, title: str, description: str) -> str:
    """Return a scene as SVG."""
    return "".join(
        [
            f'<svg xmlns="http://www.w3.org/2000/svg" class="formula-picture" role="img" '
            f'viewBox="0 0 {WIDTH} {HEIGHT}">',
            f"<title>{escape(title)}</title><desc>{escape(description)}</desc>",
            *_grid(scene),
            # What goes beyond this inner drawing is cut off.
            f'<svg x="{LEFT}" y="{TOP}" width="{COLUMNS}" height="{ROWS}">',
            *(part for curve in scene.curves for part in _parts(curve, scene)),
            "</svg>",
            *_legend(scene),
            "</svg>",
        ]
    )


def ticks(low: float, high: float) -> list[float]:
    """Return round numbers between two others: three to eight of them.

    >>> ticks(-2.0, 7.0), ticks(0.0, 0.012)
    ([-2.0, 0.0, 2.0, 4.0, 6.0], [0.0, 0.002, 0.004, 0.006, 0.008, 0.01, 0.012])
    """
    size = 10.0 ** math.floor(math.log10(high - low))
    step = next(size * part for part in (2.0, 1.0, 0.5, 0.2) if high - low >= 3 * size * part)
    first, last = math.ceil(low / step - 1e-9), math.floor(high / step + 1e-9)
    return [float(f"{k * step:.6g}") for k in range(first, last + 1)]


def _grid(scene: Scene) -> Iterator[str]:
    right, bottom = LEFT + COLUMNS, TOP + ROWS
    for value in ticks(*scene.up):
        y = TOP + _y(value, scene)
        yield f'<path class="{_line(value)}" d="M{LEFT} {y:.1f}H{right}"/>'
        yield f'<text class="up" x="{LEFT - 6}" y="{y + 4:.1f}">{_label(value)}</text>'
    for value in ticks(*scene.across):
        x = LEFT + _x(value, scene)
        yield f'<path class="{_line(value)}" d="M{x:.1f} {TOP}V{bottom}"/>'
        yield f'<text class="across" x="{x:.1f}" y="{bottom + 15}">{_label(value)}</text>'


def _legend(scene: Scene) -> Iterator[str]:
    y = HEIGHT - 8
    yield f'<text class="up" x="{LEFT + COLUMNS}" y="{y}">{escape(scene.name)}</text>'
    x = LEFT
    for curve in scene.curves:
        if curve.label:
            yield f'<path class="curve {curve.role}" d="M{x} {y - 4}h16"/>'
            yield f'<text x="{x + 21}" y="{y}">{escape(curve.label)}</text>'
            x += 34 + 6 * len(curve.label)


def _parts(curve: Curve, scene: Scene) -> Iterator[str]:
    for run in _runs(curve.points):
        places = [f"{_x(x, scene):.1f} {_y(y, scene):.1f}" for x, y in run]
        yield f'<path class="curve {curve.role}" d="M{"L".join(places)}"/>'
        if curve.marks:
            for x, y in run:
                place = f'cx="{_x(x, scene):.1f}" cy="{_y(y, scene):.1f}"'
                yield f'<circle class="{curve.role}" {place} r="2"/>'


def _runs(points: Sequence[Point]) -> Iterator[list[Point]]:
    """Yield the points in runs without a gap."""
    run: list[Point] = []
    for point in points:
        if all(map(math.isfinite, point)):
            run.append(point)
        elif run:
            yield run
            run = []
    if run:
        yield run


def _x(value: float, scene: Scene) -> float:
    low, high = scene.across
    return COLUMNS * (value - low) / (high - low)


def _y(value: float, scene: Scene) -> float:
    low, high = scene.up
    share = (high - value) / (high - low)
    return ROWS * max(-9.0, min(10.0, share))  # far beyond the frame is as good as any place there


def _line(value: float) -> str:
    return "axis" if value == 0 else "grid"


def _label(value: float) -> str:
    return f"{value:g}".replace("-", "−")
