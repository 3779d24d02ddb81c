"""What the engine promises beyond the page: seeds that do not touch each other, early stops, snapshots, statistics."""

import hashlib
from dataclasses import replace
from pathlib import Path

import numba
import numpy as np
import pytest

from helpers.core.project import Problem
from helpers.playground import kernels, lanes
from helpers.playground.config import Config, page_seeds
from helpers.playground.datasets import plane
from helpers.playground.engine import train

ROOT = Path(__file__).resolve().parents[2]
SIGMOID = Config(dataset="xor", features=("x", "xTimesY"), hidden=(4, 3), activation="sigmoid", learning_rate=0.3)
TANH_L1 = replace(SIGMOID, activation="tanh", regularization="L1", regularization_rate=0.1, batch_size=30)
RELU = replace(SIGMOID, activation="relu", dataset="circle", features=("x", "y"), learning_rate=0.1, train_percent=70)
WILD = replace(SIGMOID, regularization="L2", regularization_rate=100, learning_rate=100)  # leaves the floats


def parameters(network, index=0):
    groups = network.weights, network.biases, network.dead
    return np.concatenate([layer[index].ravel() for group in groups for layer in group])


@pytest.mark.parametrize("config", [SIGMOID, TANH_L1, RELU], ids=["sigmoid", "tanh-L1", "relu"])
def test_a_seed_has_its_digits_alone_and_in_company(config):
    seeds = page_seeds(75)
    together = train(config, seeds, epochs=4)
    for index in (0, 33, 74):
        alone = train(config, seeds[index : index + 1], epochs=4)
        np.testing.assert_array_equal(alone.train_loss[0], together.train_loss[index])
        np.testing.assert_array_equal(alone.test_loss[0], together.test_loss[index])
        np.testing.assert_array_equal(parameters(alone.final), parameters(together.final, index))


def test_rows_are_filled_with_the_last_seed_and_begin_with_a_line_of_the_cache():
    array = np.arange(30.0).reshape(3, 10)
    rows = lanes.rows(array, np.array([7, 2]))
    np.testing.assert_array_equal(rows, array[:, [7] + [2] * (lanes.LANES - 1)])
    for n in (1, 2, 3, 1000):
        assert lanes.empty_rows(n, 5).ctypes.data % lanes.CACHE_LINE == 0


def test_a_change_of_the_lanes_makes_numba_compile_anew():
    """numba's cache goes by the file that a function stands in; the digest of the other is in the function's name."""
    digest = hashlib.sha256(Path(lanes.__file__).read_bytes()).hexdigest()
    for function in (kernels.train_block, kernels.activate, kernels.draw):
        name = function.py_func.__qualname__.rpartition("_")
        assert digest.startswith(name[2]) and name[2]


def test_threads_change_no_digit():
    one, three = (train(TANH_L1, page_seeds(40), epochs=4, threads=threads) for threads in (1, 3))
    np.testing.assert_array_equal(one.test_loss, three.test_loss)
    np.testing.assert_array_equal(parameters(one.final, 39), parameters(three.final, 39))


def test_snapshots_are_shorter_runs_and_change_nothing():
    plain = train(TANH_L1, page_seeds(3), epochs=60, at=[60])  # a round ends at 50, between two steps of batch 30
    watched = train(TANH_L1, page_seeds(3), epochs=60, at=[60], snapshots=[0, 7, 50, 60])
    np.testing.assert_array_equal(plain.test_loss, watched.test_loss)
    assert sorted(watched.snapshots) == [0, 7, 50, 60]
    np.testing.assert_array_equal(parameters(watched.snapshots[0], 2), parameters(watched.initial, 2))
    np.testing.assert_array_equal(parameters(watched.snapshots[60], 2), parameters(plain.final, 2))
    np.testing.assert_array_equal(
        parameters(watched.snapshots[7], 2), parameters(train(TANH_L1, page_seeds(3), epochs=7).final, 2)
    )


def test_what_has_come_to_rest_goes_on_as_if_every_epoch_were_trained():
    """A round of one epoch skips none: with a snapshot at each, all are trained."""
    spiral = Config("spiral", ("x", "y"), (4,), "sigmoid", regularization="L1", regularization_rate=0.1)
    for config in (spiral, WILD, TANH_L1):
        whole = train(config, page_seeds(20), epochs=90)
        trained = train(config, page_seeds(20), epochs=90, snapshots=range(91))
        rests = np.array_equal(parameters(trained.snapshots[60]), parameters(trained.snapshots[90]), equal_nan=True)
        assert rests is (config is not TANH_L1)
        for ours, theirs in zip(rows_of(whole), rows_of(trained), strict=True):
            np.testing.assert_array_equal(ours, theirs)


def rows_of(run):
    return run.train_loss, run.test_loss, *(parameters(run.final, index) for index in range(len(run.seeds)))


