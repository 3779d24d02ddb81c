"""What a penalty leaves: counted right, and the lonely pair found lonely."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.playground import regularization
from helpers.playground.config import Config, page_seeds
from helpers.playground.datasets import FEATURES
from helpers.playground.engine import train
from helpers.report.claims import all_claims

SEEDS = page_seeds(8)
CIRCLE = Config("circle", FEATURES, (5, 5), "sigmoid", "L1", 0.01, 0.1, train_percent=70)


@pytest.fixture(scope="module")
def penalised():
    return train(CIRCLE, SEEDS, 60, at=[60])


def test_outgoing_weight_adds_up_the_links_of_each_feature(penalised):
    weight = regularization.outgoing_weight(penalised.final)
    assert weight.shape == (8, 7)
    assert weight[3, 2] == pytest.approx(sum(abs(w) for w in penalised.final.weights[0][3, :, 2]))


def test_dead_links_are_counted_over_all_layers(penalised):
    dead = [sum(int(layer[index].sum()) for layer in penalised.final.dead) / 65 for index in range(8)]
    assert regularization.dead_share(penalised.final) == pytest.approx(dead)
    assert (regularization.dead_share(penalised.initial) == 0).all()


def test_survivors_need_a_share_of_the_largest_weight_and_a_network_that_learned():
    weight = np.array([[1.0, 0.1, 0.11], [0.0, 0.0, 0.0], [1.0, 1.0, 1.0]])
    kept = regularization.survivors(weight, np.array([True, True, False]), 0.1)
    assert kept.tolist() == [[True, False, True], [False] * 3, [False] * 3]


def test_exactly_means_neither_more_nor_less():
    config = replace(CIRCLE, features=("x", "y", "sinX"))
    surviving = np.array([[1, 1, 0], [1, 0, 0], [1, 1, 1], [0, 1, 1]], dtype=bool)
    assert regularization.are_exactly(surviving, config, ("y", "x")).tolist() == [True, False, False, False]


def test_spread_is_that_of_the_training_points(penalised):
    points = penalised.points(2)[0]
    assert regularization.feature_spread(penalised)[2, 4] == pytest.approx(np.std(points[:, 0] * points[:, 1]))


def test_taking_nothing_away_leaves_the_loss_and_taking_a_dead_feature_too(penalised):
    own = regularization.test_loss_without(penalised, ())
    assert own == pytest.approx(penalised.test_loss[:, -1], rel=1e-12)
    weight = regularization.outgoing_weight(penalised.final)
    gone = [name for name, dead in zip(FEATURES, (weight == 0).all(axis=0), strict=True) if dead]
    assert gone, "L1 should have thrown out some feature in all eight networks"
    assert (regularization.test_loss_without(penalised, gone) == own).all()


def test_taking_everything_away_leaves_a_constant_answer(penalised):
    losses = regularization.test_loss_without(penalised, FEATURES)
    assert (losses >= 0.4).all()  # no constant does much better than a half on two classes of about the same size


def test_a_feature_is_held_at_its_mean_and_not_at_zero():
    """A linear unit on x squared: at the mean of x squared its answer is tanh(w m + b)."""
    run = train(Config("circle", ("xSquared",), (), train_percent=70), SEEDS[:1], 3)
    training, test = run.points()
    answer = np.tanh(run.final.weights[0][0, 0, 0] * np.mean(training[:, 0] ** 2) + run.final.biases[0][0, 0])
    expected = np.mean(0.5 * (answer - test[:, 2]) ** 2)
    assert regularization.test_loss_without(run, ("xSquared",)) == pytest.approx([expected])


def test_accuracy_is_the_share_on_the_right_side():
    run = train(Config("gauss", ("x", "y"), (), "tanh", train_percent=70), SEEDS[:2], 20)
    test = run.points(1)[1]
    (w,), (b,) = run.final.weights[0][1], run.final.biases[0][1]
    right = np.mean(np.sign(test[:, :2] @ w + b) == test[:, 2])
    assert regularization.test_accuracy(run)[1] == right


def test_factors_are_at_least_one_and_count_the_worse_of_the_two():
    pairs = np.array([[0.02, 0.02], [0.01, 0.02], [0.0204, 0.08], [0.0001, 0.02]])
    assert regularization.factors(pairs, (0.02, 0.02)) == pytest.approx([1, 2, 4, 40])


def test_a_pair_among_the_others_is_not_lonely_and_one_far_off_is():
    cloud = np.exp(np.random.default_rng(1).normal(np.log(0.1), 0.3, (200, 2)))
    assert regularization.chance_of_one_so_far_off(cloud, (0.1, 0.1)) > 0.5
    assert regularization.chance_of_one_so_far_off(cloud, (0.1, 0.9)) == pytest.approx(1 / 201)


def test_a_pair_between_two_clouds_is_lonely_though_inside_their_range():
    rng = np.random.default_rng(2)
    cloud = np.concatenate([np.exp(rng.normal(np.log(c), 0.05, (100, 2))) for c in (0.01, 0.5)])
    assert regularization.chance_of_one_so_far_off(cloud, (0.07, 0.07)) == pytest.approx(1 / 201)


def test_the_chance_is_no_smaller_than_it_says():
    """Drawn from the cloud itself, a pair gets a chance of 5 % or less in about one case of twenty."""
    rng = np.random.default_rng(3)
    chances = [
        regularization.chance_of_one_so_far_off(pairs[:-1], pairs[-1])
        for pairs in np.exp(rng.normal(-2, 0.5, (400, 60, 2)))
    ]
    assert 0.01 <= np.mean(np.array(chances) <= 0.05) <= 0.08


# --- the search -------------------------------------------------------------------------------------------------------


def test_neighbours_are_the_whole_grid_without_the_setting_itself():
    around = regularization.nearby(CIRCLE)
    assert len(around) == len(set(around)) == 5 * 3 * 2 - 1
    assert CIRCLE not in around
    assert len(regularization.nearby(replace(CIRCLE, hidden=(5, 5, 5)))) == 5 * 3 * 2 - 1 + 3


def test_a_search_is_stored_and_read_back(tmp_path):
    smoke = replace(project.PROFILES["smoke"], results=tmp_path)
    report = replace(project.PROFILES["report"], results=tmp_path)
    rows = {"a": (CIRCLE, (0.4, 0.4), 3)}
    with pytest.raises(Problem, match="missing"):
        regularization.searched(rows, SEEDS[:2], report)
    made = regularization.searched(rows, SEEDS[:2], smoke)["a"]
    read = regularization.searched(rows, SEEDS[:2], report)["a"]
    assert [t.config for t in made] == [t.config for t in read] == regularization.nearby(CIRCLE)[::10]
    assert all((m.pairs == r.pairs).all() and m.quarter == r.quarter for m, r in zip(made, read, strict=True))
    assert read[0].epochs == (1, 2, 3)
    with pytest.raises(Problem, match="other rows"):
        regularization.searched({"b": rows["a"]}, SEEDS[:2], report)


@pytest.mark.parametrize(("name", "place"), [("t2-gaussian-l2", 4), ("t2-xor-l1", 20), ("t2-spiral-l1", 8)])
def test_the_stored_search_is_what_the_engine_gives(name, place):
    """The first two seeds of a stored setting, trained again, have the stored losses."""
    row = all_claims()[name]
    setting = row.facts["setting"]
    config = replace(
        CIRCLE, dataset=setting["dataset"], hidden=setting["hidden"], regularization=setting["regularization"]
    )
    rows = dict.fromkeys(store.read_json(project.RESULTS / regularization.SEARCH_FILE))
    tried = regularization.searched(rows, SEEDS, project.PROFILES["report"])[name]
    assert [t.config for t in tried] == regularization.nearby(config)
    kept = tried[place]
    assert kept.epochs[-1] == setting["epochs"] and len(kept.epochs) == 10
    again = train(kept.config, SEEDS[:8], setting["epochs"], at=kept.epochs)
    assert kept.pairs[:8] == pytest.approx(regularization.loss_pairs(again), rel=1e-5)
    nearest = regularization.factors(kept.pairs, tuple(row.value.values()))
    assert kept.quarter[-1] == pytest.approx(np.quantile(nearest, 0.25), rel=1e-5)
