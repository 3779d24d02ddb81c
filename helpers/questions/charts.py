"""The charts of chapter 07: arrays in, a matplotlib Figure out, drawn from rounded values as in helpers/fashion/charts.py."""

import numpy as np
from matplotlib.patches import Circle

from helpers.core import plotting
from helpers.core.plotting import rounded

PLACES = {"x1": (0, 1), "x2": (0, 0), "h1": (1, 1), "h2": (1, 0), "y": (2, 0.5)}
LETTERS = {"x1": "$x_1$", "x2": "$x_2$"}
CIRCLE = {"marker": "o", "s": 26, "facecolors": "white", "edgecolors": plotting.NEGATIVE, "linewidths": 1.6}
STAR = {"marker": "*", "s": 70, "facecolors": plotting.POSITIVE, "edgecolors": "white", "linewidths": 0.5}


def small_networks(edges, panels):
    """The 2-2-1 network, once for each choice of units: a circle a unit, a line an edge with its weight.

    edges  : pairs of names among x1, x2, h1, h2, y, in the order of the weights w1, w2, ...
    panels : dict of title -> dict of unit (h1, h2, y) -> (letter in the unit, what it does, a str below it).
    """
    figure, (axes,) = plotting.subplots(2.4, 1, len(panels), squeeze=False)
    for axis, (title, units) in zip(axes, panels.items(), strict=True):
        for number, (source, target) in enumerate(edges, 1):
            (x0, y0), (x1, y1) = PLACES[source], PLACES[target]
            axis.plot([x0, x1], [y0, y1], color=plotting.FAINT, linewidth=1.2, zorder=1)
            along = 0.32 if x0 == 0 else 0.5
            axis.text(
                x0 + along * (x1 - x0), y0 + along * (y1 - y0), f"$w_{number}$", ha="center", va="center",
                bbox={"facecolor": "white", "edgecolor": "none", "pad": 1.5}, zorder=2,
            )  # fmt: skip
        for name, place in PLACES.items():
            letter, note = units.get(name, (LETTERS.get(name), ""))
            colour = {"L": plotting.BLUE, "S": plotting.ORANGE}.get(letter, plotting.GREY)
            axis.add_patch(Circle(place, 0.17, facecolor="white", edgecolor=colour, linewidth=2, zorder=3))
            weight = "bold" if name in units else "normal"
            axis.text(*place, letter, ha="center", va="center", fontsize=11, zorder=4, fontweight=weight)
            axis.text(place[0], place[1] - 0.25, note, ha="center", va="top", fontsize=8, color=plotting.INK, zorder=4)
        axis.set(xlim=(-0.3, 2.45), ylim=(-0.48, 1.25), aspect="equal", title=title)
        axis.axis("off")
    return figure


def gradients_compared(right, printed, names):
    """Six gradients as derived and as printed, a row each, joined by a line where the two differ.

    right, printed : float (6,).   names : the weights' names.
    """
    figure, axis = plotting.subplots(2.5)
    rows = np.arange(len(names))
    axis.axvline(0, color=plotting.INK, linewidth=0.8)
    right, printed = rounded(right), rounded(printed)
    axis.hlines(rows, right, printed, color=plotting.GRID, linewidth=3, zorder=1)
    axis.plot(right, rows, "o", color=plotting.BLUE, markersize=8, label="derived, and confirmed three times")
    orange = {"color": plotting.ORANGE, "markersize": 8, "markeredgecolor": "white"}
    axis.plot(printed, rows, "X", **orange, label="as printed in the report")
    axis.set(xlabel="gradient (nats per unit of weight)", ylim=(len(names) - 0.4, -0.6))
    axis.set(yticks=rows, yticklabels=[f"∂E/∂{name}" for name in names])
    axis.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=2, borderpad=0)  # outside: it is no seventh gradient
    axis.grid(axis="y", visible=False)
    return figure


def success_curves(steps, shares):
    """The share of random starts that classify every point, against the steps of descent.

    steps : int (k,).   shares : dict of label -> shares (k,); two of one loss and two of the other, faster rate first.
    """
    figure, axis = plotting.subplots(2.8)
    looks = ((plotting.BLUE, "-", 2.2), (plotting.BLUE, "-", 1.1), (plotting.RED, "--", 2.2), (plotting.RED, "--", 1.1))
    for (label, values), (colour, line, width) in zip(shares.items(), looks, strict=True):
        axis.plot(steps, rounded(values), line, color=colour, linewidth=width, label=label)
    axis.set(xlabel="steps of gradient descent", xlim=(0, max(steps)))
    axis.set(ylabel="starts with all points right", ylim=(0, 1.02))
    axis.yaxis.set_major_formatter("{x:.0%}")
    axis.legend(loc="lower right")
    return figure


def neurons_alone(x, y, lines, hidden, output):
    """Three panels: N1's and N2's lines among the points, and N3's line among the points as N1 and N2 see them.

    x      : (n, 2).   y : (n,), 0 for a circle and 1 for a star.   lines : (2, 3), weights of x1, x2 and bias.
    hidden : (n, 2), V1 and V2.   output : (3,), N3's weights of V1, V2 and bias.
    """
    figure, axes = plotting.subplots(2.75, 1, 3, width_ratios=(1.2, 1.2, 1))
    panels = [
        ("N1 draws one line", x, lines[0], (0, 6.3), (0.2, 4), ("$x_1$", "$x_2$")),
        ("N2 draws another", x, lines[1], (0, 6.3), (0.2, 4), ("$x_1$", "$x_2$")),
        ("N3 cuts off a corner", hidden, output, (-0.06, 1.06), (-0.06, 1.06), ("$V_1$", "$V_2$")),
    ]
    for axis, (title, points, line, xlim, ylim, names) in zip(axes, panels, strict=True):
        _half_plane(axis, line, xlim, ylim)
        _points(axis, points, y)
        axis.set(title=title, xlim=xlim, ylim=ylim, xlabel=names[0])
        axis.set_ylabel(names[1], rotation=0, labelpad=8)
        axis.grid(visible=False)
    axes[2].set(xticks=(0, 0.5, 1), yticks=(0, 0.5, 1))
    return figure


