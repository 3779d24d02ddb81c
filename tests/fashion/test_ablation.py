from types import SimpleNamespace

import numpy as np
import pytest

from helpers.fashion import ablation
from helpers.fashion.ablation import Spread


def test_the_spread_is_that_between_seeds_and_not_between_arms():
    right = {"good": np.array([[1, 1, 1, 1], [1, 1, 1, 0]], bool), "bad": np.array([[0, 0, 0, 1], [0, 0, 0, 0]], bool)}
    spread = ablation.between_runs(right)
    assert spread == (pytest.approx(0.25**2 / 2), 2)
    assert ablation.between_runs({"one": right["good"][:1]}).degrees == 0


def test_the_gain_counts_seeds_and_images():
    base = np.zeros((2, 100), bool)
    better = base.copy()
    better[:, :20] = True
    mean, interval = ablation.gain([better], base, Spread(0.0, 10))
    half = 2.228139 * np.sqrt(0.2 * 0.8 * 100 / 99 / 100)
    assert mean == pytest.approx(0.2) and (interval.low, interval.high) == pytest.approx((0.2 - half, 0.2 + half))
    _, wider = ablation.gain([better], base, Spread(0.01, 10))
    assert wider.high - mean == pytest.approx(np.sqrt(half**2 + 2.228139**2 * 0.01))
    both, narrower = ablation.gain([better, base], base, Spread(0.01, 10))
    assert both == pytest.approx(0.1) and narrower.high - both < wider.high - mean


def test_its_interval_covers_the_true_gain():
    random, hits, trials = np.random.default_rng(0), 0, 400
    for _ in range(trials):
        chances = 0.85 + random.normal(0, 0.02, (6, 2, 1))  # six arms of two seeds that are all alike
        right = {arm: random.random((2, 1000)) < chance for arm, chance in enumerate(chances)}
        hits += 0 in ablation.gain([right[1]], right[0], ablation.between_runs(right))[1]
    assert 0.93 <= hits / trials <= 1


def test_one_run_an_arm_says_nothing_about_seeds():
    mean, interval = ablation.gain([np.ones((1, 5), bool)], np.zeros((1, 5), bool), Spread(0.0, 0))
    assert mean == 1 and interval.low == -np.inf


def test_the_gains_of_arms_are_taken_from_the_answers_of_their_runs():
    labels = np.array([0, 1, 1, 0])
    answers = {
        "plain": [[0, 0, 0, 0], [0, 1, 0, 0]],
        "plain+shifts": [[0, 1, 1, 0], [0, 1, 1, 1]],
        "full": [[0, 1, 1, 0], [0, 1, 1, 1]],
        "full-shifts": [[0, 0, 1, 1]] * 2,
    }
    arms = {arm: [SimpleNamespace(validation=np.eye(2)[each]) for each in runs] for arm, runs in answers.items()}
    right = ablation.right_answers(arms, labels)
    assert right["plain"].tolist() == [[True, False, False, True], [True, True, False, True]]
    assert ablation.changes(right) == ["shifts"]
    assert ablation.changes(right, "full-") == ["shifts"]
    spread = ablation.between_runs({arm: right[arm] for arm in ("plain", "plain+shifts")})
    assert spread.degrees == 2
    assert ablation.gain_over(right, "plain", "plain+shifts") == ablation.gain(
        [right["plain+shifts"]], right["plain"], spread
    )
    assert ablation.gain_over(right, "plain", "plain+shifts", "plain+shifts")[0] == pytest.approx(0.875 - 0.625)
    spread = ablation.between_runs({arm: right[arm] for arm in ("full", "full-shifts")})
    within = ablation.gain_over(right, "full-shifts", "full")
    assert within == ablation.gain([right["full"]], right["full-shifts"], spread)
    assert within[0] == pytest.approx(0.875 - 0.5)
