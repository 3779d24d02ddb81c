"""The picture of all claims and that of what things cost: their scales, and that every row is drawn."""

import pytest

from helpers.core.plotting import as_svg as svg
from helpers.report import charts, rules

pytestmark = pytest.mark.usefixtures("house_style")

ROWS = [("one", 0.4, "reproduced"), ("two", 1e-9, "not reproduced"), ("three", 0.03, "near miss")]
SHARES = [("often", 0.9, 0.8, 0.95, (0.5, 1), "holds"), ("seldom", 0.6, 0.55, 0.7, (0, 0.5), "does not hold")]


def marks(axes, color):
    return [
        float(line.get_xdata()[0]) for line in axes.lines if line.get_color() == color and len(line.get_xdata()) == 1
    ]


def test_a_p_value_is_drawn_where_it_lies_or_at_the_edge():
    axes = charts.p_values({"A": ROWS}).axes[0]
    assert axes.get_xscale() == "log"
    assert [marks(axes, charts.COLORS[grade]) for grade in ("good", "bad", "open")] == [[0.4], [charts.LEAST], [0.03]]


def test_a_share_is_drawn_with_its_interval_on_the_shares_with_which_it_holds():
    axes = charts.shares({"A": SHARES}).axes[0]
    assert marks(axes, charts.COLORS["good"]) == [0.9] and marks(axes, charts.COLORS["bad"]) == [0.6]
    assert [0.8, 0.95] in [list(line.get_xdata()) for line in axes.lines]
    bands = [
        list(line.get_xdata()) for line in axes.lines if line.get_color() == charts.BAND and line.get_linewidth() > 5
    ]
    assert bands[:2] == [[0.5, 1], [0, 0.5]]


def test_every_row_and_heading_is_named():
    figure = charts.p_values({"First": ROWS, "Second": ROWS[:1]})
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert texts.count("one") == 2 and {"First", "Second", "two", "three"} <= set(texts)


def test_each_grade_has_a_mark_and_a_colour_of_its_own():
    assert len(set(charts.MARKS.values())) == len(charts.MARKS) and len(set(charts.COLORS.values())) == 3
    assert [rules.grade(word) for word in ("agrees", "near miss", "in error")] == ["good", "open", "bad"]


def test_more_rows_make_a_taller_picture():
    short, tall = (charts.p_values({"A": ROWS * times}).get_size_inches()[1] for times in (1, 9))
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
    assert {"150 ×", "3.2 ×", "0.8 ×", "Circle", "V1"} <= set(words(lower))
    assert [label.get_text() for label in lower.get_yticklabels()] == ["NumPy", "one seed", "32 bits"]
    assert lower.get_xlim()[0] < 0.8 and lower.get_xscale() == "log"


@pytest.mark.parametrize(("chapters", "gains", "panels"), [(CHAPTERS, {}, 1), ({}, GAINS, 1)])
def test_what_was_not_measured_has_no_panel(chapters, gains, panels):
    assert len(charts.costs(chapters, gains).axes) == panels


@pytest.mark.parametrize(
    "draw",
    [lambda: charts.costs(CHAPTERS, GAINS), lambda: charts.p_values({"A": ROWS}), lambda: charts.shares({"A": SHARES})],
)
def test_a_chart_has_the_same_bytes_every_time(draw):
    assert svg(draw()) == svg(draw())
