"""Charts of chapter 02: arrays in, a matplotlib Figure out. Nothing here trains, saves or shows; style.use() gives the look.

Orange and blue stay with the classes, so data sets and penalties have other colours, and a line style or marker each.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FixedLocator, FuncFormatter, MaxNLocator, NullFormatter

from helpers.core import plotting
from helpers.core.plotting import rounded
from helpers.playground.charts import LABELS

DATASETS = {  # colour, line style, marker
    "circle": (plotting.BROWN, "-", "o"),
    "xor": (plotting.PURPLE, (0, (4, 1.5)), "s"),
    "gauss": (plotting.GREEN, (0, (5, 1, 1, 1)), "^"),
    "spiral": (plotting.INK, (0, (1, 1)), "D"),
}
PENALTIES = {"none": (plotting.GREY, (0, (1, 1))), "L1": (plotting.INK, "-"), "L2": (plotting.RED, (0, (4, 1.5)))}
NAMES = {"circle": "circle", "xor": "XOR", "gauss": "Gaussian", "spiral": "spiral"}


def lifetimes(epochs, living, lifetime, losses):
    """Left the links that L1 leaves alive, right the training loss without a penalty, both against the epoch.

    epochs : ints (n,).   living : dict of data set -> shares of links alive (n,).   lifetime : the epoch by which the
    largest initial weight is gone where no gradient defends it.   losses : dict of data set -> (epochs from 1, losses).
    """
    figure = Figure(figsize=(plotting.WIDTH, 2.9))
    links, learning = figure.subplots(1, 2)
    links.plot([0, lifetime], [1, 0], color=plotting.FAINT, linewidth=5, alpha=0.3, solid_capstyle="butt")
    links.text(0.04 * lifetime, 0.2, "no gradient\nat all", color=plotting.FAINT, fontsize=7.5)
    for name, shares in living.items():
        color, line, _ = DATASETS[name]
        links.plot(epochs, rounded(shares), color=color, linestyle=line, label=NAMES[name])
    for name, (loss_epochs, values) in losses.items():
        color, line, _ = DATASETS[name]
        learning.plot(loss_epochs, rounded(values), color=color, linestyle=line, label=NAMES[name])
    learning.axvline(rounded(lifetime), color=plotting.FAINT, linewidth=5, alpha=0.3)
    learning.text(rounded(lifetime) * 1.25, 0.3, "an undefended\nlink is gone", color=plotting.FAINT, fontsize=7.5)
    links.set(xlabel="epoch", ylabel="links alive under L1", xlim=(0, epochs[-1]), ylim=(0, 1.02))
    links.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    learning.set(xlabel="epoch", ylabel="training loss without penalty", xscale="log", ylim=(0, 0.54))
    learning.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:.0f}"))
    learning.set_xlim(1, max(loss_epochs[-1] for loss_epochs, _ in losses.values()))
    links.legend(loc="upper right", handlelength=2.8)
    return figure


def feature_weights(weights, features, picked):
    """The summed weight out of each input feature over seeds: a row of panels a penalty, a column a data set.

    weights : dict of (data set, penalty) -> float array (n_seeds, features).   features : the features' names.
    picked : dict of data set -> the names chosen by hand, shaded. A dot is the median over seeds, the thick bar holds
    the middle half of them, the thin one the middle 95 %.
    """
    datasets = list(dict.fromkeys(dataset for dataset, _ in weights))
    penalties = list(dict.fromkeys(penalty for _, penalty in weights))
    figure = Figure(figsize=(plotting.WIDTH, 1.75 * len(penalties) + 0.4))
    axes = figure.subplots(len(penalties), len(datasets), sharex=True, squeeze=False)
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
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.tick_params(axis="y", labelsize=7.5, pad=2)
        axis.set_xticks(places, [LABELS[name] for name in features], fontsize=7, rotation=90)
        axis.tick_params(axis="x", length=0)
    for axis, dataset in zip(axes[0], datasets, strict=True):
        axis.set_title(NAMES[dataset])
    for axis, penalty in zip(axes[:, 0], penalties, strict=True):
        axis.set_ylabel(("no penalty" if penalty == "none" else penalty) + "\nsummed weight")
    return figure


def shares_by_threshold(thresholds, shares, bands, marked):
    """The share of seeds whose survivors are the hand-picked features, against what counts as surviving.

    thresholds : floats (n,), shares of the largest weight.   shares : dict of (data set, penalty) -> floats (n,).
    bands : as shares -> (low, high) arrays (n,).   marked : the threshold used elsewhere.
    """
    datasets = list(dict.fromkeys(dataset for dataset, _ in shares))
    figure = Figure(figsize=(plotting.WIDTH, 2.5))
    axes = figure.subplots(1, len(datasets), sharey=True, squeeze=False)[0]
    for (dataset, penalty), values in shares.items():
        axis = axes[datasets.index(dataset)]
        color, line = PENALTIES[penalty]
        low, high = rounded(bands[dataset, penalty])
        axis.fill_between(thresholds, low, high, color=color, alpha=0.2, linewidth=0)
        axis.plot(thresholds, rounded(values), color=color, linestyle=line, label=penalty.replace("none", "no penalty"))
    for axis, dataset in zip(axes, datasets, strict=True):
        axis.axvline(marked, color=plotting.FAINT, linewidth=0.8)
        axis.set(xscale="log", title=NAMES[dataset], ylim=(-0.03, 1.03), xlim=(thresholds[0], thresholds[-1]))
        axis.set_xticks([0.01, 0.1, 0.5], ["1%", "10%", "50%"], fontsize=7.5)
        axis.xaxis.set_minor_formatter(NullFormatter())
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes[0].set_ylabel("seeds with exactly the\nhand-picked features")
    axes[-1].legend(loc="center left", frameon=True, facecolor="white", edgecolor="none", framealpha=1)
    figure.supxlabel("a feature survives above this share of the largest weight", fontsize=9, color=plotting.INK)
    return figure


def printed_pairs(clouds, printed):
    """Training against test losses of all seeds, with what the report prints: a panel for circle, XOR and Gaussian, spiral.

    clouds : dict of (data set, penalty) -> float array (n_seeds, 2).   printed : dict of (data set, penalty) -> two losses,
    whose penalties are the rows of panels. The spiral's panels show the clouds without a penalty, too.
    """
    panels = {("circle",): (0.006, 0.8), ("xor", "gauss"): (0.0068, 0.052), ("spiral",): (5e-5, 1.3)}
    penalties = list(dict.fromkeys(penalty for _, penalty in printed))
    figure = Figure(figsize=(plotting.WIDTH, 2.55 * len(penalties) + 0.3))
    axes = figure.subplots(len(penalties), len(panels), squeeze=False)
    for row, penalty in enumerate(penalties):
        for axis, (names, (low, high)) in zip(axes[row], panels.items(), strict=True):
            axis.set(xscale="log", yscale="log", xlim=(low, high), ylim=(low, high))
            if names == ("spiral",):
                _draw_cloud(axis, clouds["spiral", "none"], "spiral", plotting.GREY, "no penalty")
            for dataset in names:
                _draw_cloud(axis, clouds[dataset, penalty], dataset, DATASETS[dataset][0], NAMES[dataset])
            for dataset in names:
                _mark_printed(axis, printed[dataset, penalty], dataset)
            _plain_decades(axis, low, high)
            axis.legend(loc="upper left", handletextpad=0, borderpad=0.1, fontsize=7.5)
    for axis, names in zip(axes[0], panels, strict=True):
        axis.set_title(" and ".join(NAMES[name] for name in names))
    for axis, penalty in zip(axes[:, 0], penalties, strict=True):
        axis.set_ylabel(f"{penalty}: test loss")
    for axis in axes[-1]:
        axis.set_xlabel("training loss")
    return figure


def _draw_cloud(axis, pairs, dataset, color, name):
    marker = DATASETS[dataset][2]
    axis.plot(*rounded(pairs, 4).T, marker, color=color, markersize=3, alpha=0.4, markeredgewidth=0)
    axis.plot([], [], marker, color=color, markersize=4, markeredgewidth=0, label=name)


def _mark_printed(axis, pair, dataset):
    """A large hollow mark in the data set's shape, and words beside it, on the side where there is room."""
    marker = DATASETS[dataset][2]
    axis.plot(*pair, marker, color="none", markeredgecolor=plotting.INK, markersize=9, markeredgewidth=1.5, zorder=5)
    left = pair[0] > 0.1
    place, side = ((-9, -2), "right") if left else ((9, -2), "left")
    text = axis.annotate(
        f"printed\nas {NAMES[dataset]}", pair, xytext=place, textcoords="offset points", fontsize=7.5, va="top", ha=side
    )
    text.set(zorder=6, path_effects=[withStroke(linewidth=2, foreground="white")])


