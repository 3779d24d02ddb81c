"""Charts: arrays in, a matplotlib Figure out. Nothing here trains, saves or shows; style.use() gives the look.

Figures are drawn from rounded values, so that the files are the same on every processor.
"""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.patches import FancyBboxPatch
from matplotlib.ticker import MultipleLocator

from helpers.core import plotting
from helpers.core.plotting import rounded


def learning_curves(histories, kept):
    """Loss and accuracy against the epoch, a column a training run: training solid, validation dashed.

    histories : dict of title -> list of dicts with epoch, loss, accuracy, val_loss, val_accuracy.
    kept      : dict of title -> the kept epoch, marked by a vertical line.
    """
    figure = Figure(figsize=(plotting.WIDTH, 4.4))
    axes = figure.subplots(2, len(histories), sharex="col", sharey="row", squeeze=False)
    for column, (title, history) in enumerate(histories.items()):
        epochs = [row["epoch"] for row in history]
        for axis, quantity in zip(axes[:, column], ("loss", "accuracy"), strict=True):
            axis.plot(
                epochs,
                rounded([row[quantity] for row in history]),
                color=plotting.TRAIN,
                label="training, with dropout",
            )
            axis.plot(
                epochs,
                rounded([row[f"val_{quantity}"] for row in history]),
                "--",
                color=plotting.VALIDATION,
                label="validation",
            )
            axis.axvline(
                kept[title], color=plotting.KEPT, linewidth=1, linestyle=":", label=f"kept epoch ({kept[title]})"
            )
        axes[0, column].set_title(title)
        axes[1, column].set_xlabel("epoch")
        axes[0, column].legend(loc="upper right", frameon=True, facecolor="white", edgecolor="none", framealpha=1)
    axes[0, 0].set_ylabel("cross-entropy (nats)")
    axes[1, 0].set_ylabel("accuracy")
    low = min(row["val_loss"] for history in histories.values() for row in history)
    axes[0, 0].set_ylim(rounded(0.5 * low), rounded(3.2 * low))
    axes[1, 0].set_ylim(0.78, None)
    axes[1, 0].yaxis.set_major_locator(MultipleLocator(0.05))
    axes[1, 0].yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    return figure


def architecture(rows, inputs):
    """The layers of a network from top to bottom: a bar as wide as the layer, with its parameters.

    rows   : list of models.LayerRow-like tuples (layer, kind, output_shape, trainable, non_trainable).
    inputs : str, what goes in.
    """
    figure = Figure(figsize=(plotting.WIDTH, 0.34 * len(rows) + 0.6))
    axis = figure.subplots()
    axis.set(xlim=(-1.9, 2.6), ylim=(len(rows) + 0.2, -1.6))
    axis.axis("off")
    axis.text(0, -0.95, inputs, ha="center", va="center", color=plotting.FAINT)
    widest = max(row[2][-1] for row in rows)
    for place, (_, kind, shape, trainable, non_trainable) in enumerate(rows):
        half = 0.12 + 0.98 * np.sqrt(shape[-1] / widest)
        colour = {"Dense": plotting.BLUE, "Dropout": plotting.GREY, "BatchNormalization": plotting.GREEN}.get(
            kind, plotting.ORANGE
        )
        axis.add_patch(
            FancyBboxPatch((-half, place - 0.36), 2 * half, 0.72, boxstyle="round,pad=0,rounding_size=0.08", color=colour,
                           alpha=0.22 if trainable else 0.12, linewidth=0)
        )  # fmt: skip
        axis.text(0, place, shape[-1], ha="center", va="center", fontweight="bold" if trainable else "normal")
        axis.text(-1.25, place, kind, ha="right", va="center")
        total = trainable + non_trainable
        detail = f"{total:,} parameters" if total else "no parameters"
        detail += f", {non_trainable:,} of them not trained" if non_trainable else ""
        axis.text(1.25, place, detail, ha="left", va="center", color=plotting.INK if total else plotting.FAINT)
    return figure


def accuracies_by_run(groups, reported=None):
    """Accuracy of every run as a dot, a line a group, the mean as a bar; what the report states as vertical lines.

    groups   : dict of name -> list of shares in 0..1.
    reported : dict of label -> share in 0..1, or None.
    """
    reported = reported or {}
    figure = Figure(figsize=(plotting.WIDTH, 0.5 * len(groups) + 1.3))
    axis = figure.subplots()
    for row, (_, values) in enumerate(groups.items()):
        colour = [plotting.BLUE, plotting.ORANGE, plotting.GREEN, plotting.PURPLE][row % 4]
        axis.plot(
            rounded(values), np.full(len(values), row), "o", color=colour, markersize=6, alpha=0.7, markeredgewidth=0
        )
        axis.plot([rounded(np.mean(values))] * 2, [row - 0.3, row + 0.3], color=colour, linewidth=2)
    for label, value in reported.items():
        axis.axvline(value, color=plotting.INK, linewidth=1, linestyle="--")
        axis.text(value, -0.75, f" {label} ", ha="right" if value > 0.93 else "left", va="center", fontsize=8)
    axis.set(yticks=range(len(groups)), yticklabels=groups, ylim=(len(groups) - 0.5, -1.05), xlabel="accuracy")
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.grid(axis="y", visible=False)
    axis.margins(x=0.08)
    return figure


