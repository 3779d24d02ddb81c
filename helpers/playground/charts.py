"""Pictures of networks that a Playground user recognises: arrays in, a matplotlib Figure out. Nothing is trained or saved.

Colours are the page's: orange for -1, pale grey for 0, blue for +1, clipped beyond. For readers without colour, every
surface carries its zero line, the class -1 has square markers, and links with a negative weight are dashed. Data sets,
activations and penalties each keep a colour and a line style of their own, in seed_charts too.
"""

import numpy as np
from matplotlib.colors import Normalize
from matplotlib.figure import Figure
from matplotlib.layout_engine import PlaceHolderLayoutEngine
from matplotlib.lines import Line2D
from matplotlib.patches import PathPatch, Rectangle
from matplotlib.path import Path

from helpers.core import plotting
from helpers.core.plotting import NEGATIVE, POSITIVE, rounded
from helpers.core.plotting import SIGNED as COLORS
from helpers.playground.datasets import EXTENT, FEATURES

INK, MUTED, FRAME = "#222222", "#6b6b6b", "#5f6368"
SPAN = Normalize(-1, 1, clip=True)
FORMULAS = ("$X_1$", "$X_2$", "$X_1^{\\,2}$", "$X_2^{\\,2}$", "$X_1X_2$", r"$\sin(X_1)$", r"$\sin(X_2)$")
LABELS = dict(zip(FEATURES, FORMULAS, strict=True))
NAMES = {"circle": "circle", "xor": "XOR", "gauss": "Gaussian", "spiral": "spiral"}
LOOKS = {  # colour, line style, marker of a data set, an activation, a penalty
    "circle": (plotting.BROWN, "-", "o"),
    "xor": (plotting.PURPLE, (0, (4, 1.5)), "s"),
    "gauss": (plotting.GREEN, (0, (5, 1, 1, 1)), "^"),
    "spiral": (plotting.INK, (0, (1, 1)), "D"),
    "relu": (plotting.GREEN, "-", "o"),
    "tanh": (plotting.PURPLE, (0, (5, 1.5)), "s"),
    "sigmoid": (plotting.INK, (0, (1.2, 1.2)), "^"),
    "none": (plotting.GREY, (0, (1, 1)), ""),
    "L1": (plotting.INK, "-", ""),
    "L2": (plotting.RED, (0, (4, 1.5)), ""),
}
OTHER_LOOKS = [  # of what has none of its own: colours from light to dark, each with a dash
    (plotting.ORANGE, "-"),
    (plotting.RED, (0, (5, 1.5))),
    (plotting.BLUE, (0, (4, 1.2, 1, 1.2))),
    (plotting.INK, (0, (1.2, 1.2))),
    (plotting.GREEN, (0, (7, 2))),
    (plotting.PURPLE, (0, (2, 3))),
]

# Axes stay where they are put. Not layout="none", for which savefig puts the style's own layout back once it is done.
AS_PLACED = PlaceHolderLayoutEngine(adjust_compatible=True, colorbar_gridspec=True)

# Lengths in inches
NEURON = 0.42  # a neuron's side
ROW, COLUMN = 0.6, 1.3  # between neighbours' centres
SURFACE = 3.3  # the surface's side
MARGIN_LEFT, MARGIN_TOP, MARGIN_BOTTOM, LOSSES = 1.1, 0.5, 0.72, 1.0


