"""The engine against the page's own code: every bit of what it gave under Node 20 (reference/playground.json).

Chrome of 2019 gives the same bits; later ones have other sin, cos, exp and log.
"""

import hashlib
import json
from pathlib import Path

import numpy as np
import pytest

from helpers.playground import fdlibm
from helpers.playground.config import Config
from helpers.playground.datasets import load_points
from helpers.playground.engine import activated, train

REFERENCE = json.loads((Path(__file__).parent / "reference" / "playground.json").read_text(encoding="utf-8"))
RUNS = REFERENCE["runs"]


@pytest.fixture(scope="module")
def trained():
    """Each reference run, trained once: a function from the run's entry to the Run."""
    cache = {}

    def run_of(entry):
        if entry["name"] not in cache:
            at = [epoch for epoch, _, _ in entry["losses"]]
            cache[entry["name"]] = train(Config.from_url(entry["address"]), epochs=at[-1], at=at)
        return cache[entry["name"]]

    return run_of


@pytest.mark.parametrize("entry", RUNS, ids=lambda entry: entry["name"])
def test_losses_are_those_of_the_page_bit_for_bit(entry, trained):
    run = trained(entry)
    ours = np.column_stack([run.epochs, run.train_loss[0], run.test_loss[0]])
    np.testing.assert_array_equal(ours, entry["losses"])


@pytest.mark.parametrize("entry", [e for e in RUNS if "weights" in e], ids=lambda entry: entry["name"])
def test_final_parameters_are_those_of_the_page_bit_for_bit(entry, trained):
    final = trained(entry).final
    for name in ("weights", "biases", "dead"):
        for ours, theirs in zip(getattr(final, name), entry[name], strict=True):
            np.testing.assert_array_equal(ours[0], theirs)


@pytest.mark.parametrize("entry", RUNS, ids=lambda entry: entry["name"])
def test_points_and_first_weights_are_those_of_the_page(entry, trained):
    train_points, test_points = trained(entry).points()
    assert train_points[:3].tolist() == entry["first_points"]
    assert hashlib.sha256(train_points.tobytes()).hexdigest() == entry["sha256_train"]
    assert hashlib.sha256(test_points.tobytes()).hexdigest() == entry["sha256_test"]
    assert trained(entry).initial.weights[0][0, 0].tolist() == entry["first_weight"]


def test_reference_covers_data_activations_and_penalties():
    configs = [Config.from_url(entry["address"]) for entry in RUNS]
    assert {c.dataset for c in configs} == {"circle", "xor", "gauss", "spiral", "reg-plane", "reg-gauss"}
    assert {c.activation for c in configs} == {"sigmoid", "tanh", "relu"}
    assert {c.regularization for c in configs} == {"none", "L1", "L2"}
    assert any(np.any(layer) for entry in RUNS for layer in map(np.array, entry.get("dead", [])))


def test_sigmoid_and_tanh_are_v8s():
    x, sigmoid, tanh = np.array(REFERENCE["functions"]["activations"]).T
    np.testing.assert_array_equal(activated(x[None], "sigmoid")[0], sigmoid)
    np.testing.assert_array_equal(activated(x[None], "tanh")[0], tanh)


def test_activations_carry_what_is_no_number():
    x = np.array([[np.inf, -np.inf, np.nan]])
    np.testing.assert_array_equal(activated(x, "sigmoid"), [[1, 0, np.nan]])
    np.testing.assert_array_equal(activated(x, "tanh"), [[1, -1, np.nan]])
    np.testing.assert_array_equal(activated(x, "relu"), [[np.inf, 0, np.nan]])


def test_sin_cos_and_log_are_v8s():
    x, sin, cos = np.array(REFERENCE["functions"]["trigonometry"]).T
    np.testing.assert_array_equal(fdlibm.sin(x), sin)
    np.testing.assert_array_equal(fdlibm.cos(x), cos)
    y, log = np.array(REFERENCE["functions"]["logarithm"]).T
    np.testing.assert_array_equal(fdlibm.log(y), log)


def test_a_seed_is_text():
    assert not np.array_equal(load_points(Config(), "0.5")[0], load_points(Config(), "0.50000")[0])
