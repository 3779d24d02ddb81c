from dataclasses import replace

import numpy as np
import pytest

from helpers.core import store
from helpers.core.backend import keras
from helpers.core.project import PROFILES, Problem
from helpers.fashion import ablation, training
from tests.test_training import data, network


def recipes(*names, epochs=2):
    rates = {"base": 0.01, "+ fast": 0.03, "+ mean": 0.01}
    return {
        name: training.Recipe(
            keras.optimizers.Adam(rates[name]), epochs, epochs, 32, average_epochs=1 + (name == "+ mean")
        )
        for name in names
    }


def profiles(tmp_path):
    folders = {"results": tmp_path / "results", "training": tmp_path / "training"}
    return replace(PROFILES["train"], **folders), replace(PROFILES["report"], **folders)


def compared(profile, arms=("base", "+ fast", "+ mean"), seeds=2, **options):
    return ablation.compared(
        network(), recipes(*arms, **options), data(), seeds, "net_ablation", profile, 1, "make train"
    )


def test_what_is_stored_is_what_the_networks_say(tmp_path):
    train, report = profiles(tmp_path)
    record = compared(train)
    assert compared(report) == record
    assert [(run["arm"], run["run"]) for run in record["runs"]][:4] == [
        ("base", 0),
        ("+ fast", 0),
        ("+ mean", 0),
        ("base", 1),
    ]
    right = ablation.right(record, data().val_y)
    assert {name: hits.shape for name, hits in right.items()} == dict.fromkeys(("base", "+ fast", "+ mean"), (2, 100))
    folder = tmp_path / "training" / "net" / "ablation" / "mean-1"
    last = store.read_json(folder / "progress.json")["history"][-1]  # judged by the last epoch, and by its mean
    assert right["+ mean"][1].mean() == pytest.approx(last["val_accuracy"])


def test_it_goes_on_where_it_was_broken_off(tmp_path, monkeypatch):
    train, report = profiles(tmp_path)
    whole = compared(replace(train, results=tmp_path / "whole", training=tmp_path / "elsewhere"))
    trained = []
    real = training.train

    def fails_at_the_third(*arguments):
        if len(trained) == 2:
            raise KeyboardInterrupt
        trained.append(arguments[-1])
        return real(*arguments)

    monkeypatch.setattr(training, "train", fails_at_the_third)
    with pytest.raises(KeyboardInterrupt):
        compared(train)
    with pytest.raises(Problem, match=r"net_ablation\.json was never finished: go on with `make train`"):
        compared(report)
    monkeypatch.setattr(training, "train", lambda *arguments: trained.append(arguments[-1]) or real(*arguments))
    record = compared(train)
    assert trained == ["base 0", "+ fast 0", "+ mean 0", "base 1", "+ fast 1", "+ mean 1"]  # none of them twice
    assert [run["predicted"] for run in record["runs"]] == [run["predicted"] for run in whole["runs"]]


def test_the_report_profile_wants_the_very_experiment(tmp_path):
    train, report = profiles(tmp_path)
    with pytest.raises(Problem, match=r"is missing: make it with `make train`"):
        compared(report, seeds=1)
    compared(train, arms=("base",), seeds=1)
    with pytest.raises(Problem, match="made with other settings"):
        compared(report, arms=("base", "+ fast"), seeds=1)
    with pytest.raises(Problem, match="made with other settings"):
        compared(report, arms=("base",), seeds=2)


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
