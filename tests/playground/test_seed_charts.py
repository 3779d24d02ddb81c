"""The pictures over many seeds: what is drawn stands for the numbers that went in."""

import numpy as np
import pytest

from helpers.playground import seed_charts as charts
from helpers.playground.datasets import FEATURES

pytestmark = pytest.mark.usefixtures("house_style")
RNG = np.random.default_rng(1)


def lines(axis, marker=None):
    return [line for line in axis.lines if marker is None or line.get_marker() == marker]


def row(name, printed):
    return {
        "name": name,
        "train": 10 ** RNG.normal(-3, 0.3, 50),
        "test": 10 ** RNG.normal(-2, 0.3, 50),
        "printed": printed,
    }


def test_every_seed_is_a_dot_and_every_printed_loss_a_band():
    figure = charts.losses_beside_printed([row("A", [(0, 0.001)]), row("B", [(0.017, 0.051), (0.017, 0.02)])])
    for axes, bands in zip(figure.axes, (2, 3), strict=True):
        dots = np.concatenate([line.get_xdata() for line in axes.lines if line.get_marker() == "."])
        assert len(dots) == 100
        assert len(axes.texts) == bands
    assert [text.get_text() for text in figure.axes[1].texts] == ["0.001", "0.020", "0.051"]
    edges = figure.axes[1].collections[0].get_paths()[0].vertices[:, 0]
    assert (edges.min(), edges.max()) == pytest.approx((0.0005, 0.0015))


def test_losses_off_the_scale_are_drawn_at_its_edge():
    rows = [row("A", [(0, 0)]) | {"test": np.array([1e-9, 0.1, 0.2])}]
    axes = charts.losses_beside_printed(rows).axes[1]
    dots = np.concatenate([line.get_xdata() for line in axes.lines if line.get_marker() == "."])
    assert dots.min() == axes.get_xlim()[0] == charts.LEAST


def test_success_by_weights_names_the_networks_that_succeed():
    figure = charts.success_by_weights(
        [1, 2, 5], np.array([0.5, 0.2, 0.01]), np.array([0, 0, 0.5]), np.zeros(3), np.array([0.1, 0.1, 0.7]), {5: "2-1-1"}, 0.01
    )  # fmt: skip
    above, below = figure.axes
    assert [bar.get_height() for bar in below.patches] == [0, 0, 0.5]
    assert below.texts[0].get_text() == "2-1-1" and below.texts[0].get_position() == (5, 0.72)
    assert above.get_yscale() == "log"


def test_lifetimes_draws_both_clocks():
    figure = charts.lifetimes(
        [0, 10, 20], {"xor": [1, 0.5, 0.2]}, 14.0, {"xor": (np.array([1, 10]), np.array([0.5, 0.1]))}
    )
    links, learning = figure.axes
    assert links.lines[0].get_xydata().tolist() == [[0, 1], [14, 0]]
    assert links.lines[1].get_ydata().tolist() == [1, 0.5, 0.2]
    assert learning.lines[0].get_ydata().tolist() == [0.5, 0.1]
    assert learning.lines[1].get_xdata()[0] == 14
    assert learning.get_xscale() == "log"


def test_feature_weights_shows_medians_and_shades_the_hand_picked():
    weights = {(d, p): RNG.random((40, 7)) for p in ("none", "L1") for d in ("circle", "xor")}
    weights["xor", "L1"] = np.zeros((40, 7))
    figure = charts.feature_weights(weights, FEATURES, {"circle": ("x", "sinY"), "xor": ("xTimesY",)})
    assert len(figure.axes) == 4
    dots = lines(figure.axes[0], "o")[0].get_ydata()
    assert dots == pytest.approx(np.median(weights["circle", "none"], axis=0), rel=1e-4)
    assert [len(axis.patches) for axis in figure.axes] == [2, 1, 2, 1]
    assert figure.axes[3].get_yticks().tolist() == [0]


