"""Charts over many seeds, of chapters 01 to 03: arrays in, a matplotlib Figure out. Drawn from rounded values."""

import numpy as np
import seaborn
from matplotlib.colors import LinearSegmentedColormap, LogNorm
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, MaxNLocator, NullFormatter

from helpers.core import plotting
from helpers.core.plotting import rounded
from helpers.playground.charts import LABELS, LOOKS, NAMES, legend_above, line_look, names_in

KINDS = {"train": "training loss", "test": "test loss"}
LEAST = 3e-5  # losses below are drawn here, at the left edge
SOON_TO_LATE = LinearSegmentedColormap.from_list("soon to late", ["#f4fbf7", "#7cc3a6", "#0f5f4a"])
SECOND_TO_FIRST = LinearSegmentedColormap.from_list("second to first", ["#9a4f96", "#f5f5f5", "#01785a"])


def losses_beside_printed(rows):
    """Where the report's printed losses fall among those of many seeds: a line a row, training left and test right.

    rows : list of dicts with name (str), train and test (float arrays, one loss a seed), and printed: list of pairs
    (training, test) as the report prints them. A printed value is drawn as the band of losses that the page shows so.
    """
    figure, columns = plotting.subplots(0.78 * len(rows) + 0.75, 1, 2, sharey=True)
    for axes, (kind, title) in zip(columns, KINDS.items(), strict=True):
        for place, row in enumerate(rows):
            _draw_spread(axes, place, np.maximum(row[kind], LEAST))
            printed = sorted({pair[list(KINDS).index(kind)] for pair in row["printed"]})
            for value, side in zip(printed, ("center",) if len(printed) == 1 else ("right", "left"), strict=True):
                _draw_printed(axes, place, value, side)
        axes.set(xscale="log", xlim=(LEAST, 1.0), ylim=(len(rows) - 0.45, -0.6), xlabel=f"{title} (logarithmic)")
        axes.set_xticks([0.0001, 0.001, 0.01, 0.1, 1.0])
        axes.xaxis.set_major_formatter("{x:g}")
        axes.grid(axis="y", visible=False)
        axes.tick_params(axis="y", length=0)
    columns[0].set_yticks(range(len(rows)), [row["name"] for row in rows])
    return figure


def _draw_spread(axes, place, losses):
    """A row: every seed as a dot, spread upwards and downwards where many are alike; quartiles and median as a bar."""
    order = np.sort(rounded(losses, 4))
    _, alike = np.unique(np.floor(np.log10(order) * 24), return_counts=True)
    offsets = [(np.arange(count) - (count - 1) / 2) * min(0.03, 0.62 / count) for count in alike]
    look = {"color": plotting.BLUE, "markersize": 3.4, "alpha": 0.6, "markeredgewidth": 0, "rasterized": True}
    axes.plot(order, place + np.concatenate(offsets), ".", **look)
    low, middle, high = rounded(np.quantile(losses, (0.25, 0.5, 0.75)), 4)
    axes.plot([low, high], [place + 0.39] * 2, color=plotting.INK, linewidth=2.4, solid_capstyle="butt")
    axes.plot([middle], [place + 0.39], "o", color=plotting.INK, markersize=5, markerfacecolor="white")


def _draw_printed(axes, place, value, side):
    """The band of losses that the page shows as `value`, with the value above it, to its left, middle or right."""
    low, high = max(value - 0.0005, LEAST), value + 0.0005
    axes.fill_betweenx([place - 0.36, place + 0.46], low, high, color=plotting.ORANGE, alpha=0.4, linewidth=0.8)
    if value:
        axes.vlines(value, place - 0.36, place + 0.46, color=plotting.ORANGE, linewidth=1.2)
    axes.text(np.sqrt(low * high), place - 0.37, f"{value:.3f}", ha=side, va="bottom", fontsize=8, color=plotting.INK)


