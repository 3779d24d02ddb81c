import shutil
import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from helpers.core import store
from helpers.core.backend import keras
from helpers.core.project import PROFILES, Problem
from helpers.fashion import networks, training
from helpers.fashion.augmentation import Augmentation
from tests.conftest import python

SETTING = """
    import sys
    import numpy as np
    from helpers.fashion import training
    from helpers.core.backend import keras

    def network():
        layers = keras.layers
        return keras.Sequential([keras.Input((20,)), layers.Dense(16, activation="relu"), layers.Dropout(0.3),
                                 layers.BatchNormalization(), layers.Dense(3, activation="softmax")])

    def data():
        random = np.random.default_rng(0)
        x = random.normal(size=(400, 20)).astype("float32")
        y = (x[:, :3] + random.normal(size=(400, 3))).argmax(axis=1).astype("int32")
        return training.Split(x[:300], y[:300], x[300:], y[300:])

    def recipe(epochs=8, patience=8):
        return training.Recipe(keras.optimizers.Adam(0.01), epochs, patience, batch_size=32)

    class Jitter:  # stands in for Augmentation, whose images these vectors are not
        def as_json(self):
            return {"flip": False}

        def apply(self, rows, random):
            return rows + random.normal(0, 0.1, rows.shape).astype("float32")

    def rich_recipe(epochs=8):
        cycle = training.one_cycle(0.1, epochs, 300, 32)
        optimizer = keras.optimizers.SGD(cycle, momentum=0.9, nesterov=True, weight_decay=0.001)
        return training.Recipe(optimizer, epochs, epochs, 32, label_smoothing=0.1, precision="mixed_bfloat16",
                               augmentation=Jitter(), average_epochs=3)
"""
here = {}
exec("\n".join(line[4:] for line in SETTING.splitlines()), here)
network, data, recipe, rich_recipe = here["network"], here["data"], here["recipe"], here["rich_recipe"]


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The history and the kept weights' digest of a run that nothing disturbed."""
    folder = tmp_path_factory.mktemp("training")
    history = training.train(network(), recipe(), data(), 7, folder)
    return history, networks.weights_digest(training.best_network(folder, history))


def test_a_run_is_a_function_of_its_seed(tmp_path, undisturbed):
    history = training.train(network(), recipe(), data(), 7, tmp_path / "again")
    assert history == undisturbed[0]
    other = training.train(network(), recipe(), data(), 8, tmp_path / "other")
    assert other != undisturbed[0]


def test_killed_at_any_moment_it_resumes_to_the_same_end(tmp_path, undisturbed):
    """kill -9 again and again, at moments spread over start, steps and checkpoints, until a run gets through."""
    code = SETTING + "\n    training.train(network(), recipe(), data(), 7, sys.argv[1])\n"
    folder = tmp_path / "killed"
    kills = 0
    for delay in (0.0, 0.15, 0.4, 0.03):
        process = python(code, folder)
        process.stdout.readline()  # the first epoch of this process is done and its checkpoint written
        time.sleep(delay)
        if process.poll() is None:
            process.send_signal(signal.SIGKILL)
            kills += 1
        process.communicate()
    history = training.train(network(), recipe(), data(), 7, folder)
    assert kills >= 3
    assert (history, networks.weights_digest(training.best_network(folder, history))) == undisturbed


def test_with_every_addition_it_resumes_to_the_same_end(tmp_path):
    """Schedule, changed images, smoothed labels, bfloat16 and averaged weights, killed twice on the way."""
    code = SETTING + "\n    training.train(network(), rich_recipe(), data(), 7, sys.argv[1])\n"
    for delay in (0.0, 0.1):
        process = python(code, tmp_path / "killed")
        process.stdout.readline()
        time.sleep(delay)
        process.send_signal(signal.SIGKILL)
        process.communicate()
    ends = []
    for folder in (tmp_path / "killed", tmp_path / "undisturbed"):
        history = training.train(network(), rich_recipe(), data(), 7, folder)
        ends.append((history, networks.weights_digest(training.best_network(folder, history))))
    assert ends[0] == ends[1]


