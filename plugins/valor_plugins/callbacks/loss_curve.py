"""The loss of a run as a curve: SVG text of our own, and a callback that writes it to a file."""

import math
import os
from collections.abc import Iterable, Iterator
from html import escape
from pathlib import Path

import attrs

from valor import Callback, Run, hookimpl
from valor.exceptions import InvalidArgumentError
from valor.functions import number

WIDTH, HEIGHT = 720, 400
LEFT, RIGHT, TOP, BOTTOM = 76, 20, 44, 50  # around the frame of the curve
COLUMNS = WIDTH - LEFT - RIGHT  # pixels: no more detail than this can be seen
SCALES = ("auto", "linear", "log")
WIDE_RANGE = 50.0  # from how many times the smallest loss on a logarithmic axis shows more
STYLE = """\
<style>
.valor-curve{{font:12px system-ui,"DejaVu Sans",Arial,sans-serif}}
.valor-curve .curve{{fill:none;stroke-width:1.8;stroke-linejoin:round}}
.valor-curve .title{{font-size:15px;font-weight:bold}}
.valor-curve .frame{{fill:none}}
{light}@media (prefers-color-scheme:dark){{
{dark}}}
</style>
"""
COLOURS = """\
.valor-curve .paper{{fill:{paper}}}
.valor-curve text{{fill:{ink}}}
.valor-curve .grid{{stroke:{grid}}}
.valor-curve .frame{{stroke:{ink};stroke-opacity:.4}}
.valor-curve .curve{{stroke:{curve}}}
.valor-curve .dot{{fill:{curve}}}
"""
LIGHT = COLOURS.format(paper="#ffffff", ink="#0f172a", grid="#e2e8f0", curve="#1d4ed8")
DARK = COLOURS.format(paper="#0f172a", ink="#f1f5f9", grid="#334155", curve="#93c5fd")

Point = tuple[int, float]  # an epoch, counted from 1, and its loss


def loss_curve_svg(losses: Iterable[float], *, title: str = "Loss", scale: str = "auto") -> str:
    """Return the curve of a loss as SVG.

    A long history is thinned out to what can be seen: of the epochs that share a column of pixels,
    the first, the lowest, the highest and the last stay (Jugel et al., "M4: a visualization-oriented
    time series data aggregation", VLDB 2014). Losses that are not finite leave a gap.

    Args:
        losses: one number an epoch.
        title: what stands above the curve.
        scale: of the axis of the loss: "linear", "log", or "auto", which takes "log" where all
            losses are positive and the largest is at least 50 times the smallest.

    Raises:
        InvalidArgumentError: `scale` is none of these.
        InvalidNumberError: a loss is not a number.

    >>> svg = loss_curve_svg([4.0, 2.0, 1.0])
    >>> svg.startswith("<svg"), svg.count("<polyline")
    (True, 1)
    """
    if scale not in SCALES:
        raise InvalidArgumentError(f"scale must be one of {', '.join(SCALES)}, not {scale!r}")
    values = [float(number(loss, "a loss")) for loss in losses]
    axis = _axis(values, scale)
    shown = f"{title}, one point an epoch"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" class="valor-curve" role="img" width="{WIDTH}" '
        f'height="{HEIGHT}" viewBox="0 0 {WIDTH} {HEIGHT}">\n',
        f"<title>{_text(title)}</title>\n<desc>{_text(_description(values, axis))}</desc>\n",
        STYLE.format(light=LIGHT, dark=DARK),
        f'<rect class="paper" width="{WIDTH}" height="{HEIGHT}"/>\n',
        f'<text class="title" x="{LEFT}" y="26">{_text(title)}</text>\n',
    ]
    E