def success_by_weights(weights, lowest, shares, lows, highs, labels, bar):
    """What the best network of each number of weights can do: its lowest test loss above, its share of successes below.

    weights : ints, ascending.   lowest : float array, the lowest test loss any seed reached.   shares, lows, highs : float
    arrays in 0..1.   labels : dict from weights to a short text that is written at its share.   bar : the test loss to beat.
    """
    figure, (above, below) = plotting.subplots(4.2, 2, 1, sharex=True, height_ratios=(1, 1.1))
    above.plot(weights, rounded(lowest), "o-", color=plotting.BLUE, markersize=4.5, linewidth=1.2)
    above.axhline(bar, color=plotting.INK, linestyle=":", linewidth=1)
    above.text(weights[0], bar, f"the bar, {bar:g}", va="bottom", ha="left", fontsize=8)
    above.set(yscale="log", ylabel="lowest test loss", ylim=(0.6 * bar, 1))
    above.yaxis.set_major_formatter("{x:g}")
    above.grid(axis="x", visible=False)
    below.bar(weights, rounded(shares), color=plotting.BLUE, width=0.72, alpha=0.85)
    below.vlines(weights, rounded(lows), rounded(highs), color=plotting.INK, linewidth=1.1)
    for number, text in labels.items():  # neighbours' labels lean away from one another
        side = "right" if number + 1 in labels else "left" if number - 1 in labels else "center"
        shift = {"right": 0.3, "left": -0.3, "center": 0}[side]
        height = float(rounded(highs[list(weights).index(number)] + 0.02))
        below.text(number + shift, height, text, ha=side, va="bottom", fontsize=8)
    below.set(xlabel="weights in the network", ylabel="seeds below the bar", ylim=(0, 1.0), xticks=weights)
    below.yaxis.set_major_formatter("{x:.0%}")
    below.grid(axis="x", visible=False)
    return figure


def lifetimes(epochs, living, lifetime, losses):
    """Left the links that L1 leaves alive, right the training loss without a penalty, both against the epoch.

    epochs : ints (n,).   living : dict of data set -> shares of links alive (n,).   lifetime : the epoch by which the
    largest initial weight is gone where no gradient defends it.   losses : dict of data set -> (epochs from 1, losses).
    """
    figure, (links, learning) = plotting.subplots(2.9, 1, 2)
    links.plot([0, lifetime], [1, 0], color=plotting.FAINT, linewidth=5, alpha=0.3, solid_capstyle="butt")
    links.text(0.04 * lifetime, 0.2, "no gradient\nat all", color=plotting.FAINT, fontsize=8)
    for name, shares in living.items():
        links.plot(epochs, rounded(shares), label=NAMES[name], **line_look(name))
    for name, (loss_epochs, values) in losses.items():
        learning.plot(loss_epochs, rounded(values), **line_look(name))
    learning.axvline(rounded(lifetime), color=plotting.FAINT, linewidth=5, alpha=0.3)
    learning.text(rounded(lifetime) * 1.25, 0.3, "a link without\ngradient is dead", color=plotting.FAINT, fontsize=8)
    links.set(xlabel="epoch", ylabel="links alive under L1", xlim=(0, epochs[-1]), ylim=(0, 1.02))
    links.yaxis.set_major_formatter("{x:.0%}")
    learning.set(xlabel="epoch", ylabel="training loss without penalty", xscale="log", ylim=(0, 0.54))
    learning.xaxis.set_major_formatter("{x:.0f}")
    learning.set_xlim(1, max(loss_epochs[-1] for loss_epochs, _ in losses.values()))
    links.legend(loc="upper right", handlelength=2.8)
    return figure


def feature_weights(weights, features, picked):
    """The summed weight out of each input feature over seeds: a row of panels a penalty, a column a data set.

    weights : dict of (data set, penalty) -> float array (n_seeds, features).   features : the features' names.
    picked : dict of data set -> the names chosen by hand, shaded. A dot is the median over seeds, the thick bar holds
    the middle half of them, the thin one the middle 95 %.
    """
    datasets, penalties = (list(dict.fromkeys(part)) for part in zip(*weights, strict=True))
    height, shape = 1.75 * len(penalties) + 0.4, (len(penalties), len(datasets))
    figure, axes = plotting.subplots(height, *shape, sharex=True, squeeze=False)
    places = np.arange(len(features))
    for (dataset, penalty), values in weights.items():
        axis = axes[penalties.index(penalty), datasets.index(dataset)]
        by_hand = np.isin(features, picked[dataset])
        for place in places[by_hand]:
            axis.axvspan(place - 0.45, place + 0.45, color=plotting.YELLOW, alpha=0.45, linewidth=0)
        outer_low, low, middle, high, outer_high = rounded(np.quantile(values, (0.025, 0.25, 0.5, 0.75, 0.975), axis=0))
        axis.vlines(places, outer_low, outer_high, color=plotting.INK, linewidth=0.9)
        axis.vlines(places, low, high, color=plotting.INK, linewidth=3.2)
        axis.plot(places, middle, "o", color="white", markeredgecolor=plotting.INK, markersize=4.2, markeredgewidth=1)
        axis.grid(axis="x", visible=False)
        top = outer_high.max()
        axis.set(xlim=(-0.6, len(features) - 0.4), ylim=(-0.04, 1.04) if top < 1e-3 else (-0.04 * top, 1.06 * top))
        axis.yaxis.set_major_locator(MaxNLocator(4, min_n_ticks=3) if top >= 1e-3 else FixedLocator([0]))
        axis.yaxis.set_major_formatter("{x:g}")
        axis.tick_params(axis="y", labelsize=8, pad=2)
        axis.set_xticks(places, [LABELS[name] for name in features], fontsize=8, rotation=90)
        axis.tick_params(axis="x", length=0)
    labels = [f"{name.replace('none', 'no penalty')}\nsummed weight" for name in penalties]
    _label_panels(axes, [NAMES[name] for name in datasets], labels)
    return figure


