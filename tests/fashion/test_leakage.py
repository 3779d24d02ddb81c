"""The trap: what it reports of the leaking and of the clean images, and that it resumes."""

from dataclasses import replace

import numpy as np
import pytest

from helpers.core.backend import keras
from helpers.core.project import PROFILES, Problem
from helpers.fashion import leakage, training


def network():
    layers = keras.layers
    return keras.Sequential(
        [
            keras.Input((30,)),
            layers.Dense(64, activation="relu"),
            layers.Dropout(0.1),
            layers.Dense(3, activation="softmax"),
        ]
    )


def noise(count, seed):
    """Images without a rule: what is right about them can only have been remembered."""
    random = np.random.default_rng(seed)
    return random.normal(size=(count, 30)).astype("float32"), random.integers(0, 3, count).astype("int32")


def arguments(epochs=2):
    split = training.Split(*noise(200, 0), *noise(600, 1), *noise(600, 2))
    return network(), training.TrainingConfig("adam", 0.01, epochs=epochs, batch_size=32), split


def test_on_noise_all_that_it_shows_is_memory(tmp_path):
    fits = leakage.refitted(*arguments(12), 5, tmp_path, fits=4)
    share = {kind: [fit[kind][0] / fit[kind][1] for fit in fits] for kind in ("false", "clean", "test")}
    assert share["false"][0] < 0.55 and share["false"][-1] > 0.6  # it "learns" what cannot be learned
    assert max(share["clean"] + share["test"]) < 0.45
    assert [len(fit["curve"]) for fit in fits] == [12] * 4
    assert fits[0]["false"][1] == 20  # the last tenth of the pool, as Keras takes it
    assert fits[2]["curve"][-1]["false_val_accuracy"] == pytest.approx(share["false"][2])
    assert fits[2]["curve"][-1]["clean_accuracy"] == pytest.approx(share["clean"][2])


def test_stopped_between_fits_it_goes_on(tmp_path):
    whole = leakage.refitted(*arguments(), 5, tmp_path / "whole", fits=3)
    leakage.refitted(*arguments(), 5, tmp_path / "parts", fits=1)
    assert leakage.refitted(*arguments(), 5, tmp_path / "parts", fits=3) == whole
    assert leakage.refitted(*arguments(), 5, tmp_path / "parts", fits=2) == whole[:2]
    assert leakage.refitted(*arguments(), 6, tmp_path / "parts", fits=1) != whole[:1]


def test_a_stored_measurement_of_other_settings_is_refused(tmp_path):
    folders = {"results": tmp_path, "training": tmp_path / "training"}
    report, train = (replace(PROFILES[name], **folders) for name in ("report", "train"))
    with pytest.raises(Problem, match=r"mlp_reshuffle\.json is missing: .*`make train`"):
        leakage.reshuffle_chains(*arguments(), report, 1, "make train", chains=1, fits=1)
    made = leakage.reshuffle_chains(*arguments(), train, 1, "make train", chains=1, fits=1)
    assert leakage.reshuffle_chains(*arguments(), report, 1, "make train", chains=1, fits=1) == made
    for wrong in ({"chains": 3, "fits": 1}, {"chains": 1, "fits": 9}):
        with pytest.raises(Problem, match=r"mlp_reshuffle\.json was made with other settings .*`make train`"):
            leakage.reshuffle_chains(*arguments(), report, 1, "make train", **wrong)
