"""The plane as a hidden layer bends it: distances and sides are the network's own."""

import numpy as np

from helpers.core.plotting import as_svg as svg
from helpers.playground import warped

RNG = np.random.default_rng(5)
HIDDEN, WEIGHTS, BIAS = RNG.normal(size=(3, 40)), np.array([2.0, -1.0, 0.5]), 0.7


def test_the_first_axis_is_the_signed_distance_from_the_cut():
    view = warped.side_view(HIDDEN, WEIGHTS, BIAS, HIDDEN)
    np.testing.assert_allclose(view[:, 0] * np.linalg.norm(WEIGHTS), WEIGHTS @ HIDDEN + BIAS)


def test_the_second_axis_lies_in_the_cut_and_is_its_widest():
    along = warped.side_view(np.eye(3), WEIGHTS, BIAS, HIDDEN)[:, 1]
    np.testing.assert_allclose([along @ WEIGHTS, along @ along], [0, 1], atol=1e-12)
    other = np.cross(along, WEIGHTS / np.linalg.norm(WEIGHTS))
    assert np.var(along @ HIDDEN) > np.var(other @ HIDDEN)


def test_the_view_keeps_the_shape_of_what_is_seen():
    lines = warped.grid_lines(spacing=2.0, fine=9)
    assert lines.shape == (14, 9, 2) and set(lines[0, :, 0]) == {-6.0}
    assert warped.side_view(RNG.normal(size=(3, 14, 9)), WEIGHTS, BIAS, HIDDEN).shape == (14, 9, 2)


def test_each_data_set_has_a_picture_before_and_after():
    points, lines = np.array([[1.0, 2, 1], [-1, 0, -1]]), warped.grid_lines()
    figure = warped.warped_planes({"XOR": (points, lines, points[:, :2] / 2, lines / 2)})
    assert [axes.get_title(loc="left") or axes.get_title() for axes in figure.axes] == [
        "XOR: the inputs", "XOR: after the hidden layer"
    ]  # fmt: skip
    np.testing.assert_allclose(figure.axes[1].collections[1].get_offsets(), [[0.5, 1.0]])
    assert svg(figure)
