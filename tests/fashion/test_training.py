import shutil
from dataclasses import asdict, replace

import numpy as np
import pytest

from helpers.core.backend import keras
from helpers.fashion import networks, training
from helpers.fashion.training import TrainingConfig

SETTING = """
    import hashlib
    import sys
    import numpy as np
    from helpers.fashion import training
    from helpers.fashion.training import TrainingConfig
    from helpers.core.backend import keras

    def network():
        layers = keras.layers
        return keras.Sequential([keras.Input((5, 4, 1)), layers.Flatten(), layers.Dense(16, activation="relu"),
            layers.Dropout(0.3), layers.BatchNormalization(), layers.Dense(3, activation="softmax")])

    def data():
        random = np.random.default_rng(0)
        x = random.random((400, 5, 4, 1), dtype=np.float32)
        y = (x.reshape(400, 20)[:, :3] + 0.3 * random.normal(size=(400, 3))).argmax(axis=1).astype("int32")
        return training.Split(x[:300], y[:300], x[300:], y[300:])

    PLAIN = TrainingConfig("adam", learning_rate=0.01, epochs=5, patience=5, batch_size=32)
    RICH = TrainingConfig(learning_rate=0.1, schedule="one-cycle", weight_decay=0.001, epochs=5, patience=5, batch_size=32,
        label_smoothing=0.1, precision="mixed_bfloat16", flip=True, shift=1, rotate=5.0, brightness=0.1, erase=0.5,
        average_epochs=3)

    def end(config, folder, seed=7):
        run = training.train(network(), config, data(), seed, folder)
        rows = [{key: row[key] for key in training.HISTORY_COLUMNS} for row in run.history]
        return [rows, digest(run.best), digest(run.last)]

    def digest(network):
        return hashlib.sha256(b"".join(weight.tobytes() for weight in network.get_weights())).hexdigest()
"""
here = {}
exec("\n".join(line[4:] for line in SETTING.splitlines()), here)
network, data, end, PLAIN, RICH = (here[name] for name in ("network", "data", "end", "PLAIN", "RICH"))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """The folder of a plain run that nothing disturbs, and what it comes to."""
    folder = tmp_path_factory.mktemp("run")
    return folder, end(PLAIN, folder)


@pytest.fixture
def undisturbed(trained):
    """What a plain run comes to that nothing disturbs."""
    return trained[1]


def test_a_run_is_a_function_of_its_seed(tmp_path, undisturbed):
    assert end(PLAIN, tmp_path / "again") == undisturbed
    assert end(PLAIN, tmp_path / "other", seed=8) != undisturbed


def test_patience_that_was_spent_is_not_forgotten(tmp_path):
    hasty = replace(PLAIN, epochs=60, patience=3, learning_rate=0.1)
    undisturbed = end(hasty, tmp_path / "whole")
    stopped = len(undisturbed[0])
    assert stopped < 60
    for epochs in (stopped - 2, stopped - 1):
        end(replace(hasty, epochs=epochs), tmp_path / "parts")
    assert end(hasty, tmp_path / "parts") == undisturbed


def test_a_damaged_backup_and_one_of_other_settings_are_not_taken(tmp_path, trained):
    folder, undisturbed = shutil.copytree(trained[0], tmp_path / "run"), trained[1]
    path = folder / "backup.npz"
    path.write_bytes(path.read_bytes()[:-100])
    assert end(PLAIN, folder) == undisturbed
    end(replace(PLAIN, batch_size=50, epochs=1), folder)
    assert end(PLAIN, folder) == undisturbed
    assert len(end(replace(PLAIN, epochs=2), folder)[0]) == 2  # nor one of more epochs than are asked for


def test_the_log_has_one_line_for_each_epoch_after_any_number_of_starts(tmp_path):
    end(replace(PLAIN, epochs=3), tmp_path)
    log = tmp_path / "log.csv"
    log.write_text(log.read_text() + "3,of an epoch that was never backed up\n")
    end(replace(PLAIN, epochs=5), tmp_path)
    assert [line.partition(",")[0] for line in log.read_text().splitlines()] == ["epoch", "0", "1", "2", "3", "4"]


# --- the data ---------------------------------------------------------------------------------------------------------


def test_every_image_comes_once_an_epoch_in_an_order_of_that_epoch():
    batches, seen = training.Batches(data(), PLAIN, 7, 3), {}
    for epoch in (1, 2, 1):
        batches.begin(epoch)
        images = np.concatenate([batches[i][0] for i in range(len(batches))])
        assert sorted(map(bytes, images)) == sorted(map(bytes, data().train_x))
        assert np.array_equal(seen.setdefault(epoch, images), images)
    assert not np.array_equal(seen[1], seen[2])


def test_dropout_has_masks_of_its_own_in_every_epoch_and_the_same_in_an_epoch_that_comes_again():
    def state(seed, epoch):
        callback = training.SeedEpoch(training.Batches(data(), PLAIN, seed, 3))
        callback.set_model(network())
        callback.on_epoch_begin(epoch - 1)
        (dropout,) = [layer for layer in callback.model.layers if isinstance(layer, keras.layers.Dropout)]
        return tuple(keras.ops.convert_to_numpy(dropout.seed_generator.state))

    assert state(7, 1) == state(7, 1)
    assert len({state(7, 1), state(7, 2), state(8, 1)}) == 3


