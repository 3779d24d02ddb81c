import numpy as np
import pytest

from helpers.core import stats
from helpers.core.stats import Accuracy, Interval


def test_wilson_is_what_the_formula_gives():
    """Wilson 1927: (p + z²/2n ± z sqrt(p(1-p)/n + z²/4n²)) / (1 + z²/n)."""
    correct, n, z = 9400, 10000, 1.959963984540054
    p = correct / n
    centre = (p + z**2 / (2 * n)) / (1 + z**2 / n)
    half = z * np.sqrt(p * (1 - p) / n + z**2 / (4 * n**2)) / (1 + z**2 / n)
    interval = Accuracy(correct, n).interval
    assert (interval.low, interval.high) == pytest.approx((centre - half, centre + half))
    assert half == pytest.approx(0.004, abs=0.0007)


def test_accuracy_counts():
    probabilities = np.eye(4)[[0, 1, 2, 3, 3]]
    assert stats.accuracy(probabilities, np.array([0, 1, 2, 0, 3])) == Accuracy(4, 5)
    with pytest.raises(ValueError, match="5 predictions for 4 labels"):
        stats.accuracy(probabilities, np.zeros(4, int))


def test_the_difference_of_two_groups_covers_the_true_one():
    """A world in which it is zero: runs differ, and the runs of a group share their images."""
    random, hits, trials = np.random.default_rng(0), 0, 400
    for _ in range(trials):
        images = random.normal(0, np.sqrt(0.09 / np.array([12_000, 6_000])))
        groups = [
            [Accuracy(round(n * (0.9 + shift + random.normal(0, 0.004))), n) for _ in range(runs)]
            for n, runs, shift in zip((12_000, 6_000), (1, 4), images, strict=True)
        ]
        hits += 0 in stats.group_difference(*groups)[1]
    assert hits / trials >= 0.94


def test_single_runs_differ_by_their_images_alone():
    middle, interval = stats.group_difference([Accuracy(95, 100)], [Accuracy(90, 100)])
    assert middle == pytest.approx(0.05)
    assert interval.high - middle == pytest.approx(1.96 * np.sqrt((0.95 * 0.05 + 0.9 * 0.1) / 100), rel=1e-3)


def test_a_paired_difference_is_found_under_a_larger_common_spread():
    common = np.array([0.1, 0.3, 0.2, 0.5, 0.4])
    interval = stats.mean_difference_interval(common + np.array([0.011, 0.009, 0.010, 0.012, 0.008]), common)
    assert 0.01 in interval and 0 not in interval


def test_intervals_format_both_ends():
    assert f"{Interval(0.8817, 0.895):.1%}" == "[88.2%, 89.5%]"


def test_the_surest_mistakes_come_first():
    probabilities = np.array([[0.9, 0.1], [0.4, 0.6], [0.2, 0.8], [0.3, 0.7]])
    rows = stats.most_confident_mistakes(probabilities, np.array([1, 0, 1, 0]), 5)
    assert rows.tolist() == [0, 3, 1]


def test_noise_has_no_smoothness_and_a_slope_has_all():
    noise = np.random.default_rng(1).normal(size=(200, 28, 28))
    assert abs(stats.neighbour_correlation(noise).mean()) < 0.01
    slope = np.add.outer(np.arange(28), np.arange(28))[None].astype(float)
    assert stats.neighbour_correlation(slope)[0] == pytest.approx(1)
    board = (np.indices((28, 28)).sum(axis=0) % 2)[None].astype(float)
    assert stats.neighbour_correlation(board)[0] == pytest.approx(-1)


def test_smoothness_of_many_is_that_of_each():
    pictures = np.random.default_rng(2).normal(size=(3, 9, 5)).cumsum(axis=1)
    alone = [stats.neighbour_correlation(picture[None])[0] for picture in pictures]
    assert stats.neighbour_correlation(pictures) == pytest.approx(alone)


def test_mcnemar_counts_what_tells_two_apart():
    labels = np.zeros(20, int)
    first, second = np.zeros(20, int), np.zeros(20, int)
    second[:8] = 1  # the second is wrong where the first is right, eight times
    first[19] = 1  # and once the other way round
    found = stats.mcnemar(first, second, labels)
    assert (found.only_first, found.only_second) == (8, 1)
    assert found.p_value == pytest.approx(2 * (1 + 9) / 2**9)  # two tails of nine tosses of a fair coin
    assert stats.mcnemar(second, first, labels).p_value == found.p_value


def test_mcnemar_of_equals_finds_nothing():
    labels = np.arange(10)
    assert stats.mcnemar(labels, labels, labels) == (0, 0, 1.0)


def test_the_spread_is_that_of_a_sample():
    assert stats.mean_and_sd([1.0, 3.0]) == (2.0, 2**0.5)
