"""One change at a time: the same network trained by several recipes from the same seeds, and the table of what came out.

A run is kept by its last epoch, not by its best, so that no recipe gains by being looked at more often.
"""

import platform
from datetime import UTC, datetime

import numpy as np
from scipy import stats

from helpers.core import store
from helpers.core.backend import device_name, keras
from helpers.core.project import Problem, seed_for, shown
from helpers.core.stats import Interval
from helpers.fashion import networks, training


def compared(network, recipes, data, seeds, name, profile, seed, remedy):
    """Every recipe's runs: loaded in the report profile, trained in the others, stored after each run and so resumable.

    network : the pattern of every run.   recipes : dict of arm -> training.Recipe.   data : training.Split.
    seeds   : runs per arm; run i starts from the same weights and the same order of images in every arm.
    name    : str such as "cnn_ablation"; the file is results/<name>.json.   seed : the notebook's SEED.
    Returns the record (dict): made_with, settings, runs (list of dicts with arm, run, predicted, the class ids of the
    validation images as one string of digits, accuracy, that on the training images, and seconds).
    Raises Problem if the report profile finds no whole record, or one of other settings.
    """
    path = profile.results / f"{name}.json"
    settings = _settings(recipes, data, seeds, seed)
    record = _read(path)
    if not profile.trains:
        _require_whole(record, settings, path, remedy)
        return record
    if record is None or record["settings"] != settings or record["made_with"] != _made_with(record):
        record = {"made_with": _made_with(), "settings": settings, "runs": []}
    done = {(run["arm"], run["run"]) for run in record["runs"]}
    for number in range(seeds):
        for arm, recipe in recipes.items():
            if (arm, number) in done:
                continue
            folder = profile.training / name.replace("_", "/", 1) / f"{_slug(arm)}-{number}"
            history = training.train(
                network, recipe, data, seed_for(f"{name}/{number}", seed), folder, f"{arm} {number}"
            )
            record["runs"].append(_run(arm, number, history, folder, data))
            store.write_json(path, record)
    return record


def right(record, labels):
    """Which validation images each run labels correctly: dict of arm -> bool (runs, images), runs in their order."""
    found = {arm: [] for arm in record["settings"]["recipes"]}
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


def _settings(recipes, data, seeds, seed):
    return {
        "recipes": {arm: store.rounded(recipe.as_json()) for arm, recipe in recipes.items()},
        "n_train": len(data.train_x),
        "n_validation": len(data.val_x),
        "seeds": seeds,
        "seed": seed,
    }


def _made_with(record=None):
    """What the runs are made with (dict of str); a record that is gone on with keeps its own date."""
    return {
        "device": device_name(),
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
        "python": platform.python_version(),
        "date": record["made_with"].get("date") if record else datetime.now(UTC).date().isoformat(),
    }


def _run(arm, number, history, folder, data):
    seconds = [row["seconds"] for row in store.read_json(folder / "progress.json")["history"]]
    predicted = networks.probabilities(training.last_network(folder, history), data.val_x).argmax(axis=1)
    return {
        "arm": arm,
        "run": number,
        "predicted": "".join(map(str, predicted)),
        "accuracy": history[-1]["accuracy"],
        "seconds": round(sum(seconds), 1),
    }


def _slug(arm):
    return "".join(letter if letter.isalnum() else "-" for letter in arm).strip("-")


def _read(path):
    return store.read_json(path) if path.is_file() else None


def _require_whole(record, settings, path, remedy):
    """Raise Problem unless the record is there, complete, and of these sizes and arms."""
    if record is None:
        raise Problem(f"{shown(path)} is missing: make it with `{remedy}`.")
    sizes = {key: value for key, value in settings.items() if key != "recipes"}
    if {key: record["settings"][key] for key in sizes} != sizes or [*record["settings"]["recipes"]] != [
        *settings["recipes"]
    ]:
        raise Problem(f"{shown(path)} was made with other settings: make it anew with `{remedy}`.")
    if len(record["runs"]) != settings["seeds"] * len(settings["recipes"]):
        raise Problem(f"{shown(path)} was never finished: go on with `{remedy}`.")
