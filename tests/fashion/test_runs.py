"""What is stored of a trained network, and when it is taken for the one that is asked for."""

from dataclasses import asdict, replace
from types import SimpleNamespace

import numpy as np
import pytest

from helpers.core import store
from helpers.core.backend import keras
from helpers.core.project import MODELS, PROFILES, Problem
from helpers.fashion import experiments, networks, runs, training
from helpers.fashion.runs import Request
from tests.fashion.test_training import PLAIN, data, network

SHORT = replace(PLAIN, epochs=3)
# a run that gets worse, judged by its last epoch
WORSE = {"name": "net/c-0", "config": replace(SHORT, learning_rate=1.0), "seed": 8, "keep": False, "last": True}


def with_test(split):
    return replace(split, test_x=split.val_x[:20], test_y=split.val_y[:20])


def asked(**changes):
    facts = {
        "network": network(),
        "name": "net/a-0",
        "config": SHORT,
        "data": with_test(data()),
        "seed": 7,
        "keep": True,
    }
    return Request(**{**facts, **changes})


@pytest.fixture(scope="module")
def kept(tmp_path_factory):
    """The report profile of a folder in which "net/a-0" was trained for three epochs, "net/b-0" without its
    network, and "net/c-0" judged by its last epoch."""
    folder = tmp_path_factory.mktemp("kept")
    folders = {"models": folder / "models", "training": folder / "training"}
    for request in (asked(), asked(name="net/b-0", keep=False), asked(**WORSE)):
        runs.trained(request, replace(PROFILES["train"], **folders), "make train")
    return replace(PROFILES["report"], **folders)


def test_what_is_stored_is_what_was_judged(kept):
    made = runs.trained(asked(), kept, "make train")
    assert len(made.history) == made.card["epochs_run"] == 3
    assert made.kept_epoch == made.card["kept_epoch"]
    assert (made.validation.argmax(axis=1) == data().val_y).mean() == pytest.approx(made.card["val_accuracy"])
    for stored, images in (
        (made.validation, data().val_x),
        (made.test, made_test()),
        (made.mirrored, made_test()[:, :, ::-1]),
    ):
        np.testing.assert_allclose(stored, networks.probabilities(made.network, images, 7), atol=1e-4)
    assert {layer.dtype_policy.name for layer in made.network.layers} == {"float32"}
    halves = [weight.astype("float16").astype("float32") for weight in made.network.get_weights()]
    assert all(np.array_equal(half, weight) for half, weight in zip(halves, made.network.get_weights(), strict=True))
    assert getattr(made.network, "optimizer", None) is None  # nothing but what inference needs


def test_an_experiment_is_judged_by_its_last_epoch(kept):
    made = runs.trained(asked(**WORSE), kept, "make train")
    run = training.train(network(), WORSE["config"], with_test(data()), WORSE["seed"], kept.training / "net/c-0")
    assert made.kept_epoch == 3 > training.best_epoch(made.history)
    np.testing.assert_allclose(made.validation, networks.probabilities(run.last, data().val_x), atol=1e-4)


def made_test():
    return with_test(data()).test_x


def test_of_later_seeds_the_predictions_are_enough(kept):
    made = runs.trained(asked(name="net/b-0", keep=False), kept, "make train ONLY=x")
    assert made.test.shape == (20, 3)
    with pytest.raises(Problem, match="only the predictions are stored: train it anew with `make train ONLY=x`"):
        _ = made.network


def changed(field):
    """The data with one more row in front of the training images or the validation images, or with another order."""
    split = with_test(data())
    if field == "order":
        return replace(split, val_x=split.val_x[::-1])
    rows = {f"{field}_x": split.train_x[:1], f"{field}_y": split.train_y[:1]}
    return replace(split, **{name: np.concatenate([row, getattr(split, name)]) for name, row in rows.items()})


@pytest.mark.parametrize(
    ("request_changes", "words"),
    [
        ({"seed": 8}, "the seed is 7, not 8"),
        ({"data": changed("train")}, "number of training images is 300, not 301"),
        ({"data": changed("val")}, "number of validation images is 100, not 101"),
        ({"data": changed("order")}, "digest of the validation images is "),
        ({"config": replace(SHORT, batch_size=16)}, r"config\.batch_size is 32, not 16"),
        ({"config": replace(SHORT, flip=True)}, r"config\.flip is False, not True"),
        ({"config": replace(SHORT, learning_rate=0.02)}, r"config\.learning_rate is 0\.01, not 0\.02"),
        ({"config": replace(SHORT, epochs=4)}, r"config\.epochs is 3, not 4"),
        ({"config": replace(SHORT, epochs=2)}, r"config\.epochs is 3, not 2"),
    ],
)
def test_a_network_that_was_made_otherwise_is_refused(kept, request_changes, words):
    with pytest.raises(Problem, match=rf"net/a-0\.keras was not made as .*{words}.*`make train ONLY=x`") as caught:
        runs.trained(asked(**request_changes), kept, "make train ONLY=x")
    assert "\n" not in str(caught.value)