def _label_panels(axes, titles, labels):
    """Write titles over the upper row of panels and labels left of the first column."""
    for axis, title in zip(axes[0], titles, strict=True):
        axis.set_title(title)
    for axis, label in zip(axes[:, 0], labels, strict=True):
        axis.set_ylabel(label)


def printed_pairs(clouds, printed):
    """Training against test losses of all seeds, with what the report prints: a panel for circle, XOR and Gaussian, spiral.

    clouds : dict of (data set, penalty) -> float array (n_seeds, 2).   printed : dict of (data set, penalty) -> two losses,
    whose penalties are the rows of panels. The spiral's panels show the clouds without a penalty, too.
    """
    panels = {("circle",): (0.006, 0.8), ("xor", "gauss"): (0.0068, 0.052), ("spiral",): (5e-5, 1.3)}
    penalties = list(dict.fromkeys(penalty for _, penalty in printed))
    figure, axes = plotting.subplots(2.55 * len(penalties) + 0.3, len(penalties), len(panels), squeeze=False)
    for row, penalty in enumerate(penalties):
        for axis, (names, (low, high)) in zip(axes[row], panels.items(), strict=True):
            axis.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
            if names == ("spiral",):
                _draw_cloud(axis, clouds["spiral", "none"], "spiral", plotting.GREY, "no penalty")
            for dataset in names:
                _draw_cloud(axis, clouds[dataset, penalty], dataset, LOOKS[dataset][0], NAMES[dataset])
            for dataset in names:
                _mark_printed(axis, printed[dataset, penalty], dataset)
            _plain_decades(axis, low, high)
            axis.legend(loc="upper left", handletextpad=0, borderpad=0.1, fontsize=8)
    titles = [" and ".join(NAMES[name] for name in names) for names in panels]
    _label_panels(axes, titles, [f"{penalty}: test loss" for penalty in penalties])
    for axis in axes[-1]:
        axis.set_xlabel("training loss")
    return figure


def _draw_cloud(axis, pairs, dataset, color, name):
    marker = LOOKS[dataset][2]
    look = {"color": color, "markeredgewidth": 0}
    axis.plot(*rounded(pairs, 4).T, marker, markersize=3, alpha=0.4, rasterized=True, **look)
    axis.plot([], [], marker, markersize=4, label=name, **look)


def _mark_printed(axis, pair, dataset):
    """A large hollow mark in the data set's shape, and words beside it, on the side where there is room."""
    marker = LOOKS[dataset][2]
    axis.plot(*pair, marker, color="none", markeredgecolor=plotting.INK, markersize=9, markeredgewidth=1.5, zorder=5)
    across = axis.transAxes.inverted().transform(axis.transData.transform(pair))[0]
    place, side = ((-9, -5), "right") if across > 0.6 else ((9, -2), "left")  # words are some 0.4 of a panel wide
    words, where = f"printed\nas {NAMES[dataset]}", {"xytext": place, "textcoords": "offset points"}
    text = axis.annotate(words, pair, **where, fontsize=8, va="top", ha=side)
    text.set(zorder=6, path_effects=[withStroke(linewidth=2, foreground="white")])


def _plain_decades(axis, low, high):
    """Ticks as plain numbers, decades or a few steps between."""
    decades = range(-6, 2, 2 if high / low > 1000 else 1)
    marks = [10.0**power for power in decades] if high / low > 20 else [0.01, 0.02, 0.05]
    marks = [mark for mark in marks if low <= mark <= high]
    axis.set(xticks=marks, yticks=marks)
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_formatter("{x:g}")
        side.set_minor_formatter(NullFormatter())
    axis.tick_params(labelsize=8)