def network_figure(
    features, activations, weights, biases, train, test, epochs, train_loss, test_loss, dead=None, log_loss=False
):
    """The page's main view of one network: inputs, neurons and links, loss curves, and the surface with its points.

    features : names of the inputs (str), as in LABELS.
    activations : list of float arrays (neurons, d, d) over the plane: inputs, hidden layers, output.
    weights, biases : lists of float arrays (neurons, sources) and (neurons,), one a layer, the output's last.
    train, test : float arrays (n, 3) with columns x, y, label (-1 and 1, or any number for a regression).
    epochs, train_loss, test_loss : arrays (n_recorded,).
    dead : as weights, bool: links that L1 has cut, left out of the picture.   log_loss : logarithmic loss axis.
    Returns a Figure; its width grows with the number of layers, its height with the widest.
    """
    layers = activations[:-1]
    height = max(MARGIN_TOP + max(map(len, layers)) * ROW, LOSSES + SURFACE) + MARGIN_BOTTOM
    left = MARGIN_LEFT + (len(layers) - 1) * COLUMN + NEURON / 2 + 1.0
    figure = Figure(figsize=(left + SURFACE + 0.25, height), facecolor="white", layout=AS_PLACED)
    sheet = _axes_at(figure, 0, 0, *figure.get_size_inches())  # one unit is one inch
    sheet.set(xlim=(0, figure.get_figwidth()), ylim=(0, height))
    sheet.axis("off")

    free = height - MARGIN_TOP - MARGIN_BOTTOM
    middle = MARGIN_BOTTOM + free / 2
    bottom = MARGIN_BOTTOM + (free + MARGIN_TOP - LOSSES - SURFACE) / 2
    centres = _centres([len(layer) for layer in layers], middle)
    dead = [np.zeros_like(layer, dtype=bool) for layer in weights] if dead is None else dead
    side = np.array([NEURON / 2, 0.0])
    ends = [places - side for places in centres[1:]] + [np.array([[left, bottom + SURFACE / 2]])]
    for layer_weights, layer_dead, places, layer_ends in zip(weights, dead, centres, ends, strict=True):
        _draw_links(sheet, layer_weights, layer_dead, places + side, layer_ends)
    top = max(places[0, 1] for places in centres) + NEURON / 2 + 0.25
    for layer, (outputs, places) in enumerate(zip(layers, centres, strict=True)):
        _draw_neurons(sheet, outputs, places, biases[layer - 1] if layer else None)
        heading = f"{len(places)} neuron{'s' if len(places) > 1 else ''}" if layer else "FEATURES"
        _write(sheet, places[0, 0], top, heading, ha="center")
    for name, (x, y) in zip(features, centres[0], strict=True):
        _write(sheet, x - NEURON / 2 - 0.08, y, LABELS[name], ha="right", fontsize=10, color=INK)

    draw_surface(_axes_at(figure, left, bottom, SURFACE, SURFACE), activations[-1][0], train, test)
    _draw_losses(figure, sheet, left, bottom + SURFACE, epochs, train_loss, test_loss, log_loss)
    _draw_key(figure, sheet, left, bottom - 0.42, "s" if _is_classes(train) else "o")
    return figure


