"""Chapter 07's charts: drawn from arrays, without TensorFlow, with the same bytes every time."""

import numpy as np
import pytest

from helpers.core.plotting import as_svg as svg
from helpers.questions import charts
from helpers.questions.derivations import EDGES, random_networks, thirty_points

pytestmark = pytest.mark.usefixtures("house_style")


def calls():
    """What draws each of the charts, by its name (dict of functions)."""
    x, kind = thirty_points()
    network = random_networks(1, seed=5)[0]
    grid = np.linspace(0, 6, 61), np.linspace(0, 4, 41)
    plane = np.stack(np.meshgrid(*grid), axis=-1).reshape(-1, 2)
    probability = (1 / (1 + np.exp(-network.score(plane)))).reshape(41, 61)
    z = np.linspace(-4, 4, 41)
    units = {"h1": ("L", "c·a"), "h2": ("L", "c·a"), "y": ("S", "sign")}
    return {
        "small_networks": lambda: charts.small_networks(EDGES, {"one": units, "two": units}),
        "gradients_compared": lambda: charts.gradients_compared(np.arange(6.0), np.arange(6.0)[::-1], ["w"] * 6),
        "success_curves": lambda: charts.success_curves([0, 1], {name: [0.0, 0.5] for name in "abcd"}),
        "neurons_alone": lambda: charts.neurons_alone(x, kind, network.lines, network.hidden(x), network.output),
        "whole_network": lambda: charts.whole_network(x, kind, grid, probability, network.lines),
        "losses": lambda: charts.losses_against_logit(z, {"a": z, "b": z**2}, {"a": z, "b": z**2}, -0.7),
        "recovery": lambda: charts.recovery({"a": [0, 3, 30], "b": [0, 1]}, 30),
    }


CALLS = calls()


@pytest.mark.parametrize("name", CALLS)
def test_bytes_are_the_same_every_time(name):
    assert svg(CALLS[name]()) == svg(CALLS[name]())


def test_last_bits_do_not_reach_the_figure():
    values = np.array([0.1, 0.25, 1 / 3, -2.0, 4.0, 5.5])
    first = charts.gradients_compared(values, values[::-1], ["w"] * 6)
    second = charts.gradients_compared(values * (1 + 1e-13), values[::-1], ["w"] * 6)
    assert svg(first) == svg(second)


def test_the_drawn_line_is_the_neurons_line():
    x, kind = thirty_points()
    lines, output = np.array([[1.0, 2, -5], [3, -1, 0]]), np.array([1.0, 1, -1])
    figure = charts.neurons_alone(x, kind, lines, np.zeros((30, 2)), output)
    for axis, (a, b, c) in zip(figure.axes, [*lines, output], strict=True):
        first, second = axis.lines[0].get_data()
        assert np.allclose(a * first + b * second + c, 0, atol=1e-3)
