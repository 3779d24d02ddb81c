"""The stored networks of chapter 05 and its stored numbers: whether they belong together and hold what the page says."""

import numpy as np
import pytest

from helpers.core import project, store
from helpers.fashion import dataset, experiments, networks, runs
from helpers.report.claims import claim

FOLDER = project.MODELS / "cnn"
CARDS = sorted(FOLDER.glob("*.json"))


def claimed(claim_id):
    return next(row for row in store.read_json(project.RESULTS / "05_cnn.json")["claims"] if row["id"] == claim_id)


def kind(card):
    return card["name"].removeprefix("cnn/").partition("-")[0]


@pytest.mark.parametrize("path", [path for path in CARDS if path.stem.endswith("-0")], ids=lambda path: path.stem)
def test_a_stored_network_says_what_is_stored_of_it(path, data):
    """On the first of the test images only: enough to tell a network that was trained from one that was spoilt."""
    card, network = store.read_card(path, "make train"), networks.load(path.with_suffix(".keras"), "make train")
    pictures = dataset.scaled(data.test_images[:100]).reshape(-1, 28, 28, 1)
    with np.load(path.with_suffix(".npz")) as stored:
        known = stored["test"][:100] / runs.SCALE
    np.testing.assert_allclose(networks.probabilities(network, pictures), known, atol=2e-3)
    expected = {"v1": claim("cnn1-params").value, "v2": claim("cnn2-params").value}
    assert network.count_params() == expected.get(kind(card), network.count_params()) == card["parameters"] <= 2_000_000
    assert {layer.dtype_policy.name for layer in network.layers} == {"float32"}


def test_the_chapter_quotes_the_cards():
    of_v2 = [card["val_accuracy"] for card in map(store.read_json, CARDS) if kind(card) == "v2"]
    assert claimed("cnn2-val-acc")["measured"] == pytest.approx(np.mean(of_v2), abs=1e-5)
    assert {kind(store.read_json(path)) for path in CARDS} == {"v1", "v2", "v3"}


def test_what_is_kept_is_small():
    assert sum(path.stat().st_size for path in project.MODELS.rglob("*.*")) < 40e6


def test_every_run_of_the_ablation_was_trained_alike_but_for_one_change():
    """No arm had more epochs, and none saw the test images."""
    cards = [store.read_card(path, "make train") for path in sorted((project.MODELS / "ablation").glob("*.json"))]
    epochs = experiments.PLAIN.epochs
    assert {card["config"]["epochs"] for card in cards} == {card["epochs_run"] for card in cards} == {epochs}
    assert {card["n_test"] for card in cards} == {0} and {card["kept_epoch"] for card in cards} == {epochs}
    assert {"ablation/plain-0", "ablation/plain-1"} <= {card["name"] for card in cards}
