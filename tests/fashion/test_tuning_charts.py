"""The charts of chapter 04's experiments draw what they are given, and always the same."""

import pytest
from matplotlib.figure import Figure

from helpers.core import plotting
from helpers.fashion import tuning_charts
from tests.conftest import python, svg

NAMES = {"both": "the start of both", "random": "random", "bayes": "Bayesian"}


def trial(kind, accuracy, rate, batch_norm):
    values = {"depth": 2, "learning_rate": rate, "batch_norm": batch_norm, "dropout": 0.1, "batch_size": 128}
    return {"kind": kind, "val_accuracy": accuracy, "values": values}


TRIALS = [trial("both", 0.87, 0.003, True), trial("random", 0.7, 0.2, False), trial("bayes", 0.9, 0.05, True)]


def chain(start):
    curve = [{"false_val_accuracy": start + 0.001 * e, "clean_accuracy": start} for e in range(3)]
    return [{"curve": curve, "test": [89, 100]}, {"curve": curve, "test": [90, 100]}]


def runs(epochs):
    return [[{"epoch": e + 1, "val_accuracy": 0.8 + 0.01 * e} for e in range(epochs)] for _ in range(2)]


DRAWN = {
    "search_slices": lambda: tuning_charts.search_slices(TRIALS, 0.84, NAMES),
    "leaking_validation": lambda: tuning_charts.leaking_validation([chain(0.9), chain(0.88)], 3),
    "accuracy_by_epoch": lambda: tuning_charts.accuracy_by_epoch(
        {"cross-entropy": runs(5), "squared error": runs(7)}, 0.7
    ),
}


@pytest.fixture(autouse=True)
def look():
    plotting.use_style()


@pytest.mark.parametrize("name", DRAWN)
def test_a_chart_is_a_figure_and_always_the_same(name):
    first, second = DRAWN[name](), DRAWN[name]()
    assert isinstance(first, Figure)
    assert svg(first) == svg(second)


def test_every_chart_is_tried_here():
    public = {
        name
        for name, value in vars(tuning_charts).items()
        if callable(value) and value.__module__ == "helpers.fashion.tuning_charts" and not name.startswith("_")
    }
    assert public == set(DRAWN)


def test_a_trial_below_the_edge_is_a_triangle_at_it_and_the_best_is_ringed():
    depth, rate, batch_norm, *_ = tuning_charts.search_slices(TRIALS, 0.84, NAMES).axes
    marks = {(line.get_marker(), line.get_ydata()[0]) for line in depth.lines if len(line.get_ydata())}
    assert ("v", 0.84) in marks and ("o", 0.9) in marks
    assert rate.get_xscale() == "log"
    assert [label.get_text() for label in batch_norm.get_xticklabels()] == ["no", "yes"]


def test_what_leaks_and_what_is_clean_are_drawn_apart():
    axis = tuning_charts.leaking_validation([chain(0.9)], 3).axes[0]
    leaking, clean, test, reshuffle = axis.lines
    assert list(leaking.get_xdata()) == [1, 2, 3, 4, 5, 6]
    assert leaking.get_ydata()[2] == 0.902 and clean.get_ydata()[2] == 0.9
    assert list(test.get_xdata()) == [3, 6] and reshuffle.get_xdata()[0] == 3.5


def test_it_does_without_tensorflow():
    process = python("import helpers.fashion.tuning_charts, sys\nprint('keras' in sys.modules)")
    assert process.communicate()[0].split() == ["False"]
