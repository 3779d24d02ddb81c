"""What networks have learned: measured from their parameters, and counted right."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.playground import features
from helpers.playground.config import Config, page_seeds
from helpers.playground.datasets import FEATURES
from helpers.playground.engine import train

SEEDS = page_seeds(8)
CIRCLE = Config("circle", FEATURES, (5, 5), "sigmoid", "L1", 0.01, 0.1, train_percent=70)
SIGMOID = Config(dataset="xor", features=("x", "xTimesY"), hidden=(4, 3), activation="sigmoid", learning_rate=0.3)
RELU = replace(SIGMOID, activation="relu", dataset="circle", features=("x", "y"), learning_rate=0.1, train_percent=70)


def test_statistics_see_saturation():
    small = train(SIGMOID, epochs=0).final
    large = replace(small, weights=tuple(100 * layer for layer in small.weights))
    calm, extreme = features.layer_statistics(small), features.layer_statistics(large)
    assert (calm.saturated[0, :2] < 0.2).all()
    assert (extreme.saturated[0, :2] > 0.8).all()
    assert (calm.delta > 0).all()
    dead = replace(small, config=RELU, biases=tuple(layer - 1000 for layer in small.biases))
    np.testing.assert_array_equal(features.layer_statistics(dead).saturated[0, :2], [1, 1])


def test_the_output_s_delta_is_its_error_times_its_slope():
    run = train(SIGMOID, epochs=3)
    points, _ = run.points()
    answer = run.final.output(*points[:, :2].T)[0]
    delta = (answer - points[:, 2]) * (1 - answer**2)
    assert features.layer_statistics(run.final).delta[0, -1] == pytest.approx(np.sqrt(np.mean(delta**2)))


def test_a_linear_layer_holds_the_inputs_and_no_product_of_them():
    run = train(Config(hidden=(4,), activation="linear"), page_seeds(1), 0, at=[0])
    assert features.linear_probe(run.initial, 0, lambda x, y: 2 * x - y + 1) == pytest.approx([1, 1])
    assert features.linear_probe(run.initial, 0, lambda x, y: x * y) == pytest.approx([0, 0], abs=1e-12)


def test_chosen_features_are_read_from_the_inputs_in_full():
    run = train(Config(features=("xSquared", "ySquared"), hidden=(3,)), page_seeds(1), 0, at=[0])
    assert features.linear_probe(run.initial, 0, lambda x, y: x * x + y * y)[0] == pytest.approx(1)


@pytest.fixture(scope="module")
def penalised():
    return train(CIRCLE, SEEDS, 60, at=[60])


def test_outgoing_weight_adds_up_the_links_of_each_feature(penalised):
    weight = features.outgoing_weight(penalised.final)
    assert weight.shape == (8, 7)
    assert weight[3, 2] == pytest.approx(sum(abs(w) for w in penalised.final.weights[0][3, :, 2]))


def test_dead_links_are_counted_over_all_layers(penalised):
    dead = [sum(int(layer[index].sum()) for layer in penalised.final.dead) / 65 for index in range(8)]
    assert features.dead_share(penalised.final) == pytest.approx(dead)
    assert (features.dead_share(penalised.initial) == 0).all()


def test_survivors_need_a_share_of_the_largest_weight_and_a_network_that_learned():
    weight = np.array([[1.0, 0.1, 0.11], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    kept = features.survivors(weight, np.array([True, True, False]), 0.1)
    assert kept.tolist() == [[True, False, True], [False] * 3, [False] * 3]


def test_exactly_means_neither_more_nor_less():
    config = replace(CIRCLE, features=("x", "y", "sinX"))
    surviving = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 1, 1]], dtype=bool)
    assert features.are_exactly(surviving, config, ("y", "x")).tolist() == [True, False, False, False]


def test_a_run_can_be_looked_at_as_it_stood_earlier():
    longer, shorter = (train(CIRCLE, SEEDS, last, at=[2, 4, last], snapshots=[4]) for last in (6, 4))
    then = features.as_of(longer, 4)
    assert then.epochs.tolist() == shorter.epochs.tolist()
    assert (then.train_loss == shorter.train_loss).all() and (then.test_loss == shorter.test_loss).all()
    assert all((ours == theirs).all() for ours, theirs in zip(then.final.weights, shorter.final.weights, strict=True))
    assert (features.pairs_at(longer, 2) == np.stack([longer.train_loss[:, 0], longer.test_loss[:, 0]], axis=1)).all()


def test_taking_nothing_away_leaves_the_loss_and_taking_a_dead_feature_too(penalised):
    own = features.loss_without(penalised, ())
    assert own == pytest.approx(penalised.test_loss[:, -1], rel=1e-12)
    weight = features.outgoing_weight(penalised.final)
    gone = [name for name, dead in zip(FEATURES, (weight == 0).all(axis=0), strict=True) if dead]
    assert gone, "L1 should have thrown out some feature in all eight networks"
    assert (features.loss_without(penalised, gone) == own).all()


def test_taking_everything_away_leaves_a_constant_answer(penalised):
    losses = features.loss_without(penalised, FEATURES)
    assert (losses >= 0.4).all()  # no constant does much better than a half on two classes of about the same size


def test_a_feature_is_held_at_its_mean_and_not_at_zero():
    """A linear unit on x squared: at the mean of x squared its answer is tanh(w m + b)."""
    run = train(Config("circle", ("xSquared",), (), train_percent=70), SEEDS[:1], 3)
    training, test = run.points()
    answer = np.tanh(run.final.weights[0][0, 0, 0] * np.mean(training[:, 0] ** 2) + run.final.biases[0][0, 0])
    expected = np.mean(0.5 * (answer - test[:, 2]) ** 2)
    assert features.loss_without(run, ("xSquared",)) == pytest.approx([expected])


def test_accuracy_is_the_share_on_the_right_side():
    run = train(Config("gauss", ("x", "y"), (), "tanh", train_percent=70), SEEDS[:2], 20)
    test = run.points(1)[1]
    (w,), (b,) = run.final.weights[0][1], run.final.biases[0][1]
    right = np.mean(np.sign(test[:, :2] @ w + b) == test[:, 2])
    assert features.points_right(run)[1] == right


@pytest.mark.parametrize("config", [SIGMOID, RELU, replace(SIGMOID, activation="tanh"), replace(RELU, hidden=())])
def test_mean_slopes_are_those_of_the_loss_by_central_differences(config):
    run = train(config, epochs=6)
    points, _ = run.points()
    weights = run.final.weights[0][0]

    def loss():
        return 0.5 * np.mean((run.final.output(*points[:, :2].T)[0] - points[:, 2]) ** 2)

    def slope(place, step=1e-6):
        kept, ends = weights[place], []
        for change in (step, -step):
            weights[place] = kept + change
            ends.append(loss())
        weights[place] = kept
        return (ends[0] - ends[1]) / (2 * step)

    wanted = [[abs(slope((neuron, feature))) for feature in range(2)] for neuron in range(len(weights))]
    np.testing.assert_allclose(features.mean_slopes(run, 1)[0], wanted, rtol=1e-5)
