"""The pictures: what is drawn stands for the numbers that went in."""

import io
import warnings

import matplotlib
import numpy as np
import pytest
from matplotlib.image import imread
from matplotlib.patches import PathPatch

from helpers.core import plotting
from helpers.core.plotting import as_svg as svg
from helpers.playground import charts

TICKS = np.linspace(-6, 6, 30)
X, Y = np.meshgrid(TICKS, TICKS)
RNG = np.random.default_rng(7)
POINTS = np.array([[-3.0, 2, -1], [4, 4, 1], [-4, -4, -1], [3, -2, 1]])
WEIGHTS = [np.array([[5.0, -0.2], [0.0, 2.0]]), np.array([[-9.0, 0.5]])]


def network(**options):
    arguments = {
        "features": ("x", "sinY"),
        "activations": [np.stack([X, np.sin(Y)]), np.stack([X > 0, Y > 0]).astype(float), np.tanh(X)[None]],
        "weights": WEIGHTS,
        "biases": [np.array([0.1, -1]), np.array([0.3])],
        "train": POINTS,
        "test": POINTS[:2] * (0.9, 0.9, 1),
        "epochs": np.arange(3),
        "train_loss": np.array([0.5, 0.2, 0.1234]),
        "test_loss": np.array([0.6, 0.3, 0.0567]),
    }
    return charts.network_figure(**arguments | options)


def links(figure):
    return [patch for patch in figure.axes[0].patches if isinstance(patch, PathPatch)]


