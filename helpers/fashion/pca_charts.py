"""The charts of chapter 06: arrays in, a matplotlib Figure out, drawn from rounded values as in helpers/fashion/charts.py."""

import numpy as np
import seaborn
from matplotlib.figure import Figure
from matplotlib.patheffects import withStroke
from matplotlib.ticker import FuncFormatter, NullLocator

from helpers.core import plotting
from helpers.core.plotting import rounded

HALO = [withStroke(linewidth=2.5, foreground="white")]


def component_sheet(mean, axes, shares, columns=5):
    """The mean image and the first principal components as pictures, each on its own scale, with its share of variance.

    mean : (28, 28), grey 0..1.   axes : (k, 28, 28).   shares : (k,), of the total variance.
    """
    rows = -(-(len(axes) + 1) // columns)
    figure = Figure(figsize=(0.8 * plotting.WIDTH, 0.87 * rows * plotting.WIDTH / columns))
    panels = figure.subplots(rows, columns, squeeze=False).ravel()
    for panel in panels:
        panel.axis("off")
    panels[0].imshow(rounded(mean, 3), cmap="gray_r", vmin=0, vmax=1)
    panels[0].set_title("the mean", fontsize=8.5, loc="center")
    for number, (panel, picture, share) in enumerate(zip(panels[1:], axes, shares, strict=False), 1):
        limit = float(rounded(np.abs(picture).max(), 3))
        panel.imshow(rounded(picture, 3), cmap=plotting.SIGNED, vmin=-limit, vmax=limit)
        panel.set_title(f"{number}: {share:.1%}", fontsize=8.5, loc="center", fontweight="normal")
    return figure


def variance_explained(shares, marked):
    """The share of variance that the first k components hold, against k, with some k marked.

    shares : (p,), of each component.   marked : ints in 1..p.
    """
    held = rounded(np.cumsum(shares), 5)
    figure, axis = plotting.subplots(2.8)
    axis.plot(np.arange(1, len(held) + 1), held, color=plotting.BLUE)
    for k in marked:
        axis.plot(k, held[k - 1], "o", color=plotting.BLUE, markersize=6, markeredgecolor="white")
        last = k == max(marked)
        offset, side = ((0, -13), "center") if last else ((5, -12), "left")
        axis.annotate(f"{held[k - 1]:.1%}", (k, held[k - 1]), offset, textcoords="offset points", ha=side, fontsize=8)
    _component_axis(axis, marked)
    axis.set(ylabel="variance held", ylim=(0, 1.06), xlim=(0.9, 1.15 * max(marked)))
    axis.yaxis.set_major_formatter("{x:.0%}")
    return figure


def rebuilt_images(images, rebuilt):
    """Images, a row each, rebuilt from fewer and more components, the original last.

    images : (n, 28, 28), grey 0..1.   rebuilt : dict of number of components -> (n, 28, 28).
    """
    columns = {**{f"{k}": pictures for k, pictures in rebuilt.items()}, "original": images}
    figure, grid = plotting.subplots(
        1.03 * plotting.WIDTH * len(images) / len(columns) + 0.25, len(images), len(columns), squeeze=False
    )
    for place, (title, pictures) in enumerate(columns.items()):
        for axis, picture in zip(grid[:, place], pictures, strict=True):
            axis.imshow(rounded(np.clip(picture, 0, 1), 3), cmap="gray_r", vmin=0, vmax=1)
            axis.axis("off")
        grid[0, place].set_title(
            title, fontsize=8.5, loc="center", fontweight="bold" if title == "original" else "normal"
        )
    return figure


def classes_and_clusters(points, classes, clusters, centres, names):
    """Images as points in two components: coloured by true class, and by k-means cluster with the cells' borders.

    points  : (n, 2).   classes, clusters : int (n,); cluster i has the colour of class i.   centres : (clusters, 2).
    """
    figure, (left, right) = plotting.subplots(3.6, 1, 2, sharex=True, sharey=True)
    _cloud(left, points, [plotting.CLASS_COLORS[label] for label in classes])
    _cloud(right, points, [plotting.CLASS_COLORS[cluster] for cluster in clusters])
    _name_classes(left, points, classes, names)
    x, y = (np.linspace(*limits, 150) for limits in (left.get_xlim(), left.get_ylim()))
    squares = ((np.stack(np.meshgrid(x, y), axis=-1)[:, :, None] - rounded(centres)) ** 2).sum(axis=-1)
    for cluster, centre in enumerate(centres):
        ahead = rounded(np.delete(squares, cluster, axis=-1).min(axis=-1) - squares[..., cluster])  # zero at the border
        right.contour(x, y, ahead, levels=[0], colors="white", linewidths=1.6)
        right.contour(x, y, ahead, levels=[0], colors=plotting.INK, linewidths=0.7)
        right.text(
            *rounded(centre, 3), chr(65 + cluster), ha="center", va="center", fontweight="bold", path_effects=HALO
        )
    # equal scales: a border between two cells stands at right angles to the line of their centres
    left.set(title="ten classes", xlabel="first component", ylabel="second component", aspect="equal")
    right.set(title="ten clusters", xlabel="first component", aspect="equal")
    return figure


def cluster_table(counts, names):
    """Which classes the clusters hold: counts, classes down and clusters across, shaded by the share of the class.

    counts : int (classes, clusters), the clusters in the order in which they are to stand.   names : the classes.
    """
    figure, axis = plotting.subplots(3.9)
    seaborn.heatmap(
        rounded(counts / counts.sum(axis=1, keepdims=True), 3), cmap="Blues", vmin=0, vmax=1, ax=axis,
        annot=np.where(counts, np.char.mod("%d", counts), ""), fmt="", annot_kws={"fontsize": 8},
        xticklabels=[chr(65 + place) for place in range(counts.shape[1])], yticklabels=names,
        cbar_kws={"label": "share of the class", "format": "{x:.0%}", "fraction": 0.035, "pad": 0.02},
    )  # fmt: skip
    axis.set(xlabel="cluster")
    axis.tick_params(axis="y", rotation=0)
    return figure


def error_and_cost(components, errors, tested, seconds):
    """Prediction error against the number of components, with the line of no PCA, and what a fit costs, below it.

    components : the numbers k, the last of them all pixels, which is to say no PCA.
    errors     : (k, folds), shares wrong on the held-out folds.
    tested     : (k, 3), share wrong on the test images and the ends of its interval.
    seconds    : dict of label -> (k,), of one fit; three labels at most.
    """
    figure, (top, bottom) = plotting.subplots(5.6, 2, 1, sharex=True, height_ratios=(1.3, 1))
    mean, sd = rounded(np.mean(errors, axis=1)), rounded(np.std(errors, axis=1, ddof=1))
    top.axhspan(mean[-1] - sd[-1], mean[-1] + sd[-1], color=plotting.ORANGE, alpha=0.2, linewidth=0)
    top.axhline(mean[-1], color=plotting.ORANGE, linewidth=1.8, linestyle="--", label="no PCA, held-out folds")
    look = {"color": plotting.BLUE, "marker": "o", "capsize": 3}
    top.errorbar(components[:-1], mean[:-1], sd[:-1], **look, label="k components, held-out folds")
    shares = rounded(tested)
    beside = np.array(components) * 1.07  # so that the two intervals can be told apart
    reach = [shares[:, 0] - shares[:, 1], shares[:, 2] - shares[:, 0]]
    look = {"color": plotting.INK, "fmt": "D", "markersize": 4, "capsize": 3, "linewidth": 1}
    top.errorbar(beside, shares[:, 0], reach, **look, label="test images")
    top.set(ylabel="prediction error", yscale="log", ylim=(0.125, 0.58), yticks=(0.15, 0.2, 0.3, 0.4, 0.5))
    top.yaxis.set_major_formatter("{x:.0%}")
    top.yaxis.set_minor_locator(NullLocator())
    top.legend(loc="upper right")
    looks = ((plotting.BLUE, "o-"), (plotting.RED, "s:"), (plotting.INK, "^-."))
    for (label, values), (colour, look) in zip(seconds.items(), looks, strict=False):
        bottom.plot(components, rounded(values, 3), look, color=colour, markersize=5, label=label)
    _component_axis(bottom, components)
    bottom.set_xticklabels([*map(str, components[:-1]), f"{components[-1]}\n(no PCA)"])
    bottom.set(ylabel="processor seconds a fit", yscale="log")
    bottom.yaxis.set_major_formatter(FuncFormatter(lambda value, _: f"{value:g}"))
    bottom.legend(loc="upper left")
    return figure


def _component_axis(axis, marked):
    axis.set(xscale="log", xticks=list(marked), xticklabels=[str(k) for k in marked], xlabel="number of components $k$")
    axis.xaxis.set_minor_locator(NullLocator())


def _name_classes(axis, points, classes, names):
    """Write each class's name at its median, framed in its colour, names that would overlap pushed apart upwards and down."""
    middles = np.array([np.median(points[classes == label], axis=0) for label in range(len(names))])
    width, height = np.ptp(points, axis=0) * (0.2, 0.065)
    for _ in range(50):
        for one in range(len(names)):
            for other in range(one):
                apart = middles[one] - middles[other]
                if abs(apart[0]) < width and abs(apart[1]) < height:
                    push = (height - abs(apart[1])) / 2 * (1 if apart[1] >= 0 else -1)
                    middles[one, 1] += push
                    middles[other, 1] -= push
    for name, middle, colour in zip(names, rounded(middles, 3), plotting.CLASS_COLORS, strict=True):
        frame = {"boxstyle": "round,pad=0.2", "facecolor": "white", "edgecolor": colour, "linewidth": 1.8}
        axis.text(*middle, name, ha="center", va="center", fontsize=8, fontweight="bold", bbox=frame)


def _cloud(axis, points, colours, size=4):
    """Many small points, as one image inside the figure, so that its file stays small."""
    places = rounded(points, 4)
    axis.scatter(places[:, 0], places[:, 1], s=size, c=colours, alpha=0.65, linewidths=0, rasterized=True)
    axis.grid(visible=False)
