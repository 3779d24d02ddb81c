"""Occlusion maps, changed images and near-duplicates, on a predictor whose answer is known."""

from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.core.backend import keras
from helpers.core.project import PROFILES, Problem
from helpers.fashion import architectures, explain, networks


def corner(images):
    """Says class 1 as surely as the upper left corner is bright."""
    share = images[:, :4, :4, 0].mean(axis=(1, 2))
    return np.stack([1 - share, share], axis=1)


def test_occlusion_finds_what_the_class_needs():
    found = explain.occlusion_map(corner, np.ones((28, 28, 1), np.float32), 1)
    assert found[0, 0] == pytest.approx(1) and found[1, 1] > found[5, 5] > 0
    assert not found[12:, 12:].any()
    np.testing.assert_allclose(found, -explain.occlusion_map(corner, np.ones((28, 28, 1), np.float32), 0))


def test_changes_do_what_they_say():
    dot = np.zeros((1, 28, 28, 1), np.float32)
    dot[0, 5, 10] = 0.8
    assert explain.shifted(dot, 3)[0, 5, 13, 0] == np.float32(0.8) and explain.shifted(dot, 3).sum() == dot.sum()
    np.testing.assert_array_equal(explain.shifted(dot, 0), dot)
    np.testing.assert_allclose(explain.rotated(dot, 90)[0, :, :, 0], np.rot90(dot[0, :, :, 0]), atol=1e-6)
    assert explain.brightened(dot, 2).max() == 1
    flickering = explain.noisy(dot + 0.5, 0.1)
    assert 0.05 < (flickering - dot - 0.5)[0, 20:].std() < 0.15 and flickering.max() <= 1


def test_nearness_tells_the_closest_images_apart():
    random = np.random.default_rng(0)
    training = random.random((30, 28, 28, 1), dtype=np.float32)
    images = random.random((40, 28, 28, 1), dtype=np.float32)
    images[4] = training[9] + np.float32(0.01)
    labels, answers = np.arange(40) % 2, np.zeros(40, int)
    found = explain.nearness(images, labels, answers, training, np.zeros(30, int), 20)
    assert (
        found.distance.shape == (20,)
        and found.distance[2] == pytest.approx(0.01, rel=1e-3)
        and found.close[2]
        and found.close.sum() == 1
    )
    assert found.same.all() and found.right.all()  # every second image, and these are all of class 0


def test_images_taken_for_another_class_come_surest_first():
    probabilities = np.array([[0.4, 0.6], [0.1, 0.9], [0.8, 0.2], [0.3, 0.7]])
    labels = np.array([0, 0, 0, 1])
    assert explain.taken_for(probabilities, labels, 0, 1, 5).tolist() == [1, 0]
    assert explain.taken_for(probabilities, labels, 0, 1, 1).tolist() == [1]
    assert explain.taken_for(probabilities, labels, 1, 0, 3).tolist() == []


@pytest.fixture
def residual():
    keras.utils.set_random_seed(1)
    return architectures.residual((4, 8))


def test_an_activation_map_adds_up_to_the_score(residual):
    images = np.random.default_rng(0).random((2, 28, 28, 1), dtype=np.float32)
    found = explain.activation_maps(residual, images, np.array([3, 7]))
    pooled, _ = networks.outputs_of(residual, images, [-2, -1])
    weights = residual.layers[-1].get_weights()[0]
    assert found.shape == (2, 28, 28)
    np.testing.assert_allclose(
        found.mean(axis=(1, 2)), [pooled[0] @ weights[:, 3], pooled[1] @ weights[:, 7]], atol=1e-3
    )


def test_answers_under_change_are_stored_with_the_networks_that_gave_them(residual, tmp_path):
    run = SimpleNamespace(network=residual, path=Path("net-0.keras"), card={"files": {"net-0.keras": "a1"}})
    images, labels = np.random.default_rng(1).random((13, 28, 28, 1), dtype=np.float32), np.arange(13) % 10
    asked = {"net": run}, images, labels, {"shift": (explain.shifted, (0, 3))}
    train, report = (replace(PROFILES[name], results=tmp_path) for name in ("train", "report"))
    made = explain.right_under_change(*asked, train, "make train")
    moved = networks.probabilities(residual, explain.shifted(images, 3)).argmax(axis=1) == labels
    np.testing.assert_array_equal(made["shift"]["net"][1], moved)
    np.testing.assert_array_equal(
        explain.right_under_change(*asked, report, "make train")["shift"]["net"], made["shift"]["net"]
    )
    run.card["files"]["net-0.keras"] = "b2"
    with pytest.raises(Problem, match="made with other settings"):
        explain.right_under_change(*asked, report, "make train")
