"""Charts of what was measured with a clock: entries of outputs/results/benchmarks.json in, a matplotlib Figure out."""

from matplotlib.figure import Figure

from helpers import style
from helpers.style import rounded

WIDE = 20  # between the smallest and the largest value: from there on, the axis is logarithmic


def bars(entry):
    """One entry of benchmarks.json as bars, a panel a group, each with its value; the best of a group stands out.

    entry : dict with unit, better ("more", "less", or None where nothing is compared) and values, {group: {label: number}}.
    A scale with a spread of WIDE or more is logarithmic; the others begin at zero.
    """
    groups = entry["values"]
    everything = [value for group in groups.values() for value in group.values()]
    wide = min(everything) > 0 and max(everything) / min(everything) >= WIDE
    heights = [len(group) + 1.2 for group in groups.values()]
    figure = Figure(figsize=(style.WIDTH, 0.27 * sum(heights) + 0.5))
    axes = figure.subplots(len(groups), sharex=True, squeeze=False, height_ratios=heights)[:, 0]
    best = {"more": max, "less": min, None: lambda values: None}[entry["better"]]
    for axis, (title, group) in zip(axes, groups.items(), strict=True):
        values = [float(value) for value in rounded(list(group.values()), 4)]
        colours = [style.BLUE if value == best(values) else style.GREY for value in values]
        places = axis.barh(range(len(group)), values, color=colours, height=0.72)
        axis.bar_label(places, [f"{value:,.3g}" if value < 1000 else f"{value:,.0f}" for value in values], padding=3)
        axis.set(yticks=range(len(group)), yticklabels=group, title=title, xscale="log" if wide else "linear")
        axis.invert_yaxis()
        axis.grid(axis="y", visible=False)
        axis.tick_params(axis="y", length=0)
    low = min(everything) / 3 if wide else 0
    axes[-1].set_xlim(rounded(low, 2), rounded(max(everything) * (3 if wide else 1.18), 2))
    axes[-1].set_xlabel(entry["unit"] + (", on a logarithmic scale" if wide else ""))
    return figure
