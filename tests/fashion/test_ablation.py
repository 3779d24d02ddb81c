from dataclasses import replace

import numpy as np
import pytest

from helpers.core.project import PROFILES, Problem
from helpers.fashion import ablation, training
from tests.fashion.test_training import PLAIN, data, network

ARMS = {"base": {}, "+ fast": {"learning_rate": 0.03}, "+ mean": {"average_epochs": 3}}


def ran(profile, arms=tuple(ARMS), seeds=2):
    configs = {name: replace(PLAIN, epochs=2, patience=2, **ARMS[name]) for name in arms}
    return ablation.one_change_at_a_time(network(), configs, data(), seeds, profile, 1, "make train")


def test_what_is_stored_is_judged_by_the_last_epoch_and_other_settings_are_refused(tmp_path):
    folders = {"results": tmp_path / "results", "training": tmp_path / "training"}
    train, report = (replace(PROFILES[name], **folders) for name in ("train", "report"))
    with pytest.raises(Problem, match=r"cnn_ablation\.json is missing: .*`make train`"):
        ran(report)
    record = ran(train)
    assert ran(report) == record
    assert [(run["arm"], run["run"]) for run in record["runs"]][:4] == [*((arm, 0) for arm in ARMS), ("base", 1)]
    right = ablation.right(record, data().val_y)
    assert {name: hits.shape for name, hits in right.items()} == dict.fromkeys(ARMS, (2, 100))
    mean = training.train(
        network(), replace(PLAIN, epochs=2, patience=2, average_epochs=3), data(),
        ablation.seed_for("cnn_ablation/1", 1), train.training / "cnn" / "ablation" / "mean-1",
    )  # fmt: skip
    assert right["+ mean"][1].mean() == pytest.approx(mean.history[-1]["val_accuracy"])
    for wrong in ({"arms": ("base", "+ fast")}, {"seeds": 1}):
        with pytest.raises(Problem, match="made with other settings"):
            ran(report, **wrong)


def test_the_gain_is_paired_by_image_and_run():
    base = np.array([[1, 1, 0, 0, 0, 1, 1, 1], [1, 0, 0, 0, 1, 1, 1, 1]], bool)
    better = base.copy()
    better[:, 2] = True  # one image more, in both runs
    gains, interval = ablation.gain(better, base)
    assert gains == [1 / 8, 1 / 8]
    half = 1.959964 * np.sqrt(1 / 8 * 7 / 8 * 8 / 7) / np.sqrt(8)
    assert (interval.low, interval.high) == pytest.approx((1 / 8 - half, 1 / 8 + half))
    same, nothing = ablation.gain(base, base)
    assert same == [0, 0] and (nothing.low, nothing.high) == (0, 0)
