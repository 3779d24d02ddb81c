"""The submission: labels in the order of the rows, or one sentence and no file."""

from dataclasses import asdict

import numpy as np
import pytest

from helpers import __main__ as doors
from helpers.core import project
from helpers.core.project import Problem
from helpers.fashion import predict
from tests.conftest import assert_one_sentence, helpers_command
from tests.fashion.test_course_csv import written

pytestmark = pytest.mark.keras  # predict_file imports it


@pytest.fixture(scope="module")
def course(data, tmp_path_factory):
    """The course's two files, small: 300 labelled images, and 200 test images with dummy labels; and the true labels."""
    folder = tmp_path_factory.mktemp("course")
    train = [
        [label, *image.ravel().tolist()]
        for label, image in zip(data.train_labels[:300], data.train_images, strict=False)
    ]
    test = [[0, *image.ravel().tolist()] for image in data.test_images[:200]]
    return (
        written(folder / "fashion_train.csv", train),
        written(folder / "fashion_test.csv", test),
        data.test_labels[:200],
    )


def in_order(labels, truth):
    """Whether labels can stand in the order of the rows: a list in another order is right about one time in ten."""
    return len(labels) == len(truth) and bool((labels == truth).mean() > 0.8)


def test_labels_stand_in_the_order_of_the_rows(course, tmp_path):
    train, test, truth = course
    output = tmp_path / "predictions.txt"
    done = helpers_command("predict", train, test, "--output", output)
    assert done.returncode == 0, done.stderr
    assert "200 labels" in done.stdout
    assert in_order(np.array(output.read_text().split(), int), truth)


def test_the_course_s_shuffling_loader_would_have_been_caught(course, tmp_path, monkeypatch):
    """The course's loader shuffled every file that it read, the test file too. With it, the check above must fail."""
    from helpers.fashion import course_csv

    read = course_csv.read_csv

    def shuffling(path, labelled=True):
        images, labels = read(path, labelled)
        order = np.random.default_rng().permutation(len(images))
        return images[order], None if labels is None else labels[order]

    train, test, truth = course
    output = tmp_path / "predictions.txt"
    for loader, expected in ((read, True), (shuffling, False)):
        monkeypatch.setattr(course_csv, "read_csv", loader)
        predict.predict_file(train, test, output)
        assert in_order(np.array(output.read_text().split(), int), truth) is expected


def test_dummy_labels_are_not_read(course, tmp_path):
    """The test file's labels are dummies: whatever stands there, the same labels are predicted."""
    train, test, _ = course
    other = tmp_path / "other.csv"
    other.write_text("".join("7" + line[1:] for line in test.read_text().splitlines(keepends=True)))
    outputs = []
    for path in (test, other):
        predict.predict_file(train, path, tmp_path / "p.txt")
        outputs.append((tmp_path / "p.txt").read_text())
    assert outputs[0] == outputs[1]


def test_training_from_the_csv_learns_from_it(course, tmp_path, monkeypatch):
    """With a small network in the place of the best one, whose weights know nothing."""
    from helpers.core.backend import keras
    from helpers.fashion.training import TrainingConfig

    layers = [keras.layers.Dense(16, activation="relu"), keras.layers.Dense(10, activation="softmax")]
    pattern, output = tmp_path / "small.keras", tmp_path / "predictions.txt"
    keras.Sequential([keras.Input((784,)), *layers]).save(pattern)
    config = asdict(TrainingConfig("adam", learning_rate=0.01, epochs=8, batch_size=32))
    card = {"name": "small", "seed": 1, "config": config}
    monkeypatch.setattr(predict, "best_network", lambda: (pattern, card))
    monkeypatch.setattr(project, "TRAINING", tmp_path)
    train, test, truth = course
    right = {}
    for options in ((), ("--train",)):
        assert doors.main(["predict", str(train), str(test), "--output", str(output), *options]) == 0
        right[options] = (np.array(output.read_text().split(), int) == truth).mean()
    assert right["--train",] > 0.5 > right[()]


def test_a_row_of_783_values_is_refused_and_nothing_written(course, tmp_path, capsys):
    train, test, _ = course
    lines = test.read_text().splitlines()
    lines[4] = lines[4].rsplit(",", 1)[0]
    bad = tmp_path / "bad.csv"
    bad.write_text("\n".join(lines))
    output = tmp_path / "predictions.txt"
    output.write_text("old\n")
    assert doors.main(["predict", str(train), str(bad), "--output", str(output)]) == 2
    (line,) = capsys.readouterr().err.splitlines()
    assert "bad.csv, line 5: 784 values where a label and 784 grey values belong" in line
    assert output.read_text() == "old\n"


def test_too_few_images_to_train_on_are_refused(course, tmp_path, data):
    rows = [
        [label, *image.ravel().tolist()] for label, image in zip(data.train_labels[:4], data.train_images, strict=False)
    ]
    few = written(tmp_path / "few.csv", rows)
    with pytest.raises(Problem, match="4 images are too few to train on"):
        predict.predict_file(few, course[1], tmp_path / "p.txt", retrain=True)
    assert not (tmp_path / "p.txt").exists()


def test_the_best_network_is_chosen_by_validation(tmp_path, monkeypatch):
    from helpers.core import store

    monkeypatch.setattr(project, "MODELS", tmp_path)
    with pytest.raises(Problem, match="no trained network"):
        predict.best_network()
    for name, value in {"a-0": 0.9, "b-0": 0.92, "c-0": 0.91}.items():
        path = tmp_path / "net" / f"{name}.keras"
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"weights")
        store.write_card(path.with_suffix(".json"), {"val_accuracy": value}, [path])
        (tmp_path / "net" / f"._{name}.json").write_bytes(b"\0\5\26\7")  # as file managers leave them
    store.write_card(tmp_path / "net" / "b-1.json", {"val_accuracy": 0.99}, [])  # its network was not stored
    path, card = predict.best_network()
    assert path == tmp_path / "net" / "b-0.keras" and card["val_accuracy"] == 0.92


def test_a_link_is_followed_and_an_input_is_safe(course, tmp_path):
    train, test, _ = course
    real, link = tmp_path / "real.txt", tmp_path / "link.txt"
    real.write_text("old\n")
    link.symlink_to(real)
    predict.predict_file(train, test, link)
    assert link.is_symlink() and len(real.read_text().split()) == 200
    before = test.read_bytes()
    link.unlink()
    link.symlink_to(test)
    for output in (link, test):
        with pytest.raises(Problem, match="same file as the input"):
            predict.predict_file(train, test, output)
    assert test.read_bytes() == before


@pytest.mark.parametrize("output", ["", "."])
def test_an_output_without_a_name_is_one_sentence(course, output):
    done = helpers_command("predict", *course[:2], "--output", output)
    assert done.returncode == 2
    assert_one_sentence(done, "The ")
