"""What a hidden layer makes of the plane: its grid and points before and after, seen from the side."""

import numpy as np
from matplotlib.figure import Figure

from helpers.core import plotting
from helpers.playground import charts


def grid_lines(spacing=1.0, fine=121):
    """The plane's grid: float array (lines, fine, 2) of x and y, the upright lines first."""
    across = np.linspace(-charts.EXTENT, charts.EXTENT, fine)
    places = np.arange(-charts.EXTENT, charts.EXTENT + spacing / 2, spacing)
    upright = [np.column_stack([np.full(fine, place), across]) for place in places]
    return np.stack([*upright, *(line[:, ::-1] for line in upright)])


def side_view(hidden, weights, bias, reference):
    """Points of the hidden layer's space, seen so that the output neuron's plane is the line across = 0.

    hidden : float array (neurons, ...).   weights : (neurons,) of the output neuron; not all zero.   bias : its bias.
    reference : (neurons, n), the points whose spread along the plane chooses the second axis.
    Returns a float array (..., 2): the signed distance from the plane, and the place along the widest direction in it.
    """
    length = np.linalg.norm(weights)
    normal = weights / length
    centred = reference - reference.mean(axis=1, keepdims=True)
    beside = centred - np.outer(normal, normal @ centred)
    widest = np.linalg.svd(beside, full_matrices=False)[0][:, 0]
    across = np.tensordot(normal, hidden, 1) + bias / length
    return np.stack([across, np.tensordot(widest, hidden, 1)], axis=-1)


def warped_planes(panels):
    """One row a data set: the points on the plane's grid at the left, both after the hidden layer at the right.

    panels : dict from name to (points (n, 3), grid (lines, m, 2), points after (n, 2), grid after (lines, m, 2)).
    """
    figure = Figure(figsize=(plotting.WIDTH, 3.1 * len(panels)))
    grid_of_axes = figure.subplots(len(panels), 2, squeeze=False)
    for (name, (points, grid, moved, bent)), pair in zip(panels.items(), grid_of_axes, strict=True):
        for axes, places, lines in ((pair[0], points[:, :2], grid), (pair[1], moved, bent)):
            for line in lines:
                axes.plot(*line.T, color="#b9bdc1", linewidth=0.6, rasterized=True)
            for label, marker, color in ((-1, "s", charts.NEGATIVE), (1, "o", charts.POSITIVE)):
                look = {"marker": marker, "c": color, "edgecolors": "white", "linewidths": 0.4, "rasterized": True}
                axes.scatter(*places[points[:, 2] == label].T, s=11, **look)
            axes.grid(False)
        pair[0].set(title=f"{name}: the inputs", xlabel=charts.LABELS["x"], ylabel=charts.LABELS["y"], aspect="equal")
        pair[0].set(xticks=[-6, -3, 0, 3, 6], yticks=[-6, -3, 0, 3, 6])
        pair[1].axvline(0, color=plotting.INK, linewidth=1.4)
        pair[1].set(title=f"{name}: after the hidden layer", xlabel="distance from the output neuron's plane")
        pair[1].set(ylabel="place along that plane")
    return figure
