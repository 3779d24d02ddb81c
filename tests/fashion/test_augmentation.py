from types import SimpleNamespace

import numpy as np
import pytest

from helpers.fashion.augmentation import ERASED_AREA, augmented


@pytest.fixture(scope="module")
def images():
    """Pictures of which no two pixels are alike, so that every change can be told from its result."""
    return np.random.default_rng(0).random((200, 28, 28, 1), dtype=np.float32) * 0.5 + 0.25


NOTHING = {"flip": False, "shift": 0, "rotate": 0.0, "brightness": 0.0, "erase": 0.0}


def changed(images, seed=1, **options):
    return augmented(images, SimpleNamespace(**{**NOTHING, **options}), np.random.default_rng(seed))


def test_nothing_asked_for_nothing_changed(images):
    np.testing.assert_array_equal(changed(images), images)


def test_half_of_the_images_are_mirrored_and_the_rest_left(images):
    result = changed(images, flip=True)
    mirrored = (result == images[:, :, ::-1]).all(axis=(1, 2, 3))
    left = (result == images).all(axis=(1, 2, 3))
    assert (mirrored ^ left).all()
    assert 70 < mirrored.sum() < 130


def test_every_image_has_a_shift_of_its_own_within_the_limit(images):
    result = changed(images, shift=2)
    padded = np.pad(images, ((0, 0), (2, 2), (2, 2), (0, 0)))
    found = []
    for image, whole in zip(result, padded, strict=True):
        fits = [
            (y - 2, x - 2) for y in range(5) for x in range(5) if np.array_equal(whole[y : y + 28, x : x + 28], image)
        ]
        assert len(fits) == 1
        found += fits
    assert set(found) == {(y, x) for y in range(-2, 3) for x in range(-2, 3)}


def test_a_rectangle_of_noise_in_the_asked_share_of_images(images):
    result = changed(images, erase=0.5)
    touched = np.flatnonzero((result != images).any(axis=(1, 2, 3)))
    assert 70 < len(touched) < 130
    for number in touched:
        rows, columns = np.nonzero(result[number, :, :, 0] != images[number, :, :, 0])
        area = (np.ptp(rows) + 1) * (np.ptp(columns) + 1)
        assert len(rows) == area  # a full rectangle, and nothing beside it
        assert ERASED_AREA[0] * 784 * 0.6 < area < ERASED_AREA[1] * 784 * 1.2
    assert result.min() >= 0 and result.max() <= 1


def test_the_same_generator_gives_the_same_changes_and_the_input_stays(images):
    before = images.copy()
    everything = {"flip": True, "shift": 2, "rotate": 10.0, "brightness": 0.2, "erase": 0.5}
    np.testing.assert_array_equal(changed(images, **everything), changed(images, **everything))
    assert not np.array_equal(changed(images, **everything), changed(images, seed=2, **everything))
    np.testing.assert_array_equal(images, before)


def test_rotation_turns_about_the_middle_and_brightness_scales(images):
    turned = changed(images, rotate=10.0)
    disc = np.hypot(*np.mgrid[-13.5:14, -13.5:14]) < 10
    assert not np.array_equal(turned, images) and turned.dtype == np.float32
    assert np.abs(turned[:, disc].mean(axis=1) / images[:, disc].mean(axis=1) - 1).max() < 0.05
    ratio = changed(images, brightness=0.2) / images
    assert ratio.reshape(200, -1).std(axis=1).max() < 1e-6  # no pixel of these reaches the limit
    assert 0.8 <= ratio.min() < 0.85 and 1.15 < ratio.max() <= 1.2001
    assert changed(images * 2, brightness=0.5).max() <= 1