def test_a_damaged_checkpoint_is_not_taken_for_good(tmp_path, undisturbed):
    folder = tmp_path / "damaged"
    training.train(network(), recipe(), data(), 7, folder)
    for path in folder.glob("epoch-*.keras"):
        path.write_bytes(path.read_bytes()[:-100])
    assert training.train(network(), recipe(), data(), 7, folder) == undisturbed[0]


def test_a_checkpoint_of_other_settings_is_not_continued(tmp_path, undisturbed):
    folder = tmp_path / "other"
    training.train(network(), recipe(), data(), 8, folder)
    assert training.train(network(), recipe(), data(), 7, folder) == undisturbed[0]


def test_a_longer_run_goes_on_from_a_shorter_one_but_not_the_other_way_round(tmp_path, undisturbed):
    folder = tmp_path / "longer"
    assert training.train(network(), recipe(epochs=3), data(), 7, folder) == undisturbed[0][:3]
    history = training.train(network(), recipe(), data(), 7, folder)
    assert (history, networks.weights_digest(training.best_network(folder, history))) == undisturbed
    assert training.train(network(), recipe(epochs=3), data(), 7, folder) == undisturbed[0][:3]


def test_only_the_best_and_the_last_state_stay(tmp_path, undisturbed):
    folder = tmp_path / "states"
    history = training.train(network(), recipe(), data(), 7, folder)
    names = {path.name for path in folder.glob("*.keras")}
    assert names == {training._state_file(8), training._state_file(training.best_epoch(history))}


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
    assert training.is_finished(history, recipe(epochs=8, patience=2)) is finished


def profiles(tmp_path):
    folders = {"models": tmp_path / "models", "training": tmp_path / "training"}
    return replace(PROFILES["train"], **folders), replace(PROFILES["report"], **folders)


def test_what_was_trained_is_loaded_as_it_was(tmp_path, undisturbed):
    train, report = profiles(tmp_path)
    arguments = (network(), "net/a", recipe(), data(), 7)
    made = training.trained(*arguments, train, "make train")
    loaded = training.trained(*arguments, report, "make train")
    assert loaded.history == made.history == undisturbed[0]
    assert loaded.kept_epoch == loaded.card["kept_epoch"]
    assert networks.weights_digest(loaded.network) == loaded.card["weights_sha256"] == undisturbed[1]
    assert getattr(loaded.network, "optimizer", None) is None  # nothing but what inference needs
    scores = networks.probabilities(loaded.network, data().val_x, batch_size=7)
    assert (scores.argmax(axis=1) == data().val_y).mean() == pytest.approx(loaded.card["val_accuracy"])


