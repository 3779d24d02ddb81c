"""Chapter 06's charts: drawn from arrays, with the same bytes every time."""

import numpy as np
import pytest

from helpers.core.plotting import as_svg as svg
from helpers.fashion import pca_charts as charts

pytestmark = pytest.mark.usefixtures("house_style")
NAMES = tuple("abcdefghij")


CHANCE, CLASSES, KS = np.random.default_rng(0), np.arange(200) % 10, [2, 10, 100]
POINTS = CHANCE.normal(size=(200, 2)) + CLASSES[:, None]
CENTRES = np.array([POINTS[label == CLASSES].mean(axis=0) for label in range(10)])
IMAGES = CHANCE.random((3, 28, 28))
ERRORS = np.array([[0.5, 0.51], [0.3, 0.31], [0.2, 0.21]])
TESTED = np.array([[0.5, 0.49, 0.51], [0.3, 0.29, 0.31], [0.2, 0.19, 0.21]])
COST = {"one": [1.0, 2, 3], "two": [2.0, 4, 9], "three": [1.0, 1, 2]}
CALLS = {
    "component_sheet": (IMAGES[0], IMAGES - 0.5, [0.3, 0.2, 0.1], 2),
    "variance_explained": (np.full(20, 0.05), [2, 5, 20]),
    "rebuilt_images": (IMAGES, {2: IMAGES, 5: IMAGES}),
    "classes_and_clusters": (POINTS, CLASSES, CLASSES, CENTRES, NAMES),
    "cluster_table": (np.arange(100).reshape(10, 10), NAMES),
    "error_and_cost": (KS, ERRORS, TESTED, COST),
}


def drawn(name):
    return getattr(charts, name)(*CALLS[name])


@pytest.mark.parametrize("name", CALLS)
def test_bytes_are_the_same_every_time(name):
    assert svg(drawn(name)) == svg(drawn(name))


def test_the_no_pca_line_is_in_the_figure_of_the_errors():
    top = drawn("error_and_cost").axes[0]
    assert any(line.get_ydata()[0] == pytest.approx(0.205) and line.get_linestyle() == "--" for line in top.lines)


def test_every_count_of_the_table_is_written():
    axis = drawn("cluster_table").axes[0]
    assert {text.get_text() for text in axis.texts} == {"", *(str(count) for count in range(1, 100))}


def test_marked_shares_are_the_sums():
    axis = drawn("variance_explained").axes[0]
    assert [text.get_text() for text in axis.texts] == ["10.0%", "25.0%", "100.0%"]
