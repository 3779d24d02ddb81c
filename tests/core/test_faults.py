"""Faults, made on purpose: training that is killed or meets a full disk, and network files that are not what they seem."""

import contextlib
import json
import random
import shutil
import zipfile
from dataclasses import replace

import pytest

from helpers.core import store
from helpers.core.backend import keras
from helpers.core.project import PROFILES, Problem
from helpers.fashion import networks, training
from tests.conftest import python

SETTING = """
    import numpy as np
    from helpers.core import store
    from helpers.fashion import networks, training
    from helpers.core.backend import keras

    def network(width=16):
        layers = keras.layers
        return keras.Sequential([keras.Input((20,)), layers.Dense(width, activation="relu"),
                                 layers.Dropout(0.3), layers.Dense(3, activation="softmax")])

    def data():
        random = np.random.default_rng(0)
        x = random.normal(size=(300, 20)).astype("float32")
        y = (x[:, :3] + random.normal(size=(300, 3))).argmax(axis=1).astype("int32")
        return training.Split(x[:200], y[:200], x[200:], y[200:])

    def recipe():
        return training.Recipe(keras.optimizers.Adam(0.01), epochs=5, patience=5, batch_size=50)

    def run(folder):
        history = training.train(network(), recipe(), data(), 7, folder)
        return [history, networks.weights_digest(training.best_network(folder, history))]
"""
here = {}
exec("\n".join(line[4:] for line in SETTING.splitlines()), here)
network, data, recipe = here["network"], here["data"], here["recipe"]

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
            told = {"end": run(folder), "seconds": time.perf_counter() - began, "touches": touches()}
        except Problem as problem:
            told = {"problem": str(problem)}
        with os.fdopen(answer, "w") as pipe:
            pipe.write(json.dumps(told))

    for line in sys.stdin:
        fault = json.loads(line)
        reader, writer = os.pipe()
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), 1)
            try:
                train(answer=writer, **fault)
            finally:
                os._exit(0)
        os.close(writer)
        if fault.get("after") is not None:
            time.sleep(fault["after"])
            os.kill(child, signal.SIGKILL)
        with os.fdopen(reader) as pipe:
            told = json.loads(pipe.read() or "{}")
        _, status = os.waitpid(child, 0)
        print(json.dumps({"killed": os.WIFSIGNALED(status), **told}), flush=True)
