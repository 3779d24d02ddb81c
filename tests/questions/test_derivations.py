"""The sample questions' numbers: gradients by independent roads, three neurons, margins."""

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit

from helpers.questions import derivations as d

NUMBER = st.floats(-3, 3, allow_nan=False)
SIX = st.lists(NUMBER, min_size=6, max_size=6).map(np.array)


@pytest.fixture
def points():
    chance = np.random.default_rng(7)
    x = chance.normal(size=(25, 2))
    return x, (chance.random(25) < 0.5).astype(float)


def one_network(lines, output):
    return d.ThreeNeurons(np.array(lines, float), np.array(output, float))


# --- question 1


@given(SIX)
def test_betas_are_the_sums_over_paths(weights):
    w1, w2, w3, w4, w5, w6 = weights
    assert np.allclose(d.betas(weights), [w1 * w5 + w2 * w6, w3 * w5 + w4 * w6])


@given(SIX)
def test_scores_are_linear_in_the_betas(weights):
    x = np.array([[0.3, -1.2], [2.0, 0.7]])
    assert np.allclose(d.scores(weights, x), x @ d.betas(weights))


@given(SIX)
def test_back_propagation_agrees_with_central_differences(weights):
    chance = np.random.default_rng(3)
    x, y = chance.normal(size=(12, 2)), (chance.random(12) < 0.5).astype(float)
    derived = d.back_propagated(weights, x, expit(d.scores(weights, x)) - y)
    measured = d.central_differences(lambda w: d.mean_cross_entropy(w, x, y), weights)
    assert np.allclose(derived, measured, atol=1e-7)


def test_back_propagation_serves_half_the_squared_error(points):
    x, _ = points
    weights, target = np.array([0.4, -1.1, 0.3, 0.8, -0.6, 1.2]), np.linspace(-1, 1, len(x))
    derived = d.back_propagated(weights, x, d.scores(weights, x) - target)
    measured = d.central_differences(lambda w: np.mean((d.scores(w, x) - target) ** 2) / 2, weights)
    assert np.allclose(derived, measured, atol=1e-8)


@pytest.mark.keras
def test_keras_agrees_to_eight_digits(points):
    from helpers.core.backend import keras

    x, y = points
    weights = np.array([0.4, -1.1, 0.3, 0.8, -0.6, 1.2])
    dense = {"use_bias": False, "dtype": "float64"}
    layers = [keras.layers.Dense(2, **dense), keras.layers.Dense(1, activation="sigmoid", **dense)]
    network = keras.Sequential([keras.Input((2,), dtype="float64"), *layers])

    def loss(predict):
        p = predict(x)[:, 0]
        return -keras.ops.sum(y * keras.ops.log(p) + (1 - y) * keras.ops.log(1 - p)) / len(x)

    by_keras = d.keras_gradient(network, d.as_matrices(weights), loss)
    derived = d.back_propagated(weights, x, expit(d.scores(weights, x)) - y)
    assert by_keras.dtype == np.float64
    assert np.abs(by_keras - derived).max() < 1e-12


def test_printed_gradients_carry_exactly_the_two_slips():
    weights, x = np.array([0.4, -1.1, 0.3, 0.8, -0.6, 1.2]), np.array([[0.7, -0.4]])
    for y in (0.0, 1.0):
        p = expit(d.scores(weights, x))
        right = d.back_propagated(weights, x, p - y)
        mended = d.printed_gradient(weights, x, np.array([y])) * (1 - p)
        assert np.allclose(mended[[0, 2, 1, 3, 4, 5]], right)
        assert not np.allclose(mended, right)


def test_cross_entropy_survives_large_scores():
    weights = np.array([50.0, 0, 0, 0, 50, 0])
    assert d.mean_cross_entropy(weights, np.array([[1.0, 0]]), np.array([0.0])) == pytest.approx(2500)


# --- question 2


def test_the_thirty_points():
    x, kind = d.thirty_points()
    assert x.shape == (30, 2) and kind.sum() == 10
    assert x[:, 0].min() >= 0 and x[:, 0].max() <= 6 and x[:, 1].min() >= 0.5 and x[:, 1].max() <= 4
    assert tuple(x[0]) == (0.29, 3.50) and tuple(x[-1]) == (3.34, 1.58)


