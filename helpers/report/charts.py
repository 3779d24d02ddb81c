"""All claims of the report in one picture: rows in, a matplotlib Figure out."""

import numpy as np
from matplotlib.figure import Figure

from helpers.core import plotting
from helpers.report.page import NOT_REPRODUCED, REPRODUCED, UNTESTABLE

COLORS = {REPRODUCED: plotting.BLUE, NOT_REPRODUCED: plotting.ORANGE, UNTESTABLE: plotting.GREY}
MARKS = {
    REPRODUCED: {"marker": "s", "markersize": 4.6, "markeredgewidth": 0},
    NOT_REPRODUCED: {"marker": "X", "markersize": 6, "markeredgewidth": 0},
    UNTESTABLE: {"marker": "_", "markersize": 6, "markeredgewidth": 1.8},
}
RING = {"marker": "o", "markerfacecolor": "none", "markersize": 7, "markeredgewidth": 1.1}
REACH = 3.6  # how far the scale goes: one for the interval's end, and one more for every factor of ten beyond
ROW, HEADING = 0.165, 1.7  # inches a row; rows that a heading takes


def squeezed(position):
    """Positions for drawing: as they are between -1 and 1; beyond, one more for every factor of ten, up to REACH.

    position : float array-like, in half-widths of the interval, 0 in its middle.   Returns a float array.
    """
    position = np.asarray(position, dtype=float)
    size = np.maximum(np.abs(position), 1.0)
    return np.where(np.abs(position) <= 1, position, np.sign(position) * np.minimum(1 + np.log10(size), REACH))


def at_a_glance(groups):
    """Every claim as a row: where the printed value lies in our interval, and the verdict.

    groups : dict of heading -> rows (label, positions, remark, verdict); positions in half-widths of the interval, none for
    a claim without one, where the remark is written instead; the first of two is a training loss, the second a test loss.
    """
    height = sum(len(rows) + HEADING for rows in groups.values())
    figure = Figure(figsize=(plotting.WIDTH, ROW * height + 0.75))
    axes = figure.subplots()
    axes.axvspan(-1, 1, color=plotting.GRID, alpha=0.7, linewidth=0)
    top = 0.0
    for heading, rows in groups.items():
        place = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
        axes.text(-0.005, top + 0.5, heading, weight="bold", size=8.5, **place)
        for place, row in enumerate(rows):
            _draw_row(axes, top + HEADING + place - 0.2, *row)
        top += len(rows) + HEADING
    _dress(axes, top)
    return figure


def _draw_row(axes, y, label, positions, remark, verdict):
    color, beside = COLORS[verdict], axes.get_yaxis_transform()
    axes.text(-0.012, y, label, transform=beside, ha="right", va="center", size=7.5)
    axes.plot([-REACH, REACH], [y, y], color=plotting.GRID, linewidth=0.5, zorder=0.5)
    if not positions:
        axes.text(0, y, remark, ha="center", va="center", size=6.5, color=plotting.FAINT, style="italic")
    places = plotting.rounded(squeezed(positions), 4)
    if len(places):
        axes.plot(
            places, np.full(len(places), y), "-o", color=color, linewidth=1, markevery=[0], markersize=4, zorder=2
        )
    if len(places) == 2:
        axes.plot(places[1], y, **RING, color=color, zorder=3)
    axes.plot(1.03, y, transform=beside, color=color, clip_on=False, **MARKS[verdict])


def _dress(axes, height):
    ticks = [-3, -2, -1, 0, 1, 2, 3]
    axes.set(xlim=(-REACH, REACH), ylim=(height, -0.4), yticks=[])
    axes.set_xticks(
        ticks, ["100\nbelow", "10\nbelow", "low\nend", "middle", "high\nend", "10\nabove", "100\nabove"], size=7.5
    )
    axes.set_xlabel(
        "the report's value beside our interval; beyond it, in half-widths from its middle", size=8, loc="right"
    )
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
    for verdict, color in COLORS.items():
        axes.plot([], [], linestyle="", color=color, label=verdict, **MARKS[verdict])
    axes.plot([], [], "o", color=plotting.INK, markersize=4, label="training loss, or the value")
    axes.plot([], [], linestyle="", color=plotting.INK, label="test loss", **RING)
    handles, labels = axes.get_legend_handles_labels()
    axes.figure.legend(handles, labels, loc="outside upper right", ncols=5, fontsize=7.5, columnspacing=1.2, handletextpad=0.2)  # fmt: skip