"""
)


@pytest.fixture(scope="module")
def trainer():
    """A function that trains in `folder` with a fault, and returns what became of it (dict)."""
    with python(TRAINER) as process:

        def train(folder, **fault):
            process.stdin.write(json.dumps({"folder": str(folder), **fault}) + "\n")
            process.stdin.flush()
            return json.loads(process.stdout.readline())

        yield train
        process.stdin.close()


@pytest.fixture(scope="module")
def undisturbed(trainer, tmp_path_factory):
    """What a run comes to that nothing disturbs: its end, and how long and how many touches of files it takes."""
    return trainer(tmp_path_factory.mktemp("undisturbed") / "run")


def test_killed_at_ten_random_moments_training_ends_the_same(trainer, undisturbed, tmp_path):
    draw = random.Random(2019)
    folder, kills = tmp_path / "run", 0
    for attempt in range(100):
        if kills == 10:
            break
        # by turns: a moment of time, and a touch of the run's files within two epochs or so
        fault = {"touch": draw.randint(1, undisturbed["touches"] // 3)}
        if attempt % 2:
            fault = {"after": draw.uniform(0, undisturbed["seconds"])}
        told = trainer(folder, **fault)
        kills += told["killed"]
        if "end" in told:  # it got through in spite of all: begin another one
            assert told["end"] == undisturbed["end"]
            shutil.rmtree(folder)
    assert kills == 10
    assert trainer(folder)["end"] == undisturbed["end"]


def test_training_that_fills_the_disk_goes_on_once_there_is_room(trainer, undisturbed, small_disk):
    folder = small_disk / "run"
    filler = small_disk / "filler"
    filler.write_bytes(b"x" * (shutil.disk_usage(small_disk).free - 70_000))  # room for two checkpoints
    assert "disk is full" in trainer(folder)["problem"]
    filler.unlink()
    assert trainer(folder)["end"] == undisturbed["end"]


def test_training_that_may_not_write_so_much_is_one_sentence(trainer, undisturbed, tmp_path):
    """The same by another road, a limit on the size of files, which needs no root."""
    told = trainer(tmp_path / "run", largest=20_000)
    assert "cannot be written (File too large)" in told["problem"]
    assert not list((tmp_path / "run").glob("epoch-*"))
    assert trainer(tmp_path / "run")["end"] == undisturbed["end"]


# --- files of networks ------------------------------------------------------------------------------------------------


@pytest.fixture
def stored(tmp_path):
    """The path of a small stored network, with its card."""
    path = tmp_path / "models" / "net.keras"
    networks.save(networks.fresh_copy(network(), 1), path, {"keras": keras.__version__})
    return path


def rewritten(path, change, **facts):
    """The file with its description changed by `change` (a function of the text), and a card that vouches for it."""
    with zipfile.ZipFile(path) as archive:
        members = {name: archive.read(name) for name in archive.namelist()}
    members["config.json"] = change(members["config.json"].decode()).encode()
    with zipfile.ZipFile(path, "w") as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    card = store.read_json(path.with_suffix(".json"))
    store.write_card(path, {**card, **facts})


def test_a_network_of_another_keras_that_reads_well_is_the_same_network(stored):
    digest = store.read_json(stored.with_suffix(".json"))["weights_sha256"]
    rewritten(stored, lambda text: text, keras="3.14.0")
    loaded, card = networks.load(stored, "make train")
    assert (networks.weights_digest(loaded), card["keras"]) == (digest, "3.14.0")


@pytest.mark.parametrize(
    "change",
    [
        lambda text: text.replace('"class_name": "Dense"', '"class_name": "Denser"'),
        lambda text: text.replace('"units":', '"unit_count": 1, "units":'),
        lambda text: text.replace('"units": 16', '"units": 17'),
        lambda text: text.replace('"relu"', '"rectified"'),
        lambda text: text[: len(text) // 2],
        lambda text: "[]",
        lambda text: "null",
    ],
)
def test_a_network_that_this_keras_cannot_read_names_both_versions(stored, change):
    rewritten(stored, change, keras="3.99.0")
    with pytest.raises(Problem) as caught:
        networks.load(stored, "make train ONLY=x")
    for word in (f"Keras {keras.__version__} cannot read", "net.keras, made with Keras 3.99.0", "`make train ONLY=x`"):
        assert word in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_network_that_is_read_with_other_weights_is_refused(stored):
    rewritten(stored, lambda text: text, weights_sha256="0" * 64)
    with pytest.raises(Problem, match=r"net\.keras.*reads other weights than were stored.*`make train`"):
        networks.load(stored, "make train")


@pytest.mark.parametrize("wide", [8, 32])
def test_a_network_of_other_layers_is_refused(stored, wide):
    assert networks.load(stored, "make train", network())
    with pytest.raises(Problem, match=r"net\.keras holds other layers.*`make train`"):
        networks.load(stored, "make train", network(wide))


def test_layers_that_differ_in_anything_but_size_are_told_apart(stored):
    layers = keras.layers
    shape = [keras.Input((20,)), None, layers.Dropout(0.3)]
    for first, last in (("tanh", "softmax"), ("relu", "sigmoid")):
        shape[1] = layers.Dense(16, activation=first)
        with pytest.raises(Problem, match="other layers"):
            networks.load(stored, "make train", keras.Sequential([*shape, layers.Dense(3, activation=last)]))


def test_a_chapter_is_not_given_a_network_that_it_does_not_build(tmp_path):
    folders = {"models": tmp_path / "models", "training": tmp_path / "training"}
    train, report = (replace(PROFILES[name], **folders) for name in ("train", "report"))
    short = replace(recipe(), epochs=1)
    training.trained(network(8), "net", short, data(), 7, train, "make train ONLY=x")
    with pytest.raises(Problem, match=r"net\.keras holds other layers.*`make train ONLY=x`"):
        training.trained(network(), "net", short, data(), 7, report, "make train ONLY=x")


def test_code_in_a_network_is_never_run(tmp_path, monkeypatch):
    """Neither a Lambda layer's code nor a module that the file names: both would leave a mark if they were."""
    (tmp_path / "wicked.py").write_text(f"open({str(tmp_path / 'mark')!r}, 'w')\ndef Dense(**_): open('mark', 'w')\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    monkeypatch.chdir(tmp_path)
    function = eval("lambda x, open=open: (open('mark', 'w').close(), x + 1)[1]")
    inputs = keras.Input((2,))
    carrier = keras.Model(inputs, keras.layers.Lambda(function, output_shape=(2,))(inputs))
    (tmp_path / "mark").unlink(missing_ok=True)
    path = tmp_path / "net.keras"
    carrier.save(path)
    store.write_card(path, {})
    with pytest.raises(Problem, match=r"cannot read .*net\.keras"):
        networks.load(path, "make train")

    networks.save(network(), path, {})
    for module, name in (("wicked", "Dense"), ("os", "abort"), ("builtins", "exec")):
        as_if = f'"module": "{module}", "class_name": "{name}"'
        rewritten(path, lambda text, new=as_if: text.replace('"module": "keras.layers", "class_name": "Dense"', new))
        with pytest.raises(Problem, match=r"cannot read .*net\.keras"):
            networks.load(path, "make train")
        networks.save(network(), path, {})
    assert not (tmp_path / "mark").exists()


def test_a_corrupt_network_is_refused_wherever_a_byte_is_wrong(stored):
    whole, draw = stored.read_bytes(), random.Random(6)
    for place in sorted(draw.sample(range(len(whole)), 20)):
        damaged = bytearray(whole)
        damaged[place] ^= 1 << draw.randrange(8)
        stored.write_bytes(bytes(damaged))
        with pytest.raises(Problem, match=r"net\.keras does not match the digest on its card.*`make train`"):
            networks.load(stored, "make train")
        store.write_card(stored, {**store.read_json(stored.with_suffix(".json"))})  # now the card vouches for it, too
        with contextlib.suppress(Problem):  # a byte that does not matter may pass; the weights are right then
            loaded, card = networks.load(stored, "make train")
            assert networks.weights_digest(loaded) == card["weights_sha256"]
        stored.write_bytes(whole)
        store.write_card(stored, {**store.read_json(stored.with_suffix(".json"))})