def decision_surfaces(surfaces, titles, train=None, test=None, columns=6, side=1.5, small=False):
    """Small multiples of decision surfaces, over seeds or settings.

    surfaces : float array (n, d, d), networks' answers over the plane.   titles : n short strings.
    train, test : None, or n arrays (points, 3) each.   columns : pictures in a row.   side : of one, in inches.
    small : as in draw_surface.
    """
    columns = min(columns, len(titles))
    rows = -(-len(titles) // columns)
    step_x, step_y = side + 0.14, side + 0.3
    figure = Figure(figsize=(columns * step_x + 0.02, rows * step_y + 0.04), facecolor="white", layout=AS_PLACED)
    for index, (surface, title) in enumerate(zip(surfaces, titles, strict=True)):
        row, column = divmod(index, columns)
        axes = _axes_at(figure, 0.08 + column * step_x, 0.06 + (rows - 1 - row) * step_y, side, side)
        groups = [None if group is None else group[index] for group in (train, test)]
        draw_surface(axes, surface, *groups, size=3.0 * side, marked=False, small=small)
        axes.set_title(title, fontsize=8, color=INK, pad=3)
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
    for losses, dashes, name in ((train_loss, "-", "training"), (test_loss, "--", "test")):
        look = {"color": INK, "linestyle": dashes}  # blue and orange are the classes
        right.plot(epochs, rounded(losses, 4), linewidth=1, alpha=0.22, **look)
        right.plot(epochs[:shown], rounded(losses[:shown], 4), label=name, **look)
        right.plot(epochs[shown - 1], rounded(losses[shown - 1], 4), "o", color=INK, markersize=4)
    right.axhline(bar, color=plotting.INK, linestyle=":", linewidth=1)
    right.set(yscale="log", ylim=(rounded(0.4 * bar, 3), 1.0), xlim=(0, epochs[-1]), xlabel="epoch", ylabel="loss")
    right.yaxis.set_major_formatter("{x:g}")
    right.legend(loc="upper right")
    return figure


def first_layers(panels, columns=3):
    """What first layers have drawn: each neuron's line in the plane, a tick on the side where it is on, over the surface.

    panels : dict of title -> (surface (d, d), weights (neurons, 2), biases (neurons,), training points (n, 3)).
    """
    columns = min(columns, len(panels))
    rows = -(-len(panels) // columns)
    figure, axes = plotting.subplots(2.45 * rows, rows, columns, squeeze=False)
    for axis, (title, (surface, weights, biases, train)) in zip(axes.flat, panels.items(), strict=True):
        draw_surface(axis, rounded(surface, 4), rounded(train), size=5, marked=False, small=True)
        for weight, bias in zip(rounded(weights), rounded(biases), strict=True):
            size = np.hypot(*weight)
            normal = weight / size
            foot, along = -bias / size * normal, np.array([-normal[1], normal[0]])
            ends = np.array([foot - 20 * along, foot + 20 * along])
            axis.plot(*ends.T, color="white", linewidth=2.4)
            axis.plot(*ends.T, color=plotting.INK, linewidth=1.0)
            for start in (foot + step * along for step in np.arange(-9, 9.1, 1.5)):
                axis.plot(*np.array([start, start + 0.42 * normal]).T, color=plotting.INK, linewidth=0.8)
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
    figure, axes = plotting.subplots(1.9 * rows + 0.8, rows, columns, sharex=True, sharey=True, squeeze=False)
    for axis, (title, groups) in zip(axes.flat, panels.items(), strict=True):
        for shift, (name, values) in zip(np.linspace(-0.12, 0.12, len(groups)), groups.items(), strict=True):
            low, middle, high = rounded(np.quantile(values, (0.25, 0.5, 0.75), axis=0))
            x = np.arange(len(layers)) + shift
            axis.vlines(x, low, high, color=LOOKS[name][0], linewidth=3, alpha=0.45)
            axis.plot(x, middle, markersize=4.5, marker=LOOKS[name][2], **line_look(name))
        axis.set_title(title, fontsize=9)
        if log:
            axis.set_yscale("log")
        if top is not None:
            axis.set_ylim(-0.03 * top, top)
            axis.yaxis.set_major_formatter("{x:.0%}")
        axis.set_xticks(range(len(layers)), layers)
    for name, values in (expected or {}).items():
        axes[0, 0].plot(range(len(layers)), rounded(values), "x", color=LOOKS[name][0], markersize=8, mew=1.5)
    figure.supylabel(ylabel, fontsize=9)
    figure.supxlabel("layer", fontsize=9)
    keys = {name: line_look(name) | {"marker": LOOKS[name][2]} for name in names_in(panels)}
    crosses = {"formula": {"color": plotting.FAINT, "marker": "x", "linestyle": "", "linewidth": 1.6}}
    legend_above(figure, keys | (crosses if expected else {}))
    return figure


def draw_surface(axes, surface, train=None, test=None, size=15.0, marked=True, small=False):
    """Draw one surface, paler than its points, with its zero line.

    surface : float array (d, d) over the plane, y growing with the row.   train, test : arrays (n, 3), or None.
    size : a point's area, in square points of type.   marked : whether the axes carry numbers.
    small : the points as pixels and the surface in its own cells, which halves the size of an SVG.
    """
    ticks = np.linspace(-EXTENT, EXTENT, len(surface))
    extent = (-EXTENT, EXTENT, -EXTENT, EXTENT)
    smooth = "nearest" if small else "bilinear"
    axes.imshow(surface, cmap=COLORS, norm=SPAN, origin="lower", extent=extent, interpolation=smooth, alpha=0.62)
    if surface.min() < 0 < surface.max():
        axes.contour(ticks, ticks, surface, levels=[0], colors=[INK], linewidths=0.24 * size**0.5)
    for points, edge in ((train, "white"), (test, INK)):
        for group, marker, area, color in _marked(points, size):
            look = {"marker": marker, "c": color, "edgecolors": edge, "linewidths": 0.14 * size**0.5}
            axes.scatter(*group[:, :2].T, s=area, rasterized=small, **look)
    marks = [-6, -3, 0, 3, 6] if marked else []
    axes.set(xlim=(-EXTENT, EXTENT), ylim=(-EXTENT, EXTENT), xticks=marks, yticks=[mark for mark in marks if mark])
    _quiet(axes)


def _marked(points, size):
    """How points are drawn: (points, marker, area, colour) for each class, or for all points of a regression."""
    if points is None:
        return []
    if not _is_classes(points):
        return [(points, "o", size, COLORS(SPAN(points[:, 2])))]
    return [
        (points[points[:, 2] == label], marker, area, color)
        for label, marker, area, color in ((-1, "s", 0.8 * size, NEGATIVE), (1, "o", size, POSITIVE))
    ]


def _is_classes(points):
    return np.isin(points[:, 2], (-1, 1)).all()


def _axes_at(figure, left, bottom, width, height):
    """Axes placed in inches from the figure's lower left corner."""
    across, up = figure.get_size_inches()
    return figure.add_axes((left / across, bottom / up, width / across, height / up))


def _quiet(axes):
    axes.grid(False)  # whatever the style says
    axes.tick_params(labelsize=8, colors=MUTED, length=2, pad=2)
    for spine in axes.spines.values():
        spine.set(color=FRAME, linewidth=0.6)


def _write(sheet, x, y, text, **options):
    sheet.text(x, y, text, **{"fontsize": 8, "color": MUTED, "va": "center"} | options)


def _centres(sizes, middle):
    """Where the neurons of each layer stand: a list of arrays (neurons, 2), in inches."""
    heights = [middle + ((size - 1) / 2 - np.arange(size)) * ROW for size in sizes]
    return [np.column_stack([np.full(y.size, MARGIN_LEFT + layer * COLUMN), y]) for layer, y in enumerate(heights)]


def _draw_neurons(sheet, outputs, places, biases):
    """A layer: each neuron's output over the plane, and its bias as the small square that the page puts beside it."""
    half = NEURON / 2
    limits = sheet.get_xlim(), sheet.get_ylim()
    for neuron, (x, y) in enumerate(places):
        box = (x - half, x + half, y - half, y + half)
        sheet.imshow(outputs[neuron], cmap=COLORS, norm=SPAN, origin="lower", extent=box, aspect="auto", zorder=3)
        sheet.add_patch(Rectangle((x - half, y - half), NEURON, NEURON, fill=False, ec=FRAME, lw=0.9, zorder=4))
        if biases is not None:
            corner = (x - half - 0.11, y - half - 0.03)
            sheet.add_patch(Rectangle(corner, 0.08, 0.08, fc=COLORS(SPAN(biases[neuron])), ec=FRAME, lw=0.4, zorder=4))
    sheet.set(xlim=limits[0], ylim=limits[1])


def _draw_links(sheet, weights, dead, starts, ends):
    """A layer's living links, the strong ones on top: level at both ends, colour by the weight, width by its size up to 5."""
    for neuron, source in sorted(np.argwhere(~np.asarray(dead)).tolist(), key=lambda link: abs(weights[*link])):
        weight, start, end = weights[neuron, source], starts[source], ends[neuron]
        middle = (start[0] + end[0]) / 2
        path = Path([start, (middle, start[1]), (middle, end[1]), end], [Path.MOVETO, *[Path.CURVE4] * 3])
        width = 0.5 + 0.9 * min(abs(weight), 5.0)
        look = {
            "ec": COLORS(SPAN(weight)),
            "lw": width,
            "ls": "solid" if weight >= 0 else (0, (6 / width, 1.6 / width)),
        }
        sheet.add_patch(PathPatch(path, fill=False, capstyle="butt", zorder=2, **look))


def _draw_losses(figure, sheet, left, base, epochs, train_loss, test_loss, log_loss):
    """The page's loss panel above the surface: the last values in words, the curves beside them."""
    axes = _axes_at(figure, left + 1.55, base + 0.4, SURFACE - 1.55, 0.5)
    axes.plot(epochs, train_loss, color="#9a9a9a", linewidth=1.3)
    axes.plot(epochs, test_loss, color=INK, linewidth=1.3, linestyle=(0, (3, 1)))
    if log_loss:
        axes.set_yscale("log")
    else:
        axes.set_ylim(0, None)
    axes.margins(x=0)
    _quiet(axes)
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel("epoch", fontsize=8, color=MUTED, labelpad=0)
    _write(sheet, left, base + 0.82, "OUTPUT")
    _write(sheet, left, base + 0.56, f"Test loss {test_loss[-1]:.3f}", fontsize=9, color=INK)
    _write(sheet, left, base + 0.34, f"Training loss {train_loss[-1]:.3f}", fontsize=9)


def _draw_key(figure, sheet, left, y, negative):
    """Under the surface: the colour scale, and what markers and edges mean."""
    axes = _axes_at(figure, left, y, 1.0, 0.07)
    axes.imshow(np.linspace(-1, 1, 128)[None], cmap=COLORS, norm=SPAN, aspect="auto", extent=(-1, 1, 0, 1))
    axes.set(xticks=[-1, 0, 1], yticks=[])
    _quiet(axes)
    classes = (1.25, negative, NEGATIVE, "white", "−1"), (1.65, "o", POSITIVE, "white", "+1")
    for x, marker, color, edge, text in (*classes, (2.1, "o", "#bbbbbb", INK, "test point")):
        sheet.scatter([left + x], [y + 0.035], s=22, marker=marker, c=color, edgecolors=edge, linewidths=0.7, zorder=5)
        _write(sheet, left + x + 0.1, y + 0.035, text, fontsize=8)


def line_look(name, among=()):
    """Colour and line style of what is called so; `among` are all names of the figure."""
    others = [other for other in among if other not in LOOKS]
    look = LOOKS.get(name) or OTHER_LOOKS[others.index(name) % len(OTHER_LOOKS)]
    return {"color": look[0], "linestyle": look[1]}


def legend_above(figure, lines):
    """A row of keys above the figure. lines : dict of name -> the options of its line."""
    keys = [Line2D([], [], **{"linewidth": 1.8, "label": name} | look) for name, look in lines.items()]
    figure.legend(handles=keys, loc="outside upper center", ncols=len(keys), fontsize=8, handlelength=3)


def names_in(panels):
    """The names of all panels' curves, each once (list). panels : dict of title -> dict by name."""
    return list(dict.fromkeys(name for curves in panels.values() for name in curves))
