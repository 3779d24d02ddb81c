"""The arrays: the public release, seen by its sums; splits that do not depend on order."""

import numpy as np
import pytest

from helpers.core import project
from helpers.fashion import dataset


def test_the_data_are_the_public_release(data):
    assert data.train_images.shape == (60000, 28, 28) and data.test_images.shape == (10000, 28, 28)
    assert np.bincount(data.train_labels).tolist() == [6000] * 10
    assert np.bincount(data.test_labels).tolist() == [1000] * 10
    scaled = np.float32(np.arange(256)) / np.float32(255)
    counts = np.bincount(data.train_images.ravel())
    mean = np.average(scaled.astype(float), weights=counts)
    assert mean == pytest.approx(0.2860, abs=5e-5)
    assert np.sqrt(np.average((scaled - mean) ** 2, weights=counts)) == pytest.approx(0.3530, abs=5e-5)
    assert np.array_equal(dataset.scaled(data.test_images[:5]), scaled[data.test_images[:5].reshape(5, -1)])


def test_the_sliver_is_stratified():
    sliver = dataset.load(project.profile_named("smoke"))
    assert np.bincount(sliver.train_labels).tolist() == [100] * 10
    assert np.bincount(sliver.test_labels).tolist() == [30] * 10


# --- splits -----------------------------------------------------------------------------------------------------------


def test_a_split_is_stratified_and_whole(data):
    training, validation = dataset.split(data.train_images, data.train_labels, 0.1, seed=5)
    assert np.bincount(data.train_labels[validation]).tolist() == [600] * 10
    assert sorted([*training, *validation]) == list(range(60000))


def test_a_split_does_not_depend_on_the_order_of_rows(data):
    images, labels = data.train_images[:3000], data.train_labels[:3000]
    shuffled = np.random.default_rng(0).permutation(3000)
    first = dataset.split(images, labels, 0.2, seed=1)
    second = dataset.split(images[shuffled], labels[shuffled], 0.2, seed=1)
    for rows, other in zip(first, second, strict=True):
        assert np.array_equal(images[rows], images[shuffled][other])
        assert np.array_equal(labels[rows], labels[shuffled][other])


def test_another_seed_is_another_split(data):
    images, labels = data.train_images[:3000], data.train_labels[:3000]
    first, second = (set(dataset.split(images, labels, 0.2, seed)[1].tolist()) for seed in (1, 2))
    assert 0.1 < len(first & second) / len(first) < 0.3  # as chance would have it: a fifth
