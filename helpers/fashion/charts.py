"""The charts of chapters 04 and 05: arrays in, a matplotlib Figure out. Nothing here trains, saves or shows.

Figures are drawn from rounded values, so that the files are the same on every processor. Shares are in 0..1.
"""

from itertools import cycle

import matplotlib
import numpy as np
import seaborn
from matplotlib.ticker import MaxNLocator

from helpers.core import plotting
from helpers.core.plotting import rounded

GROUP_COLORS = [plotting.BLUE, plotting.ORANGE, plotting.GREEN, plotting.PURPLE]
KIND_COLORS = {"Dense": plotting.BLUE, "Dropout": plotting.GREY, "BatchNormalization": plotting.GREEN}


def learning_curves(histories, kept, same_loss=True):
    """Loss and accuracy against the epoch, a column a training run: training solid, validation dashed.

    histories : dict of title -> list of dicts with epoch, loss, accuracy, val_loss, val_accuracy.
    kept      : dict of title -> the kept epoch, marked by a dotted line.
    same_loss : whether the losses can be compared, and share one scale.
    The scales hold all epochs but the first, which may run off the edge.
    """
    figure, axes = plotting.subplots(4.4, 2, len(histories), sharex="col", squeeze=False)
    late = {title: history[1:] or history for title, history in histories.items()}
    tops = {title: 1.05 * max(max(row["loss"], row["val_loss"]) for row in rows) for title, rows in late.items()}
    lowest = min(min(row["accuracy"], row["val_accuracy"]) for rows in late.values() for row in rows)
    for (loss, accuracy), (title, history) in zip(axes.T, histories.items(), strict=True):
        epochs = [row["epoch"] for row in history]
        look = {"marker": "." if len(history) < 30 else "", "markersize": 4}
        for axis, quantity in ((loss, "loss"), (accuracy, "accuracy")):
            training, validation = (rounded([row[key] for row in history]) for key in (quantity, f"val_{quantity}"))
            axis.plot(epochs, training, "-", color=plotting.TRAIN, label="training", **look)
            axis.plot(epochs, validation, "--", color=plotting.VALIDATION, label="validation", **look)
            axis.axvline(kept[title], color=plotting.KEPT, linewidth=1, linestyle=":", label="kept epoch")
        loss.set(title=title, ylim=(0, rounded(max(tops.values()) if same_loss else tops[title])))
        accuracy.set(xlabel=f"epoch ({kept[title]} kept)", ylim=(np.floor(20 * lowest) / 20, 1))
        accuracy.xaxis.set_major_locator(MaxNLocator(min(5, len(history)), integer=True, min_n_ticks=1))
        accuracy.yaxis.set_major_formatter("{x:.0%}")
    axes[0, 0].set_ylabel("cross-entropy (nats)")
    axes[1, 0].set_ylabel("accuracy")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def accuracy_by_epoch(groups, floor):
    """Validation accuracy against the epoch, a dashed line a training run, a colour a group.

    groups : dict of name -> list of histories (lists of dicts with epoch and val_accuracy).   floor : where the axis begins.
    """
    figure, axis = plotting.subplots(3.2)
    for (name, histories), colour in zip(groups.items(), cycle(GROUP_COLORS)):
        for number, history in enumerate(histories):
            values = rounded([row["val_accuracy"] for row in history])
            look = {"color": colour, "linewidth": 1, "label": None if number else name}
            axis.plot([row["epoch"] for row in history], values, "--", **look)
    axis.set(xlabel="epoch", ylabel="validation accuracy", ylim=(floor, None), xlim=(0, None))
    axis.yaxis.set_major_formatter("{x:.0%}")
    axis.legend(loc="lower right")
    return figure


