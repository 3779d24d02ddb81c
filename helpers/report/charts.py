"""All claims of the report in one picture, and what was measured with a clock: numbers in, a matplotlib Figure out."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from helpers.core import plotting
from helpers.core.plotting import rounded
from helpers.report import rules

COLORS = {"good": plotting.BLUE, "bad": plotting.ORANGE, "open": plotting.GREY}
MARKS = {
    "good": {"marker": "s", "markersize": 4.6, "markeredgewidth": 0},
    "bad": {"marker": "X", "markersize": 6, "markeredgewidth": 0},
    "open": {"marker": "_", "markersize": 6, "markeredgewidth": 1.8},
}
RING = {"marker": "o", "markerfacecolor": "none", "markersize": 7, "markeredgewidth": 1.1}
REACH = 400  # half-widths from the middle at which the scale ends
TICKS = {
    -100: "100\nbelow", -10: "10\nbelow", -1: "low\nend", 0: "middle", 1: "high\nend", 10: "10\nabove", 100: "100\nabove"
}  # fmt: skip
ROW, HEADING = 0.165, 1.7  # inches a row; rows that a heading takes


def at_a_glance(groups):
    """Every claim as a row: where the printed value lies in our interval, and the verdict.

    groups : dict of heading -> rows (label, positions, remark, verdict); positions in half-widths of the interval, none for
    a claim without one, where the remark is written instead; the first of two is a training loss, the second a test loss.
    The scale is linear inside the interval and logarithmic outside.
    """
    height = sum(len(rows) + HEADING for rows in groups.values())
    figure, axes = plotting.subplots(ROW * height + 0.75)
    axes.set_xscale("symlog", linthresh=1, linscale=0.9)
    axes.axvspan(-1, 1, color=plotting.GRID, alpha=0.7, linewidth=0)
    top = 0.0
    for heading, rows in groups.items():
        place = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
        axes.text(-0.005, top + 0.5, heading, weight="bold", size=8.5, **place)
        for place, row in enumerate(rows):
            _claim_row(axes, top + HEADING + place - 0.2, *row)
        top += len(rows) + HEADING
    axes.set(xlim=(-REACH, REACH), ylim=(top, -0.4), yticks=[])
    axes.set_xticks(list(TICKS), TICKS.values(), size=7.5)
    axes.xaxis.set_minor_locator(NullLocator())
    axes.set_xlabel(
        "the report's value beside our interval; beyond it, in half-widths from its middle", size=8, loc="right"
    )
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
    _claim_legend(axes)
    return figure


def _claim_row(axes, y, label, positions, remark, verdict):
    color, beside = COLORS[verdict], axes.get_yaxis_transform()
    axes.text(-0.012, y, label, transform=beside, ha="right", va="center", size=7.5)
    axes.plot([-REACH, REACH], [y, y], color=plotting.GRID, linewidth=0.5, zorder=0.5)
    if not positions:
        axes.text(0, y, remark, ha="center", va="center", size=6.5, color=plotting.FAINT, style="italic")
    places = rounded(np.clip(positions, -REACH, REACH), 4)
    if len(places):
        axes.plot(
            places, np.full(len(places), y), "-o", color=color, linewidth=1, markevery=[0], markersize=4, zorder=2
        )
    if len(places) == 2:
        axes.plot(places[1], y, **RING, color=color, zorder=3)
    axes.plot(1.03, y, transform=beside, color=color, clip_on=False, **MARKS[verdict])


def _claim_legend(axes):
    for verdict, color in COLORS.items():
        axes.plot([], [], linestyle="", color=color, label=verdict, **MARKS[verdict])
    axes.plot([], [], "o", color=plotting.INK, markersize=4, label="training loss, or the value")
    axes.plot([], [], linestyle="", color=plotting.INK, label="test loss", **RING)
    handles, labels = axes.get_legend_handles_labels()
    axes.figure.legend(handles, labels, loc="outside upper right", ncols=5, fontsize=7.5, columnspacing=1.2, handletextpad=0.2)  # fmt: skip


# --- what it costs ----------------------------------------------------------------------------------------------------

BAR, GAP = 0.25, 1.1  # inches a bar takes; bars that the room between two groups takes


def costs(chapters, speedups):
    """What running takes, and what doing it our way gains: two panels of bars, one above the other.

    chapters : dict of name -> (seconds, GiB), the first drawn and both written; no upper panel if there are none.
    speedups : dict of heading -> dict of label -> how many times as fast (float); on a logarithmic scale from one.
    """
    heights = [len(chapters) + 2.2] * bool(chapters)
    heights += [sum(len(group) + GAP for group in speedups.values()) + 1.4] * bool(speedups)
    figure = Figure(figsize=(plotting.WIDTH, BAR * sum(heights) + 0.4), layout="constrained")
    figure.get_layout_engine().set(hspace=0.05)
    axes = list(figure.subplots(len(heights), squeeze=False, height_ratios=heights)[:, 0])
    if chapters:
        _chapter_bars(axes[0], chapters)
    if speedups:
        _speedup_bars(axes[-1], speedups)
    return figure


def _bars(axis, places, names, lengths, words, **options):
    axis.bar_label(axis.barh(places, lengths, height=0.72, **options), words, padding=4)
    axis.set(yticks=places, yticklabels=names)
    axis.invert_yaxis()
    axis.grid(visible=False)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)


def _chapter_bars(axis, chapters):
    seconds, memory = zip(*chapters.values(), strict=True)
    seconds = rounded(seconds, 4).tolist()
    words = [f"{time:,.{int(time < 10)}f} s, {most:.1f} GiB" for time, most in zip(seconds, memory, strict=True)]
    _bars(axis, range(len(seconds)), chapters, seconds, words, color=plotting.GREY)
    axis.set(xlabel="seconds, and memory at most", title="To make each chapter's page")
    axis.set_xlim(0, rounded(max(seconds) * 1.22, 3))


def _speedup_bars(axis, speedups):
    places, names, factors, tops, top = [], [], [], [], 0.0
    for group in speedups.values():
        tops.append(top)
        places += [top + 1 + place for place in range(len(group))]
        names += group
        factors += rounded(list(group.values()), 3).tolist()
        top += len(group) + GAP
    lengths, words = [factor - 1 for factor in factors], [f"{factor:.3g} ×" for factor in factors]
    _bars(axis, places, names, lengths, words, color=plotting.BLUE, left=1)
    for place, heading in zip(tops, speedups, strict=True):
        heading = heading[0].upper() + heading[1:]
        axis.text(0.006, place, heading, transform=axis.get_yaxis_transform(), va="center", weight="bold", size=8.5)
    low, high = min([1.0, *factors]), max(factors)
    if low < 1:
        axis.axvline(1, color=plotting.FAINT, linewidth=1)
    axis.set(xscale="log", ylim=(top - 0.4, -0.7), xlabel="times as fast as the alternative, on a logarithmic scale",
             title="What our way of doing it gains")  # fmt: skip
    axis.set_xlim(low if low == 1 else rounded(0.9 * low, 3), rounded(1.5 * high, 3))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