def whole_network(x, y, grid, probability, asymptotes):
    """What three neurons do together: N3's probability over the plane, its bent boundary, and the lines it tends to.

    x, y        : as in neurons_alone.   grid : (x1 (a,), x2 (b,)).   probability : (b, a), of a star.
    asymptotes  : (2, 3), weights of x1 and x2 and bias of the lines that the boundary tends to.
    """
    x1, x2 = grid
    figure, axis = plotting.subplots(4.2)
    shades = rounded(probability, 3)
    filled = axis.contourf(x1, x2, shades, levels=np.linspace(0, 1, 11), cmap=plotting.SIGNED, alpha=0.55)
    axis.contour(x1, x2, shades, levels=[0.5], colors=plotting.INK, linewidths=2.2)
    for limit in asymptotes:
        axis.plot(*_segment(limit, x1, x2), "--", color=plotting.INK, linewidth=1)
    axis.plot([], [], color=plotting.INK, linewidth=2.2, label="the network's boundary")
    axis.plot([], [], "--", color=plotting.INK, linewidth=1, label="what it tends to, far out")
    _points(axis, x, y)
    axis.set(xlim=(x1[0], x1[-1]), ylim=(x2[0], x2[-1]), xlabel="$x_1$", aspect="equal")
    axis.set_ylabel("$x_2$", rotation=0, labelpad=8)
    axis.grid(visible=False)
    axis.legend(loc="upper right", facecolor="white", frameon=True, framealpha=0.9, edgecolor="none")
    bar = figure.colorbar(filled, ax=axis, fraction=0.03, pad=0.02, ticks=(0, 0.5, 1))
    bar.set_label("probability of a star")
    bar.outline.set_visible(False)
    return figure


def losses_against_logit(logits, losses, pulls, turning):
    """Two panels over the logit of the true class: each loss, and how hard it pulls the logit up.

    logits  : (k,).   losses, pulls : dicts of name -> (k,).   turning : the logit where squared error pulls hardest.
    """
    figure, axes = plotting.subplots(2.9, 1, 2)
    for axis, curves, label in zip(axes, (losses, pulls), ("loss", "pull on the logit, −dE/dz"), strict=True):
        axis.axvspan(logits[0], turning, color=plotting.NEGATIVE, alpha=0.1, linewidth=0)
        for (name, values), colour, line in zip(
            curves.items(), (plotting.BLUE, plotting.RED), ("-", "--"), strict=True
        ):
            axis.plot(logits, rounded(values), line, color=colour, linewidth=2, label=name)
        axis.set(xlim=(logits[0], logits[-1]), xlabel="logit $z$ of the true class", ylabel=label)
    axes[1].text(
        logits[0] + 0.3, 0.46, "the worse the mistake,\nthe weaker squared error pulls", va="center", fontsize=8
    )
    axes[0].legend(loc="upper right")
    axes[1].set_ylim(0, 1.06)
    return figure


def recovery(counts, points):
    """How many of the points are right, step by step, after the signs of N3 were changed.

    counts : dict of name -> counts of points that are right, from step 0 on.   points : int, how many there are.
    """
    figure, axis = plotting.subplots(2.5)
    for (name, right), colour, line in zip(counts.items(), (plotting.BLUE, plotting.RED), ("-", "--"), strict=True):
        steps = np.arange(len(right))
        axis.plot(steps, right, line, color=colour, linewidth=2, label=name, drawstyle="steps-post")
        axis.plot(steps[-1], right[-1], "o", color=colour, markersize=6)
    axis.set_xscale("symlog", linthresh=1)  # so that step 0 has a place
    axis.xaxis.set_major_formatter("{x:,.0f}")
    axis.set(xlabel="steps of gradient descent after N3's signs were changed (log scale from 1 on)", xlim=(0, None))
    axis.set(ylabel="points right", ylim=(-1, points + 1.5))
    axis.legend(loc="upper left")
    return figure


def _points(axis, points, y):
    axis.scatter(*rounded(points[y == 0]).T, **CIRCLE, zorder=3)
    axis.scatter(*rounded(points[y == 1]).T, **STAR, zorder=3)


def _segment(line, x1, x2):
    """The part of the line w1 x1 + w2 x2 + b = 0 that crosses the box, as two lists of coordinates, rounded."""
    (a, b, c), reach = line, (min(x1), max(x1), min(x2), max(x2))
    if abs(b) > abs(a):
        first = np.array(reach[:2])
        return rounded(first), rounded(-(a * first + c) / b)
    second = np.array(reach[2:])
    return rounded(-(b * second + c) / a), rounded(second)


def _half_plane(axis, line, xlim, ylim):
    """Shade the side where the neuron says more than one half, and draw its line."""
    x1, x2 = np.linspace(*xlim, 201), np.linspace(*ylim, 201)
    side = line[0] * x1[None, :] + line[1] * x2[:, None] + line[2]
    axis.contourf(x1, x2, rounded(side, 4), levels=[0, np.abs(side).max() + 1], colors=[plotting.POSITIVE], alpha=0.14)
    axis.plot(*_segment(line, xlim, ylim), color=plotting.INK, linewidth=1.8)