def test_the_report_profile_names_the_remedy(tmp_path):
    train, report = profiles(tmp_path)
    arguments = (network(), "net/a", recipe(epochs=1), data(), 7)
    with pytest.raises(Problem, match=r"is missing: get it back .*, or train it with `make train ONLY=x`"):
        training.trained(*arguments, report, "make train ONLY=x")
    training.trained(*arguments, train, "make train ONLY=x")
    history = report.models / "net" / "a.csv"
    history.write_text(history.read_text().replace("1,", "2,", 1))
    with pytest.raises(Problem, match=r"a\.csv is missing or does not match"):
        training.trained(*arguments, report, "make train ONLY=x")


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The profiles of a folder in which "net/a" was trained for three epochs at most."""
    train, report = profiles(tmp_path_factory.mktemp("kept"))
    training.trained(network(), "net/a", recipe(epochs=3), data(), 7, train, "make train ONLY=x")
    return report


def changed(field):
    """The data with one more row in front of the training images or the validation images, or with another order."""
    split = data()
    if field == "order":
        return replace(split, val_x=split.val_x[::-1])
    rows = {f"{field}_x": split.train_x[:1], f"{field}_y": split.train_y[:1]}
    return replace(split, **{name: np.concatenate([row, getattr(split, name)]) for name, row in rows.items()})


def of_adam(rate, **options):
    return replace(recipe(epochs=3), optimizer=keras.optimizers.Adam(rate, **options))


@pytest.mark.parametrize(
    ("asked", "words"),
    [
        ({"seed": 8}, "seed is 7, not 8"),
        ({"data": changed("train")}, "number of training images is {train}, not {more_train}"),
        ({"data": changed("val")}, "number of validation images is {val}, not {more_val}"),
        ({"data": changed("order")}, "digest of the validation images is "),
        ({"recipe": replace(recipe(epochs=3), batch_size=16)}, r"recipe\.batch_size is {batch}, not 16"),
        ({"recipe": replace(recipe(epochs=3), label_smoothing=0.1)}, r"recipe\.label_smoothing is 0\.0, not 0\.1"),
        (
            {"recipe": replace(recipe(epochs=3), augmentation=Augmentation(True, 2))},
            r"recipe\.augmentation is None, not ",
        ),
        ({"recipe": of_adam(0.02)}, r"recipe\.optimizer\.config\.learning_rate is 0\.00.*, not 0\.0199"),
        ({"recipe": of_adam(training.one_cycle(0.1, 3, 300, 32))}, "learning_rate is .*, not CosineDecay"),
        (
            {"recipe": replace(recipe(epochs=3), optimizer=keras.optimizers.SGD(0.01))},
            "class_name is 'Adam', not 'SGD'",
        ),
        ({"recipe": recipe(epochs=4)}, r"recipe\.epochs is 3, not 4"),
        ({"recipe": recipe(epochs=2)}, r"recipe\.epochs is 3, not 2"),
    ],
)
def test_a_network_that_was_made_otherwise_is_refused(kept, asked, words):
    facts = {"recipe": recipe(epochs=3), "data": data(), "seed": 7, **asked}
    sizes = {"train": len(data().train_x), "val": len(data().val_x), "batch": recipe().batch_size}
    words = words.format(**sizes, more_train=sizes["train"] + 1, more_val=sizes["val"] + 1)
    with pytest.raises(Problem, match=rf"net/a\.keras was not made as .*{words}.*`make train ONLY=x`") as caught:
        training.trained(network(), "net/a", *facts.values(), kept, "make train ONLY=x")
    assert "\n" not in str(caught.value)


def test_what_makes_no_difference_is_not_held_against_a_network(kept):
    """The optimiser's name, patience that no run of this length feels, a setting that another Keras knows, an early card."""
    for asked in (of_adam(0.01, name="other"), recipe(epochs=3, patience=99)):
        training.trained(network(), "net/a", asked, data(), 7, kept, "make train")
    path = kept.models / "net" / "a.json"
    card = store.read_json(path)
    late = {**card["recipe"], "optimizer": {**card["recipe"]["optimizer"], "config": {"learning_rate": 0.01, "new": 1}}}
    early = {key: card["recipe"][key] for key in ("optimizer", "epochs", "patience", "batch_size", "loss")}
    try:
        for fewer in ({**card, "recipe": late}, {**card, "recipe": early}, {**card, "split_sha256": None}):
            store.write_json(path, fewer)
            training.trained(network(), "net/a", recipe(epochs=3), data(), 7, kept, "make train")
        with pytest.raises(Problem, match=r"label_smoothing is 0\.0, not 0\.1"):
            smooth = replace(recipe(epochs=3), label_smoothing=0.1)
            store.write_json(path, {**card, "recipe": early})
            training.trained(network(), "net/a", smooth, data(), 7, kept, "make train")
    finally:
        store.write_json(path, card)


def test_a_run_that_ended_by_patience_serves_any_higher_limit(tmp_path):
    train, report = profiles(tmp_path)
    hasty = recipe(epochs=30, patience=1)
    made = training.trained(network(), "net/b", hasty, data(), 7, train, "make train")
    assert len(made.history) < 30
    training.trained(network(), "net/b", replace(hasty, epochs=90), data(), 7, report, "make train")
    with pytest.raises(Problem, match=r"recipe\.patience is 1, not 2"):
        training.trained(network(), "net/b", replace(hasty, patience=2), data(), 7, report, "make train")