def image_sheet(images, columns, limit):
    """Many small signed images as one sheet, orange below zero, blue above, on one colour scale.

    images : (n, height, width).   columns : images a row.   limit : the value shown in full colour.
    """
    rows = -(-len(images) // columns)
    height, width = images.shape[1:]
    sheet = np.full((rows * (height + 1) + 1, columns * (width + 1) + 1), np.nan)
    for number, image in enumerate(images):
        top, left = (number // columns) * (height + 1) + 1, (number % columns) * (width + 1) + 1
        sheet[top : top + height, left : left + width] = image
    figure = Figure(figsize=(plotting.WIDTH, plotting.WIDTH * sheet.shape[0] / sheet.shape[1] + 0.55))
    axis = figure.subplots()
    shown = axis.imshow(rounded(sheet, 3), cmap=plotting.SIGNED, vmin=-limit, vmax=limit, interpolation="none")
    axis.axis("off")
    bar = figure.colorbar(shown, ax=axis, orientation="horizontal", fraction=0.03, pad=0.015, aspect=50, extend="both")
    bar.set_label("weight")
    bar.outline.set_visible(False)
    return figure


def weights_explained(weights, activations, names, titles):
    """First-layer units one below the other: the weights as a picture, and how strongly each class excites the unit.

    weights : (units, 28, 28).   activations : (units, classes), mean outputs.   names : the classes.   titles : one a unit.
    """
    figure = Figure(figsize=(plotting.WIDTH, 2.75 * len(weights)))
    axes = figure.subplots(len(weights), 2, width_ratios=(1, 1.55), squeeze=False)
    reach = 1.08 * float(np.max(activations))
    for (picture, bars), unit, outputs, title in zip(axes, weights, activations, titles, strict=True):
        limit = float(np.quantile(np.abs(unit), 0.99))
        shown = picture.imshow(rounded(unit, 3), cmap=plotting.SIGNED, vmin=-limit, vmax=limit)
        picture.set_title(title)
        picture.axis("off")
        figure.colorbar(shown, ax=picture, fraction=0.046, label="weight").outline.set_visible(False)
        bars.barh(range(len(names)), rounded(outputs, 4), color=plotting.CLASS_COLORS)
        bars.set(yticks=range(len(names)), yticklabels=names, xlim=(0, reach), xlabel="mean output of the unit")
        bars.invert_yaxis()
        bars.grid(axis="y", visible=False)
    return figure


def confusion(counts, names):
    """Confusion counts: true classes down, predicted classes across; shading by the share of the true class.

    counts : int (classes, classes).   names : the classes.   The diagonal is drawn grey, so that the mistakes stand out.
    """
    shares = counts / counts.sum(axis=1, keepdims=True)
    mistakes = np.where(np.eye(len(counts), dtype=bool), np.nan, shares)
    top = rounded(np.nanmax(mistakes), 3)
    figure = Figure(figsize=(plotting.WIDTH, 5.6))
    axis = figure.subplots()
    shown = axis.imshow(rounded(mistakes, 3), cmap="Oranges", vmin=0, vmax=top)
    for true in range(len(counts)):
        for predicted in range(len(counts)):
            count, right = counts[true, predicted], true == predicted
            if right:
                axis.add_patch(
                    FancyBboxPatch(
                        (predicted - 0.5, true - 0.5), 1, 1, boxstyle="square,pad=0", color="#e5e7eb", linewidth=0
                    )
                )
            colour = plotting.INK if right or mistakes[true, predicted] < 0.6 * top else "white"
            if count:
                axis.text(
                    predicted,
                    true,
                    f"{count:,}",
                    ha="center",
                    va="center",
                    fontsize=8,
                    color=colour,
                    fontweight="bold" if right else "normal",
                )
    axis.set(
        xticks=range(len(names)),
        yticks=range(len(names)),
        yticklabels=names,
        xlabel="predicted class",
        ylabel="true class",
    )
    axis.set_xticklabels(names, rotation=35, ha="right", rotation_mode="anchor")
    axis.grid(visible=False)
    bar = figure.colorbar(shown, ax=axis, fraction=0.04, pad=0.02, format=lambda value, _: f"{value:.0%}")
    bar.set_label("share of the true class, mistakes only")
    bar.outline.set_visible(False)
    return figure


def recall_bars(recalls, intervals, names):
    """Recall of each class with its interval, the lowest first.

    recalls : shares (classes,).   intervals : evaluation.Interval-like objects with low and high.   names : the classes.
    """
    order = np.argsort(recalls, kind="stable")
    figure = Figure(figsize=(plotting.WIDTH, 3.0))
    axis = figure.subplots()
    for row, label in enumerate(order):
        axis.plot(
            rounded([intervals[label].low, intervals[label].high]),
            [row, row],
            color=plotting.CLASS_COLORS[label],
            linewidth=2.5,
        )
        axis.plot(rounded(recalls[label]), row, "o", color=plotting.CLASS_COLORS[label], markersize=7)
    axis.set(
        yticks=range(len(names)), yticklabels=[names[label] for label in order], xlabel="recall on the test images"
    )
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.invert_yaxis()
    axis.grid(axis="y", visible=False)
    return figure


def labelled_images(images, titles, columns=6):
    """Grey images in a grid, dark on light, each with its title above.

    images : (n, 28, 28), grey 0..255.   titles : one str an image, may hold line breaks.
    """
    rows = -(-len(images) // columns)
    figure = Figure(figsize=(plotting.WIDTH, rows * plotting.WIDTH / columns * 1.34))
    axes = figure.subplots(rows, columns, squeeze=False).ravel()
    for axis in axes:
        axis.axis("off")
    for axis, image, title in zip(axes, images, titles, strict=False):
        axis.imshow(image, cmap="gray_r", vmin=0, vmax=255)
        axis.set_title(title, fontsize=7.5, fontweight="normal", loc="center")
    return figure
