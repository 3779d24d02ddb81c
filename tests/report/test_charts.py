"""The picture of all claims and that of what things cost: their scales, and that every row is drawn."""

import pytest

from helpers.report import charts
from tests.conftest import svg

pytestmark = pytest.mark.usefixtures("house_style")

ROWS = [
    ("a value", [0.5], "", "good"),
    ("two losses", [-250.0, 1.0], "", "bad"),
    ("a statement", [], "in words", "open"),
]


def test_the_scale_is_plain_inside_and_logarithmic_outside():
    axes = charts.at_a_glance({"A": [("far", [1e9, -1e9], "", "bad")]}).axes[0]
    scale = axes.transScale.transform
    places = [-100, -10, -1, -0.3, 0, 0.3, 1, 10, 100]
    assert scale([(place, 0) for place in places])[:, 0] == pytest.approx([-3, -2, -1, -0.3, 0, 0.3, 1, 2, 3])
    (far,) = (line for line in axes.lines if line.get_markevery() == [0])
    assert far.get_xdata().tolist() == [charts.REACH, -charts.REACH]  # what is farther is drawn at the edge


def test_every_row_and_heading_is_drawn():
    figure = charts.at_a_glance({"First": ROWS, "Second": ROWS[:1]})
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert [text for text in texts if text in ("First", "Second")] == ["First", "Second"]
    assert texts.count("a value") == 2 and texts.count("in words") == 1
    rings = [line for line in figure.axes[0].lines if line.get_markerfacecolor() == "none" and len(line.get_xdata())]
    assert [float(line.get_xdata()[0]) for line in rings] == [1.0]


def test_each_verdict_has_a_mark_and_a_colour_of_its_own():
    assert len({mark["marker"] for mark in charts.MARKS.values()}) == 3
    assert len(set(charts.COLORS.values())) == 3


def test_more_rows_make_a_taller_picture():
    short, tall = (charts.at_a_glance({"A": ROWS * times}).get_size_inches()[1] for times in (1, 9))
    assert tall - short == pytest.approx(24 * charts.ROW)


CHAPTERS = {"01": (30.0, 0.4), "02": (90.0, 1.2)}
GAINS = {"circle": {"NumPy": 150.0, "one seed": 3.25}, "v1": {"32 bits": 0.8}}


def words(axis):
    return [text.get_text() for text in axis.texts]


def test_costs_and_gains_are_all_shown():
    upper, lower = charts.costs(CHAPTERS, GAINS).axes
    assert [bar.get_width() for bar in upper.patches] == [30, 90] and upper.get_xlim()[0] == 0
    assert words(upper) == ["30 s, 0.4 GiB", "90 s, 1.2 GiB"]
    assert [label.get_text() for label in upper.get_yticklabels()] == list(CHAPTERS)
    assert [bar.get_x() + bar.get_width() for bar in lower.patches] == pytest.approx([150, 3.25, 0.8])
    assert {"150 ×", "3.25 ×", "0.8 ×", "Circle", "V1"} <= set(words(lower))
    assert [label.get_text() for label in lower.get_yticklabels()] == ["NumPy", "one seed", "32 bits"]
    assert lower.get_xlim()[0] < 0.8 and lower.get_xscale() == "log"


@pytest.mark.parametrize(("chapters", "gains", "panels"), [(CHAPTERS, {}, 1), ({}, GAINS, 1)])
def test_what_was_not_measured_has_no_panel(chapters, gains, panels):
    assert len(charts.costs(chapters, gains).axes) == panels


@pytest.mark.parametrize("draw", [lambda: charts.costs(CHAPTERS, GAINS), lambda: charts.at_a_glance({"A": ROWS})])
def test_a_chart_has_the_same_bytes_every_time(draw):
    assert svg(draw()) == svg(draw())