def test_patience_that_no_run_of_this_length_feels_is_no_difference(kept):
    runs.trained(asked(config=replace(SHORT, patience=99)), kept, "make train")


def test_another_network_under_the_name_is_refused(kept):
    other = keras.Sequential(
        [keras.Input((5, 4, 1)), keras.layers.Flatten(), keras.layers.Dense(3, activation="softmax")]
    )
    with pytest.raises(Problem, match="holds other layers"):
        _ = runs.trained(asked(network=other), kept, "make train").network


@pytest.mark.parametrize("kind", ["keras", "csv", "npz", "json"])
def test_a_file_that_is_gone_or_changed_is_named_with_its_remedy(kept, kind):
    path = kept.models / "net" / f"a-0.{kind}"
    content = path.read_bytes()
    try:
        path.unlink()
        with pytest.raises(
            Problem, match=rf"a-0\.{kind} is missing: get it back with `git checkout .*`make train ONLY=x`"
        ):
            runs.trained(asked(), kept, "make train ONLY=x")
        path.write_bytes(content.replace(b'"files"', b'"leaves"') if kind == "json" else content[:-1] + b"?")
        with pytest.raises(Problem, match=rf"a-0\.{kind} (does not match its card|is no card)"):
            runs.trained(asked(), kept, "make train ONLY=x")
    finally:
        path.write_bytes(content)


def test_a_file_that_carries_code_or_is_no_network_is_refused(tmp_path):
    path = tmp_path / "code.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Lambda(lambda x: x + 1)]).save(path)
    with pytest.raises(Problem, match=r"cannot read .*code\.keras"):
        networks.load(path, "make train")
    path.write_bytes(b"PK nothing of the kind")
    with pytest.raises(Problem, match="cannot read"):
        networks.load(path, "make train")


def test_sixteen_bits_keep_the_class(tmp_path):
    close = np.array([[0.5, 0.5 + 1e-7, 0.0], [0.2, 0.3, 0.5], [1.0, 0.0, 0.0]], dtype="float32")
    close = np.concatenate([close, np.random.default_rng(0).dirichlet([1, 1, 1], 500).astype("float32")])
    runs.write_predictions(tmp_path / "p.npz", {"test": close})
    with np.load(tmp_path / "p.npz") as stored:
        assert np.array_equal(stored["test"].argmax(axis=1), close.argmax(axis=1))
        assert np.abs(stored["test"] / runs.SCALE - close).max() < 3e-5  # half a step, and one more where two are level


# --- which networks there are -----------------------------------------------------------------------------------------


def test_the_queue_takes_first_seeds_first_and_patterns_in_their_order():
    found = experiments.queue(["cnn/v1", "mlp/dropout-*"])
    assert found[:4] == [("cnn/v1", 0), ("cnn/v1", 1), ("cnn/v1", 2), ("mlp/dropout-0.0", 0)]
    assert found[4] == ("mlp/dropout-0.1", 0)
    assert len(experiments.queue([])) == sum(kind.seeds for kind in experiments.KINDS.values())
    with pytest.raises(Problem, match="No network is called 'cnn/v9'"):
        experiments.queue(["cnn/v9"])


def test_each_arm_of_the_ablation_differs_from_its_base_in_what_its_name_says():
    plain, full = (experiments.KINDS[f"ablation/{name}"].config for name in ("plain", "full"))
    for name, change in experiments.REMEDIES.items():
        arm = experiments.KINDS[f"ablation/plain+{experiments.slug(name)}"].config
        assert arm == replace(plain, **change) != plain
    for name in experiments.IN_FULL:
        arm = experiments.KINDS[f"ablation/full-{experiments.slug(name)}"].config
        assert replace(arm, **experiments.REMEDIES[name]) == full != arm


def test_a_setting_that_is_left_open_is_tried_beside_ours():
    for name, changes in experiments.OPEN_SETTINGS.items():
        ours = experiments.KINDS[f"cnn/{name}"]
        for setting, change in changes.items():
            tried = experiments.KINDS[f"settings/{name}-{experiments.slug(setting)}"]
            assert (tried.stream, tried.held_out, tried.final) == (ours.stream, ours.held_out, False)
            config = {key: value for key, value in change.items() if key != "dropout"}
            assert tried.config == replace(ours.config, epochs=10, patience=10, **config)
            rates = {layer.rate for layer in tried.build().layers if isinstance(layer, keras.layers.Dropout)}
            assert len(rates) == 1
            assert (rates, config) != ({layer.rate for layer in ours.build().layers if hasattr(layer, "rate")}, {})


