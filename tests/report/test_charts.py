"""The picture of all claims: its scale, and that every row is drawn."""

import numpy as np
import pytest

from helpers.report import charts
from helpers.report.page import NOT_REPRODUCED, REPRODUCED, UNTESTABLE

ROWS = [
    ("a value", [0.5], "", REPRODUCED),
    ("two losses", [-250.0, 1.0], "", NOT_REPRODUCED),
    ("a statement", [], "in words", UNTESTABLE),
]


def test_the_scale_is_plain_inside_and_logarithmic_outside():
    assert charts.squeezed([-1, -0.3, 0, 0.3, 1]) == pytest.approx([-1, -0.3, 0, 0.3, 1])
    assert charts.squeezed([10, -100]) == pytest.approx([2, -3])
    assert charts.squeezed([1e9, -1e9]) == pytest.approx([charts.REACH, -charts.REACH])
    assert np.all(np.diff(charts.squeezed(np.linspace(-50, 50, 1001))) > 0)
    assert charts.squeezed([]).size == 0


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
