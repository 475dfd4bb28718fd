"""Normalizations and convolutions, channel by channel."""

from __future__ import annotations

from typing import Any

import numpy as np

from normcast.errors import counted
from normcast.inspect.inspected import Inspected
from normcast.inspect.pictures.axes import rounded, step_axis
from normcast.inspect.pictures.canvas import WIDE, panel, picture
from normcast.inspect.pictures.cells import edges, means
from normcast.inspect.pictures.order import said
from normcast.inspect.pictures.ribbon import bands_of
from normcast.pages.charts import ChartSpec, layer_of, mark_of
from normcast.probes import Channels

SHOWN = 12
DOTS = 64  # channels of a panel, more are put together


def channels(inspection: Inspected) -> Any:
    """Draw what each normalization and convolution writes: mean, spread and range of each channel."""
    order = [band.name for band in bands_of(inspection.seen)]
    found = [each for name in order if (each := inspection.seen.channels.get(name))]
    panels = [_panel(each) for each in found[:SHOWN]]
    if not panels:
        panels = [
            panel(
                "no normalization and no convolution",
                [layer_of(mark_of("point", "muted"), {"x": []})],
                height=20,
            )
        ]
    about = said(
        "output of each channel over cases and steps: dot the mean, bar standard deviation, line range"
        if found
        else "",
        "orange: dead, the same value always" if any(each.writes.dead.any() for each in found) else "",
        f"{len(found) - SHOWN} more layers are not drawn" if len(found) > SHOWN else "",
    )
    return picture(panels, f"{inspection.seen.model}: channels", about)


def _panel(each: Channels) -> ChartSpec:
    out = each.writes
    columns, gone = edges(len(out.mean), DOTS), out.dead
    table = np.stack(
        [out.mean, np.sqrt(np.maximum(out.variance, 0)), out.least, out.most, gone.astype(float)]
    )
    mean, sd, least, most, off = means(table.astype("float64"), np.arange(6), columns)
    count = len(out.mean)
    x = step_axis(count, "channel")
    y = {
        "field": "y",
        "type": "quantitative",
        "title": "output",
        "axis": {"tickCount": 5, "titlePadding": 8, "format": "~g"},
    }
    at = (columns[:-1] + columns[1:] - 1) / 2
    thick = max(1.5, min(8.0, 0.5 * WIDE / len(at)))
    layers = []
    for low, high, width, opacity in ((least, most, 1.0, 0.5), (mean - sd, mean + sd, thick, 0.3)):
        data = {"x": at.tolist(), "y": list(map(rounded, low)), "y2": list(map(rounded, high))}
        layers.append(
            layer_of(
                mark_of("rule", "ours", strokeWidth=width, opacity=opacity),
                data,
                x=x,
                y=y,
                y2={"field": "y2"},
            )
        )
    for tone, which in (("ours", off == 0), ("tone-1", off > 0)):
        data = {"x": at[which].tolist(), "y": list(map(rounded, mean[which]))}
        layers.append(layer_of(mark_of("point", tone, filled=True, size=26, opacity=1), data, x=x, y=y))
    about = f"{each.kind}, {counted(count, 'channel')}, {int(gone.sum())} dead"
    about += f"; {int(np.diff(columns).max())} a mark" if len(at) < count else ""
    return panel(each.name, layers, about, height=130)