def test_printed_pairs_stand_where_they_were_printed_and_say_as_what():
    datasets = ("circle", "xor", "gauss", "spiral")
    clouds = {(d, p): np.exp(RNG.normal(-4, 0.2, (20, 2))) for d in datasets for p in ("none", "L1")}
    printed = {(d, "L1"): (0.011, 0.012) for d in datasets}
    figure = charts.printed_pairs(clouds, printed)
    marks = [line for axis in figure.axes for line in axis.lines if line.get_markersize() == 9]
    assert [(*line.get_xdata(), *line.get_ydata()) for line in marks] == [(0.011, 0.012)] * 4
    assert len({line.get_marker() for line in marks}) == 4
    words = [text.get_text() for axis in figure.axes for text in axis.texts]
    assert words == ["printed\nas circle", "printed\nas XOR", "printed\nas Gaussian", "printed\nas spiral"]


def test_penalty_paths_draw_test_thick_and_training_thin_and_the_control_level():
    losses = np.tile(np.array([[0.1, 0.4], [0.2, 0.3]])[:, None], (1, 5, 1))
    axis = charts.penalty_paths({"XOR": {"L2": losses, "none": losses[:1]}}, (0.01, 0.1)).axes[0]
    drawn = [(line.get_linewidth(), line.get_ydata().tolist()) for line in axis.lines]
    assert drawn == [(2.2, [0.4, 0.3]), (0.9, [0.1, 0.2]), (2.2, [0.4, 0.4]), (0.9, [0.1, 0.1])]
    assert axis.get_xscale() == "log"


def words(axis):
    return {text.get_text() for text in axis.texts}


def test_half_times_stand_at_their_epoch_and_those_that_never_arrive_at_the_edge():
    rows = {
        ("a", "relu 5"): {"by hand": 20.0, "raw inputs": np.inf},
        ("a", "none"): {"by hand": 30.0},
        ("b", "relu 5"): {"by hand": 40.0, "raw inputs": 50.0},
    }
    figure = charts.half_times(rows, 100)
    first, second = figure.axes
    assert [line.get_xdata()[0] for line in lines(first, "o")] == [20, 30]
    assert [line.get_xdata()[0] for line in lines(second, "D")] == [50]
    (never,) = (line.get_xdata()[0] for line in lines(first, "D"))
    assert 100 < never < first.get_xlim()[1]
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"by hand", "raw inputs"}


def test_a_cell_most_never_reach_is_hatched_and_says_its_share():
    epochs, shares = np.array([[12.0, np.inf]]), np.array([[1.0, 0.25]])
    axis = charts.epoch_maps(
        {"t": (epochs, shares)} | {"u": (epochs, shares)} | {"v": (epochs, shares)}, [1], [2, 3], 100
    ).axes[0]
    assert words(axis) == {"12\n100%", "–\n25%"}
    (cells,) = axis.collections
    cells.update_scalarmappable()
    assert [face[3] for face in cells.get_facecolors()] == [1, 0]  # the hatched ground shows through
    assert axis.patch.get_hatch()


def test_a_race_map_says_both_counts_and_nothing_where_none_was_decided():
    first, second = np.array([[9, 0]]), np.array([[1, 0]])
    figure = charts.race_maps({"t": (first, second), "u": (second, first)}, [1], [2, 3], "share")
    assert words(figure.axes[0]) == {"9 : 1", "–"}
    assert words(figure.axes[1]) == {"1 : 9", "–"}
    drawn = figure.axes[0].collections[0].get_array().ravel()
    assert drawn[0] == pytest.approx(0.9)
    assert np.ma.getmaskarray(drawn)[1]
    slants = [[text.get_fontstyle() for text in axis.texts] for axis in figure.axes[:2]]
    assert slants == [["normal", "normal"], ["italic", "normal"]]


def test_loss_bands_have_a_line_and_a_band_each():
    epochs = np.arange(0, 50, 10)
    losses = {"one": RNG.uniform(0.1, 1, (7, 5)), "two": RNG.uniform(0.1, 1, (7, 5))}
    axis = charts.loss_bands({"t": losses}, epochs, 0.001).axes[0]
    assert len(axis.collections) == 2
    assert axis.lines[0].get_ydata() == pytest.approx(np.median(losses["one"], axis=0), rel=1e-4)