def test_an_early_stop_is_the_first_epoch_below_and_keeps_that_network():
    seeds = page_seeds(12)
    full = train(TANH_L1, seeds, epochs=120)
    bar = float(np.quantile(full.test_loss.min(axis=1), 0.6))  # some seeds reach it, some never do
    stopped = train(TANH_L1, seeds, epochs=120, stop_below=bar)
    below = full.test_loss < bar
    expected = np.where(below.any(axis=1), below.argmax(axis=1), -1)
    np.testing.assert_array_equal(stopped.first_below, expected)
    assert -1 in expected
    assert expected.max() > 0
    for index, epoch in enumerate(expected):
        last = 120 if epoch < 0 else epoch
        np.testing.assert_array_equal(stopped.test_loss[index, : last + 1], full.test_loss[index, : last + 1])
        np.testing.assert_array_equal(stopped.train_loss[index, : last + 1], full.train_loss[index, : last + 1])
        assert np.isnan(stopped.test_loss[index, last + 1 :]).all()
        then = train(TANH_L1, seeds[index : index + 1], epochs=last, at=[]).final
        np.testing.assert_array_equal(parameters(stopped.final, index), parameters(then))


def test_a_seed_that_is_watched_goes_on():
    full = train(TANH_L1, page_seeds(12), epochs=120)
    bar = float(np.quantile(full.test_loss.min(axis=1), 0.6))
    watched = train(TANH_L1, page_seeds(12), epochs=120, at=[60, 120], watch_below=bar)
    np.testing.assert_array_equal(watched.first_below, train(TANH_L1, page_seeds(12), 120, stop_below=bar).first_below)
    np.testing.assert_array_equal(watched.test_loss, full.test_loss[:, [60, 120]])
    np.testing.assert_array_equal(parameters(watched.final, 5), parameters(full.final, 5))


def test_only_the_epochs_asked_for_are_recorded():
    run = train(SIGMOID, page_seeds(2), epochs=9, at=[9, 0, 3, 3])
    assert run.epochs.tolist() == [0, 3, 9]
    np.testing.assert_array_equal(run.test_loss, train(SIGMOID, page_seeds(2), epochs=9).test_loss[:, [0, 3, 9]])


def test_dead_links_are_zero_and_stay_so():
    run = train(TANH_L1, page_seeds(4), epochs=30, snapshots=[10])
    died = [layer.any() for layer in run.final.dead]
    assert any(died)
    for before, after, weights in zip(run.snapshots[10].dead, run.final.dead, run.final.weights, strict=True):
        assert (weights[after] == 0).all()
        assert after[before].all()


def test_a_run_that_leaves_the_floats_says_nan():
    run = train(WILD, page_seeds(3), epochs=5, stop_below=0.01)
    assert np.isfinite(run.test_loss[:, 0]).all()
    assert np.isnan(run.test_loss[:, -1]).all()
    assert (run.first_below == -1).all()


def test_networks_answer_with_the_digits_of_training():
    run = train(RELU, page_seeds(3), epochs=5)
    _, points = run.points(1)
    answers = run.final.output(points[:, 0], points[:, 1])[1]
    losses = np.cumsum(0.5 * (answers - points[:, 2]) ** 2)[-1] / len(points)  # summed in the page's order
    assert losses == run.test_loss[1, -1]
    layers = run.final.activations(*plane(20), index=1)
    assert [layer.shape for layer in layers] == [(2, 20, 20), (4, 20, 20), (3, 20, 20), (1, 20, 20)]
    np.testing.assert_array_equal(layers[-1][0], run.final.output(*plane(20))[1])


@pytest.mark.parametrize(
    "wrong", [{"epochs": -1}, {"epochs": 2.5}, {"epochs": 5, "at": [6]}, {"seeds": ["a b"]}, {"snapshots": [101]}]
)
def test_bad_requests_are_refused_in_one_sentence(wrong):
    with pytest.raises(Problem, match=r"will not do: .*\.$"):
        train(SIGMOID, **wrong)


def test_a_batch_that_is_never_full_never_steps_however_the_epochs_are_cut():
    """As on the page, which counts its points and steps at none; every cut begins with gradients that wait."""
    config = replace(SIGMOID, batch_size=251)
    whole, cut = (train(config, page_seeds(3), epochs=60, snapshots=cuts) for cuts in ((), range(61)))
    for ours, theirs in zip(rows_of(whole), rows_of(cut), strict=True):
        np.testing.assert_array_equal(ours, theirs)
    np.testing.assert_array_equal(parameters(whole.final, 1), parameters(whole.initial, 1))


def test_no_folder_for_the_cache_is_no_obstacle(tmp_path, monkeypatch):
    (tmp_path / "file").write_text("not a folder")
    monkeypatch.setattr(numba.config, "CACHE_DIR", str(tmp_path / "file" / "below"))
    monkeypatch.setattr(numba.config, "CACHE_LOCATOR_CLASSES", "UserProvidedCacheLocator")

    def double(x):
        return 2 * x

    with pytest.raises(RuntimeError, match="cannot cache"):
        numba.njit("float64(float64)", cache=True)(double)
    assert kernels._compiled("float64(float64)")(double)(21.0) == 42.0
