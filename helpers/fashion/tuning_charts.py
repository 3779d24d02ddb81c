"""Charts of chapter 04's experiments: the search, the leaking validation set, two losses. Arrays in, a Figure out."""

import numpy as np
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from helpers.core import plotting
from helpers.core.plotting import rounded

KINDS = {  # how a trial is drawn: colour, marker, size
    "both": (plotting.GREY, "o", 5.0),
    "random": (plotting.BLUE, "s", 4.6),
    "bayes": (plotting.ORANGE, "D", 4.6),
}
COLUMNS = 4


def search_slices(trials, floor, names):
    """Every trial's validation accuracy against each of its settings, a panel a setting; the best one is ringed.

    trials : list of dicts with kind (a key of `names`), val_accuracy and values (dict of setting -> number or bool).
    floor  : share in 0..1; what lies below is drawn at the edge, as a triangle that points down.
    names  : dict of kind ("both", "random", "bayes") -> its name in the legend.
    """
    settings = list(trials[0]["values"])
    rows = len(settings) // COLUMNS + 1
    figure = Figure(figsize=(plotting.WIDTH, 2.25 * rows))
    axes = figure.subplots(rows, COLUMNS, sharey=True, squeeze=False).ravel()
    best = max(trials, key=lambda trial: trial["val_accuracy"])
    for axis, setting in zip(axes, settings, strict=False):
        for kind in names:
            colour, marker, size = KINDS[kind]
            of_kind = [trial for trial in trials if trial["kind"] == kind]
            for low in (False, True):
                chosen = [trial for trial in of_kind if (trial["val_accuracy"] < floor) == low]
                if not chosen:
                    continue
                axis.plot(
                    rounded([float(trial["values"][setting]) for trial in chosen]),
                    rounded([max(floor, trial["val_accuracy"]) for trial in chosen]),
                    "v" if low else marker, color=colour, markersize=size, alpha=0.85, markeredgewidth=0, linestyle="none",
                    label=None if low else names[kind], clip_on=not low, zorder=3,
                )  # fmt: skip
        axis.plot(
            rounded(float(best["values"][setting])), rounded(best["val_accuracy"]), "o", color="none", markersize=11,
            markeredgecolor=plotting.INK, markeredgewidth=1.2, label="the winner",
        )  # fmt: skip
        axis.set_xlabel(setting.replace("_", " "))
        _scale(axis, [trial["values"][setting] for trial in trials])
    for axis in axes[len(settings) :]:  # there is at least one, and the last of them has the legend
        axis.axis("off")
    top = best["val_accuracy"]
    axes[0].set_ylim(floor, rounded(top + 0.12 * (top - floor)))
    for axis in axes[::COLUMNS]:
        axis.set_ylabel("validation accuracy")
        axis.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    handles, labels = axes[0].get_legend_handles_labels()
    axes[-1].legend(handles, labels, loc="center left", labelspacing=0.9)
    return figure


def _scale(axis, values):
    """Set a panel's axis by its values: yes and no, a logarithmic one, a few numbers, or plain."""
    if all(isinstance(value, bool) for value in values):
        axis.set(xticks=[0, 1], xticklabels=["no", "yes"], xlim=(-0.5, 1.5))
    elif min(values) > 0 and max(values) / min(values) > 30:
        axis.set_xscale("log")
        axis.margins(x=0.12)
    elif len(set(values)) <= 4:
        places = sorted(set(values))
        axis.set_xticks(places)
        axis.margins(x=0.2)
    else:
        axis.xaxis.set_major_locator(MaxNLocator(4))
        axis.margins(x=0.12)


def leaking_validation(chains, epochs):
    """Accuracy on the leaking validation set and on clean images, epoch by epoch through fits that follow each other.

    chains : list (a network) of lists (a fit) of dicts with curve (dicts with false_val_accuracy, clean_accuracy) and
             test ([correct, n]).   epochs : int, of one fit.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.5))
    axis = figure.subplots()
    lines = {
        "false_val_accuracy": (plotting.VALIDATION, "validation, after each reshuffle"),
        "clean_accuracy": (plotting.GREEN, "images that were never mixed in"),
    }
    width = 1.6 if len(chains) == 1 else 1.0
    for number, fits in enumerate(chains):
        for key, (colour, label) in lines.items():
            values = [row[key] for fit in fits for row in fit["curve"]]
            axis.plot(
                np.arange(1, len(values) + 1), rounded(values), "--", color=colour, linewidth=width,
                label=None if number else label,
            )  # fmt: skip
        ends = epochs * np.arange(1, len(fits) + 1)
        axis.plot(
            ends, rounded([fit["test"][0] / fit["test"][1] for fit in fits]), "o", color=plotting.INK, markersize=4.5,
            label=None if number else "test images, once a fit", zorder=4,
        )  # fmt: skip
    for place in range(1, len(chains[0])):
        axis.axvline(epochs * place + 0.5, color=plotting.KEPT, linewidth=0.8, linestyle=":")
        axis.annotate(
            "reshuffle", (epochs * place + 0.5, 0.02), xycoords=("data", "axes fraction"), xytext=(3, 0),
            textcoords="offset points", fontsize=7.5, color=plotting.FAINT,
        )  # fmt: skip
    axis.set(
        xlabel="epochs, all fits together", ylabel="accuracy", ylim=(0.84, None), xlim=(0, epochs * len(chains[0]) + 2)
    )
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.legend(loc="upper left", frameon=True, facecolor="white", edgecolor="none", framealpha=1)
    return figure


def accuracy_by_epoch(groups, floor):
    """Validation accuracy against the epoch, a dashed line a training run, a colour a group.

    groups : dict of name -> list of histories (lists of dicts with epoch and val_accuracy).   floor : where the axis begins.
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.2))
    axis = figure.subplots()
    for (name, histories), colour in zip(
        groups.items(), (plotting.ORANGE, plotting.BLUE, plotting.PURPLE), strict=False
    ):
        for number, history in enumerate(histories):
            axis.plot(
                [row["epoch"] for row in history], rounded([row["val_accuracy"] for row in history]), "--", color=colour,
                linewidth=1.0, alpha=0.9, label=None if number else name,
            )  # fmt: skip
    axis.set(xlabel="epoch", ylabel="validation accuracy", ylim=(floor, None), xlim=(0, None))
    axis.yaxis.set_major_formatter(lambda value, _: f"{value:.0%}")
    axis.legend(loc="lower right")
    return figure