def test_keras_is_given_the_batches_in_their_order(tmp_path, monkeypatch):
    """fit shuffles the batches of a PyDataset, with a seed of nobody's, unless it is told not to."""
    asked, real = [], training.Batches.__getitem__
    monkeypatch.setattr(training.Batches, "__getitem__", lambda self, i: asked.append((self.epoch, i)) or real(self, i))
    end(replace(PLAIN, epochs=2), tmp_path)
    for epoch in (1, 2):
        order = [i for number, i in asked if number == epoch]
        assert order[-10:] == list(range(10))


def test_validation_images_are_never_augmented(tmp_path, monkeypatch):
    given = []
    monkeypatch.setattr(training, "augmented", lambda images, *_: given.append(images) or np.zeros_like(images))
    run = training.train(network(), replace(RICH, epochs=2, precision="float32"), data(), 7, tmp_path)
    train_images = {bytes(image) for image in data().train_x}
    assert given and all(bytes(image) in train_images for batch in given for image in batch)
    scores = networks.probabilities(run.last, data().val_x)
    smooth = 0.9 * np.eye(3)[data().val_y] + 0.1 / 3
    assert run.history[-1]["val_loss"] == pytest.approx(-(smooth * np.log(scores)).sum(axis=1).mean(), rel=1e-4)


def test_squared_error_is_given_vectors(tmp_path):
    run = training.train(network(), replace(PLAIN, epochs=1, loss="mean_squared_error"), data(), 7, tmp_path)
    scores = networks.probabilities(run.last, data().val_x)
    assert run.history[0]["val_loss"] == pytest.approx(np.mean((scores - np.eye(3)[data().val_y]) ** 2), rel=1e-4)


# --- averaging and schedules ------------------------------------------------------------------------------------------


def test_the_mean_of_the_weights_is_judged_and_kept_and_never_trained_on(tmp_path, monkeypatch):
    """Followed by hand from the weights that each epoch ended with, batch norm's statistics included."""
    ended, real = [], training.AveragedWeights.on_test_begin
    monkeypatch.setattr(
        training.AveragedWeights,
        "on_test_begin",
        lambda self, logs=None: ended.append(self.model.get_weights()) or real(self),
    )
    averaged = replace(PLAIN, epochs=5, average_epochs=3)
    run = training.train(network(), averaged, data(), 7, tmp_path / "mean")
    plain = training.train(network(), replace(PLAIN, epochs=5), data(), 7, tmp_path / "plain")
    assert [row["loss"] for row in run.history] == [row["loss"] for row in plain.history]
    assert [row["val_loss"] for row in run.history][1:] != [row["val_loss"] for row in plain.history][1:]
    mean = means = ended[0]
    means = [mean]
    for number, weights in enumerate(ended[1:], 2):
        mean = [old + (new - old) / min(number, 3) for old, new in zip(mean, weights, strict=True)]
        means.append(mean)
    for kept, epoch in ((run.best, training.best_epoch(run.history)), (run.last, 5)):
        for mine, theirs in zip(means[epoch - 1], kept.get_weights(), strict=True):
            np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize(
    ("schedule", "expected"),
    [
        ("constant", {0: 0.2, 110: 0.2}),
        ("inverse-time", {0: 0.2, 100: 0.1}),
        ("cosine", {0: 0.2, 55: 0.1, 110: 0.0}),
        ("one-cycle", {0: 0.01, 27: 0.2, 110: 0.0}),
    ],
)
def test_the_learning_rate_by_step(schedule, expected):
    config = TrainingConfig(learning_rate=0.2, schedule=schedule, decay=0.01, epochs=10, batch_size=96)
    rate = training.learning_rate(config, 1000)  # eleven steps an epoch
    for step, value in expected.items():
        assert float(rate(step) if callable(rate) else rate) == pytest.approx(value, abs=1e-6)


def test_a_configuration_is_plain_numbers_and_names_and_refuses_others():
    assert TrainingConfig(**asdict(RICH)) == RICH
    assert {type(value) for value in asdict(RICH).values()} <= {str, int, float, bool}
    for wrong in ({"optimizer": "SGD"}, {"schedule": "step"}):
        with pytest.raises(ValueError, match="unknown"):
            TrainingConfig(**wrong)


# --- when a run ends --------------------------------------------------------------------------------------------------


def rows(*accuracies):
    return [{"epoch": number, "val_accuracy": value} for number, value in enumerate(accuracies, 1)]


def test_the_first_of_equal_epochs_is_kept():
    assert training.best_epoch(rows(0.1, 0.5, 0.4, 0.5)) == 2
    assert training.best_epoch([]) == 0


@pytest.mark.parametrize(
    ("history", "finished"),
    [
        ([], False),
        (rows(0.5, 0.4), False),
        (rows(0.5, 0.4, 0.3), True),
        (rows(0.1, 0.2, 0.3), False),
        (rows(*[0.1, 0.2] * 4), True),
    ],
)
def test_patience_and_the_most_epochs_end_a_run(history, finished):
    assert training.is_finished(history, replace(PLAIN, epochs=8, patience=2)) is finished


def test_a_network_in_another_wiring_is_another_run():
    def net(skip):
        x = first = keras.Input((4,))
        x = keras.layers.Dense(4)(x)
        y = keras.layers.Dense(4)(x)
        y = keras.layers.Add()([y, first if skip else x])
        return keras.Model(first, y)

    assert networks.wiring(net(True)) == networks.wiring(net(True)) != networks.wiring(net(False))
