"""The pictures of chapter 02: what is drawn stands for the numbers that went in."""

import numpy as np
import pytest

from helpers.playground import penalty_charts as charts
from helpers.playground.datasets import FEATURES

RNG = np.random.default_rng(0)


def lines(axis, marker=None):
    return [line for line in axis.lines if marker is None or line.get_marker() == marker]


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


def test_shares_are_drawn_with_their_bands():
    thresholds = np.array([0.01, 0.1, 0.5])
    shares = {("circle", "L1"): np.array([0.2, 0.4, 0.9]), ("spiral", "L1"): np.zeros(3)}
    bands = {key: np.array([row - 0.05, row + 0.05]) for key, row in shares.items()}
    figure = charts.shares_by_threshold(thresholds, shares, bands, 0.1)
    assert figure.axes[0].lines[0].get_ydata().tolist() == [0.2, 0.4, 0.9]
    assert figure.axes[0].collections[0].get_paths()[0].vertices[:, 1].max() == pytest.approx(0.95)


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


def test_change_strips_have_a_tick_a_seed_and_the_median():
    axis = charts.change_strips({"a": np.array([0.1, 0.2, 0.6]), "b": np.zeros(3)}).axes[0]
    ticks, medians = lines(axis, "|"), lines(axis, "D")
    assert [line.get_xdata().tolist() for line in ticks] == [[0.1, 0.2, 0.6], [0, 0, 0]]
    assert [line.get_xdata()[0] for line in medians] == [0.2, 0]


def test_search_planes_draw_every_pair_by_its_activation():
    pairs = np.array([[0.1, 0.2], [0.3, 0.4]])
    figure = charts.search_planes({"L1": [("relu", pairs), ("tanh", pairs)]}, {"L1": (0.3, 0.4)})
    drawn = [line for line in figure.axes[0].lines if len(line.get_xdata()) == 2]
    assert [line.get_marker() for line in drawn] == ["^", "s"]
    assert drawn[0].get_xydata().tolist() == pairs.tolist()