def _plain_decades(axis, low, high):
    """Ticks as plain numbers, decades or a few steps between."""
    marks = [10.0**power for power in range(-6, 2)] if high / low > 20 else [0.01, 0.02, 0.05]
    marks = [mark for mark in marks if low <= mark <= high]
    axis.set(xticks=marks, yticks=marks)
    for side in (axis.xaxis, axis.yaxis):
        side.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        side.set_minor_formatter(NullFormatter())
    axis.tick_params(labelsize=7.5)


def change_strips(changes):
    """A strip of ticks for each group, one tick a seed, with the median as a diamond.

    changes : dict of group -> floats (n_seeds,), relative changes of the test loss.
    """
    figure = Figure(figsize=(plotting.WIDTH, 0.42 * len(changes) + 0.75))
    axis = figure.subplots()
    for row, values in enumerate(changes.values()):
        drawn = np.round(values, 4)
        axis.plot(drawn, np.full(len(drawn), row), "|", color=plotting.INK, markersize=13, alpha=0.3, markeredgewidth=1)
        axis.plot(np.round(np.median(values), 4), row, "D", color="white", markeredgecolor=plotting.INK, markersize=6)
    axis.axvline(0, color=plotting.FAINT, linewidth=1, zorder=0)
    axis.set(yticks=range(len(changes)), yticklabels=changes, ylim=(len(changes) - 0.5, -0.5))
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:+.0%}" if value else "0%")
    axis.set_xlabel("change of the test loss when the sines are taken away")
    axis.grid(axis="y", visible=False)
    return figure


