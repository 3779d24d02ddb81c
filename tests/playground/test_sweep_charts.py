"""The pictures of chapter 01: what is drawn stands for the numbers that went in."""

import matplotlib
import numpy as np
import pytest

from helpers.core import plotting
from helpers.playground import sweep_charts

RNG = np.random.default_rng(1)


@pytest.fixture(autouse=True)
def look():
    with matplotlib.rc_context():
        plotting.use_style()
        yield


def row(name, printed):
    return {
        "name": name,
        "train": 10 ** RNG.normal(-3, 0.3, 50),
        "test": 10 ** RNG.normal(-2, 0.3, 50),
        "printed": printed,
    }


def test_every_seed_is_a_dot_and_every_printed_loss_a_band():
    figure = sweep_charts.losses_beside_printed([row("A", [(0, 0.001)]), row("B", [(0.017, 0.051), (0.017, 0.02)])])
    for axes, bands in zip(figure.axes, (2, 3), strict=True):
        dots = np.concatenate([line.get_xdata() for line in axes.lines if line.get_marker() == "."])
        assert len(dots) == 100
        assert len(axes.texts) == bands
    assert [text.get_text() for text in figure.axes[1].texts] == ["0.001", "0.020", "0.051"]
    edges = figure.axes[1].collections[0].get_paths()[0].vertices[:, 0]
    assert (edges.min(), edges.max()) == pytest.approx((0.0005, 0.0015))


def test_losses_off_the_scale_are_drawn_at_its_edge():
    rows = [row("A", [(0, 0)]) | {"test": np.array([1e-9, 0.1, 0.2])}]
    axes = sweep_charts.losses_beside_printed(rows).axes[1]
    dots = np.concatenate([line.get_xdata() for line in axes.lines if line.get_marker() == "."])
    assert dots.min() == axes.get_xlim()[0] == sweep_charts.LEAST


def test_success_rates_have_a_dot_and_an_interval_each():
    panels = {"one": [("a", 0.5, 0.3, 0.7), ("b", 1.0, 0.8, 1.0)], "two": [("c", 0.0, 0.0, 0.2)]}
    figure = sweep_charts.success_rates(panels, columns=2, named={"one": 1})
    first, second = figure.axes
    assert [axes.get_title(loc="left") for axes in figure.axes] == ["one", "two"]
    assert first.lines[0].get_xdata().tolist() == [0.5, 1.0]
    assert first.collections[0].get_segments()[0][:, 0].tolist() == [0.3, 0.7]
    assert [label.get_text() for label in first.get_yticklabels()] == ["a", "b"]
    assert len(first.lines) == 2 and len(second.lines) == 1  # the dividing line


def test_success_by_weights_names_the_networks_that_succeed():
    figure = sweep_charts.success_by_weights(
        [1, 2, 5], np.array([0.5, 0.2, 0.01]), np.array([0, 0, 0.5]), np.zeros(3), np.array([0.1, 0.1, 0.7]), {5: "2-1-1"}, 0.01
    )  # fmt: skip
    above, below = figure.axes
    assert [bar.get_height() for bar in below.patches] == [0, 0, 0.5]
    assert below.texts[0].get_text() == "2-1-1" and below.texts[0].get_position() == (5, 0.72)
    assert above.get_yscale() == "log"


def test_a_frame_shows_the_losses_so_far():
    epochs, losses = np.array([0, 10, 20, 30]), np.array([0.5, 0.4, 0.1, 0.02])
    points = np.array([[1.0, 2, 1], [-1, -2, -1]])
    figure = sweep_charts.learning_frame(np.zeros((5, 5)), points, points, epochs, losses, losses / 2, 3, 0.01)
    surface, curves = figure.axes
    assert surface.get_title(loc="left") == "epoch 20"
    so_far = {line.get_label(): line.get_xdata() for line in curves.lines}
    assert so_far["training"].tolist() == so_far["test"].tolist() == [0, 10, 20]
