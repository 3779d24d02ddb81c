"""Charts of chapter 01: losses over seeds, success by size, and the spiral being learned. Arrays in, a Figure out."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter

from helpers.core import plotting
from helpers.core.plotting import rounded
from helpers.playground.charts import AS_PLACED, draw_surface

LOSSES = {"train": "training loss", "test": "test loss"}
LEAST = 3e-5  # losses below are drawn here, at the left edge


def losses_beside_printed(rows, bars=None):
    """Where the report's printed losses fall among those of many seeds: a line a row, training left and test right.

    rows : list of dicts with name (str), train and test (float arrays, one loss a seed), and printed: list of pairs
    (training, test) as the report prints them. A printed value is drawn as the band of losses that the page shows so.
    bars : None, or a list with one loss or None a row, marked by a dotted line in the test column.
    """
    figure = Figure(figsize=(plotting.WIDTH, 0.78 * len(rows) + 0.75))
    columns = figure.subplots(1, 2, sharey=True)
    for axes, (kind, title) in zip(columns, LOSSES.items(), strict=True):
        for place, row in enumerate(rows):
            _draw_spread(axes, place, np.maximum(row[kind], LEAST))
            printed = sorted({pair[list(LOSSES).index(kind)] for pair in row["printed"]})
            for value, side in zip(printed, ("center",) if len(printed) == 1 else ("right", "left"), strict=True):
                _draw_printed(axes, place, value, side)
        axes.set(xscale="log", xlim=(LEAST, 1.0), ylim=(len(rows) - 0.45, -0.6), xlabel=f"{title} (logarithmic)")
        axes.set_xticks([0.0001, 0.001, 0.01, 0.1, 1.0])
        axes.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
    for place, bar in enumerate(bars or []):
        if bar:
            columns[1].vlines(rounded(bar), place - 0.45, place + 0.45, color=plotting.INK, linewidth=1, linestyle=":")
    columns[0].set_yticks(range(len(rows)), [row["name"] for row in rows])
    return figure


def _draw_spread(axes, place, losses):
    """A row: every seed as a dot, spread upwards and downwards where many are alike; quartiles and median as a bar."""
    order = np.sort(rounded(losses, 4))
    bins = np.floor(np.log10(order) * 24)
    for value in np.unique(bins):
        members = order[bins == value]
        offsets = (np.arange(len(members)) - (len(members) - 1) / 2) * min(0.03, 0.62 / len(members))
        axes.plot(members, place + offsets, ".", color=plotting.BLUE, markersize=3.4, alpha=0.6, markeredgewidth=0)
    low, middle, high = rounded(np.quantile(losses, (0.25, 0.5, 0.75)), 4)
    axes.plot([low, high], [place + 0.39] * 2, color=plotting.INK, linewidth=2.4, solid_capstyle="butt")
    axes.plot([middle], [place + 0.39], "o", color=plotting.INK, markersize=5, markerfacecolor="white")


def _draw_printed(axes, place, value, side):
    """The band of losses that the page shows as `value`, with the value above it, to its left, middle or right."""
    low, high = max(value - 0.0005, LEAST), value + 0.0005
    axes.fill_betweenx([place - 0.36, place + 0.46], low, high, color=plotting.ORANGE, alpha=0.4, linewidth=0.8)
    if value:
        axes.vlines(value, place - 0.36, place + 0.46, color=plotting.ORANGE, linewidth=1.2)
    axes.text(np.sqrt(low * high), place - 0.37, f"{value:.3f}", ha=side, va="bottom", fontsize=7.5, color=plotting.INK)


def success_rates(panels, columns, named=None):
    """How often each setting gets below the bar: a panel a data set, a dot with its interval a setting.

    panels : dict of title -> list of (label, share, low, high), in the order to draw, from above.
    columns : panels in a row.   named : dict of title -> how many of the rows come before a thin dividing line.
    """
    rows = -(-len(panels) // columns)
    most = max(len(entries) for entries in panels.values())
    figure = Figure(figsize=(plotting.WIDTH, rows * (0.225 * most + 0.75)))
    grid = np.atleast_1d(figure.subplots(rows, columns)).ravel()
    for axes, (title, entries) in zip(grid, panels.items(), strict=True):
        places = np.arange(len(entries))
        shares, lows, highs = rounded([entry[1:] for entry in entries]).T
        axes.hlines(places, lows, highs, color=plotting.BLUE, linewidth=3.2, alpha=0.35)
        axes.plot(shares, places, "o", color=plotting.BLUE, markersize=5)
        axes.set_yticks(places, [entry[0] for entry in entries])
        axes.tick_params(axis="y", length=0)
        axes.set(title=title, xlim=(-0.03, 1.03), ylim=(most - 0.5, -0.5), xlabel="seeds below the bar")
        axes.set_xticks([0, 0.5, 1], ["0%", "50%", "100%"])
        if named and title in named:
            axes.axhline(named[title] - 0.5, color=plotting.FAINT, linewidth=0.8)
    return figure


def success_by_weights(weights, lowest, shares, lows, highs, labels, bar):
    """What the best network of each number of weights can do: its lowest test loss above, its share of successes below.

    weights : ints, ascending.   lowest : float array, the lowest test loss any seed reached.   shares, lows, highs : float
    arrays in 0..1.   labels : dict from weights to a short text that is written at its share.   bar : the test loss to beat.
    """
    figure = Figure(figsize=(plotting.WIDTH, 4.2))
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(1, 1.1))
    above.plot(weights, rounded(lowest), "o-", color=plotting.BLUE, markersize=4.5, linewidth=1.2)
    above.axhline(bar, color=plotting.INK, linestyle=":", linewidth=1)
    above.text(weights[0], bar, f"the bar, {bar:g}", va="bottom", ha="left", fontsize=8)
    above.set(yscale="log", ylabel="lowest test loss", ylim=(0.6 * bar, 1))
    above.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    above.grid(axis="x", visible=False)
    below.bar(weights, rounded(shares), color=plotting.BLUE, width=0.72, alpha=0.85)
    below.vlines(weights, rounded(lows), rounded(highs), color=plotting.INK, linewidth=1.1)
    for number, text in labels.items():  # neighbours' labels lean away from one another
        side = "right" if number + 1 in labels else "left" if number - 1 in labels else "center"
        shift = {"right": 0.3, "left": -0.3, "center": 0}[side]
        height = float(rounded(highs[list(weights).index(number)] + 0.02))
        below.text(number + shift, height, text, ha=side, va="bottom", fontsize=8)
    below.set(xlabel="weights in the network", ylabel="seeds below the bar", ylim=(0, 1.0), xticks=weights)
    below.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0%}"))
    below.grid(axis="x", visible=False)
    return figure


def learning_frame(surface, train, test, epochs, train_loss, test_loss, shown, bar):
    """One frame of a network at work: its surface left, its losses so far right.

    surface : float array (d, d) over the plane.   train, test : float arrays (n, 3) with columns x, y, label.
    epochs, train_loss, test_loss : arrays over the whole run, drawn faintly; `shown` : how many of them have passed.
    bar : the test loss to beat, a dotted line.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.4), facecolor="white", layout=AS_PLACED)  # no frame may shift its axes
    left = figure.add_axes((0.02, 0.03, 0.42, 0.42 * plotting.WIDTH / 3.4))
    right = figure.add_axes((0.54, 0.13, 0.44, 0.79))
    draw_surface(left, rounded(surface, 4), train, test, size=11.0, marked=False)
    left.set_title(f"epoch {epochs[shown - 1]:,}", fontweight="normal")
    for losses, color, dashes, name in (
        (train_loss, plotting.TRAIN, "-", "training"),
        (test_loss, plotting.VALIDATION, "--", "test"),
    ):
        right.plot(epochs, rounded(losses, 4), color=color, linestyle=dashes, linewidth=1, alpha=0.22)
        right.plot(epochs[:shown], rounded(losses[:shown], 4), color=color, linestyle=dashes, label=name)
        right.plot(epochs[shown - 1], rounded(losses[shown - 1], 4), "o", color=color, markersize=4)
    right.axhline(bar, color=plotting.INK, linestyle=":", linewidth=1)
    right.set(yscale="log", ylim=(rounded(0.4 * bar, 3), 1.0), xlim=(0, epochs[-1]), xlabel="epoch", ylabel="loss")
    right.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    right.legend(loc="upper right")
    return figure
