"""Charts of how soon networks learn and of what their layers have found: arrays in, a matplotlib Figure out.

The activations keep their colour and their dash throughout. Figures are drawn from rounded values.
"""

import numpy as np
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.figure import Figure
from matplotlib.lines import Line2D
from matplotlib.patches import Rectangle

from helpers.core import plotting
from helpers.core.plotting import rounded
from helpers.playground.charts import EXTENT, draw_surface

LOOKS = {
    "relu": {"color": plotting.GREEN, "linestyle": "-", "marker": "o"},
    "tanh": {"color": plotting.PURPLE, "linestyle": (0, (5, 1.5)), "marker": "s"},
    "sigmoid": {"color": plotting.INK, "linestyle": (0, (1.2, 1.2)), "marker": "^"},
}
SOON_TO_LATE = LinearSegmentedColormap.from_list("soon to late", ["#f4fbf7", "#7cc3a6", "#0f5f4a"])
SECOND_TO_FIRST = LinearSegmentedColormap.from_list("second to first", ["#9a4f96", "#f5f5f5", "#01785a"])
SMALLEST = 0.0005  # a loss below it is displayed as 0.000


def printed_losses(rows):
    """Each row of a table as two ranges of losses on a logarithmic axis, training above test, and what was printed.

    rows : list of (name, train losses, test losses, printed train loss, printed test loss); the losses float (n_seeds,).
    The thin line holds 95 % of the seeds, the thick one half of them, the white tick is the median, the diamond the print.
    """
    figure = Figure(figsize=(plotting.WIDTH, 0.52 * len(rows) + 1.0))
    axis = figure.subplots()
    axis.set_xscale("log")
    axis.axvspan(2e-5, SMALLEST, color=plotting.GRID, alpha=0.5, linewidth=0)
    axis.text(2.2e-5, -0.75, "displayed as 0.000", fontsize=8, color=plotting.FAINT, va="center")
    for place, (_, train, test, *printed) in enumerate(rows):
        for losses, print_, offset, color in zip(
            (train, test), printed, (-0.17, 0.17), (plotting.TRAIN, plotting.VALIDATION), strict=True
        ):
            low, quarter, middle, three, high = rounded(np.quantile(losses, (0.025, 0.25, 0.5, 0.75, 0.975)), 4)
            y = place + offset
            axis.plot([max(low, 2e-5), high], [y, y], color=color, linewidth=1.3)
            axis.plot([quarter, three], [y, y], color=color, linewidth=6, solid_capstyle="butt")
            axis.plot(middle, y, "|", color="white", markersize=6, markeredgewidth=1.6)
            axis.plot(max(print_, 1e-4), y, "D", markersize=5.5, mfc="white", mec=plotting.INK, mew=1.2)
    axis.set(yticks=range(len(rows)), yticklabels=[row[0] for row in rows], ylim=(len(rows) - 0.4, -1.1))
    axis.set(xlabel="loss at the report's epoch", xlim=(2e-5, 1.0))
    axis.grid(axis="y", visible=False)
    keys = [
        Line2D([], [], color=plotting.TRAIN, linewidth=6, label="training"),
        Line2D([], [], color=plotting.VALIDATION, linewidth=6, label="test"),
        Line2D([], [], linestyle="", marker="D", mfc="white", mec=plotting.INK, label="printed in the report"),
    ]
    figure.legend(handles=keys, loc="outside upper center", ncols=3, fontsize=8)
    return figure


def arrival_curves(panels, limit, columns=4):
    """The share of seeds that have reached the bar by each epoch, several settings a panel.

    panels : dict of title -> dict of name -> float array (limit + 1,); names as in LOOKS have their look.
    """
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    looks = _looks(names)
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(plotting.WIDTH, 1.75 * rows + 0.6))
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axis, (title, curves) in zip(axes.flat, panels.items(), strict=False):
        for name, curve in curves.items():
            axis.step(range(limit + 1), rounded(curve), where="post", linewidth=1.7, **_line(looks[name]))
        axis.set_title(title, fontsize=8.5)
        axis.set(xscale="symlog", xlim=(5, limit), ylim=(-0.03, 1.03))
        axis.set_xscale("log")
        axis.set_xticks([10, 100], ["10", "100"])
        axis.yaxis.set_major_formatter(_percent)
    figure.supxlabel("epoch", fontsize=9)
    figure.supylabel("seeds below the bar", fontsize=9)
    _legend(figure, looks)
    return figure