def penalty_paths(panels, rates):
    """Losses by the rate of a penalty, and without one: test loss thick with a band, training loss thin.

    panels : dict of title -> dict of "L1", "L2" or "none" -> float array (rates, n_seeds, 2) of training and test losses,
    of one rate only for "none", which is drawn level.   rates : ascending. Lines are medians over seeds, a band holds half.
    """
    figure, (axes,) = plotting.subplots(3.0, 1, len(panels), squeeze=False)
    looks = {name: line_look(name) for name in ("none", "L1", "L2")}
    for axis, (title, paths) in zip(axes, panels.items(), strict=True):
        for name, losses in paths.items():
            low, (train, test), high = rounded(np.quantile(losses, (0.25, 0.5, 0.75), axis=1)).transpose(0, 2, 1)
            if name == "none":
                train, test = np.repeat([train, test], len(rates), axis=1)
            else:
                axis.fill_between(rates, low[1], high[1], color=looks[name]["color"], alpha=0.13, linewidth=0)
            axis.plot(rates, test, **looks[name] | {"linewidth": 2.2})
            axis.plot(rates, train, **looks[name] | {"linewidth": 0.9})
        axis.set(xscale="log", title=title, xlabel="rate of the penalty", xlim=(rates[0], rates[-1]), ylim=(0, None))
        axis.set_xticks(rates)
        axis.xaxis.set_major_formatter("{x:g}")
        axis.xaxis.set_minor_formatter(NullFormatter())
    axes[0].set_ylabel("loss")
    legend_above(figure, {name.replace("none", "no penalty"): look for name, look in looks.items()})
    return figure


def half_times(rows, limit):
    """By which epoch half of the seeds are below the bar, with hand-made features (a dot) and with raw inputs (a diamond).

    rows : dict of (panel's title, row's name) -> dict of "by hand" or "raw inputs" -> epoch (float; infinite if fewer than
    half arrive, and then drawn in a strip at the right edge).   limit : epochs that were watched.
    """
    titles, names = (list(dict.fromkeys(part)) for part in zip(*rows, strict=True))
    looks = {"by hand": {"marker": "o", "color": plotting.INK}, "raw inputs": {"marker": "D", "color": plotting.CYAN}}
    figure, (panels,) = plotting.subplots(0.24 * len(names) + 1.0, 1, len(titles), sharey=True, squeeze=False)
    edge, soonest = 1.5 * limit, min(min(epochs.values()) for epochs in rows.values())
    for axes, title in zip(panels, titles, strict=True):
        axes.axvspan(1.15 * limit, 2 * limit, color=plotting.GRID, alpha=0.6, linewidth=0)
        for place, name in enumerate(names):
            epochs = {kind: min(rounded(epoch), edge) for kind, epoch in rows.get((title, name), {}).items()}
            axes.plot([*epochs.values()], [place] * len(epochs), color=plotting.FAINT, linewidth=1)
            for kind, epoch in epochs.items():
                axes.plot(epoch, place, markersize=6, markeredgecolor="white", linestyle="", **looks[kind])
        axes.set(title=title, xscale="log", ylim=(len(names) - 0.5, -0.5), xlabel="epoch (logarithmic)")
        axes.set_xticks([3, 10, 30, 100, 300, edge], ["3", "10", "30", "100", "300", "< half"])
        axes.set_xlim(0.75 * soonest, 2 * limit)
        axes.xaxis.set_minor_formatter(NullFormatter())
        axes.set_yticks(range(len(names)), names)
        axes.tick_params(axis="y", length=0)
    legend_above(figure, {kind: look | {"linestyle": ""} for kind, look in looks.items()})
    return figure


def epoch_maps(panels, row_names, column_names, limit):
    """Epochs to the bar as small maps: the number in each cell, below it the share of seeds that get there at all.

    panels : dict of title -> (epochs, shares), float arrays (rows, columns); epochs infinite where most never arrive.
    """

    def text(epoch, share):
        return f"{epoch:.0f}\n{share:.0%}" if np.isfinite(epoch) else f"–\n{share:.0%}"

    cells = {
        title: (np.where(np.isfinite(maps[0]), maps[0], np.nan), np.vectorize(text)(*maps))
        for title, maps in panels.items()
    }
    scale = {"cmap": SOON_TO_LATE, "norm": LogNorm(10, limit, clip=True)}
    figure, bar = _heat_maps(cells, row_names, column_names, 3, 0.66, "epochs by which half the seeds are there", scale)
    bar.set_ticks([10, 30, 100, 300], labels=["10", "30", "100", "300"])
    bar.minorticks_off()
    return figure


