import io

import numpy as np
import pytest

from helpers.core.stats import Bin, Interval
from helpers.fashion import cnn_charts


def png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=50)
    return buffer.getvalue()


def test_every_map_is_shown_on_its_own_scale():
    maps = np.zeros((4, 4, 3))
    maps[1, 1, 0], maps[2, 2, 1] = 0.001, 500  # the third is the same everywhere
    _, sheet = cnn_charts.feature_sheet(np.zeros((4, 4)), maps, 2).axes
    drawn = np.asarray(sheet.images[0].get_array().filled(np.nan))
    assert drawn.shape == (9, 9)
    assert drawn[1, 1] == 1 and drawn[2, 5 + 2] == 1  # faint and strong maps are equally dark at their peak
    assert np.nansum(drawn) == 2
    assert np.isnan(drawn[4]).all() and np.isnan(drawn[5:, 5:]).all()


def test_blocks_grow_with_channels_and_shrink_with_the_picture():
    axis = cnn_charts.shapes({"net": [(28, 1), (14, 64), (1, 10)]}).axes[0]
    first, second, third = axis.patches
    assert (first.get_height(), second.get_height(), third.get_height()) == (28, 14, 1)
    assert second.get_width() > third.get_width() > first.get_width()
    assert second.get_x() > first.get_x() + first.get_width()
    words = [text.get_text() for text in axis.texts]
    assert "14 × 14" in words and "× 64" in words


def test_curves_ring_the_kept_epoch():
    history = [
        {"epoch": e, "loss": 1 / e, "accuracy": 1 - 0.2 / e, "val_loss": 1.2 / e, "val_accuracy": 1 - 0.3 / e}
        for e in (1, 2, 3)
    ]
    figure = cnn_charts.curves({"a": history, "b": history[:1]}, {"a": 2, "b": 1})
    upper, _, lower, _ = figure.axes
    ring = lower.lines[2]
    assert (ring.get_xdata(), ring.get_ydata()) == ([2], pytest.approx([0.85]))
    assert upper.lines[0].get_linestyle() == "-" and upper.lines[1].get_linestyle() == "--"


def test_a_gain_takes_its_colour_from_its_interval():
    values = {"up": [0.01, 0.03], "down": [-0.02, -0.02], "open": [0.0, 0.01]}
    intervals = {"up": Interval(0.01, 0.03), "down": Interval(-0.03, -0.01), "open": Interval(-0.01, 0.02)}
    axis = cnn_charts.gains(values, intervals).axes[0]
    bars = axis.lines[:9:3]
    assert len({bar.get_color() for bar in bars}) == 3
    assert list(bars[0].get_xdata()) == pytest.approx([1, 3])
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # the first row stands above


def test_reliability_leaves_out_bins_that_are_nearly_empty():
    bins = [Bin(0.4, 0.5, 3, 0.45, 1.0), Bin(0.5, 0.6, 50, 0.55, 0.6), Bin(0.9, 1.0, 90, 0.97, 0.95)]
    axis = cnn_charts.reliability({"net": {"as it is": bins, "tempered": bins}}).axes[0]
    assert list(axis.lines[1].get_xdata()) == pytest.approx([0.55, 0.97])


def test_counts_and_their_band():
    axis = cnn_charts.class_counts(np.array([90, 110]), ["a", "b"], 80, 120).axes[0]
    assert [bar.get_height() for bar in axis.containers[0]] == [90, 110]
    assert [text.get_text() for text in axis.texts] == ["90", "110"]


def test_cost_puts_each_network_at_its_price():
    arguments = ["a", "b"], [5e6, 50e6], [0.9, 0.93], [Interval(0.89, 0.91), Interval(0.92, 0.94)], [1e5, 2e6]
    axis = cnn_charts.cost_and_accuracy(*arguments).axes[0]
    assert [list(each.get_offsets()[0]) for each in axis.collections] == [[5, 0.9], [50, 0.93]]
    assert axis.collections[1].get_sizes()[0] == pytest.approx(20 * axis.collections[0].get_sizes()[0])


def test_the_last_bits_of_a_number_do_not_change_a_picture():
    values = {"up": [0.0123456789, 0.03]}
    intervals = {"up": Interval(0.01, 0.03)}
    nudged = {"up": [np.nextafter(value, 1) for value in values["up"]]}
    assert png(cnn_charts.gains(values, intervals)) == png(cnn_charts.gains(nudged, intervals))