def leaking_validation(chains, epochs, reported):
    """Accuracy on the leaking validation set and on clean images, epoch by epoch through fits that follow each other.

    chains : list (a network) of lists (a fit) of dicts with curve (dicts with false_val_accuracy, clean_accuracy) and
             test ([correct, n]).   epochs : int, of one fit.   reported : share that the report states, a horizontal line.
    """
    figure, axis = plotting.subplots(3.5)
    lines = {
        "false_val_accuracy": (plotting.VALIDATION, "validation, after each reshuffle"),
        "clean_accuracy": (plotting.GREEN, "clean images, never trained on"),
    }
    for number, fits in enumerate(chains):
        for key, (colour, label) in lines.items():
            values = [row[key] for fit in fits for row in fit["curve"]]
            look = {"color": colour, "linewidth": 1.6 if len(chains) == 1 else 1, "label": None if number else label}
            axis.plot(np.arange(1, len(values) + 1), rounded(values), "--", **look)
        look = {"color": plotting.INK, "markersize": 4.5, "zorder": 4}
        shares = rounded([fit["test"][0] / fit["test"][1] for fit in fits])
        label = None if number else "test images, once a fit"
        axis.plot(epochs * np.arange(1, len(fits) + 1), shares, "o", label=label, **look)
    for fit in range(1, len(chains[0])):
        axis.axvline(epochs * fit + 0.5, color=plotting.KEPT, linewidth=0.8, linestyle=":")
    axis.text(epochs + 0.5, 0.02, " reshuffle", transform=axis.get_xaxis_transform(), fontsize=8, color=plotting.FAINT)
    axis.axhline(reported, color=plotting.INK, linewidth=1, linestyle="--")
    axis.annotate(f"the report: {reported:.1%}", (1, reported), (0, 3), textcoords="offset points", fontsize=8)
    axis.set(xlabel="epochs, all fits together", xlim=(0, epochs * len(chains[0]) + 2))
    axis.set(ylabel="accuracy", ylim=(0.84, 1))
    axis.yaxis.set_major_formatter("{x:.0%}")
    figure.legend(*axis.get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def architecture(rows, inputs):
    """The layers of a network from top to bottom: a bar as wide as the square root of its units, with its parameters.

    rows   : list of networks.LayerRow-like tuples (layer, kind, output_shape, trainable, non_trainable).
    inputs : str, what goes in.
    """
    figure, axis = plotting.subplots(0.34 * len(rows) + 0.6)
    axis.set(xlim=(-1.9, 2.6), ylim=(len(rows) + 0.2, -1.6))
    axis.axis("off")
    axis.text(0, -0.95, inputs, ha="center", va="center", color=plotting.FAINT)
    units = np.array([row[2][-1] for row in rows])
    half = 0.12 + 0.98 * np.sqrt(units / units.max())
    colours = [KIND_COLORS.get(row[1], plotting.ORANGE) for row in rows]
    axis.barh(range(len(rows)), 2 * half, 0.72, left=-half, color=colours, alpha=0.22)
    for place, (_, kind, shape, trainable, fixed) in enumerate(rows):
        axis.text(0, place, shape[-1], ha="center", va="center", fontweight="bold" if trainable else "normal")
        axis.text(-1.25, place, kind, ha="right", va="center")
        total = trainable + fixed
        detail = f"{total:,} parameters" if total else "no parameters"
        detail += f", {fixed:,} of them not trained" if fixed else ""
        axis.text(1.25, place, detail, va="center", color=plotting.INK if total else plotting.FAINT)
    return figure


def image_sheet(images, columns, limit, label="weight"):
    """Many small signed images as one sheet, orange below zero, blue above, on one colour scale in few steps: a light file.

    images : (n, height, width).   columns : images a row.   limit : the value shown in full colour.   label : of the scale.
    """
    sheet = _tiled(images, columns, 1)
    figure, axis = plotting.subplots(plotting.WIDTH * sheet.shape[0] / sheet.shape[1] + 0.55)
    shown = axis.imshow(
        rounded(sheet, 3), cmap=plotting.SIGNED.resampled(15), vmin=-limit, vmax=limit, interpolation="none"
    )
    axis.axis("off")
    bar = figure.colorbar(shown, ax=axis, orientation="horizontal", fraction=0.03, pad=0.015, aspect=50, extend="both")
    bar.set_label(label)
    bar.outline.set_visible(False)
    return figure


def feature_sheet(image, maps, columns):
    """One image, and beside it what a layer makes of it: every channel as a small picture, dark where it answers most.

    image : (height, width), grey 0..255.   maps : (height, width, channels).   columns : pictures a row.
    Every map has its own scale, from the lowest value to the highest; one that is the same everywhere stays blank.
    """
    low, spread = maps.min(axis=(0, 1)), np.ptp(maps, axis=(0, 1))
    scaled = (maps - low) / np.where(spread > 0, spread, 1)
    sheet = _tiled(np.moveaxis(scaled, -1, 0), columns, 1 if len(maps) < 20 else 2)
    width = plotting.WIDTH - 1.35
    height = max(width * sheet.shape[0] / sheet.shape[1], 1.2) + 0.1
    figure, (photo, many) = plotting.subplots(height, 1, 2, width_ratios=(1.2, width))
    photo.imshow(image, cmap="gray_r", vmin=0, vmax=255)
    many.imshow(rounded(sheet, 3), cmap="gray_r", vmin=0, vmax=1, interpolation="none")
    for axis in (photo, many):
        axis.set_anchor("N")
        axis.axis("off")
    return figure


def _tiled(images, columns, gap):
    """Images (n, height, width) as one (a, b), row by row, with `gap` pixels of NaN between them and after the last."""
    rows = -(-len(images) // columns)
    height, width = np.array(images.shape[1:]) + gap
    sheet = np.full((rows * columns, height, width), np.nan)
    sheet[: len(images), :-gap, :-gap] = images
    sheet = sheet.reshape(rows, columns, height, width).swapaxes(1, 2).reshape(rows * height, columns * width)
    return sheet[:-gap, :-gap]


def units_explained(units, images, titles):
    """First-layer units, a row each: the trained weights, what training changed, and the images that drive the unit most.

    units : (units, 2, 28, 28), weights and their change since the start.   images : (units, n, 28, 28), grey 0..255.
    titles : one str a unit.   The two pictures of a unit share one colour scale.
    """
    columns = 2 + images.shape[1]
    figure, axes = plotting.subplots(1.15 * len(units) + 0.1, len(units), columns, squeeze=False)
    for row, pictures, driving, title in zip(axes, units, images, titles, strict=True):
        limit = float(np.quantile(np.abs(pictures), 0.99))
        for axis, picture, name in zip(row, pictures, (f"{title}: W", "W - W0"), strict=False):
            axis.imshow(rounded(picture, 3), cmap=plotting.SIGNED, vmin=-limit, vmax=limit)
            axis.set_title(name, fontsize=8)
        for axis, image in zip(row[2:], driving, strict=True):
            axis.imshow(image, cmap="gray_r", vmin=0, vmax=255)
        for axis in row:
            axis.axis("off")
    return figure


def accuracies_by_run(groups, reported):
    """Accuracy of every run as a dot, a row a group, the mean as a bar; what the report states as vertical lines.

    groups : dict of name -> list of shares.   reported : dict of label -> share.
    """
    figure, axis = plotting.subplots(0.34 * len(groups) + 1.2)
    for row, values in enumerate(groups.values()):
        axis.plot(rounded(values), [row] * len(values), "o", color=plotting.VALIDATION, alpha=0.7, markeredgewidth=0)
        axis.plot(rounded([np.mean(values)]), [row], "|", color=plotting.VALIDATION, markersize=22, markeredgewidth=2)
    for label, value in zip(reported, rounded([*reported.values()]), strict=True):
        axis.axvline(value, color=plotting.INK, linewidth=1, linestyle="--")
        axis.text(value, -0.75, f" {label} ", ha="right" if value > 0.93 else "left", va="center", fontsize=8)
    _name_rows(axis, groups, "validation accuracy", top=-1.05)
    axis.xaxis.set_major_formatter("{x:.0%}")
    axis.margins(x=0.08)
    return figure


def schedule(epochs, rates):
    """The learning rate over the epochs. epochs, rates : floats (n,)."""
    figure, axis = plotting.subplots(2.1)
    axis.plot(rounded(epochs), rounded(rates), color=plotting.BLUE)
    axis.set(xlabel="epoch", ylabel="learning rate")
    return figure


def gains(panels):
    """What changes are worth, in points: a dot a run, the mean with its interval as a bar; one panel beside the other.

    panels : dict of title -> (differences, intervals, late), dicts of name -> list of differences between shares, one a run;
             object with low and high, of the mean difference; and that difference by later epochs together, an open mark.
             Rows are the names of all panels, in the order given.
    """
    rows = list(dict.fromkeys(name for differences, *_ in panels.values() for name in differences))
    figure, axes = plotting.subplots(0.42 * len(rows) + 1.1, 1, len(panels), sharex=True, sharey=True, squeeze=False)
    for axis, (title, (differences, intervals, late)) in zip(axes[0], panels.items(), strict=True):
        for name, values in differences.items():
            _gain(axis, rows.index(name), values, intervals[name])
            look = {"color": plotting.INK, "markersize": 6, "markerfacecolor": "none"}
            axis.plot(rounded(100 * late[name]), rows.index(name), "D", **look)
        axis.axvline(0, color=plotting.INK, linewidth=1)
        _name_rows(axis, rows, "validation accuracy, points")
        axis.set_title(title)
    return figure


def _gain(axis, row, values, interval):
    low, mean, high = rounded([100 * v for v in (interval.low, np.mean(values), interval.high)])
    colour = plotting.BLUE if low > 0 else plotting.ORANGE if high < 0 else plotting.GREY
    axis.hlines(row, low, high, color=colour, linewidth=6, alpha=0.35)
    axis.plot(mean, row, "|", color=colour, markersize=17, markeredgewidth=2.2)
    axis.plot(rounded(100 * np.array(values)), [row] * len(values), "o", color=colour, markersize=4.5)


def recall_bars(recalls, intervals, names):
    """Recall of each class with its interval, the lowest first.

    recalls : shares (classes,).   intervals : objects with low and high, one a class.   names : the classes.
    """
    order = np.argsort(recalls, kind="stable")
    figure, axis = plotting.subplots(3.0)
    colours, rows = [plotting.CLASS_COLORS[label] for label in order], range(len(order))
    lows, highs = rounded([[intervals[label].low, intervals[label].high] for label in order]).T
    axis.hlines(rows, lows, highs, color=colours, linewidth=2.5)
    axis.scatter(rounded(np.array(recalls)[order]), rows, s=49, c=colours, zorder=3)
    _name_rows(axis, [names[label] for label in order], "recall on the test images")
    axis.xaxis.set_major_formatter("{x:.0%}")
    return figure


def _name_rows(axis, names, xlabel, top=-0.6):
    """Name the rows 0, 1, ... of an axis, the first above; `top` is where it begins."""
    axis.set(yticks=range(len(names)), yticklabels=names, ylim=(len(names) - 0.4, top), xlabel=xlabel)
    axis.grid(axis="y", visible=False)


def confusion(counts, names):
    """Confusion counts: true classes down, predicted classes across; shading by the share of the true class.

    counts : int (classes, classes).   names : the classes.   The diagonal is drawn grey, so that the mistakes stand out.
    """
    mistakes = counts / counts.sum(axis=1, keepdims=True)
    np.fill_diagonal(mistakes, -1)  # below the scale, and so grey
    figure, axis = plotting.subplots(5.6)
    seaborn.heatmap(
        rounded(mistakes, 3), cmap=matplotlib.colormaps["Oranges"].resampled(16).with_extremes(under="#e5e7eb"), ax=axis, square=True,
        vmin=0, vmax=rounded(np.nanmax(mistakes), 3), linewidths=0.5, xticklabels=names, yticklabels=names,
        annot=np.where(counts, np.char.mod("%d", counts), ""), fmt="", annot_kws={"fontsize": 8},
        cbar_kws={"label": "share of the true class, mistakes only", "format": "{x:.0%}", "fraction": 0.04, "pad": 0.02},
    )  # fmt: skip
    for text in axis.texts[:: len(names) + 1]:
        text.set_fontweight("bold")
    axis.set(xlabel="predicted class", ylabel="true class")
    axis.tick_params(length=0, rotation=0)
    axis.set_xticklabels(names, rotation=35, ha="right", rotation_mode="anchor")
    return figure


def reliability(panels):
    """Reliability diagrams side by side: the share that was right against the confidence that it was said with.

    panels : dict of title -> dict of label -> list of stats.Bin-like tuples (low, high, count, confidence, accuracy);
    the first label of a panel is drawn as a solid line, the second as a dashed one. Bins of fewer than ten are left out.
    Grey bars show which share of the images lies in each bin of the first label.
    """
    figure, axes = plotting.subplots(2.85, 1, len(panels), sharey=True, squeeze=False)
    for axis, (title, lines) in zip(axes.flat, panels.items(), strict=True):
        lows, highs, counts, *_ = np.transpose(next(iter(lines.values())))
        look = {"align": "edge", "color": plotting.GREY, "alpha": 0.35, "label": "share of the images"}
        axis.bar(rounded(lows), rounded(counts / counts.sum(), 4), rounded(highs - lows), **look)
        axis.plot([0, 1], [0, 1], color=plotting.FAINT, linewidth=1)
        looks = ("o-", plotting.ORANGE), ("s--", plotting.BLUE)
        for (label, bins), (mark, colour) in zip(lines.items(), looks, strict=False):
            confidence, accuracy = rounded([each[3:] for each in bins if each[2] >= 10], 4).reshape(-1, 2).T
            axis.plot(confidence, accuracy, mark, color=colour, markersize=4, label=label)
        ticks = [0, 0.25, 0.5, 0.75, 1]
        axis.set(title=title, xlabel="confidence", aspect="equal", xlim=(0, 1.02), ylim=(0, 1.02))
        axis.set(xticks=ticks, yticks=ticks)
        axis.xaxis.set_major_formatter("{x:.0%}")
        axis.yaxis.set_major_formatter("{x:.0%}")
    axes[0, 0].set_ylabel("share that is right")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=3)
    return figure


def labelled_images(images, titles, columns=6):
    """Grey images in a grid, dark on light, each with its title above.

    images : (n, 28, 28), grey 0..255.   titles : one str an image, may hold line breaks.
    """
    rows, lines = -(-len(images) // columns), max((title.count("\n") + 1 for title in titles), default=1)
    height = rows * plotting.WIDTH / columns * (1.1 + 0.12 * lines)
    figure, axes = plotting.subplots(height, rows, columns, squeeze=False)
    for axis in axes.flat:
        axis.axis("off")
    for axis, image, title in zip(axes.flat, images, titles, strict=False):
        axis.imshow(image, cmap="gray_r", vmin=0, vmax=255)
        axis.set_title(title, fontsize=8, fontweight="normal", loc="center")
    return figure


def answers_in_two_orders(images, truth, above, below, names):
    """Grey images in a row, each between two labels: a tick and blue where a label is right, a cross and red where it is wrong.

    images : (n, 28, 28), grey 0..255.   truth : int (n,), the true classes.   above, below : (name, labels int (n,)).
    names  : the classes.
    """
    figure, axes = plotting.subplots(1.75, 1, len(images), squeeze=False)
    for axis, image, true, *said in zip(axes.flat, images, truth, above[1], below[1], strict=True):
        axis.imshow(image, cmap="gray_r", vmin=0, vmax=255)
        axis.axis("off")
        for label, height in zip(said, (1.32, -0.32), strict=True):
            mark, colour = ("✓", plotting.BLUE) if label == true else ("✗", plotting.RED)
            words = {"color": colour, "fontsize": 8, "ha": "center", "va": "center"}
            axis.text(0.5, height, f"{mark}\n{names[label]}", transform=axis.transAxes, **words)
    for (name, _), height in ((above, 1.32), (below, -0.32)):
        axes[0, 0].text(-0.5, height, name, transform=axes[0, 0].transAxes, ha="right", va="center")
    return figure


def image_rows(rows):
    """Grey images in named rows, dark on light: dict of name -> float (n, 28, 28) in 0..1, the same n in each."""
    columns = len(next(iter(rows.values())))
    figure, axes = plotting.subplots(0.78 * len(rows) + 0.1, len(rows), columns, squeeze=False)
    for line, (name, images) in zip(axes, rows.items(), strict=True):
        for axis, image in zip(line, images, strict=True):
            axis.imshow(rounded(image, 3), cmap="gray_r", vmin=0, vmax=1)
            axis.axis("off")
        line[0].text(-0.15, 0.5, name, transform=line[0].transAxes, ha="right", va="center")
    return figure


def accuracy_under_change(curves, xlabels):
    """Accuracy against how much the images are changed, a panel a change, a line a network.

    curves : dict of change -> dict of network -> (amounts, shares).   xlabels : dict of change -> str.
    """
    figure, axes = plotting.subplots(2.7, 1, len(curves), sharey=True, squeeze=False)
    for axis, (change, lines) in zip(axes.flat, curves.items(), strict=True):
        for (name, (amounts, shares)), colour, mark in zip(lines.items(), cycle(GROUP_COLORS), cycle("osD^")):
            axis.plot(amounts, rounded(shares), marker=mark, color=colour, markersize=4, label=name)
        axis.set(title=change, xlabel=xlabels[change], ylim=(0, 1), xticks=next(iter(lines.values()))[0])
    axes[0, 0].set_ylabel("accuracy")
    axes[0, 0].yaxis.set_major_formatter("{x:.0%}")
    figure.legend(*axes[0, 0].get_legend_handles_labels(), loc="outside upper right", ncols=len(GROUP_COLORS))
    return figure


def evidence(images, maps, titles):
    """Images in a row, and below each its maps: blue where a place speaks for the answer, orange where against it.

    images : (n, 28, 28) in 0..1.   maps : dict of name -> (n, 28, 28), each name on a scale of its own.
    titles : one str an image, may hold line breaks.
    """
    figure, axes = plotting.subplots(1.15 + 1.2 * len(maps), 1 + len(maps), len(images), squeeze=False)
    for axis, image, title in zip(axes[0], images, titles, strict=True):
        axis.imshow(rounded(image, 3), cmap="gray_r", vmin=0, vmax=1)
        axis.set_title(title, fontsize=8, fontweight="normal", loc="center")
    for row, (name, group) in zip(axes[1:], maps.items(), strict=True):
        limit = float(np.abs(group).max())
        for axis, each in zip(row, group, strict=True):
            axis.imshow(rounded(each, 3), cmap=plotting.SIGNED, vmin=-limit, vmax=limit)
        row[0].set_ylabel(name)
    for axis in axes.flat:
        axis.set(xticks=[], yticks=[])
        axis.spines[:].set_visible(False)
    return figure
