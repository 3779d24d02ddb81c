import io

import matplotlib
import numpy as np
import pytest
from matplotlib.patches import Rectangle

from helpers.core import plotting
from helpers.playground import convergence_charts as charts

RANDOM = np.random.default_rng(7)
LOSSES = RANDOM.uniform(0.0001, 0.4, 40)


@pytest.fixture(autouse=True)
def look():
    with matplotlib.rc_context():
        plotting.use_style()
        yield


def words(axis):
    return {text.get_text() for text in axis.texts}


def png(figure):
    buffer = io.BytesIO()
    figure.savefig(buffer, format="png", metadata={"Software": None})
    return buffer.getvalue()


def lines(axis, **look):
    return [line for line in axis.lines if all(getattr(line, f"get_{key}")() == value for key, value in look.items())]


def test_printed_losses_mark_the_print_and_put_zero_at_the_edge_of_what_reads_zero():
    figure = charts.printed_losses([("one", LOSSES, LOSSES, 0, 0.5), ("two", LOSSES, LOSSES, 0.001, 0.001)])
    prints = [float(line.get_xdata()[0]) for line in lines(figure.axes[0], marker="D")]
    assert prints == [1e-4, 0.5, 0.001, 0.001]
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == ["one", "two"]


def test_arrival_curves_end_where_the_data_do():
    curve = np.linspace(0, 0.75, 101)
    figure = charts.arrival_curves({"a": {"relu": curve, "mine": curve / 2}, "b": {"relu": curve}}, 100)
    first, second = figure.axes
    assert [line.get_ydata()[-1] for line in first.lines] == [0.75, 0.375]
    assert first.lines[0].get_color() == second.lines[0].get_color() == plotting.GREEN
    assert {text.get_text() for text in figure.legends[0].get_texts()} == {"relu", "mine"}


def test_a_cell_most_never_reach_is_hatched_and_says_its_share():
    epochs, shares = np.array([[12.0, np.inf]]), np.array([[1.0, 0.25]])
    axis = charts.epoch_maps(
        {"t": (epochs, shares)} | {"u": (epochs, shares)} | {"v": (epochs, shares)}, [1], [2, 3], 100
    ).axes[0]
    assert words(axis) == {"12", "100%", "–", "25%"}
    assert sum(bool(patch.get_hatch()) for patch in axis.patches if isinstance(patch, Rectangle)) == 1


def test_a_race_map_says_both_counts_and_nothing_where_none_was_decided():
    first, second = np.array([[9, 0]]), np.array([[1, 0]])
    figure = charts.race_maps({"t": (first, second), "u": (second, first)}, [1], [2, 3], "share")
    assert words(figure.axes[0]) == {"9 : 1", "–"}
    assert words(figure.axes[1]) == {"1 : 9", "–"}
    shown = figure.axes[0].images[0].get_array()
    assert shown[0, 0] == pytest.approx(0.9)
    assert np.ma.getmaskarray(shown)[0, 1] or np.isnan(shown[0, 1])


def test_loss_bands_have_a_line_and_a_band_each():
    epochs = np.arange(0, 50, 10)
    losses = {"one": RANDOM.uniform(0.1, 1, (7, 5)), "two": RANDOM.uniform(0.1, 1, (7, 5))}
    axis = charts.loss_bands({"t": losses}, epochs, 0.001).axes[0]
    assert len(axis.collections) == 2
    assert axis.lines[0].get_ydata() == pytest.approx(np.median(losses["one"], axis=0), rel=1e-4)


def test_first_layers_draw_each_neurons_line_where_its_total_is_zero():
    weights, biases = np.array([[3.0, 4.0], [0.0, -2.0]]), np.array([10.0, 1.0])
    points = np.array([[1.0, 1, 1], [-1, -1, -1], [2, 1, 1]])
    axis = charts.first_layers({"t": (np.eye(20), weights, biases, points)}).axes[0]
    thick = lines(axis, linewidth=1.6)
    assert len(thick) == 2
    for line, weight, bias in zip(thick, weights, biases, strict=True):
        assert line.get_xydata() @ weight + bias == pytest.approx([0, 0], abs=1e-9)
    ticks = [line.get_xydata() for line in lines(axis, linewidth=1.1)]
    totals = np.array([tick @ weights[0] + 10 for tick in ticks[: len(ticks) // 2]])
    assert (totals[:, 1] > 1).all()  # they point to the side where the neuron is on


def test_layer_profiles_show_medians_and_the_expected():
    values = {name: RANDOM.uniform(0.1, 1, (9, 3)) for name in ("relu", "tanh")}
    expected = {"relu": np.array([0.1, 0.2, 0.3])}
    figure = charts.layer_profiles({"t": values, "u": values}, ["1", "2", "3"], "y", 2, log=True, expected=expected)
    first, second = figure.axes
    assert first.lines[0].get_ydata() == pytest.approx(np.median(values["relu"], axis=0), rel=1e-4)
    assert len(lines(first, marker="x")) == 1
    assert not lines(second, marker="x")


def test_the_last_bits_of_a_sum_do_not_change_a_picture():
    values = {name: RANDOM.uniform(0.1, 1, (9, 3)) for name in ("relu", "tanh")}
    nudged = {name: array * (1 + 1e-13) for name, array in values.items()}
    pictures = [png(charts.layer_profiles({"t": v}, ["1", "2", "3"], "y", 1)) for v in (values, nudged)]
    assert pictures[0] == pictures[1]
