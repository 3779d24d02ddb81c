"""Sweeps over seeds: what is counted is what the engine gave, and what counts as small is small."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest

from helpers.core.stats import Interval
from helpers.playground import sweeps
from helpers.playground.config import Config, page_seeds
from helpers.playground.engine import train

SEEDS = page_seeds(9)
SQUARES = Config("circle", ("xSquared", "ySquared"), (), learning_rate=0.1, train_percent=70)


def test_losses_are_those_of_each_seed_alone():
    losses = sweeps.losses_at(SQUARES, SEEDS, 20)
    alone = train(SQUARES, SEEDS[4:5], 20)
    assert (losses.train[4], losses.test[4]) == (alone.train_loss[0, -1], alone.test_loss[0, -1])
    assert losses.train.shape == losses.test.shape == (9,)


def test_losses_are_shown_as_the_page_rounds_them():
    assert sweeps.shown([0.00049, 0.0005001, 0.0014999, 0.0505, 1]).tolist() == [0, 1, 1, 50, 1000]
    losses = sweeps.Losses(SQUARES, SEEDS[:3], 1, np.array([0.0004, 0.0172, 0.017]), np.array([0.0509, 0.0511, 0.05]))
    assert [same.tolist() for same in losses.showing(0.017, 0.051)] == [
        [False, True, True], [True, True, False], [False, True, False],
    ]  # fmt: skip


def test_the_middle_of_many_losses_leaves_out_the_tails():
    values = np.arange(1000) / 1000
    assert sweeps.central(values).low == pytest.approx(0.025, abs=0.0011)
    assert sweeps.central(values).high == pytest.approx(0.975, abs=0.0011)
    assert 0.0 in sweeps.central(np.full(10, 0.00042)) and 0.001 not in sweeps.central(np.full(10, 0.00042))


def test_a_run_could_be_one_of_ours_if_both_losses_lie_in_the_middle():
    train_loss, test_loss = np.linspace(0.01, 0.02, 101), np.linspace(0.03, 0.04, 101)
    losses = sweeps.Losses(SQUARES, SEEDS, 1, train_loss, test_loss)
    assert losses.could_show(0.015, 0.031)
    assert not losses.could_show(0.015, 0.029) and not losses.could_show(0.021, 0.035)
    assert losses.medians() == {"train_loss": 0.015, "test_loss": 0.035}
    assert losses.middle() == {"train_loss": Interval(0.01, 0.02), "test_loss": Interval(0.03, 0.04)}


def test_progress_is_told_under_a_label_only(capsys):
    sweeps.losses_at(SQUARES, SEEDS[:1], 60)
    assert capsys.readouterr().out == ""
    sweeps.losses_at(SQUARES, SEEDS[:1], 260, label="Circle")
    assert capsys.readouterr().out == "Circle: epoch 199 of 260\nCircle: epoch 260 of 260\n"


def test_many_settings_at_once_give_what_each_gives_alone():
    settings = [replace(SQUARES, learning_rate=rate) for rate in (0.3, 0.03, 0.1)]
    together = sweeps.successes(settings, SEEDS, 60, 0.01)
    assert [one.config for one in together] == settings
    for config, one in zip(settings, together, strict=True):
        assert one.first_below.tolist() == sweeps.success(config, SEEDS, 60, 0.01).first_below.tolist()


def test_success_counts_the_seeds_that_fell_below_the_bar():
    one = sweeps.success(SQUARES, SEEDS, 150, 0.001)
    every = train(SQUARES, SEEDS, 150).test_loss < 0.001
    first = np.where(every.any(axis=1), every.argmax(axis=1), -1)
    assert one.first_below.tolist() == first.tolist()
    assert (one.rate.correct, one.rate.n) == ((first >= 0).sum(), 9)
    assert 0 < one.rate.correct < 9  # some seeds start where the gradient is numb
    assert one.median_epoch == np.median(first[first >= 0])


def test_training_to_the_end_finds_the_same_first_epochs_and_says_where_it_ends():
    stopped, through = (sweeps.success(SQUARES, SEEDS, 150, 0.001, to_the_end=end) for end in (False, True))
    assert stopped.first_below.tolist() == through.first_below.tolist()
    assert stopped.at_end is None
    assert through.at_end.tolist() == sweeps.losses_at(SQUARES, SEEDS, 150).test.tolist()


def test_from_zero_the_circle_succeeds_on_every_seed():
    assert sweeps.success(Config(**vars(SQUARES) | {"init_zero": True}), SEEDS, 300, 0.001).rate.share == 1


def test_the_best_has_most_successes_then_fewest_epochs():
    def one(*first_below):
        return sweeps.Success(SQUARES, 10, np.array(first_below))

    never, slow, fast, often = one(-1, -1, -1), one(9, -1, 9), one(2, -1, 3), one(9, 9, 9)
    assert sweeps.best([never, slow, fast]) is fast
    assert sweeps.best([never, slow, often, fast]) is often
    assert sweeps.first_reliable([fast, often, slow], 0.9) is often
    assert sweeps.first_reliable([never, fast], 0.9) is fast
    assert sweeps.best([never]) is never and np.isnan(never.median_epoch)


def test_weights_are_the_lines_of_the_network():
    assert sweeps.n_weights((2, 5, 5, 1)) == 40
    assert sweeps.n_weights((1, 1)) == 1
    for features, hidden in sweeps.networks(12):
        config = Config("xor", features, hidden)
        drawn = train(config, SEEDS[:1], 0).final.weights
        assert sweeps.n_weights(config.layer_sizes) == sum(layer.size for layer in drawn) <= 12
    assert sweeps.shape(Config("xor", ("x", "y"), (5, 3))) == "2-5-3-1"


def test_every_small_network_is_there_once_and_in_order():
    found = sweeps.networks(25)
    assert len(set(found)) == len(found)
    sizes = [sweeps.n_weights((len(features), *hidden, 1)) for features, hidden in found]
    assert sizes == sorted(sizes) and max(sizes) <= 25
    assert sum(hidden == () for _, hidden in found) == 2**7 - 1
    assert sum(hidden == (3, 2) and len(features) == 4 for features, hidden in found) == comb(7, 4)
    assert len(sweeps.feature_sets([1, 2])) == 7 + 21
