"""Faults, made on purpose: training that is killed at random moments, or meets a full disk, or its like."""

import json
import random
import shutil

import pytest

from helpers.core.backend import keras
from helpers.fashion import networks
from tests.conftest import python
from tests.fashion.test_training import SETTING, network

# Trains in children of its own, each with one fault: killed after some seconds, killed before the n-th time that it
# opens, renames or removes a file of the run, or not allowed files beyond some size. Forked, they need not load Keras.
TRAINER = (
    SETTING
    + """
    import json, os, resource, signal, sys, time
    from helpers.core.project import Problem

    def count_touches(folder, last):
        touched = 0
        def count(event, given):
            nonlocal touched
            if event in ("open", "os.rename", "os.remove") and str(given[0]).startswith(folder):
                touched += 1
                if touched == last:
                    os.kill(os.getpid(), signal.SIGKILL)
        sys.addaudithook(count)
        return lambda: touched

    def train(folder, after=None, touch=0, largest=None, answer=None):
        touches, began = count_touches(folder, touch), time.perf_counter()
        if largest:
            resource.setrlimit(resource.RLIMIT_FSIZE, (largest, largest))
        try:
            told = {"end": end(RICH, folder), "seconds": time.perf_counter() - began, "touches": touches()}
        except Problem as problem:
            told = {"problem": str(problem)}
        with os.fdopen(answer, "w") as pipe:
            pipe.write(json.dumps(told))

    def begun(fault):
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            try:
                train(answer=writer, **fault)
            finally:
                os._exit(0)
        os.close(writer)
        return reader, child

    for line in sys.stdin:
        fault = json.loads(line)
        runs = [begun(fault) for _ in range(fault.pop("at_once", 1))]
        if fault.get("after") is not None:
            time.sleep(fault["after"])
            os.kill(runs[0][1], signal.SIGKILL)
        for reader, child in runs:
            with os.fdopen(reader) as pipe:
                told = json.loads(pipe.read() or "{}")
            _, status = os.waitpid(child, 0)
            print(json.dumps({"killed": os.WIFSIGNALED(status), **told}), flush=True)
"""
)


@pytest.fixture(scope="module")
def trainer():
    """A function that trains in `folder` with a fault, and returns what became of it: a dict, or several if `at_once` is given."""
    with python(TRAINER) as process:

        def train(folder, at_once=1, **fault):
            process.stdin.write(json.dumps({"folder": str(folder), "at_once": at_once, **fault}) + "\n")
            process.stdin.flush()
            told = [json.loads(process.stdout.readline()) for _ in range(at_once)]
            return told if at_once > 1 else told[0]

        yield train
        process.stdin.close()


@pytest.fixture(scope="module")
def undisturbed(trainer, tmp_path_factory):
    """What a run comes to that nothing disturbs: its end, and how long and how many touches of files it takes."""
    return trainer(tmp_path_factory.mktemp("undisturbed") / "run")


@pytest.mark.parametrize("most", [3, pytest.param(10, marks=pytest.mark.slow)])
def test_killed_at_random_moments_training_ends_the_same(trainer, undisturbed, tmp_path, most):
    draw = random.Random(2019)
    folder, kills = tmp_path / "run", 0
    for attempt in range(100):
        if kills == most:
            break
        # by turns: a moment of time, and a touch of the run's files within two epochs or so
        fault = {"touch": draw.randint(1, undisturbed["touches"] // 2)}
        if attempt % 2:
            fault = {"after": draw.uniform(0, undisturbed["seconds"])}
        told = trainer(folder, **fault)
        kills += told["killed"]
        if "end" in told:  # it got through in spite of all: begin another one
            assert told["end"] == undisturbed["end"]
            shutil.rmtree(folder)
    assert kills == most
    assert trainer(folder)["end"] == undisturbed["end"]


def test_two_that_train_the_same_at_once_agree(trainer, undisturbed, tmp_path):
    assert [told["end"] for told in trainer(tmp_path / "run", at_once=2)] == [undisturbed["end"]] * 2


def test_training_that_fills_the_disk_goes_on_once_there_is_room(trainer, undisturbed, small_disk):
    folder = small_disk / "run"
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 60_000))  # room for some files, but not for all
    assert "disk is full" in trainer(folder)["problem"]
    filler.unlink()
    assert trainer(folder)["end"] == undisturbed["end"]


def test_training_that_may_not_write_so_much_is_one_sentence(trainer, undisturbed, tmp_path):
    """The same by another road, a limit on the size of files, which needs no root."""
    told = trainer(tmp_path / "run", largest=20_000)
    assert "cannot be written (File too large)" in told["problem"]
    assert trainer(tmp_path / "run")["end"] == undisturbed["end"]


# --- files of networks ------------------------------------------------------------------------------------------------


def test_layers_that_differ_in_anything_but_size_are_told_apart():
    layers = keras.layers
    one = keras.Sequential(
        [keras.Input((6,)), layers.Dense(4, activation="relu"), layers.Dense(3, activation="softmax")]
    )
    for first, last in (("tanh", "softmax"), ("relu", "sigmoid")):
        other = keras.Sequential(
            [keras.Input((6,)), layers.Dense(4, activation=first), layers.Dense(3, activation=last)]
        )
        assert networks._architecture(one) != networks._architecture(other)
    assert networks._architecture(network()) == networks._architecture(networks.fresh_copy(network(), 1))