def test_a_network_whose_file_carries_code_is_refused(tmp_path):
    path = tmp_path / "code.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)]).save(path)
    store.write_card(path, {})
    with pytest.raises(Problem, match=r"cannot read .*code\.keras"):
        networks.load(path, "make train")


def test_another_architecture_under_the_same_name_is_refused(tmp_path):
    """A file that vouches for itself but holds no network at all."""
    path = tmp_path / "net.keras"
    path.write_bytes(b"PK nothing of the kind")
    store.write_card(path, {})
    with pytest.raises(Problem, match="cannot read"):
        networks.load(path, "make train")


def test_the_layer_table_counts_what_keras_counts():
    net = network()
    table = networks.layer_table(net)
    assert sum(row.trainable + row.non_trainable for row in table) == net.count_params()
    assert [row.kind for row in table] == ["Dense", "Dropout", "BatchNormalization", "Dense"]
    assert sum(row.non_trainable for row in table) == 32


def test_a_fresh_copy_has_the_same_layers_and_its_own_weights():
    net = network()
    first, again, other = (networks.fresh_copy(net, seed) for seed in (1, 1, 2))
    assert networks.weights_digest(first) == networks.weights_digest(again) != networks.weights_digest(other)
    assert np.any(first.get_weights()[0] != net.get_weights()[0])


def test_two_trainings_of_the_same_run_at_once_agree(tmp_path, undisturbed):
    code = SETTING + "\n    print('end', training.train(network(), recipe(), data(), 7, sys.argv[1])[-1])\n"
    both = [python(code, tmp_path / "shared") for _ in range(2)]
    ends = [process.communicate()[0].splitlines()[-1] for process in both]
    assert ends == [f"end {undisturbed[0][-1]}"] * 2
    shutil.rmtree(tmp_path / "shared")


def test_the_kept_weights_are_the_running_mean_of_the_epochs(tmp_path, monkeypatch):
    """Followed by hand from the weights that each epoch ended with, batch-norm statistics included."""
    ended = []
    real = training._moved
    monkeypatch.setattr(training, "_moved", lambda mean, now, share: ended.append(now) or real(mean, now, share))
    recipe = training.Recipe(keras.optimizers.Adam(0.01), 5, 5, 32, average_epochs=3)
    history = training.train(network(), recipe, data(), 7, tmp_path)
    mean, means = ended[0], [ended[0]]
    for number, weights in enumerate(ended[1:], 2):
        mean = [old + (new - old) / min(number, 3) for old, new in zip(mean, weights, strict=True)]
        means.append(mean)
    assert len(ended) == 5
    best = training.best_epoch(history)
    kept = training.best_network(tmp_path, history)
    for mine, theirs in zip(means[best - 1], kept.get_weights(), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=1e-5, atol=1e-6)
    right = networks.probabilities(kept, data().val_x).argmax(axis=1) == data().val_y
    assert history[best - 1]["val_accuracy"] == pytest.approx(right.mean())


def test_averaging_leaves_the_training_itself_alone(tmp_path):
    """The losses on the training batches are those of a run without it: the mean is judged and kept, never trained on."""
    plain = training.train(network(), recipe(4), data(), 7, tmp_path / "plain")
    averaged = training.Recipe(keras.optimizers.Adam(0.01), 4, 8, 32, average_epochs=3)
    with_mean = training.train(network(), averaged, data(), 7, tmp_path / "mean")
    assert [row["loss"] for row in plain] == [row["loss"] for row in with_mean]
    assert [row["val_loss"] for row in plain][1:] != [row["val_loss"] for row in with_mean][1:]