@pytest.mark.parametrize("loss", ["cross-entropy", "squared error"])
def test_one_step_follows_the_central_differences(loss):
    x, kind = d.thirty_points()
    start = d.random_networks(2, seed=4)

    def mean_loss(vector):
        network = d.ThreeNeurons(vector[:6].reshape(2, 3), vector[6:])
        p = expit(network.score(x))
        each = -np.log(np.where(kind == 1, p, 1 - p)) if loss == "cross-entropy" else (p - kind) ** 2
        return each.mean()

    after = d.descended(start, x, kind, rate=0.1, steps=1, loss=loss)
    for i in range(2):
        before = np.concatenate([start.lines[i].ravel(), start.output[i]])
        moved = np.concatenate([after.lines[i].ravel(), after.output[i]])
        assert np.allclose(moved, before - 0.1 * d.central_differences(mean_loss, before), atol=1e-8)


def test_descent_leaves_its_starting_point_alone_and_refuses_other_losses():
    x, kind = d.thirty_points()
    start = d.random_networks(3, seed=1)
    kept = start.lines.copy()
    d.descended(start, x, kind, 1.0, 5)
    assert (start.lines == kept).all()
    with pytest.raises(ValueError, match="hinge"):
        d.descended(start, x, kind, 1.0, 5, "hinge")


def test_networks_do_not_influence_each_other():
    x, kind = d.thirty_points()
    start = d.random_networks(5, seed=2)
    together, alone = d.descended(start, x, kind, 1.0, 50), d.descended(start[[3]], x, kind, 1.0, 50)
    assert np.allclose(together.lines[3], alone.lines[0]) and np.allclose(together.output[3], alone.output[0])


@given(st.integers(0, 10_000))
def test_rewriting_a_network_does_not_change_what_it_computes(seed):
    x, _ = d.thirty_points()
    networks = d.random_networks(1, seed)
    network = d.ThreeNeurons(networks.lines[0] + 0.3, networks.output[0] - 0.2)
    same = d.canonical(network)
    assert np.allclose(same.score(x), network.score(x))
    assert (same.output[:2] >= 0).all() and same.lines[0, 0] >= same.lines[1, 0]
    mean, sd = np.array([3.0, 2.0]), np.array([1.5, 0.5])
    assert np.allclose(d.in_units_of(network, mean, sd).score(x), network.score((x - mean) / sd))


def test_margin_of_a_straight_boundary_is_the_distance_to_it():
    # N3 ignores N2, so the boundary is N1's own line, 3 x1 + 4 x2 = 5
    network = one_network([[3, 4, -5], [1, 0, 0]], [2, 0, -1])
    x = np.array([[0.0, 0.0], [1.0, 1.0], [0.5, 0.5]])
    assert d.margin(network, x) == pytest.approx(1.5 / 5, abs=1e-3)


def test_margin_is_infinite_where_there_is_no_boundary():
    assert d.margin(one_network([[1, 0, 0], [0, 1, 0]], [1, 1, 5]), np.zeros((2, 2))) == np.inf


def test_distances_to_a_polyline_end_at_its_ends():
    curve = np.array([[0.0, 0.0], [1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])
    assert np.allclose(d.distances(np.array([[0.5, -2], [-3, 0], [2, 2]]), curve), [2, 3, np.sqrt(2)])


def test_the_boundary_is_where_the_score_is_zero():
    network = d.random_networks(1, seed=5)[0]
    for curve in d.boundary(network, np.linspace(0, 6, 301), np.linspace(0, 4, 201)):
        assert np.abs(network.score(curve)).max() < 1e-3


@pytest.mark.parametrize(("output", "direction"), [((1, -1, 0), (1, -1)), ((1, 1, -1), (1, 1)), ((1, 0, -0.7), (1, 0))])
def test_the_three_cases_with_a_straight_boundary(output, direction):
    network = one_network([[1, 0, 0], [0, 1, 0]], output)  # a1 = x1, a2 = x2
    grid = np.linspace(-2, 2, 401)
    curve = np.concatenate(d.boundary(network, grid, grid))
    across = curve @ np.array(direction)
    assert np.ptp(across) < 1e-6


def test_another_boundary_is_bent():
    network = one_network([[1, 0, 0], [0, 1, 0]], (1, 1, -1.3))
    grid = np.linspace(-2, 4, 401)
    curve = np.concatenate(d.boundary(network, grid, grid))
    centred = curve - curve.mean(axis=0)
    assert np.linalg.svd(centred, compute_uv=False)[1] > 1
