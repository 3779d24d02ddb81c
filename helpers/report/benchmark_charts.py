"""Charts of what was measured with a clock: numbers by name in, a matplotlib Figure out."""

from matplotlib.figure import Figure
from matplotlib.ticker import LogLocator, NullFormatter, NullLocator

from helpers.core import plotting
from helpers.core.plotting import rounded

ROW, GAP = 0.25, 1.1  # inches a bar takes; bars that the room between two groups takes


def costs(chapters, gains):
    """What running takes, and what doing it our way gains: two panels of bars, one above the other.

    chapters : dict of name -> (seconds, GiB), the first drawn and both written; no upper panel if there are none.
    gains    : dict of heading -> dict of label -> how many times as fast (float); on a logarithmic scale from one.
    """
    heights = [len(chapters) + 2.2] * bool(chapters)
    heights += [sum(len(group) + GAP for group in gains.values()) + 1.4] * bool(gains)
    figure = Figure(figsize=(plotting.WIDTH, ROW * sum(heights) + 0.4), layout="constrained")
    figure.get_layout_engine().set(hspace=0.05)
    axes = list(figure.subplots(len(heights), squeeze=False, height_ratios=heights)[:, 0])
    if chapters:
        _chapters(axes.pop(0), chapters)
    if gains:
        _gains(axes.pop(0), gains)
    return figure


def _bars(axis, places, lengths, words, color, **options):
    bars = axis.barh(places, lengths, height=0.72, color=color, **options)
    axis.bar_label(bars, words, padding=4)


def _dress(axis, places, names):
    axis.set(yticks=places, yticklabels=names)
    axis.invert_yaxis()
    axis.grid(visible=False)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)


def _chapters(axis, chapters):
    seconds = [float(value) for value in rounded([row[0] for row in chapters.values()], 4)]
    words = [
        f"{second:,.{int(second < 10)}f} s, {memory:.1f} GiB"
        for second, (_, memory) in zip(seconds, chapters.values(), strict=True)
    ]
    _bars(axis, range(len(seconds)), seconds, words, plotting.GREY)
    _dress(axis, range(len(seconds)), chapters)
    axis.set(xlabel="seconds, and memory at most", title="To make each chapter's page")
    axis.set_xlim(0, rounded(max(seconds) * 1.22, 3))


def _gains(axis, gains):
    places, names, headings, top = [], [], [], 0.0
    for heading, group in gains.items():
        headings.append((top, heading))
        places += [top + 1 + place for place in range(len(group))]
        names += group
        top += len(group) + GAP
    factors = [float(value) for group in gains.values() for value in rounded(list(group.values()), 3)]
    _bars(
        axis,
        places,
        [factor - 1 for factor in factors],
        [f"{factor:.3g} ×" for factor in factors],
        plotting.BLUE,
        left=1,
    )
    _dress(axis, places, names)
    for place, heading in headings:
        heading = heading[0].upper() + heading[1:]
        axis.text(0.006, place, heading, transform=axis.get_yaxis_transform(), va="center", weight="bold", size=8.5)
    low, high = min([1.0, *factors]), max(factors)
    if low < 1:
        axis.axvline(1, color=plotting.FAINT, linewidth=1)
    axis.set(xscale="log", ylim=(top - 0.4, -0.7), xlabel="times as fast as the alternative, on a logarithmic scale",
             title="What our way of doing it gains")  # fmt: skip
    axis.set_xlim(low if low == 1 else rounded(0.9 * low, 3), rounded(1.5 * high, 3))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter(lambda value, _: f"{value:g}")
    axis.xaxis.set_minor_formatter(NullFormatter())