def test_what_was_trained_in_bfloat16_is_kept_in_float32(tmp_path):
    train, report = profiles(tmp_path)
    mixed = training.Recipe(keras.optimizers.Adam(0.01), 2, 2, 32, precision="mixed_bfloat16")
    arguments = (network(), "net/mixed", mixed, data(), 7)
    training.trained(*arguments, train, "make train")
    kept = training.trained(*arguments, report, "make train")
    assert {layer.dtype_policy.name for layer in kept.network.layers} == {"float32"}
    right = networks.probabilities(kept.network, data().val_x).argmax(axis=1) == data().val_y
    assert kept.card["val_accuracy"] == float(right.mean())
    working = keras.models.load_model(train.training / "net" / "mixed" / training._state_file(kept.kept_epoch))
    assert [layer.compute_dtype for layer in working.layers] == ["bfloat16"] * 3 + ["float32"]
    assert networks.weights_digest(working) == kept.card["weights_sha256"]


def test_smoothed_labels_are_charged_for_certainty(tmp_path):
    """The loss in the history is the cross-entropy against 0.9 of the label and a tenth spread evenly."""
    smooth = training.Recipe(keras.optimizers.Adam(0.01), 1, 1, 32, label_smoothing=0.1)
    history = training.train(network(), smooth, data(), 7, tmp_path)
    scores = networks.probabilities(training.best_network(tmp_path, history), data().val_x)
    targets = 0.9 * np.eye(3)[data().val_y] + 0.1 / 3
    assert history[0]["val_loss"] == pytest.approx(-(targets * np.log(scores)).sum(axis=1).mean(), rel=1e-4)


def test_one_cycle_rises_to_its_peak_and_falls_to_nothing():
    rate = training.one_cycle(0.2, epochs=10, n_images=1000, batch_size=96)  # 11 steps an epoch
    rates = [float(rate(step)) for step in range(111)]
    assert rates[0] == pytest.approx(0.01)
    assert int(np.argmax(rates)) == 27 and max(rates) == pytest.approx(0.2)
    assert rates[110] == pytest.approx(0, abs=1e-6)
    assert np.all(np.diff(rates[27:]) < 0) and np.all(np.diff(rates[:28]) > 0)


def test_a_recipe_survives_its_card():
    made = training.Recipe(
        keras.optimizers.SGD(training.one_cycle(0.1, 2, 300, 32), momentum=0.9), 2, 2, 32, label_smoothing=0.1,
        precision="mixed_bfloat16", augmentation=Augmentation(flip=True, shift=2), average_epochs=3,
    )  # fmt: skip
    again = training.Recipe.from_json(made.as_json())
    assert again.as_json() == made.as_json()
    assert rich_recipe().as_json() == rich_recipe().as_json()  # whatever Keras calls the second optimiser
    assert again.augmentation == made.augmentation
    old = {key: made.as_json()[key] for key in ("optimizer", "epochs", "patience", "batch_size", "loss")}
    assert training.Recipe.from_json(old).precision == "float32"  # a card from before these fields


def test_a_schedule_is_stretched_to_other_data():
    """The recipe of a card, for a third of the images: the cycle has a third of the steps, and ends as low."""
    made = training.Recipe(keras.optimizers.SGD(training.one_cycle(0.1, 10, 900, 30)), 10, 10, 30)
    shorter = training.Recipe.from_json(made.as_json(), stretch=1 / 3).optimizer.get_config()["learning_rate"]["config"]
    longer = made.optimizer.get_config()["learning_rate"]["config"]
    assert shorter["decay_steps"] + shorter["warmup_steps"] == pytest.approx(100)
    assert longer["decay_steps"] + longer["warmup_steps"] == 300
    rate = keras.optimizers.schedules.CosineDecay(**shorter)
    assert max(float(rate(step)) for step in range(101)) == pytest.approx(0.1, rel=0.05)
    assert float(rate(100)) == pytest.approx(0, abs=1e-6)


def test_other_wiring_of_the_same_layers_is_another_network():
    def net(skip):
        x = first = keras.Input((4,))
        x = keras.layers.Dense(4)(x)
        y = keras.layers.Dense(4)(x)
        y = keras.layers.Add()([y, first if skip else x])
        return keras.Model(first, y)

    assert training._wiring(net(True)) == training._wiring(net(True)) != training._wiring(net(False))
