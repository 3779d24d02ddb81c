"""Occlusion maps, changed images and near-duplicates, on a predictor whose answer is known."""

import numpy as np
import pytest

from helpers.fashion import explain


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


def test_the_nearest_training_image_is_found():
    random = np.random.default_rng(0)
    training = random.random((30, 16), dtype=np.float32)
    images = training[[7, 3, 29]] + np.float32(0.01)
    rows, distances = explain.nearest_training_images(images, training, block=2)
    assert rows.tolist() == [7, 3, 29]
    np.testing.assert_allclose(distances, 0.01, rtol=1e-3)
