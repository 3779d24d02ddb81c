"""The assignment's submission: label the images of a CSV file, one label a line, in the order of the rows."""

import numpy as np

from helpers.core import project, store
from helpers.core.project import Problem, shown, typed
from helpers.fashion import course_csv, dataset

REMEDY = "make train"
HELD_OUT = 0.1  # share of TRAIN.csv kept for validation when training


def predict_file(train_csv, test_csv, output, retrain=False):
    """Predict the class of every image in `test_csv` and write the labels to `output`.

    train_csv, test_csv : files in the course's format; the test file's labels are dummies and are not read.
    output   : one label 0..9 a line, in the order of the rows; written as store.write_named does, and never over the inputs.
    retrain  : train the network from `train_csv`, a tenth of it held out; otherwise the stored network is loaded and
               `train_csv` is only checked.
    Returns a sentence that says what was written. Raises Problem for a bad file, naming file and line.
    """
    inputs = [typed(train_csv), typed(test_csv)]
    store.named_output(output, inputs)
    images, labels = course_csv.read_csv(train_csv)
    test_images, _ = course_csv.read_csv(test_csv, labelled=False)
    path, card = best_network()
    from helpers.fashion import networks  # Keras takes seconds: what is wrong with the files is told before

    network = networks.load(path, REMEDY)
    if retrain:
        network = _trained_from(images, labels, network, card)
    pictures = dataset.scaled(test_images).reshape(-1, *network.input_shape[1:])
    predicted = networks.probabilities(network, pictures).argmax(axis=1)
    store.write_named(output, "".join(f"{label}\n" for label in predicted).encode(), inputs)
    counts = np.bincount(predicted, minlength=len(dataset.CLASSES))
    spread = ", ".join(f"{name} {count:,}" for name, count in zip(dataset.CLASSES, counts, strict=True))
    return f"{card['name']} wrote {len(predicted):,} labels to {output}: {spread}."


def best_network():
    """The stored network (path, card) with the best validation accuracy on its card. Raises Problem if there is none."""
    cards = {path: store.read_json(path) for path in sorted(project.MODELS.glob("[!.]*/[!.]*-0.json"))}
    stored = {path.with_suffix(".keras"): card for path, card in cards.items() if path.with_suffix(".keras").is_file()}
    if not stored:
        raise Problem(f"There is no trained network in {shown(project.MODELS)}: train some with `{REMEDY}`.")
    best = max(stored, key=lambda path: stored[path].get("val_accuracy", 0))
    return best, store.read_card(best.with_suffix(".json"), REMEDY)


def _trained_from(images, labels, pattern, card):
    """A network of the pattern's layers, trained from scratch on the given images by the configuration on the card."""
    from helpers.fashion import networks, training

    rows, held_out = dataset.split(images, labels, HELD_OUT, card["seed"])
    if not len(held_out):
        raise Problem(
            f"{len(images)} images are too few to train on: a tenth of each class is held out for validation."
        )
    inputs = dataset.scaled(images).reshape(-1, *pattern.input_shape[1:])
    data = training.Split(inputs[rows], labels[rows], inputs[held_out], labels[held_out])
    config = training.TrainingConfig(**card["config"])
    run = training.train(pattern, config, data, card["seed"], project.TRAINING / "predict", "predict")
    return networks.in_float32(run.best)
