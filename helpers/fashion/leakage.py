"""A validation set that leaks into training: what happens when a network is fitted again after an unseeded reshuffle.

The course's loader shuffles all training data anew at each call, and Keras' `validation_split` then holds out the last
tenth of what it is given. Whoever calls both again and goes on with the same network validates it on images that it has
been trained on. Here that is done on purpose, beside images that were set aside once and are never mixed in.
"""

from dataclasses import asdict

import numpy as np

from helpers.core import stats, store
from helpers.core.backend import keras, made_with
from helpers.core.project import report_progress, seed_for
from helpers.fashion import networks, training

RESULT = "mlp_reshuffle.json"
HELD_OUT = 0.1


def reshuffle_chains(network, config, data, profile, seed, remedy, *, chains, fits):
    """`chains` networks, each fitted `fits` times: read from outputs/results/ in the report profile, else made.

    The rest is as in `refitted`. Returns a dict with "settings", "made_with" and "chains", a list of what `refitted`
    returns. Raises Problem if the report profile finds no stored measurement of these settings.
    """
    settings = {"seed": seed, "chains": chains, "fits": fits, "config": asdict(config), "n_train": len(data.train_x)}

    def make():
        seeds = [seed_for(f"mlp/reshuffle/{i}", seed) for i in range(chains)]
        found = [refitted(network, config, data, each, profile.training / "mlp" / "reshuffle", fits) for each in seeds]
        return {"made_with": made_with(), "chains": found}

    return store.stored(profile.results / RESULT, settings, make if profile.trains else None, remedy)


def refitted(network, config, data, seed, folder, fits):
    """Fit one network again and again, each time after a reshuffle of all training data; resumes after a kill.

    network : the pattern (Keras model); it starts from weights drawn from `seed`.
    config  : training.TrainingConfig; each fit runs all its epochs, without early stopping.
    data    : training.Split; its training images are reshuffled, its validation images are kept clean, its test images are
              looked at once, at the end of each fit.
    fits    : how often.   folder : for the state in between, which lies in a folder of its own for other settings.
    Returns a list with a dict a fit: "curve", a list of dicts (false_val_accuracy, clean_accuracy) an epoch, and the
    counts of right answers at its end, "false", "clean" and "test", each [correct, n].
    """
    done, folder = [], folder / f"{config.epochs}-{training.run_digest(network, config, data, seed)[:12]}"
    with store.lock(folder):
        if (folder / "fits.json").is_file():
            done = store.read_json(folder / "fits.json")
            model = keras.models.load_model(folder / f"{len(done)}.keras")
        else:
            model = training.compiled(networks.fresh_copy(network, seed), config, len(data.train_x))
        while len(done) < fits:
            done.append(_one_fit(model, config, data, seed, len(done)))
            with store.atomic_write(folder / f"{len(done)}.keras") as temporary:
                model.save(temporary)
            store.write_json(folder / "fits.json", done)
            shares = [f"{name} {done[-1][name][0] / done[-1][name][1]:.4f}" for name in ("false", "clean", "test")]
            report_progress(f"fit {len(done)}/{fits} after a reshuffle: {', '.join(shares)}")
    return done[:fits]


def _one_fit(model, config, data, seed, number):
    """Reshuffle everything, hold out the last tenth as Keras' validation_split would, and go on training."""
    order = np.random.default_rng([seed, number, 0]).permutation(len(data.train_x))
    rows, held_out = np.split(order, [int(len(order) * (1 - HELD_OUT))])
    pool = training.Split(data.train_x[rows], data.train_y[rows], data.train_x[held_out], data.train_y[held_out])
    batches = training.Batches(pool, config, seed, model.output_shape[-1])
    clean = []  # right answers on images that are never mixed in, after each epoch
    judge = keras.callbacks.LambdaCallback(on_epoch_end=lambda *_: clean.append(_right(model, data.val_x, data.val_y)))
    history = model.fit(
        batches, initial_epoch=number * config.epochs, epochs=(number + 1) * config.epochs, shuffle=False, verbose=0,
        validation_data=(pool.val_x, pool.val_y), callbacks=[training.SeedEpoch(batches), judge],
    ).history  # fmt: skip
    return {
        "curve": [
            {"false_val_accuracy": false, "clean_accuracy": correct / n}
            for false, (correct, n) in zip(history["val_accuracy"], clean, strict=True)
        ],
        "false": _right(model, pool.val_x, pool.val_y),
        "clean": clean[-1],
        "test": _right(model, data.test_x, data.test_y),
    }


def _right(model, x, y):
    counted = stats.accuracy(networks.probabilities(model, x), y)
    return [counted.correct, counted.n]