def epoch_maps(panels, row_names, column_names, limit):
    """Epochs to the bar as small maps: the number in each cell, below it the share of seeds that get there at all.

    panels : dict of title -> (epochs, shares), float arrays (rows, columns); epochs infinite where most never arrive.
    """
    columns = 3
    figure, axes = _maps(panels, row_names, column_names, columns, 0.66)
    shown = None
    for axis, (epochs, shares) in zip(axes, panels.values(), strict=True):
        known = np.where(np.isfinite(epochs), epochs, np.nan)
        shown = axis.imshow(rounded(known), cmap=SOON_TO_LATE, norm=LogNorm(10, limit, clip=True), aspect="auto")
        for (row, column), value in np.ndenumerate(epochs):
            if np.isinf(value):
                axis.add_patch(_hatched(row, column))
            dark = np.isfinite(value) and value > 150
            ink = "white" if dark else plotting.INK
            text = f"{value:.0f}" if np.isfinite(value) else "–"
            axis.text(column, row - 0.13, text, ha="center", va="center", fontweight="bold", color=ink)
            axis.text(column, row + 0.27, f"{shares[row, column]:.0%}", ha="center", va="center", fontsize=7, color=ink)
    bar = figure.colorbar(shown, ax=axes, fraction=0.025, pad=0.015, ticks=[10, 30, 100, 300])
    bar.ax.set_yticklabels(["10", "30", "100", "300"])
    bar.minorticks_off()
    bar.set_label("epochs by which half the seeds are there")
    bar.outline.set_visible(False)
    return figure


def race_maps(panels, row_names, column_names, label, columns=2):
    """Races between two settings as small maps: green where the first is sooner; purple, in italics, where the second is.

    panels : dict of title -> (first, second), int arrays (rows, columns): how many seeds each won.
    label : what the colour says.
    """
    figure, axes = _maps(panels, row_names, column_names, columns, 0.5)
    shown = None
    for axis, (first, second) in zip(axes, panels.values(), strict=True):
        decided = first + second
        share = np.divide(first, decided, out=np.full(first.shape, np.nan), where=decided > 0)
        shown = axis.imshow(rounded(share), cmap=SECOND_TO_FIRST, vmin=0, vmax=1, aspect="auto")
        for (row, column), value in np.ndenumerate(share):
            ink = "white" if abs(value - 0.5) > 0.33 else plotting.INK
            gap, size = (" : ", 8) if columns < 3 else (":", 7)
            text = f"{first[row, column]}{gap}{second[row, column]}" if decided[row, column] else "–"
            if not decided[row, column]:
                axis.add_patch(_hatched(row, column))
            slant = "italic" if second[row, column] > first[row, column] else "normal"
            axis.text(column, row, text, ha="center", va="center", fontsize=size, color=ink, fontstyle=slant)
    bar = figure.colorbar(shown, ax=axes, fraction=0.025, pad=0.015, format=_percent)
    bar.set_label(label)
    bar.outline.set_visible(False)
    return figure


def loss_bands(panels, epochs, bar):
    """Test loss by epoch: the median over seeds as a line, half of the seeds as a band, several settings a panel.

    panels : dict of title -> dict of name -> losses, float array (n_seeds, n_epochs).   bar : marked by a line.
    """
    names = list(dict.fromkeys(name for curves in panels.values() for name in curves))
    looks = _looks(names)
    figure = Figure(figsize=(plotting.WIDTH, 3.1))
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (title, curves) in zip(axes, panels.items(), strict=True):
        for name, losses in curves.items():
            low, middle, high = rounded(np.quantile(losses, (0.25, 0.5, 0.75), axis=0))
            axis.fill_between(epochs, low, high, color=looks[name]["color"], alpha=0.16, linewidth=0)
            axis.plot(epochs, middle, **_line(looks[name]))
        axis.axhline(bar, color=plotting.FAINT, linewidth=1)
        axis.set_title(title)
        axis.set(yscale="log", xlabel="epoch", xlim=(0, epochs[-1]))
    axes[0].set_ylabel("test loss")
    axes[0].text(epochs[-1] * 0.02, bar * 1.1, "the bar", fontsize=7.5, color=plotting.FAINT, va="bottom")
    _legend(figure, looks)
    return figure


def first_layers(panels, columns=3):
    """What first layers have drawn: each neuron's line in the plane, a tick on the side where it is on, over the surface.

    panels : dict of title -> (surface (d, d), weights (neurons, 2), biases (neurons,), training points (n, 3)).
    """
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(plotting.WIDTH, 2.45 * rows))
    axes = figure.subplots(rows, columns, squeeze=False)
    for axis, (title, (surface, weights, biases, train)) in zip(axes.flat, panels.items(), strict=True):
        draw_surface(axis, rounded(surface, 4), rounded(train), size=5, marked=False)
        axis.grid(visible=False)
        for weight, bias in zip(rounded(weights), rounded(biases), strict=True):
            size = np.hypot(*weight)
            normal = weight / size
            foot, along = -bias / size * normal, np.array([-normal[1], normal[0]])
            ends = np.array([foot - 20 * along, foot + 20 * along])
            axis.plot(*ends.T, color="white", linewidth=3.4)
            axis.plot(*ends.T, color=plotting.INK, linewidth=1.6)
            for step in np.arange(-9, 9.1, 1.5):
                start = foot + step * along
                axis.plot(*np.array([start, start + 0.42 * normal]).T, color=plotting.INK, linewidth=1.1)
        axis.set(xlim=(-EXTENT, EXTENT), ylim=(-EXTENT, EXTENT))
        axis.set_title(title, fontsize=9)
        axis.spines[["top", "right"]].set_visible(True)
    return figure


