"""One look for every figure: colours that the colour-blind can tell apart, and the same meaning for each everywhere."""

import base64
import io
import re

import matplotlib
import numpy as np
import seaborn
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.backends.backend_svg import FigureCanvasSVG
from matplotlib.figure import Figure
from PIL import Image

INK, FAINT, GRID = "#22272e", "#6b7280", "#d9dde3"
CLASS_COLORS = seaborn.color_palette("colorblind").as_hex()  # by class id, in every chapter
BLUE, ORANGE, GREEN, RED, PURPLE, BROWN, _, GREY, YELLOW, CYAN = CLASS_COLORS
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


def as_svg(figure):
    """A figure as the bytes of an SVG, the same on every run: no date, fixed ids, and the pictures in it as light as `as_png`'s."""
    buffer = io.BytesIO()
    FigureCanvasSVG(figure).print_svg(buffer, metadata={"Date": None})
    return re.sub(rb"(?<=data:image/png;base64,)[^\"]+", lambda found: _lightened(found[0]), buffer.getvalue())


def as_png(figure):
    """A figure as the bytes of a PNG with at most 256 colours, the same on every run: less than half as heavy as one with all."""
    buffer = io.BytesIO()
    _quantized(as_picture(figure), 256).save(buffer, format="png", optimize=True, dpi=(figure.dpi, figure.dpi))
    return buffer.getvalue()


def as_picture(figure):
    """A figure as a PIL image in RGBA, at its own dpi."""
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return Image.fromarray(np.asarray(canvas.buffer_rgba()))


def _quantized(picture, colours):
    """A PIL image with a palette of so many colours at most, and no transparency.

    Maximum coverage counts in whole numbers, so every processor chooses the same colours. No dithering: it would be seen.
    """
    return picture.convert("RGB").quantize(colours, method=Image.Quantize.MAXCOVERAGE, dither=Image.Dither.NONE)


def _lightened(encoded):
    """A PNG in base64 (bytes) with at most 256 colours, if that is lighter.

    Pixels that are not drawn stay so, and an opacity that all others share is kept; a picture with more stays as it is.
    """
    picture = Image.open(io.BytesIO(base64.b64decode(encoded))).convert("RGBA")
    alpha = np.asarray(picture.getchannel("A"))
    opacities = np.unique(alpha[alpha > 0])
    if len(opacities) != 1:
        return encoded
    few = _quantized(picture, 255)
    places = Image.fromarray(np.where(alpha > 0, np.asarray(few), 255).astype(np.uint8), mode="P")
    known = few.getpalette()[: 3 * 255]
    places.putpalette(known + [0] * (3 * 256 - len(known)))
    buffer = io.BytesIO()
    places.save(buffer, format="png", optimize=True, transparency=bytes([opacities[0]] * 255 + [0]))
    return min(base64.b64encode(buffer.getvalue()), encoded, key=len)
