"""One change at a time: the same network trained in several ways from the same seeds, and the table of what came out.

A run is kept by its last epoch, not by its best, so that no way gains by being looked at more often.
"""

from dataclasses import asdict

import numpy as np
from scipy import stats

from helpers.core import store
from helpers.core.backend import made_with
from helpers.core.project import seed_for
from helpers.core.stats import Interval
from helpers.fashion import networks, training

RESULT = "cnn_ablation.json"


def one_change_at_a_time(network, configs, data, seeds, profile, seed, remedy):
    """Every configuration's runs: read from outputs/results/ in the report profile, trained in the others; resumable.

    network : the pattern of every run.   configs : dict of arm -> training.TrainingConfig.   data : training.Split.
    seeds   : runs per arm; run i starts from the same weights and the same order of images in every arm.
    seed    : the notebook's SEED.   remedy : the command that makes them anew.
    Returns the record (dict): settings, made_with, runs (list of dicts with arm, run, predicted, the class ids of the
    validation images as one string of digits, accuracy, that on the training images, and seconds).
    Raises Problem if the report profile finds no record of these settings.
    """
    settings = {
        "configs": {arm: asdict(config) for arm, config in configs.items()},
        "n_train": len(data.train_x), "n_validation": len(data.val_x), "seeds": seeds, "seed": seed,
    }  # fmt: skip

    def make():
        return {
            "made_with": made_with(),
            "runs": [
                _run(network, config, data, arm, number, profile.training / "cnn" / "ablation", seed)
                for number in range(seeds)
                for arm, config in configs.items()
            ],
        }

    return store.stored(profile.results / RESULT, settings, make if profile.trains else None, remedy)


def _run(network, config, data, arm, number, folder, seed):
    slug = "".join(letter if letter.isalnum() else "-" for letter in arm).strip("-")
    run = training.train(
        network, config, data, seed_for(f"cnn_ablation/{number}", seed), folder / f"{slug}-{number}", f"{arm} {number}"
    )
    predicted = networks.probabilities(run.last, data.val_x).argmax(axis=1)
    return {
        "arm": arm,
        "run": number,
        "predicted": "".join(map(str, predicted)),
        "accuracy": run.history[-1]["accuracy"],
        "seconds": round(sum(row["seconds"] for row in run.history), 1),
    }


def right(record, labels):
    """Which validation images each run labels correctly: dict of arm -> bool (runs, images), runs in their order."""
    found = {arm: [] for arm in record["settings"]["configs"]}
    for run in sorted(record["runs"], key=lambda run: run["run"]):
        found[run["arm"]].append(np.array([int(digit) for digit in run["predicted"]]) == labels)
    return {arm: np.array(runs) for arm, runs in found.items()}


def gain(better, base, level=0.95):
    """The mean gain in accuracy of one arm over another, paired by run and by image, and its interval.

    better, base : bool (runs, images), which images are right.
    Returns the gain of each run (list of floats) and an Interval for their mean. The interval allows for other images,
    not for other seeds: every image contributes its difference, averaged over the runs.
    """
    difference = better.astype(float) - base
    each_image = difference.mean(axis=0)
    half = stats.norm.ppf((1 + level) / 2) * each_image.std(ddof=1) / np.sqrt(each_image.size)
    middle = float(each_image.mean())
    return difference.mean(axis=1).tolist(), Interval(middle - half, middle + half)
