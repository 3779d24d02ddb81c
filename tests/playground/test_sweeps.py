"""Sweeps over seeds: what is counted is what the engine gave, and what counts as small is small."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.core.stats import Accuracy, Interval
from helpers.playground import sweeps
from helpers.playground.config import Config, page_seeds
from helpers.playground.engine import train

SEEDS = page_seeds(9)
SMALL = Config(learning_rate=0.1, train_percent=70, hidden=(5, 5), activation="relu")
SQUARES = Config("circle", ("xSquared", "ySquared"), (), learning_rate=0.1, train_percent=70)


def test_losses_are_shown_as_the_page_rounds_them():
    assert sweeps.in_thousandths([0.00049, 0.0005001, 0.0014999, 0.0505, 1]).tolist() == [0, 1, 1, 50, 1000]


def test_progress_is_told_under_a_label_only(capsys):
    settings = {rate: replace(SQUARES, learning_rate=rate) for rate in range(22)}
    sweeps.times_to_threshold(settings, SEEDS[:1], 1, 0.0)
    assert capsys.readouterr().out == ""
    sweeps.times_to_threshold(settings, SEEDS[:1], 1, 0.0, "Circle:")
    assert capsys.readouterr().out == "Circle: 20 of 22\nCircle: 22 of 22\n"


def test_many_settings_at_once_give_what_each_gives_alone():
    settings = [replace(SQUARES, learning_rate=rate) for rate in (0.3, 0.03, 0.1)]
    together = sweeps.times_to_threshold(dict(enumerate(settings)), SEEDS, 60, 0.01)
    assert [one.config for one in together.values()] == settings
    for config, one in zip(settings, together.values(), strict=True):
        assert one.first_below.tolist() == sweeps.time_to_threshold(config, SEEDS, 60, 0.01).first_below.tolist()


def test_success_counts_the_seeds_that_fell_below_the_bar():
    one = sweeps.time_to_threshold(SQUARES, SEEDS, 150, 0.001)
    every = train(SQUARES, SEEDS, 150).test_loss < 0.001
    first = np.where(every.any(axis=1), every.argmax(axis=1), -1)
    assert one.first_below.tolist() == first.tolist()
    assert (one.rate.correct, one.rate.n) == ((first >= 0).sum(), 9)
    assert (np.isnan(one.at_end) == (first >= 0)).all()
    assert 0 < one.rate.correct < 9  # some seeds start where the gradient is numb
    assert one.median_epoch == np.median(first[first >= 0])


def test_from_zero_the_circle_succeeds_on_every_seed():
    assert sweeps.time_to_threshold(Config(**vars(SQUARES) | {"init_zero": True}), SEEDS, 300, 0.001).rate.share == 1


def test_the_best_has_most_successes_then_fewest_epochs():
    def one(*first_below):
        return sweeps.TimeToThreshold(SQUARES, 10, np.array(first_below), 0)

    never, slow, fast, often = one(-1, -1, -1), one(9, -1, 9), one(2, -1, 3), one(9, 9, 9)
    assert sweeps.best_setting([never, slow, fast]) is fast
    assert sweeps.best_setting([never, slow, often, fast]) is often
    assert sweeps.first_reliable([fast, often, slow], 0.9) is often
    assert sweeps.first_reliable([never, fast], 0.9) is fast
    assert sweeps.best_setting([never]) is never and np.isnan(never.median_epoch)


def test_weights_are_the_lines_of_the_network():
    assert sweeps.n_weights((2, 5, 5, 1)) == 40
    assert sweeps.n_weights((1, 1)) == 1
    assert sweeps.architecture(Config("xor", ("x", "y"), (5, 3))) == "2-5-3-1"
    assert len(sweeps.feature_sets([1, 2])) == 7 + 21


def test_training_many_settings_gives_each_the_digits_it_has_alone():
    configs = {"deep": Config(dataset="xor", hidden=(3, 3, 3)), "none": Config(hidden=()), "small": SMALL}
    seen = []
    runs = sweeps.train_all(
        configs, page_seeds(3), 12, progress=lambda done, total: seen.append((done, total)), at=[12], stop_below=0.001
    )
    assert list(runs) == list(configs)
    assert seen == [(1, 3), (2, 3), (3, 3)]
    for key, config in configs.items():
        alone = train(config, page_seeds(3), 12, at=[12], stop_below=0.001)
        assert (runs[key].test_loss == alone.test_loss).all()


def test_a_seed_that_never_arrives_counts_in_every_share():
    first_below = np.array([3, -1, 0, 3])
    assert sweeps.epochs_quantile(first_below, 0) == 0
    assert sweeps.epochs_quantile(first_below, 0.25) == 0
    assert sweeps.epochs_quantile(first_below, 0.5) == 3
    assert sweeps.epochs_quantile(first_below, 0.76) == np.inf
    assert sweeps.epochs_quantile([-1, -1], 0.5) == np.inf


def test_the_typical_seed_arrived_in_the_middle():
    assert sweeps.median_seed([-1, 40, 10, 30, -1]) == 3
    assert sweeps.median_seed([-1, 20, 10]) == 2
    assert sweeps.median_seed([-1, -1, -1]) == 0
    assert sweeps.median_seed([-1, -1, -1], of_all=True) == 1
    assert sweeps.median_seed([-1, 40, 10, 30, -1], of_all=True) == 1
    assert sweeps.median_seed([-1, 40, -1], of_all=True) == 0  # the seed in the middle never arrived


def test_a_race_is_counted_seed_by_seed():
    result = sweeps.race([5, 9, -1, -1, 7, 0], [6, 8, 3, -1, 7, -1])
    assert result == (2, 2)  # neither wins where both are level or never arrive
    assert result.clear == 0


@pytest.mark.parametrize(
    ("first", "second", "clear"), [(24, 0, 1), (0, 24, -1), (18, 6, 1), (17, 7, 1), (16, 8, 0), (8, 16, 0), (0, 0, 0)]
)
def test_a_race_is_clear_only_if_its_interval_excludes_a_half(first, second, clear):
    assert sweeps.Race(first, second).clear == clear
    assert first + second == 0 or (0.5 in Accuracy(first, first + second).interval) == (clear == 0)


def test_factors_are_at_least_one_and_count_the_worse_of_the_two():
    pairs = np.array([[0.02, 0.02], [0.01, 0.02], [0.0204, 0.08], [0.0001, 0.02]])
    assert sweeps.factors(pairs, (0.02, 0.02)) == pytest.approx([1, 2, 4, 40])


def test_races_of_one_seed_count_as_one_cluster():
    """Ten copies of the same races say no more than one: the count grows tenfold, the interval stays."""
    own, rival = np.array([5, 9, -1, 4, 3, 8]), np.array([7, 6, 12, -1, 3, 10])
    once, narrow = sweeps.pooled_races([(own, rival)])
    often, same = sweeps.pooled_races([(own, rival)] * 10)
    assert (once.correct, once.n, often.n) == (3, 5, 50)
    assert (same.low, same.high) == pytest.approx((narrow.low, narrow.high))
    assert narrow.low < 0.6 < narrow.high


def test_races_that_one_side_always_wins_are_as_sure_as_their_seeds():
    always, interval = sweeps.pooled_races([(np.array([1, 2, 3, 9]), np.array([4, 5, 6, 9]))] * 8)
    assert (always.correct, always.n) == (24, 24)
    assert interval == Accuracy(3, 3).interval
    assert sweeps.pooled_races([(np.array([-1, -1]), np.array([-1, -1]))])[1] == Interval(0.0, 1.0)
