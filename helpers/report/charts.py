"""All claims of the report in one picture, and what was measured with a clock: numbers in, a matplotlib Figure out."""

from matplotlib.ticker import LogLocator, NullLocator

from helpers.core import plotting
from helpers.core.plotting import rounded
from helpers.report import rules

COLORS = {"good": plotting.BLUE, "open": plotting.GREY, "bad": plotting.ORANGE}
MARKS = {"good": "s", rules.NEAR_MISS: "D", "open": "o", "bad": "X"}
BAND = plotting.GRID
LEAST = 1e-4  # where the scale of p-values ends
ROW, HEADING = 0.17, 1.5  # inches a row; rows that a heading takes


def _kind(word):
    """The entry of MARKS for a verdict's word: its own, or that of its grade."""
    return word if word in MARKS else rules.grade(word)


def _look(word):
    """The mark and the colour of a verdict (dict)."""
    return {"marker": MARKS[_kind(word)], "color": COLORS[rules.grade(word)], "markersize": 5, "linestyle": ""}


def p_values(groups):
    """How likely each printed value is as one more run of ours, on a logarithmic scale.

    groups : dict of heading -> rows (label, p-value, verdict). A p-value below LEAST is drawn at the edge.
    """
    figure, axes, placed = _rows(groups)
    axes.set(xscale="log", xlim=(LEAST / 1.3, 1.3), xlabel="p-value of the printed value (logarithmic scale)")
    axes.axvspan(LEAST / 1.3, rules.LEVEL, color=plotting.GRID, alpha=0.6, linewidth=0)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.xaxis.set_minor_locator(NullLocator())
    for y, (_, p, word) in placed:
        axes.plot(rounded(max(p, LEAST), 4), y, **_look(word))
    _legend(axes, placed)
    return figure


def shares(groups):
    """Statements about a share: ours with its interval, on a band that covers the shares with which the statement holds.

    groups : dict of heading -> rows (label, share, low, high, (least, most), verdict).
    """
    figure, axes, placed = _rows(groups)
    axes.set(xlim=(-0.02, 1.02), xlabel="share, with its 95 % interval")
    axes.xaxis.set_major_formatter("{x:.0%}")
    for y, (_, share, low, high, holding, word) in placed:
        color, ends = COLORS[rules.grade(word)], rounded([low, high], 4)
        axes.plot(holding, [y, y], color=BAND, linewidth=9, solid_capstyle="butt", zorder=1)
        axes.plot(ends, [y, y], color=color, linewidth=1.6)
        axes.plot(rounded(share, 4), y, **_look(word))
    axes.plot([], [], color=BAND, linewidth=9, label="shares with which it holds")
    _legend(axes, placed)
    return figure


def _rows(groups):
    """Figure and axes with a line and a label for each row of each group, headings between; and each row after its height."""
    height = sum(len(rows) + HEADING for rows in groups.values())
    figure, axes = plotting.subplots(ROW * height + 0.8)
    axes.set(ylim=(height - 0.3, -0.2), yticks=[])
    beside = {"transform": axes.get_yaxis_transform(), "ha": "right", "va": "center"}
    top, placed = 0.0, []
    for heading, rows in groups.items():
        axes.text(-0.01, top + 0.3, heading, weight="bold", size=8.5, **beside)
        placed += [(top + HEADING + place - 0.2, row) for place, row in enumerate(rows)]
        top += len(rows) + HEADING
    for y, row in placed:
        axes.text(-0.01, y, row[0], size=8, **beside)
        axes.axhline(y, color=plotting.GRID, linewidth=0.5, zorder=0.5)
    axes.grid(False, axis="y")
    axes.spines["left"].set_visible(False)
    return figure, axes, placed


def _legend(axes, placed):
    words = {row[-1]: list(MARKS).index(_kind(row[-1])) for _, row in placed}
    for word in sorted(words, key=words.get):
        axes.plot([], [], **_look(word), label=word)
    axes.figure.legend(*axes.get_legend_handles_labels(), loc="outside upper right", ncols=4, fontsize=8)


# --- what it costs ----------------------------------------------------------------------------------------------------

BAR, GAP = 0.25, 1.1  # inches a bar takes; bars that the room between two groups takes


def costs(chapters, speedups):
    """What running takes, and what doing it our way gains: two panels of bars, one above the other.

    chapters : dict of name -> (seconds, GiB), the first drawn and both written; no upper panel if there are none.
    speedups : dict of heading -> dict of label -> how many times as fast (float); on a logarithmic scale from one.
    """
    heights = [len(chapters) + 2.2] * bool(chapters)
    heights += [sum(len(group) + GAP for group in speedups.values()) + 1.4] * bool(speedups)
    figure, axes = plotting.subplots(BAR * sum(heights) + 0.4, len(heights), squeeze=False, height_ratios=heights)
    figure.get_layout_engine().set(hspace=0.05)
    axes = axes[:, 0]
    if chapters:
        _chapter_bars(axes[0], chapters)
    if speedups:
        _speedup_bars(axes[-1], speedups)
    return figure


def _bars(axis, places, names, lengths, words, **options):
    axis.bar_label(axis.barh(places, lengths, height=0.72, **options), words, padding=4)
    axis.set(yticks=places, yticklabels=names)
    axis.invert_yaxis()
    axis.grid(visible=False)
    axis.tick_params(axis="y", length=0)
    axis.spines["left"].set_visible(False)


def _chapter_bars(axis, chapters):
    seconds, memory = zip(*chapters.values(), strict=True)
    seconds = rounded(seconds, 4).tolist()
    words = [f"{time:,.{int(time < 10)}f} s, {most:.1f} GiB" for time, most in zip(seconds, memory, strict=True)]
    _bars(axis, range(len(seconds)), chapters, seconds, words, color=plotting.GREY)
    axis.set(xlabel="seconds; beside the bar also the most memory", title="Running each chapter")
    axis.set_xlim(0, rounded(max(seconds) * 1.22, 3))


def _speedup_bars(axis, speedups):
    places, names, factors, tops, top = [], [], [], [], 0.0
    for group in speedups.values():
        tops.append(top)
        places += [top + 1 + place for place in range(len(group))]
        names += group
        factors += rounded(list(group.values()), 3).tolist()
        top += len(group) + GAP
    lengths = [factor - 1 for factor in factors]
    words = [f"{factor:,.0f} ×" if factor >= 9.95 else f"{factor:.2g} ×" for factor in factors]
    _bars(axis, places, names, lengths, words, color=plotting.BLUE, left=1)
    for place, heading in zip(tops, speedups, strict=True):
        heading = heading[0].upper() + heading[1:]
        axis.text(0.006, place, heading, transform=axis.get_yaxis_transform(), va="center", weight="bold", size=8.5)
    low, high = min([1.0, *factors]), max(factors)
    if low < 1:
        axis.axvline(1, color=plotting.FAINT, linewidth=1)
    axis.set(xscale="log", ylim=(top - 0.4, -0.7), xlabel="factor (logarithmic scale)",
             title="How many times as fast our way is")  # fmt: skip
    axis.set_xlim(low if low == 1 else rounded(0.9 * low, 3), rounded(1.5 * high, 3))
    axis.xaxis.set_major_locator(LogLocator(subs=(1, 2, 5)))
    axis.xaxis.set_minor_locator(NullLocator())
    axis.xaxis.set_major_formatter("{x:g}")