def pixels(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", dpi=200)
    return imread(io.BytesIO(buffer.getvalue()))[..., :3]


def test_every_link_has_its_weights_width_colour_and_dash():
    drawn = links(network())
    weights = np.concatenate([np.sort(abs(layer), axis=None) for layer in WEIGHTS])
    assert [link.get_linewidth() for link in drawn] == pytest.approx(0.5 + 0.9 * np.minimum(weights, 5))
    negative = [link.get_linestyle() not in ("solid", "-") for link in drawn]
    assert negative == [False, True, False, False, False, True]
    assert drawn[-1].get_edgecolor() == charts.COLORS(0.0)  # -9 is beyond the scale's orange end
    assert drawn[0].get_edgecolor() == charts.COLORS(0.5)


def test_under_the_house_style_axes_stay_where_they_are_put_however_often_one_saves():
    with matplotlib.rc_context(), warnings.catch_warnings():
        plotting.use_style()
        warnings.simplefilter("error")
        for figure in (network(), charts.decision_surfaces([np.tanh(X)], ["one"], [POINTS], [POINTS])):
            before = [axes.get_position().bounds for axes in figure.axes]
            for kind in ("svg", "png", "png"):
                figure.savefig(io.BytesIO(), format=kind)
            assert [axes.get_position().bounds for axes in figure.axes] == before


def test_links_that_l1_has_cut_are_left_out():
    dead = [np.array([[False, True], [True, False]]), np.array([[False, False]])]
    assert len(links(network(dead=dead))) == 4


def test_words_say_the_last_losses_and_the_features():
    words = {text.get_text() for text in network().axes[0].texts}
    assert {"Test loss 0.057", "Training loss 0.123", "$X_1$", r"$\sin(X_2)$", "FEATURES", "2 neurons"} <= words


def test_pictures_grow_with_the_network():
    small = network().get_size_inches()
    wide = network(
        activations=[np.stack([X, Y]), np.stack([X] * 12), X[None]], weights=[np.ones((12, 2)), np.ones((1, 12))],
        biases=[np.zeros(12), np.zeros(1)],
    ).get_size_inches()  # fmt: skip
    bare = network(activations=[np.stack([X, Y]), X[None]], weights=[np.ones((1, 2))], biases=[np.zeros(1)])
    assert wide[1] > small[1]
    assert bare.get_size_inches()[0] < small[0]
    assert len(links(bare)) == 2


def test_the_surface_is_orange_left_and_blue_right_of_its_line():
    figure = charts.decision_surfaces([np.tanh(X)], ["one"])
    image = pixels(figure)
    row = image[image.shape[0] * 2 // 3]
    left, right = row[row.shape[0] // 5], row[-row.shape[0] // 5]
    assert left[0] > 0.9 > 0.6 > left[2]  # red beats blue
    assert right[2] > 0.8 > 0.5 > right[0]
    dark = (row.sum(axis=-1) < 1.2).nonzero()[0]
    assert ((dark > row.shape[0] * 0.4) & (dark < row.shape[0] * 0.6)).any()  # the zero line


def test_classes_differ_by_marker_too():
    figure = charts.decision_surfaces([np.tanh(X)], ["one"], [POINTS], [POINTS])
    shapes = [
        len(group.get_paths()[0].vertices) for group in figure.axes[0].collections if len(group.get_offsets()) == 2
    ]
    assert len(shapes) == 4
    assert shapes[0] != shapes[1]


def test_small_multiples_have_one_titled_picture_each():
    figure = charts.decision_surfaces(np.zeros((5, 30, 30)), list("abcde"), columns=3)
    assert [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes] == list("abcde")  # as styled or not
    assert len({round(axes.get_position().y0, 6) for axes in figure.axes}) == 2


def test_a_log_axis_can_be_asked_for():
    assert network(log_loss=True).axes[2].get_yscale() == "log"
    assert network().axes[2].get_yscale() == "linear"


def test_a_frame_shows_the_losses_so_far():
    epochs, losses = np.array([0, 10, 20, 30]), np.array([0.5, 0.4, 0.1, 0.02])
    points = np.array([[1.0, 2, 1], [-1, -2, -1]])
    figure = charts.learning_frame(np.zeros((5, 5)), points, points, epochs, losses, losses / 2, 3, 0.01)
    surface, curves = figure.axes
    assert (surface.get_title(loc="left") or surface.get_title()) == "epoch 20"  # as styled or not
    so_far = {line.get_label(): line.get_xdata() for line in curves.lines}
    assert so_far["training"].tolist() == so_far["test"].tolist() == [0, 10, 20]
    assert [line.get_linestyle() for line in curves.lines[1:5:3]] == ["-", "--"]


def test_losses_are_solid_in_training_and_dashed_in_the_test():
    solid, dashed = network().axes[2].lines
    assert (solid.get_ydata()[-1], dashed.get_ydata()[-1]) == (0.1234, 0.0567)
    assert (solid.get_linestyle(), dashed.get_linestyle()) == ("-", "--")


def test_first_layers_draw_each_neurons_line_where_its_total_is_zero():
    weights, biases = np.array([[3.0, 4.0], [0.0, -2.0]]), np.array([10.0, 1.0])
    points = np.array([[1.0, 1, 1], [-1, -1, -1], [2, 1, 1]])
    axis = charts.first_layers({"t": (np.eye(20), weights, biases, points)}).axes[0]
    thick = [line for line in axis.lines if line.get_linewidth() == 1.0]
    assert len(thick) == 2
    for line, weight, bias in zip(thick, weights, biases, strict=True):
        assert line.get_xydata() @ weight + bias == pytest.approx([0, 0], abs=1e-9)
    ticks = [line.get_xydata() for line in [line for line in axis.lines if line.get_linewidth() == 0.8]]
    totals = np.array([tick @ weights[0] + 10 for tick in ticks[: len(ticks) // 2]])
    assert (totals[:, 1] > 1).all()  # they point to the side where the neuron is on


def test_layer_profiles_show_medians_and_the_expected():
    values = {name: RNG.uniform(0.1, 1, (9, 3)) for name in ("relu", "tanh")}
    expected = {"relu": np.array([0.1, 0.2, 0.3])}
    figure = charts.layer_profiles({"t": values, "u": values}, ["1", "2", "3"], "y", 2, log=True, expected=expected)
    first, second = figure.axes
    assert first.lines[0].get_ydata() == pytest.approx(np.median(values["relu"], axis=0), rel=1e-4)
    assert sum(line.get_marker() == "x" for line in first.lines) == 1
    assert all(line.get_marker() != "x" for line in second.lines)


def test_the_last_bits_of_a_sum_do_not_change_a_picture():
    values = {name: RNG.uniform(0.1, 1, (9, 3)) for name in ("relu", "tanh")}
    nudged = {name: array * (1 + 1e-13) for name, array in values.items()}
    with matplotlib.rc_context():
        plotting.use_style()
        pictures = [svg(charts.layer_profiles({"t": v}, ["1", "2", "3"], "y", 1)) for v in (values, nudged)]
    assert pictures[0] == pictures[1]


def test_a_regressions_points_have_the_colour_of_their_label():
    points = np.array([[-3.0, 2, -0.7], [4, 4, 0.1], [-4, -4, 1.2]])
    axes = network(train=points, test=points[:0]).axes[1]
    (drawn,) = [group for group in axes.collections if len(group.get_offsets()) == 3]
    np.testing.assert_allclose(drawn.get_facecolors(), charts.COLORS(charts.SPAN(points[:, 2])))
    assert drawn.get_offsets().tolist() == points[:, :2].tolist()


def test_a_surface_lies_as_the_plane_does():
    """What grows with x is blue at the right and orange at the left, what grows with y blue at the top."""
    figure = charts.decision_surfaces([X, Y], ["x", "y"])
    shown = pixels(figure)[::-1]  # upwards, as the axes count
    for axes, blue, orange in zip(figure.axes, ((0.8, 0.3), (0.3, 0.8)), ((0.2, 0.3), (0.3, 0.2)), strict=True):
        box = axes.get_position()
        for (across, up), strong in ((blue, 2), (orange, 0)):
            places = (box.y0 + up * box.height, box.x0 + across * box.width)
            color = shown[tuple(int(place * size) for place, size in zip(places, shown.shape, strict=False))]
            assert color.argmax() == strong
