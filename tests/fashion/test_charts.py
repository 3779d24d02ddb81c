"""The charts of chapters 04 and 05 draw what they are given, and load no Keras."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from helpers.core.plotting import as_svg as svg
from helpers.core.stats import Bin, Interval
from helpers.fashion import charts

pytestmark = pytest.mark.usefixtures("house_style")
NAMES = [f"class {label}" for label in range(10)]


def history(epochs):
    return [
        {"epoch": e, "loss": 2 / e, "accuracy": 0.9 - 0.3 / e, "val_loss": 1 / e + e / 50, "val_accuracy": 0.88 - 0.1 / e}
        for e in range(1, epochs + 1)
    ]  # fmt: skip


def chain(start):
    curve = [{"false_val_accuracy": start + 0.001 * e, "clean_accuracy": start} for e in range(3)]
    return [{"curve": curve, "test": [89, 100]}, {"curve": curve, "test": [90, 100]}]


def pictures(count):
    return np.random.default_rng(0).normal(size=(count, 28, 28))


BINS = [Bin(0.4, 0.5, 3, 0.45, 1.0), Bin(0.5, 0.6, 50, 0.55, 0.6), Bin(0.9, 1.0, 90, 0.97, 0.95)]
GAINS = {"up": [0.01, 0.03], "down": [-0.02, -0.02], "open": [0.0, 0.01]}
LATE = {"up": 0.015, "down": 0.01, "open": 0.005}
REACH = {"up": Interval(0.01, 0.03), "down": Interval(-0.03, -0.01), "open": Interval(-0.01, 0.02)}
LAYERS = [("a", "Dense", (256,), 200960, 0), ("b", "BatchNormalization", (50,), 100, 100)]

CALLS = {
    "learning_curves": ({"SGD": history(9), "Adam": history(1)}, {"SGD": 7, "Adam": 1}),
    "accuracy_by_epoch": ({"cross-entropy": [history(5)] * 2, "squared error": [history(7)]}, 0.7),
    "leaking_validation": ([chain(0.9)], 3, 0.967),
    "architecture": (LAYERS, "784 pixels"),
    "image_sheet": (pictures(33), 16, 2),
    "feature_sheet": (100 * pictures(1)[0], pictures(28), 20),
    "units_explained": (
        pictures(4).reshape(2, 2, 28, 28),
        255 * np.abs(pictures(6)).reshape(2, 3, 28, 28),
        ["unit 1", "unit 2"],
    ),
    "accuracies_by_run": ({"SGD": [0.89, 0.9], "Adam": [0.88]}, {"report": 0.874}),
    "gains": ({"added": (GAINS, REACH, LATE), "taken away": ({"open": [0.02]}, REACH, LATE)},),
    "recall_bars": (np.array([0.9, 0.2, 0.5, *[0.95] * 7]), [Interval(0.1, 0.99)] * 10, NAMES),
    "confusion": (np.arange(100).reshape(10, 10), NAMES),
    "reliability": ({"net": {"as it is": BINS, "tempered": BINS}},),
    "labelled_images": (pictures(7), ["a\nb"] * 7),
    "answers_in_two_orders": (
        255 * np.abs(pictures(3)),
        np.array([0, 1, 2]),
        ("in order", np.array([0, 1, 3])),
        ("shuffled", np.array([3, 0, 2])),
        NAMES,
    ),
    "image_rows": ({"shift": np.abs(pictures(3)), "flip": np.abs(pictures(3))},),
    "accuracy_under_change": ({"shift": {"v1": ([0, 2], [0.9, 0.5]), "v2": ([0, 2], [0.9, 0.7])}}, {"shift": "pixels"}),
    "evidence": (np.abs(pictures(2)), {"occlusion": pictures(2), "activation": 9 * pictures(2)}, ["a\nb", "c"]),
    "schedule": (np.arange(4), [0.1, 0.3, 0.2, 0.1]),
}


def drawn(name, *arguments):
    return getattr(charts, name)(*(arguments or CALLS[name]))


def words(texts):
    return [text.get_text() for text in texts]


def nudged(value):
    """The same data, with every float off by its last bit."""
    if isinstance(value, dict):
        return {key: nudged(each) for key, each in value.items()}
    if isinstance(value, Interval):
        return Interval(nudged(value.low), nudged(value.high))
    if isinstance(value, list | tuple):
        return [nudged(each) for each in value]
    is_float = isinstance(value, float) or (isinstance(value, np.ndarray) and value.dtype.kind == "f")
    return np.nextafter(value, 1) if is_float else value


@pytest.mark.parametrize("name", CALLS)
def test_the_last_bits_of_a_number_do_not_change_a_figure(name):
    figure = drawn(name)
    assert isinstance(figure, Figure)
    by_hand = float, int  # a limit, a number of columns
    other = [value if isinstance(value, by_hand) else nudged(value) for value in CALLS[name]]
    assert svg(figure) == svg(drawn(name, *other))


def test_every_chart_is_tried_here():
    functions = {name for name, value in vars(charts).items() if getattr(value, "__module__", "") == charts.__name__}
    assert {name for name in functions if not name.startswith("_")} == set(CALLS)


def test_learning_curves_show_the_history_and_the_kept_epoch():
    loss, alone, accuracy, _ = drawn("learning_curves").axes
    training, validation, kept = loss.lines
    assert training.get_ydata()[1] == 1.0 and validation.get_ydata()[0] == 1.02
    assert training.get_linestyle() == "-" and validation.get_linestyle() == "--"
    assert kept.get_xdata()[0] == 7 and accuracy.get_xlabel() == "epoch (7 kept)"
    assert alone.lines[0].get_marker() == "."  # a single epoch can be seen
    assert loss.get_ylim() == alone.get_ylim()


def test_losses_that_cannot_be_compared_have_scales_of_their_own():
    """Each holds all but the first epoch."""
    curves = {"a": history(9), "b": history(20)}
    curves["b"] = [{**row, "loss": 5 * row["loss"]} for row in curves["b"]]
    few, many, *_ = charts.learning_curves(curves, {"a": 1, "b": 1}, same_loss=False).axes
    assert few.get_ylim() == pytest.approx((0, 1.05)) and many.get_ylim() == pytest.approx((0, 5.25))


def test_what_leaks_and_what_is_clean_are_drawn_apart():
    leaking, clean, test, reshuffle, reported = drawn("leaking_validation").axes[0].lines
    assert list(leaking.get_xdata()) == [1, 2, 3, 4, 5, 6]
    assert leaking.get_ydata()[2] == 0.902 and clean.get_ydata()[2] == 0.9
    assert list(test.get_xdata()) == [3, 6] and reshuffle.get_xdata()[0] == 3.5
    assert set(reported.get_ydata()) == {0.967}


def test_every_map_is_shown_on_its_own_scale():
    maps = np.zeros((4, 4, 3))
    maps[1, 1, 0], maps[2, 2, 1] = 0.001, 500  # the third is the same everywhere
    _, sheet = charts.feature_sheet(np.zeros((4, 4)), maps, 2).axes
    shown = np.asarray(sheet.images[0].get_array().filled(np.nan))
    assert shown.shape == (9, 9)
    assert shown[1, 1] == 1 and shown[2, 5 + 2] == 1  # faint and strong maps are equally dark at their peak
    assert np.nansum(shown) == 2
    assert np.isnan(shown[4]).all() and np.isnan(shown[5:, 5:]).all()


def test_more_groups_than_colours_are_all_drawn():
    assert len(charts.accuracies_by_run({name: [0.9] for name in "abcde"}, {}).axes[0].lines) == 2 * 5
    assert len(charts.accuracy_by_epoch({name: [history(2)] for name in "abcde"}, 0.5).axes[0].lines) == 5


def test_a_gain_takes_its_colour_from_its_interval():
    axis, beside = drawn("gains").axes
    assert len({tuple(bar.get_color()[0]) for bar in axis.collections}) == 3
    assert axis.collections[0].get_segments()[0][:, 0] == pytest.approx([1, 3])
    assert axis.get_ylim()[0] > axis.get_ylim()[1]  # the first row stands above
    assert [bar.get_segments()[0][0, 1] for bar in beside.collections] == [2]  # in the row of its name
    late = [float(line.get_xdata()[0]) for line in axis.lines if line.get_marker() == "D"]
    assert late == pytest.approx([1.5, 1, 0.5])


def test_recall_puts_the_lowest_class_first():
    assert words(drawn("recall_bars").axes[0].get_yticklabels())[:3] == ["class 1", "class 2", "class 0"]


def test_a_label_says_by_mark_and_colour_whether_it_is_right():
    first, second, third = drawn("answers_in_two_orders").axes
    assert words(first.texts) == ["✓\nclass 0", "✗\nclass 3", "in order", "shuffled"]
    assert words(third.texts) == ["✗\nclass 3", "✓\nclass 2"]
    assert (
        first.texts[0].get_color()
        == third.texts[1].get_color()
        != second.texts[1].get_color()
        == third.texts[0].get_color()
    )
    assert min(text.get_fontsize() for text in first.texts) >= 8


def test_confusion_greys_out_what_was_right_and_prints_every_count():
    axis = drawn("confusion").axes[0]
    cells = axis.collections[0]
    assert (np.diag(cells.get_array()) < cells.norm.vmin).all()
    assert words(axis.texts) == ["", *map(str, range(1, 100))]
    assert {n for n, text in enumerate(axis.texts) if text.get_fontweight() == "bold"} == set(range(0, 100, 11))


def test_reliability_leaves_out_bins_that_are_nearly_empty():
    assert list(drawn("reliability").axes[0].lines[1].get_xdata()) == pytest.approx([0.55, 0.97])
    assert sum(bar.get_height() for bar in drawn("reliability").axes[0].patches) == pytest.approx(1, abs=1e-3)
    charts.reliability({"net": {"as it is": BINS[:1]}})  # none is left


def test_a_network_keeps_its_colour_and_mark_under_every_change():
    lines = {"v1": ([0, 2], [0.9, 0.5]), "v2": ([0, 2], [0.9, 0.7])}
    panels = drawn("accuracy_under_change", {"shift": lines, "noise": lines}, {"shift": "pixels", "noise": "sd"}).axes
    looks = [[(line.get_color(), line.get_marker()) for line in axis.lines] for axis in panels]
    assert looks[0] == looks[1] and len(set(looks[0])) == 2


def test_maps_of_a_row_share_one_scale_with_zero_in_the_middle():
    limits = {axis.images[0].get_clim() for axis in drawn("evidence").axes[2:4]}
    (low, high) = limits.pop()
    assert not limits and low == -high