def layer_profiles(panels, layers, ylabel, columns, log=False, expected=None, top=None):
    """A quantity layer by layer: the median over seeds as a line, half of the seeds as a bar, an activation a colour.

    panels : dict of title -> dict of activation -> float array (n_seeds, len(layers)).   layers : their names.
    expected : dict of activation -> float array (len(layers),), drawn as crosses in the first panel, or None.
    top : where an axis of shares ends, or None for an axis of its own.
    """
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(plotting.WIDTH, 1.9 * rows + 0.8))
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    names = list(next(iter(panels.values())))
    for axis, (title, groups) in zip(axes.flat, panels.items(), strict=True):
        for shift, (name, values) in zip(np.linspace(-0.12, 0.12, len(groups)), groups.items(), strict=True):
            low, middle, high = rounded(np.quantile(values, (0.25, 0.5, 0.75), axis=0))
            look, x = LOOKS[name], np.arange(len(layers)) + shift
            axis.vlines(x, low, high, color=look["color"], linewidth=3, alpha=0.45)
            axis.plot(x, middle, markersize=4.5, **look)
        axis.set_title(title, fontsize=9)
        if log:
            axis.set_yscale("log")
        if top is not None:
            axis.set_ylim(-0.03 * top, top)
            axis.yaxis.set_major_formatter(_percent)
        axis.set_xticks(range(len(layers)), layers)
    for name, values in (expected or {}).items():
        axes[0, 0].plot(range(len(layers)), rounded(values), "x", color=LOOKS[name]["color"], markersize=8, mew=1.5)
    figure.supylabel(ylabel, fontsize=9)
    figure.supxlabel("layer", fontsize=9)
    looks = {name: LOOKS[name] for name in names}
    _legend(figure, looks, marks=True, also={"expected": {"marker": "x", "linestyle": ""}} if expected else {})
    return figure


def _looks(names):
    """A look for each name: its own if it has one, else colours from light to dark, each with a dash."""
    dashes = ["-", (0, (5, 1.5)), (0, (4, 1.2, 1, 1.2)), (0, (1.2, 1.2)), (0, (7, 2)), (0, (2, 3))]
    shades = [plotting.ORANGE, plotting.RED, plotting.BLUE, plotting.INK, plotting.GREEN, plotting.PURPLE]
    others = [name for name in names if name not in LOOKS]
    own = {name: {"color": shades[i % 6], "linestyle": dashes[i % 6]} for i, name in enumerate(others)}
    return {name: LOOKS.get(name) or own[name] for name in names}


def _line(look):
    return {key: look[key] for key in ("color", "linestyle")}


def _legend(figure, looks, marks=False, also=None):
    keys = [
        Line2D([], [], linewidth=1.8, label=name, **(look if marks else _line(look))) for name, look in looks.items()
    ]
    keys += [Line2D([], [], color=plotting.FAINT, label=name, **look) for name, look in (also or {}).items()]
    figure.legend(handles=keys, loc="outside upper center", ncols=len(keys), fontsize=8, handlelength=3)


def _maps(panels, row_names, column_names, columns, side):
    rows = -(-len(panels) // columns)
    figure = Figure(figsize=(plotting.WIDTH, rows * (side * len(row_names) + 0.35) + 0.35))
    axes = figure.subplots(rows, columns, sharex=True, sharey=True, squeeze=False)
    for axis, title in zip(axes.flat, panels, strict=True):
        axis.set_title(title, fontsize=9)
        axis.set(xticks=range(len(column_names)), xticklabels=column_names)
        axis.set(yticks=range(len(row_names)), yticklabels=row_names)
        axis.grid(visible=False)
        axis.tick_params(length=0)
        axis.spines[:].set_visible(False)
    figure.supxlabel("neurons in each hidden layer", fontsize=9)
    figure.supylabel("hidden layers", fontsize=9)
    return figure, list(axes.flat)


def _hatched(row, column):
    """A cell of a map without a colour."""
    return Rectangle((column - 0.5, row - 0.5), 1, 1, fc="#e3e3e3", ec="white", hatch="////", linewidth=0)


def _percent(value, _):
    return f"{value:.0%}"
