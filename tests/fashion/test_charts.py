"""The charts draw what they are given, without TensorFlow and without touching anything else."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from helpers.core import plotting
from helpers.core.stats import Interval
from helpers.fashion import charts
from tests.conftest import python, svg

NAMES = [f"class {label}" for label in range(10)]


def history(epochs):
    return [
        {
            "epoch": e,
            "loss": 2 / e,
            "accuracy": 0.9 - 0.3 / e,
            "val_loss": 1 / e + e / 50,
            "val_accuracy": 0.88 - 0.1 / e,
        }
        for e in range(1, epochs + 1)
    ]


def images(count):
    return np.random.default_rng(0).integers(0, 256, size=(count, 28, 28))


def signed(count):
    return np.random.default_rng(0).normal(size=(count, 28, 28))


DRAWN = {
    "learning_curves": lambda: charts.learning_curves({"SGD": history(9), "Adam": history(5)}, {"SGD": 7, "Adam": 5}),
    "architecture": lambda: charts.architecture(
        [("a", "Dense", (256,), 200960, 0), ("b", "BatchNormalization", (50,), 100, 100)], "784 pixels"
    ),
    "accuracies_by_run": lambda: charts.accuracies_by_run({"SGD": [0.89, 0.9], "Adam": [0.88]}, {"report": 0.874}),
    "image_sheet": lambda: charts.image_sheet(signed(33), columns=16, limit=2),
    "weights_explained": lambda: charts.weights_explained(
        signed(2), np.linspace(0, 1, 20).reshape(2, 10), NAMES, ["unit 1", "unit 2"]
    ),
    "confusion": lambda: charts.confusion(np.eye(10, dtype=int) * 90 + 1, NAMES),
    "recall_bars": lambda: charts.recall_bars(np.linspace(0.5, 0.9, 10), [Interval(0.4, 0.95)] * 10, NAMES),
    "labelled_images": lambda: charts.labelled_images(images(7), ["a\nb"] * 7),
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
        name for name, value in vars(charts).items() if callable(value) and value.__module__ == "helpers.fashion.charts"
    }
    assert public == set(DRAWN)


def test_curves_show_the_history_they_are_given():
    loss, accuracy = charts.learning_curves({"SGD": history(9)}, {"SGD": 7}).axes
    training, validation, kept = loss.lines
    assert training.get_ydata()[1] == 1.0 and validation.get_ydata()[0] == 1.02
    assert kept.get_xdata()[0] == 7
    assert training.get_linestyle() == "-" and validation.get_linestyle() == "--"
    assert loss.get_ylabel() == "cross-entropy (nats)" and accuracy.get_xlabel() == "epoch"


def test_confusion_greys_out_what_was_right_and_prints_every_count():
    counts = np.arange(100).reshape(10, 10)
    axis = charts.confusion(counts, NAMES).axes[0]
    shares = axis.images[0].get_array()
    assert np.ma.getmaskarray(np.ma.masked_invalid(shares)).diagonal().all()
    assert {text.get_text() for text in axis.texts} == {str(count) for count in range(1, 100)}


def test_recall_puts_the_lowest_class_first():
    recalls = np.array([0.9, 0.2, 0.5, *[0.95] * 7])
    axis = charts.recall_bars(recalls, [Interval(0.1, 0.99)] * 10, NAMES).axes[0]
    assert [label.get_text() for label in axis.get_yticklabels()][:3] == ["class 1", "class 2", "class 0"]


def test_charts_and_page_do_without_tensorflow():
    process = python(
        "import helpers.fashion.charts, helpers.report.page, helpers.report.run, helpers.report.site, helpers.fashion.dataset, sys\n"
        "print('keras' in sys.modules, 'tensorflow' in sys.modules)"
    )
    assert process.communicate()[0].split() == ["False", "False"]