def test_a_setting_is_compared_over_equally_many_epochs(monkeypatch):
    def told(*accuracies):
        return SimpleNamespace(history=[{"val_accuracy": accuracy} for accuracy in accuracies])

    tried = {"settings/v1-dropout-0.1": [told(0.6, 0.5)], "settings/v1-dropout-0.4": [told(0.5, 0.8, 0.7)]}
    monkeypatch.setitem(
        experiments.OPEN_SETTINGS, "v1", {"dropout 0.1": {"dropout": 0.1}, "dropout 0.4": {"dropout": 0.4}}
    )
    monkeypatch.setattr(experiments, "trained_runs", lambda name, *_, **__: tried[name])
    found = experiments.under_settings("v1", told(0.6, 0.7, 0.75, 0.9), 2019, PROFILES["report"], "make train")
    assert found == {"dropout 0.1": (0.6, 0.7), "dropout 0.4": (0.8, 0.75)}


def test_no_experiment_has_looked_at_the_test_images():
    """What is tuned is tuned on validation: the cards of experiments tell of no test images, the others of all of them."""
    for path in MODELS.rglob("*.json"):
        card = store.read_json(path)
        assert card["n_test"] == (0 if card["name"].startswith(("ablation/", "settings/")) else 10_000), path
        with np.load(path.with_suffix(".npz")) as stored:
            assert ("test" in stored) == (card["n_test"] > 0)


def test_the_ablation_has_all_its_arms_or_those_that_are_wanted(monkeypatch):
    monkeypatch.setattr(experiments, "trained_runs", lambda name, *_, **__: [name])
    found = experiments.ablation_runs(2019, PROFILES["report"], "make train")
    kinds = {name for name in experiments.KINDS if name.startswith("ablation/")}
    assert {name for group in found.values() for name in group} == kinds and len(found) == len(kinds)
    assert found["full-higher rate, one-cycle"] == ["ablation/full-higher-rate-one-cycle"]
    wanted = experiments.ablation_runs(2019, PROFILES["train"], "make train", arms=["plain", "full"])
    assert wanted == {"plain": ["ablation/plain"], "full": ["ablation/full"]}


# --- what a chapter says of its runs ----------------------------------------------------------------------------------


def told(accuracies):
    history = [{"epoch": n, "val_accuracy": share, "val_loss": 1 - share} for n, share in enumerate(accuracies, 1)]
    answers = np.eye(2)[[0, 1, 1, 1]]
    return SimpleNamespace(history=history, kept_epoch=2, validation=answers, test=answers[::-1])


def test_accuracies_are_those_of_the_part_that_is_asked_for():
    split = SimpleNamespace(val_y=np.array([0, 1, 1, 0]), test_y=np.array([1, 1, 1, 0]))
    found = [told([0.5, 0.7]), told([0.5, 0.7])]
    assert [each.share for each in experiments.accuracies(found, split, "validation")] == [0.75, 0.75]
    columns, rows = experiments.accuracy_table({"SGD": found}, split)
    assert rows == [["SGD", 2, "75.00% ± 0.00%", "100.00% ± 0.00%", "2, 2"]] and len(columns) == len(rows[0])
    assert experiments.accuracy_table({"SGD": found[:1]}, split)[1] == [["SGD", 1, "75.00%", "100.00%", "2"]]


def test_less_patience_or_fewer_epochs_shorten_a_history():
    history = told([0.5, 0.6, 0.5, 0.5, 0.7]).history

    def epochs(**limit):
        return len(training.shortened(history, replace(experiments.V1, **limit)))

    assert [epochs(patience=patience) for patience in (1, 2, 3)] == [3, 4, 5]
    assert [epochs(epochs=most) for most in (1, 4, 9)] == [1, 4, 5]


def test_a_run_that_went_on_where_less_patience_would_have_ended_it_is_another():
    history = told([0.9, 0.8, 0.8, 0.8, 0.95, 0.8]).history
    facts = SimpleNamespace(train_x=[], val_x=[], validation_digest="")
    card = {"seed": 1, "n_train": 0, "n_validation": 0, "split_sha256": "", "config": asdict(experiments.V1)}
    for patience, same in ((5, True), (3, False)):
        config = replace(experiments.V1, epochs=6, patience=patience)
        found = list(runs._differences(card, history, SimpleNamespace(config=config, data=facts, seed=1)))
        assert (found == []) == same


def test_epochs_to_a_mark_are_all_if_it_is_not_reached():
    assert [experiments.epochs_to(told([0.5, 0.7, 0.6]), mark) for mark in (0.5, 0.6, 0.9)] == [1, 2, 3]