def search_planes(panels, printed):
    """Where the seeds of other settings end, in the plane of training and test loss: a panel a penalty.

    panels : dict of title -> list of (activation, float array (n_seeds, 2)).   printed : dict of title -> two losses.
    Activations have a marker and colour each.
    """
    looks = {"sigmoid": (plotting.GREY, "o"), "tanh": (plotting.PURPLE, "s"), "relu": (plotting.GREEN, "^")}
    figure = Figure(figsize=(plotting.WIDTH, 3.4))
    axes = figure.subplots(1, len(panels), sharex=True, sharey=True, squeeze=False)[0]
    for axis, (title, groups) in zip(axes, panels.items(), strict=True):
        for activation, pairs in groups:
            color, marker = looks[activation]
            axis.plot(*rounded(pairs, 4).T, marker, color=color, markersize=4, alpha=0.45, markeredgewidth=0)
        axis.plot(*printed[title], "D", color="white", markeredgecolor=plotting.INK, markersize=8, markeredgewidth=1.6)
        axis.annotate("printed", printed[title], xytext=(9, -3), textcoords="offset points", fontsize=8, va="top")
        axis.set(xscale="log", yscale="log", title=title, xlabel="training loss")
        axis.xaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
        axis.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    axes[0].set_ylabel("test loss")
    for activation, (color, marker) in looks.items():
        axes[0].plot([], [], marker, color=color, label=activation, markersize=5)
    axes[0].legend(loc="upper left")
    return figure
