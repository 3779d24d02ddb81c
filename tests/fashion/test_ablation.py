from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from helpers.fashion import ablation


def _runs(*shares, images=100):
    """An arm whose runs are right on these shares of the images, the first ones."""
    return np.arange(images) < images * np.array(shares)[:, None]


def _half_width(right, base, *arms):
    gain, interval = ablation.gain_over(right, base, *arms)
    assert interval.high - gain == pytest.approx(gain - interval.low)
    return interval.high - gain


def test_with_seeds_that_agree_the_interval_is_that_of_the_images():
    right = {"plain": _runs(0, 0), "plain+shifts": _runs(0.2, 0.2)}
    assert ablation.gain_over(right, "plain", "plain+shifts")[0] == pytest.approx(0.2)
    by_images = stats.t.ppf(0.975, 2) * np.sqrt(0.2 * 0.8 * 100 / 99 / 100)
    assert _half_width(right, "plain", "plain+shifts") == pytest.approx(by_images)


def test_the_spread_is_that_between_seeds_and_not_between_arms():
    right = {"plain": _runs(0.5, 0.5), "plain+shifts": _runs(0.5, 0.5), "plain+flips": _runs(0.7, 0.9)}
    variance = (0.1**2 + 0.1**2) / 3  # three degrees of freedom
    by_seeds = stats.t.ppf(0.975, 3) * np.sqrt(variance * (1 / 2 + 1 / 2))
    assert _half_width(right, "plain", "plain+shifts") == pytest.approx(by_seeds)


def test_the_full_arms_and_the_others_have_a_spread_of_their_own():
    right = {
        "plain": _runs(0.5, 0.5),
        "plain+shifts": _runs(0.5, 0.5),
        "full": _runs(0.6, 0.8),
        "full-shifts": _runs(0.7, 0.7),
    }
    assert _half_width(right, "plain", "plain+shifts") == 0
    assert _half_width(right, "full-shifts", "full") > 0.1


def test_several_arms_are_averaged_and_say_more():
    right = {"plain": _runs(0.1, 0.3), "plain+shifts": _runs(0.5, 0.5), "plain+flips": _runs(0.7, 0.7)}
    gain, interval = ablation.gain_over(right, "plain", "plain+shifts", "plain+flips")
    assert gain == pytest.approx(0.6 - 0.2)
    assert interval.high - gain < _half_width(right, "plain", "plain+shifts")


def test_its_interval_covers_the_true_gain():
    random, hits, trials = np.random.default_rng(0), 0, 400
    for _ in range(trials):
        chances = 0.85 + random.normal(0, 0.02, (6, 2, 1))  # six arms of two seeds that are all alike
        right = {str(arm): random.random((2, 1000)) < chance for arm, chance in enumerate(chances)}
        hits += 0 in ablation.gain_over(right, "0", "1")[1]
    assert 0.93 <= hits / trials <= 1


def test_one_run_an_arm_says_nothing_about_seeds():
    gain, interval = ablation.gain_over({"plain": _runs(0), "plain+shifts": _runs(1)}, "plain", "plain+shifts")
    assert gain == 1 and interval.low == -np.inf


def test_what_is_right_is_taken_from_the_answers_of_the_runs():
    labels = np.array([0, 1, 1, 0])
    answers = {
        "plain": [[0, 0, 0, 0], [0, 1, 0, 0]],
        "plain+shifts": [[0, 1, 1, 0], [0, 1, 1, 1]],
        "full-shifts": [[0, 0, 1, 1]] * 2,
    }
    arms = {arm: [SimpleNamespace(validation=np.eye(2)[each]) for each in runs] for arm, runs in answers.items()}
    right = ablation.right_answers(arms, labels)
    assert right["plain"].tolist() == [[True, False, False, True], [True, True, False, True]]
    assert ablation.changes(right) == ["shifts"]
    assert ablation.changes(right, "full-") == ["shifts"]
    assert ablation.gain_over(right, "plain", "plain+shifts")[0] == pytest.approx(0.875 - 0.625)