def race_maps(panels, row_names, column_names, label):
    """Races between two settings as small maps: green where the first is sooner; purple, in italics, where the second is.

    panels : dict of title -> (first, second), int arrays (rows, columns): how many seeds each won.
    label : what the colour says.
    """
    cells = {}
    for title, (first, second) in panels.items():
        decided = first + second
        share = np.divide(first, decided, out=np.full(first.shape, np.nan), where=decided > 0)
        cells[title] = share, np.vectorize(lambda a, b: f"{a} : {b}" if a + b else "–")(first, second)
    scale = {"cmap": SECOND_TO_FIRST, "vmin": 0, "vmax": 1}
    figure, bar = _heat_maps(cells, row_names, column_names, 2, 0.5, label, scale)
    bar.ax.yaxis.set_major_formatter("{x:.0%}")
    for text in (text for axis in figure.axes for text in axis.texts if ":" in text.get_text()):
        first, second = map(int, text.get_text().split(":"))
        text.set_fontstyle("italic" if second > first else "normal")
    return figure


def _heat_maps(panels, row_names, column_names, columns, side, label, scale):
    """Maps side by side under one colour bar: (Figure, Colorbar). Cells that are NaN are hatched.

    panels : dict of title -> (values, texts), arrays (rows, columns).   side : of a cell, in inches.
    """
    rows = -(-len(panels) // columns)
    height = rows * (side * len(row_names) + 0.35) + 0.35
    figure, axes = plotting.subplots(height, rows, columns, sharex=True, sharey=True, squeeze=False)
    for axis, (title, (values, texts)) in zip(axes.flat, panels.items(), strict=True):
        names = {"xticklabels": column_names, "yticklabels": row_names}
        seaborn.heatmap(rounded(values), ax=axis, cbar=False, linewidths=0.5, **names, **scale)
        axis.set_title(title, fontsize=9)
        axis.grid(visible=False)
        axis.tick_params(length=0, labelleft=axis in axes[:, 0], labelbottom=axis in axes[-1], labelrotation=0)
        axis.patch.set(facecolor="#e3e3e3", edgecolor="white", hatch="////")
        cells = axis.collections[0]
        cells.update_scalarmappable()
        for (row, column), text, color in zip(np.ndindex(texts.shape), texts.flat, cells.get_facecolors(), strict=True):
            luminance = color[:3] ** 2.2 @ [0.2126, 0.7152, 0.0722]
            ink = "white" if color[3] and luminance < 0.22 else plotting.INK  # whichever has the better contrast
            axis.text(column + 0.5, row + 0.5, text, ha="center", va="center", fontsize=8, color=ink)
    bar = figure.colorbar(axes.flat[-1].collections[0], ax=axes, fraction=0.025, pad=0.015, label=label)
    bar.outline.set_visible(False)
    figure.supxlabel("neurons in each hidden layer", fontsize=9)
    figure.supylabel("hidden layers", fontsize=9)
    return figure, bar


def loss_bands(panels, epochs, bar):
    """Test loss by epoch: the median over seeds as a line, half of the seeds as a band, several settings a panel.

    panels : dict of title -> dict of name -> losses, float array (n_seeds, n_epochs).   bar : marked by a line.
    """
    names = names_in(panels)
    figure, (axes,) = plotting.subplots(3.1, 1, len(panels), sharey=True, squeeze=False)
    for axis, (title, curves) in zip(axes, panels.items(), strict=True):
        for name, losses in curves.items():
            low, middle, high = rounded(np.quantile(losses, (0.25, 0.5, 0.75), axis=0))
            axis.fill_between(epochs, low, high, color=line_look(name, names)["color"], alpha=0.16, linewidth=0)
            axis.plot(epochs, middle, **line_look(name, names))
        axis.axhline(bar, color=plotting.FAINT, linewidth=1)
        axis.set_title(title)
        axis.set(yscale="log", xlabel="epoch", xlim=(0, epochs[-1]))
    axes[0].set_ylabel("test loss")
    axes[0].text(epochs[-1] * 0.02, bar * 1.1, "the bar", fontsize=8, color=plotting.FAINT, va="bottom")
    legend_above(figure, {name: line_look(name, names) for name in names})
    return figure
