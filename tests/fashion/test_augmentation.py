import numpy as np
import pytest

from helpers.core.backend import keras
from helpers.fashion import training
from helpers.fashion.augmentation import ERASED_AREA, Augmentation


@pytest.fixture(scope="module")
def images():
    """Pictures of which no two pixels are alike, so that every change can be told from its result."""
    return np.random.default_rng(0).random((200, 28, 28, 1), dtype=np.float32) * 0.5 + 0.25


def changed(images, seed=1, **options):
    return Augmentation(**options).apply(images, np.random.default_rng(seed))


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
    everything = {"flip": True, "shift": 2, "erase": 0.5}
    np.testing.assert_array_equal(changed(images, **everything), changed(images, **everything))
    assert not np.array_equal(changed(images, **everything), changed(images, seed=2, **everything))
    np.testing.assert_array_equal(images, before)


def test_it_survives_a_card():
    some = Augmentation(True, 3, 0.25)
    assert Augmentation(**some.as_json()) == some


def test_validation_images_are_never_changed(tmp_path, images, monkeypatch):
    """What `apply` is given is the training images, shuffled, once an epoch; what the network is judged by is untouched."""
    given = []

    def spy(self, batch, random):
        given.append(batch)
        return np.zeros_like(batch)  # a change so crude that judging by changed images would show

    monkeypatch.setattr(Augmentation, "apply", spy)
    layers = keras.layers
    network = keras.Sequential([keras.Input((28, 28, 1)), layers.Flatten(), layers.Dense(2, activation="softmax")])
    labels = np.arange(200, dtype="int32") % 2
    data = training.Split(images[:150], labels[:150], images[150:], labels[150:])
    for averaged in (1, 2):
        recipe = training.Recipe(
            keras.optimizers.SGD(0.1), 2, augmentation=Augmentation(flip=True), average_epochs=averaged
        )
        history = training.train(network, recipe, data, 1, tmp_path / str(averaged))
        kept = training.best_network(tmp_path / str(averaged), history)
        best = history[training.best_epoch(history) - 1]
        untouched = kept.predict(images[150:], verbose=0)
        assert best["val_loss"] == pytest.approx(-np.log(untouched[np.arange(50), labels[150:]]).mean(), rel=1e-4)
    train_images = sorted(image.tobytes() for image in images[:150])
    assert len(given) == 4
    assert all(sorted(image.tobytes() for image in batch) == train_images for batch in given)
