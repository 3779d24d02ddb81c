"""One look for every figure: colours that the colour-blind can tell apart, and the same meaning for each everywhere."""

import matplotlib
import numpy as np
import seaborn
from matplotlib.figure import Figure

INK, FAINT, GRID = "#22272e", "#6b7280", "#d9dde3"
BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, PINK, GREY, YELLOW, CYAN = seaborn.color_palette("colorblind").as_hex()

CLASS_COLORS = [BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, PINK, GREY, YELLOW, CYAN]  # by class id, in every chapter
POSITIVE, NEUTRAL, NEGATIVE = "#0877bd", "#e8eaeb", "#f59322"  # the Playground's +1, 0 and -1
TRAIN, VALIDATION, KEPT = BLUE, ORANGE, FAINT  # training is drawn solid, validation dashed
WIDTH = 7.2  # inches: the width of the text

SIGNED = matplotlib.colors.LinearSegmentedColormap.from_list("signed", [NEGATIVE, NEUTRAL, POSITIVE])


def use_style():
    """Set matplotlib's defaults to the project's look, for this process; nothing stays of a user's matplotlibrc."""
    matplotlib.rcdefaults()
    matplotlib.rcParams.update(
        {
            "figure.facecolor": "white",
            "figure.constrained_layout.use": True,
            "font.family": "DejaVu Sans",
            "font.size": 9,
            "text.color": INK,
            "axes.labelcolor": INK,
            "axes.edgecolor": FAINT,
            "axes.linewidth": 0.8,
            "axes.spines.top": False,
            "axes.spines.right": False,
            "axes.titlesize": 9.5,
            "axes.titleweight": "bold",
            "axes.titlelocation": "left",
            "axes.grid": True,
            "axes.axisbelow": True,
            "axes.prop_cycle": matplotlib.cycler(color=CLASS_COLORS),
            "grid.color": GRID,
            "grid.linewidth": 0.6,
            "xtick.color": FAINT,
            "ytick.color": FAINT,
            "xtick.labelcolor": INK,
            "ytick.labelcolor": INK,
            "legend.frameon": False,
            "lines.linewidth": 1.6,
            "image.interpolation": "nearest",
            "savefig.dpi": 160,
            "svg.fonttype": "path",
            "svg.hashsalt": "neural-network-assignment",
        }
    )


def subplots(height, rows=1, columns=1, **options):
    """A Figure as wide as the text and `height` inches tall, and its axes; `options` as in Figure.subplots."""
    figure = Figure(figsize=(WIDTH, height))
    return figure, figure.subplots(rows, columns, **options)


def rounded(values, digits=5):
    """Values rounded to `digits` significant digits, for drawing: the last bits of a sum differ between processors.

    values : array-like of floats, any shape; NaN stays.   Returns a float64 array of the same shape.
    """
    values = np.asarray(values, dtype=float)
    normal = np.isfinite(values) & (np.abs(values) > 1e-200)
    magnitude = np.floor(np.log10(np.abs(values), out=np.zeros_like(values), where=normal))
    scale = 10.0 ** (digits - 1 - magnitude)
    return np.where(normal, np.round(np.where(normal, values, 0) * scale) / scale, values)
