"""Charts of convolutional networks: arrays in, a matplotlib Figure out. Nothing here trains, saves or shows.

Figures are drawn from rounded values, so that the files are the same on every processor.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from matplotlib.ticker import MaxNLocator

from helpers.core import plotting
from helpers.core.plotting import rounded

NETWORK_COLORS = [plotting.BLUE, plotting.ORANGE, plotting.GREEN]


def shapes(networks):
    """How a picture shrinks and thickens on its way: a row a network, a block wherever the shape changes.

    networks : dict of title -> list of (height, channels), the input first; a block is as tall as the picture, and as
    wide as the square root of its channels.
    """
    figure = Figure(figsize=(plotting.WIDTH, 1.55 * len(networks) + 0.1))
    axes = figure.subplots(len(networks), 1, squeeze=False)[:, 0]
    reach = max(sum(_slot_width(channels) for _, channels in blocks) for blocks in networks.values())
    for axis, colour, (title, blocks) in zip(axes, NETWORK_COLORS, networks.items(), strict=False):
        left = 0.0
        for number, (height, channels) in enumerate(blocks):
            width, slot = _block_width(channels), _slot_width(channels)
            shade = plotting.FAINT if number == 0 else colour
            middle = left + slot / 2
            axis.add_patch(
                Rectangle((middle - width / 2, -height / 2), width, height, color=shade, alpha=0.35, linewidth=0)
            )
            axis.text(middle, -18, f"{height} × {height}", ha="center", va="top", fontsize=7.5)
            axis.text(middle, -23.5, f"× {channels}", ha="center", va="top", fontsize=7.5)
            left += slot
        axis.set(xlim=(0, reach), ylim=(-31, 16))
        axis.set_title(title)
        axis.axis("off")
    return figure


def _block_width(channels):
    return 1.5 + 1.25 * np.sqrt(channels)


def _slot_width(channels):
    """What a block takes up with its words and some air."""
    return max(_block_width(channels), 25) + 5


def feature_sheet(image, maps, columns):
    """One image, and beside it what a layer makes of it: every channel as a small picture, dark where it answers most.

    image : (height, width), grey 0..255.   maps : (height, width, channels).   columns : pictures a row.
    Every map has its own scale, from the lowest value to the highest; one that is the same everywhere stays blank.
    """
    height, width, channels = maps.shape
    rows = -(-channels // columns)
    gap = 1 if height < 20 else 2
    sheet = np.full((rows * (height + gap) - gap, columns * (width + gap) - gap), np.nan)
    for number in range(channels):
        one = maps[:, :, number]
        spread = one.max() - one.min()
        top, left = (number // columns) * (height + gap), (number % columns) * (width + gap)
        sheet[top : top + height, left : left + width] = (one - one.min()) / spread if spread > 0 else 0
    tall = (plotting.WIDTH - 1.35) * sheet.shape[0] / sheet.shape[1]
    figure = Figure(figsize=(plotting.WIDTH, max(tall, 1.2) + 0.1))
    photo, many = figure.subplots(1, 2, width_ratios=(1.2, plotting.WIDTH - 1.35))
    photo.imshow(image, cmap="gray_r", vmin=0, vmax=255)
    photo.set_anchor("N")
    many.imshow(rounded(sheet, 3), cmap="gray_r", vmin=0, vmax=1, interpolation="none")
    many.set_anchor("N")
    photo.axis("off")
    many.axis("off")
    return figure


def curves(histories, kept):
    """Loss and accuracy against the epoch, a column a network: training solid, validation dashed, each loss on its scale.

    histories : dict of title -> list of dicts with epoch, loss, accuracy, val_loss, val_accuracy.
    kept      : dict of title -> the kept epoch, ringed.
    """
    figure = Figure(figsize=(plotting.WIDTH, 4.3))
    axes = figure.subplots(2, len(histories), sharex="col", squeeze=False)
    lowest = min(
        row[quantity] for h in histories.values() for row in h[1:] or h for quantity in ("accuracy", "val_accuracy")
    )
    for column, (title, history) in enumerate(histories.items()):
        epochs = [row["epoch"] for row in history]
        for axis, quantity in zip(axes[:, column], ("loss", "accuracy"), strict=True):
            validation = rounded([row[f"val_{quantity}"] for row in history])
            training = rounded([row[quantity] for row in history])
            axis.plot(epochs, training, ".-", markersize=4, color=plotting.TRAIN, label="training")
            axis.plot(epochs, validation, ".--", markersize=4, color=plotting.VALIDATION, label="validation")
            axis.plot(
                kept[title],
                validation[kept[title] - 1],
                "o",
                markersize=9,
                fillstyle="none",
                color=plotting.INK,
                label="kept",
            )
            axis.set_xlim(min(0.5, 1 - 0.03 * len(history)), len(history) + max(0.03 * len(history), 0.5))
            axis.xaxis.set_major_locator(MaxNLocator(min(5, len(history)), integer=True, min_n_ticks=1))
        axes[0, column].set_title(title)
        axes[0, column].set_ylim(0, None)
        axes[1, column].set(xlabel="epoch", ylim=(max(0.0, min(0.85, np.floor(20 * lowest) / 20)), 1))
        axes[1, column].yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes[0, 0].set_ylabel("loss (nats)")
    axes[1, 0].set_ylabel("accuracy")
    axes[1, -1].legend(loc="lower right")
    return figure


def gains(differences, intervals, unit=100):
    """What each change adds: a dot a run, the mean with its interval as a bar; rows in the order given.

    differences : dict of name -> list of differences in accuracy, one a run.
    intervals   : dict of name -> object with low and high, of the mean difference.
    unit        : differences are shown times this, in points.
    """
    figure = Figure(figsize=(plotting.WIDTH, 0.42 * len(differences) + 0.9))
    axis = figure.subplots()
    for row, (name, values) in enumerate(differences.items()):
        low, high = intervals[name].low, intervals[name].high
        colour = plotting.BLUE if low > 0 else plotting.ORANGE if high < 0 else plotting.GREY
        axis.plot(
            rounded([unit * low, unit * high]), [row, row], color=colour, linewidth=6, alpha=0.35, solid_capstyle="butt"
        )
        axis.plot([rounded(unit * np.mean(values))] * 2, [row - 0.28, row + 0.28], color=colour, linewidth=2.2)
        axis.plot(rounded(unit * np.asarray(values)), [row] * len(values), "o", color=colour, markersize=4.5)
    axis.axvline(0, color=plotting.INK, linewidth=1)
    axis.set(
        yticks=range(len(differences)), yticklabels=differences, ylim=(len(differences) - 0.4, -0.6),
        xlabel="validation accuracy, points above the report's way of training",
    )  # fmt: skip
    axis.grid(axis="y", visible=False)
    return figure


def reliability(panels):
    """Reliability diagrams side by side: the share that was right against the confidence that it was said with.

    panels : dict of title -> dict of label -> list of calibration.Bin-like tuples (low, high, count, confidence,
    accuracy); the first label of a panel is drawn as a filled line, the second as a dashed one.
    """
    figure = Figure(figsize=(plotting.WIDTH, 2.9))
    axes = figure.subplots(1, len(panels), sharey=True, squeeze=False)[0]
    for axis, (title, lines) in zip(axes, panels.items(), strict=True):
        axis.plot([0, 1], [0, 1], color=plotting.FAINT, linewidth=1)
        for (label, bins), (mark, colour) in zip(
            lines.items(), (("o-", plotting.ORANGE), ("s--", plotting.BLUE)), strict=False
        ):
            full = [each for each in bins if each[2] >= 10]  # fewer images say nothing
            axis.plot(
                rounded([each[3] for each in full], 4), rounded([each[4] for each in full], 4), mark, color=colour,
                markersize=4, label=label,
            )  # fmt: skip
        axis.set_title(title)
        axis.set(xlim=(0.2, 1.02), ylim=(0.2, 1.02), xlabel="confidence", aspect="equal")
        for direction in (axis.xaxis, axis.yaxis):
            direction.set_ticks([0.4, 0.6, 0.8, 1.0])
            direction.set_major_formatter(lambda value, _: f"{value:.0%}")
    axes[0].set_ylabel("share that is right")
    axes[-1].legend(loc="upper left", fontsize=8)
    return figure


def class_counts(counts, names, low, high):
    """How often each class was predicted, with the band that an even spread stays in.

    counts : int (classes,).   names : the classes.   low, high : the band's ends.
    """
    figure = Figure(figsize=(plotting.WIDTH, 2.9))
    axis = figure.subplots()
    axis.axhspan(low, high, color=plotting.GREY, alpha=0.25, linewidth=0, zorder=0)
    axis.bar(range(len(names)), counts, color=plotting.CLASS_COLORS, width=0.62)
    for place, count in enumerate(counts):
        axis.text(place, count, f"{count:,}", ha="center", va="bottom", fontsize=8)
    axis.set(xticks=range(len(names)), ylabel="images", ylim=(0, 1.12 * max(counts)))
    axis.set_xticklabels(names, rotation=25, ha="right", rotation_mode="anchor")
    axis.grid(axis="x", visible=False)
    return figure


def cost_and_accuracy(names, multiply_adds, accuracies, intervals, parameters):
    """What accuracy costs: the share right against the multiply-adds for one image; a disc as large as the parameters.

    names : list of str.   multiply_adds, accuracies, parameters : numbers, one a network.   intervals : with low and high.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.0))
    axis = figure.subplots()
    for name, cost, share, interval, size, colour in zip(
        names, multiply_adds, accuracies, intervals, parameters, NETWORK_COLORS, strict=False
    ):
        axis.plot([cost / 1e6] * 2, rounded([interval.low, interval.high]), color=colour, linewidth=2)
        axis.scatter(cost / 1e6, rounded(share), s=size / 6e3, color=colour, alpha=0.45, linewidth=0)
        axis.plot(cost / 1e6, rounded(share), "o", color=colour, markersize=4)
        axis.annotate(
            f"{name}: {size / 1e6:.2f} million parameters", (cost / 1e6, rounded(share)), xytext=(14, 0),
            textcoords="offset points", va="center",
        )  # fmt: skip
    axis.set(
        xlabel="multiply-adds for one image (millions)",
        ylabel="test accuracy",
        xlim=(0, 1.5 * max(multiply_adds) / 1e6),
    )
    axis.margins(y=0.25)
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:.1%}")
    return figure
