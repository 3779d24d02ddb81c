"""A validation set that leaks into training: what happens when a network is fitted again after an unseeded reshuffle.

The course's loader shuffles all training data anew at each call, and Keras' `validation_split` then holds out the last
tenth of what it is given. Whoever calls both again and goes on with the same network validates it on images that it has
been trained on. Here that is done on purpose, beside images that were set aside once and are never mixed in.
"""

import numpy as np

from helpers.core import project, stats, store
from helpers.core.backend import keras
from helpers.core.project import seed_for
from helpers.fashion import networks, training
from helpers.fashion.tuning import made_with

RESULT = "mlp_reshuffle.json"
HELD_OUT = 0.1


def refitted(network, recipe, data, test_x, test_y, seed, folder, fits):
    """Fit one network again and again, each time after a reshuffle of all training data; resumes after a kill.

    network   : the pattern (Keras model); it starts from weights drawn from `seed`.
    recipe    : training.Recipe; each fit runs all its epochs, without early stopping.
    data      : training.Split; its training images are reshuffled, its validation images are kept clean.
    test_x, test_y : looked at once, at the end of each fit.   fits : how often.   folder : for the state in between.
    Returns a list with a dict a fit: "curve", a list of dicts (false_val_accuracy, clean_accuracy) an epoch, and the
    counts of right answers at its end, "false", "clean" and "test", each [correct, n].
    """
    done = []
    with store.lock(folder):
        if (folder / "fits.json").is_file():
            done = store.read_json(folder / "fits.json")
            model = keras.models.load_model(folder / f"{len(done)}.keras")
        else:
            model = networks.fresh_copy(network, seed)
            optimizer = keras.optimizers.deserialize(keras.optimizers.serialize(recipe.optimizer))
            model.compile(optimizer=optimizer, loss=recipe.loss, metrics=["accuracy"])
        while len(done) < fits:
            done.append(_one_fit(model, recipe, data, test_x, test_y, seed, len(done)))
            with store.atomic_write(folder / f"{len(done)}.keras") as temporary:
                model.save(temporary)
            store.write_json(folder / "fits.json", done)
            project.report_progress(f"fit {len(done)}/{fits} after a reshuffle: {_shares(done[-1])}")
    return done


def _one_fit(model, recipe, data, test_x, test_y, seed, number):
    """Reshuffle everything, hold out the last tenth as Keras' validation_split would, and go on training."""
    order = np.random.default_rng([seed, number, 0]).permutation(len(data.train_x))
    rows, held_out = np.split(order, [int(len(order) * (1 - HELD_OUT))])
    pool = training.Split(data.train_x[rows], data.train_y[rows], data.train_x[held_out], data.train_y[held_out])
    curve = []
    for epoch in range(number * recipe.epochs, (number + 1) * recipe.epochs):
        row, _ = training.one_epoch(model, None, recipe, pool, seed, epoch + 1)
        right, n = _right(model, data.val_x, data.val_y)
        curve.append({"false_val_accuracy": row["val_accuracy"], "clean_accuracy": right / n})
    return {
        "curve": curve,
        "false": _right(model, pool.val_x, pool.val_y),
        "clean": _right(model, data.val_x, data.val_y),
        "test": _right(model, test_x, test_y),
    }


def _right(model, x, y):
    counted = stats.accuracy(networks.probabilities(model, x), y)
    return [counted.correct, counted.n]


def _shares(fit):
    return ", ".join(f"{name} {fit[name][0] / fit[name][1]:.4f}" for name in ("false", "clean", "test"))


def measured(network, recipe, data, test_x, test_y, profile, seed, remedy, *, chains, fits):
    """`chains` networks, each fitted again and again: read from outputs/results/ in the report profile, else made.

    The rest is as in `refitted`. Returns a dict with "chains", a list of what `refitted` returns, the numbers of fits and
    of their epochs, and what it was made with. Raises Problem if the report profile finds no stored measurement.
    """
    path = profile.results / RESULT
    if profile.trains:
        runs = [
            refitted(
                network, recipe, data, test_x, test_y, seed_for(f"mlp/reshuffle/{i}", seed),
                profile.training / "mlp" / f"reshuffle-{i}", fits,
            )
            for i in range(chains)
        ]  # fmt: skip
        record = {"made_with": made_with(), "seed": seed, "fits": fits, "epochs": recipe.epochs, "chains": runs}
        store.write_json(path, store.rounded(record))
    return store.read_json(path, remedy)
