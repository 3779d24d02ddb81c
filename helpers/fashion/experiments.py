"""Which networks the report needs: their layers, training configurations and seeds, and the queue that trains them.

`python -m helpers train` (make train) trains whatever is missing, the first seed of every kind before the second, one
network after the other. Killed at any moment, it goes on from the last whole epoch.
"""

from dataclasses import asdict, dataclass, replace
from fnmatch import fnmatchcase
from functools import cache, partial

import numpy as np

from helpers.core import project, stats, store
from helpers.core.project import Problem, report_progress, seed_for, shown
from helpers.fashion import architectures, dataset, runs, training
from helpers.fashion.training import TrainingConfig

PRECISION = "mixed_bfloat16"  # what the convolutional networks compute in while they are trained

MLP = TrainingConfig(learning_rate=0.01)
V1 = TrainingConfig(learning_rate=0.01, precision=PRECISION)
V2 = TrainingConfig(learning_rate=0.01, schedule="inverse-time", decay=1e-4, batch_size=512, precision=PRECISION)

# The ablation: what each remedy adds to a plain configuration, and what taking it away costs the full one.
PLAIN = TrainingConfig(learning_rate=0.01, nesterov=False, epochs=15, patience=15, precision=PRECISION)
REMEDIES = {
    "Nesterov momentum": {"nesterov": True},
    "higher rate, one-cycle": {"learning_rate": 0.1, "schedule": "one-cycle"},
    "cosine schedule": {"schedule": "cosine"},
    "weight decay": {"weight_decay": 5e-3},
    "label smoothing": {"label_smoothing": 0.1},
    "flips": {"flip": True},
    "shifts": {"shift": 2},
    "rotation": {"rotate": 10.0},
    "brightness": {"brightness": 0.2},
    "erasing": {"erase": 0.25},
    "weight averaging": {"average_epochs": 3},
}
IN_FULL = [
    "Nesterov momentum", "higher rate, one-cycle", "weight decay", "label smoothing", "flips", "shifts", "erasing",
]  # fmt: skip
FULL = replace(PLAIN, **{key: value for name in IN_FULL for key, value in REMEDIES[name].items()})
SMALL = 16, 32, 64, 128  # the feature maps of the residual network that stands in for v3

V3 = replace(FULL, epochs=40, patience=40)  # the full configuration, for longer, on twice the feature maps

# What the report leaves open of its networks, with other values than ours, each tried for OPEN_EPOCHS.
OPEN_EPOCHS = 10
OPEN_SETTINGS = {
    "v1": {
        "no momentum": {"momentum": 0.0, "nesterov": False}, "dropout 0.1": {"dropout": 0.1}, "dropout 0.4": {"dropout": 0.4},
    },
    "v2": {
        "no momentum": {"momentum": 0.0, "nesterov": False}, "dropout 0.3": {"dropout": 0.3}, "decay 0.001": {"decay": 1e-3},
        "batch 256": {"batch_size": 256}, "batch 1024": {"batch_size": 1024},
    },
}  # fmt: skip


@dataclass(frozen=True)
class Kind:
    """A kind of network and how it is trained.

    build : function that returns a fresh Keras model.   config : TrainingConfig.   seeds : how many are wanted.
    stream : name of the seeds: run i starts from seed_for(f"{stream}/{i}"), so that kinds of one stream pair up.
    held_out : share of the training images held out for validation.   flat : whether an image is a row of pixels.
    shuffled : whether the pixels of all images are shuffled, all in the same way.
    final  : whether the test images are looked at, once, and the first network is kept. The others are experiments: their
             last epoch is judged, on the validation images alone.
    """

    build: callable
    config: TrainingConfig
    seeds: int
    stream: str
    held_out: float = 0.1
    flat: bool = False
    shuffled: bool = False
    final: bool = True


def _mlp(config, seeds, dropout=0.2):
    return Kind(partial(architectures.mlp, dropout), config, seeds, "mlp", flat=True)


def _arms():
    arms = {"plain": PLAIN, "full": FULL}
    arms |= {f"plain+{name}": replace(PLAIN, **change) for name, change in REMEDIES.items()}
    for name in IN_FULL:
        arms[f"full-{name}"] = replace(FULL, **{key: getattr(PLAIN, key) for key in REMEDIES[name]})
    return arms


def _ablation():
    make = partial(Kind, partial(architectures.residual, SMALL), seeds=2, stream="ablation", final=False)
    kinds = {f"ablation/{slug(arm)}": make(config=config) for arm, config in _arms().items()}
    return kinds | {"ablation/shuffled-pixels": make(config=PLAIN, shuffled=True)}


def _setting(kind, dropout=None, **change):
    """A Kind that is trained for OPEN_EPOCHS only, under a change of its configuration or of the network's dropout."""
    build = kind.build if dropout is None else partial(kind.build, dropout)
    config = replace(kind.config, epochs=OPEN_EPOCHS, patience=OPEN_EPOCHS, **change)
    return replace(kind, build=build, config=config, seeds=1, final=False)


def slug(arm):
    """The name of an arm as part of a file's name, such as "plain+weight-decay"."""
    return arm.replace(",", "").replace(" ", "-").lower()


KINDS = {
    "mlp/sgd": _mlp(MLP, 5),
    "mlp/adam": _mlp(replace(MLP, optimizer="adam", learning_rate=0.001), 5),
    "mlp/mse": _mlp(replace(MLP, loss="mean_squared_error"), 5),
    "mlp/mse-fast": _mlp(replace(MLP, loss="mean_squared_error", learning_rate=0.1), 5),
    **{f"mlp/dropout-{share:.1f}": _mlp(MLP, 3, share) for share in (0.0, 0.1, 0.3, 0.4, 0.5)},
    "cnn/v3": Kind(partial(architectures.residual, (32, 64, 128, 256)), V3, 5, "cnn/v3"),
    "cnn/v2": Kind(architectures.v2, V2, 3, "cnn/v2"),
    "cnn/v1": Kind(architectures.v1, V1, 3, "cnn/v1", held_out=0.2),
    **_ablation(),
}
KINDS |= {
    f"settings/{name}-{slug(setting)}": _setting(KINDS[f"cnn/{name}"], **change)
    for name, changes in OPEN_SETTINGS.items()
    for setting, change in changes.items()
}


@cache
def split(held_out, flat, seed, profile, shuffled=False):
    """Fashion-MNIST as a training.Split: the same images held out for every network of one `held_out` and `seed`.

    Inputs are float32 (n, 784) if `flat`, else (n, 28, 28, 1). A smaller share is held out from within a larger one.
    shuffled : whether the pixels of every image change places, all by one permutation that hangs on `seed`.
    """
    if flat:  # the same arrays, seen as rows
        options = {"shuffled": True} if shuffled else {}  # the words of a call are its key in the cache
        seen = split(held_out, flat=False, seed=seed, profile=profile, **options)
        parts = "train_x", "val_x", "test_x"
        return replace(seen, **{part: getattr(seen, part).reshape(-1, dataset.PIXELS) for part in parts})
    data = dataset.load(profile)
    images, y = data.train_images, data.train_labels
    rows, held = dataset.split(images, y, held_out, seed_for("fashion/split", seed))
    parts = [dataset.scaled(part) for part in (images[rows], images[held], data.test_images)]
    if shuffled:
        order = np.random.default_rng(seed_for("fashion/shuffled pixels", seed)).permutation(dataset.PIXELS)
        parts = [part[:, order] for part in parts]
    train_x, val_x, test_x = (part.reshape(-1, 28, 28, 1) for part in parts)
    return training.Split(train_x, y[rows], val_x, y[held], test_x, data.test_labels)


@cache
def _pattern(build):
    """A kind's network, which is copied and compared with, but never trained: all runs of a kind share one."""
    return build()


def request(name, number, seed, profile):
    """The runs.Request of run `number` (0, 1, ...) of the kind called `name`, for a project.Profile and its SEED."""
    kind = KINDS[name]
    options = {"shuffled": True} if kind.shuffled else {}  # in the words of the chapters, so that their split is found
    data = split(kind.held_out, flat=kind.flat, seed=seed, profile=profile, **options)
    if not kind.final:
        data = replace(data, test_x=None, test_y=None)
    return runs.Request(
        _pattern(kind.build), f"{name}-{number}", kind.config, data, seed_for(f"{kind.stream}/{number}", seed),
        keep=kind.final and number == 0, last=not kind.final,
    )  # fmt: skip


def trained_runs(name, seed, profile, remedy, *, wanted=None, epochs=None):
    """The runs of the kind called `name`, first seeds first (list of runs.Trained).

    wanted : how many, if not the kind's own number.   epochs : the most epochs, if not the kind's own.
    In the report profile they are as many as are stored without a gap; Problem if not even the first is. In the others
    all are trained.
    """
    found = []
    for number in range(wanted or KINDS[name].seeds):
        asked = request(name, number, seed, profile)
        if found and not profile.trains and not (profile.models / f"{asked.name}.json").is_file():
            break
        config = replace(asked.config, epochs=epochs or asked.config.epochs)
        found.append(runs.trained(asked._replace(config=config), profile, remedy))
    return found


def ablation_runs(seed, profile, remedy, *, arms=None, epochs=None):
    """The runs of the arms of the ablation: dict of arm, such as "plain+rotation" -> list of runs.Trained, all its seeds.

    arms : those that are wanted, if not all.   epochs : as for `trained_runs`.
    """
    names = {arm: f"ablation/{slug(arm)}" for arm in arms or ["shuffled pixels", *_arms()]}
    return {arm: trained_runs(name, seed, profile, remedy, epochs=epochs) for arm, name in names.items()}


def under_settings(name, run, seed, profile, remedy, *, wanted=None, epochs=None):
    """What other settings are worth to a network called `name`: dict of each of its OPEN_SETTINGS -> (there, here).

    Both are the best validation accuracy (float) of equally many first epochs: of a run under that setting, and of `run`,
    the runs.Trained of the same seed under ours.   wanted : how many settings, if not all.   epochs : as for `trained_runs`.
    """
    found = {}
    for setting in list(OPEN_SETTINGS[name])[:wanted]:
        (other,) = trained_runs(f"settings/{name}-{slug(setting)}", seed, profile, remedy, epochs=epochs)
        first = other.history, run.history[: len(other.history)]
        found[setting] = tuple(max(row["val_accuracy"] for row in history) for history in first)
    return found


def accuracies(found, data, part):
    """What each run labels correctly (list of stats.Accuracy).

    found : list of runs.Trained.   data : their training.Split.   part : "validation" or "test".
    """
    labels = data.val_y if part == "validation" else data.test_y
    return [stats.accuracy(getattr(run, part), labels) for run in found]


def accuracy_table(groups, data):
    """Mean and standard deviation of the accuracies of groups of runs, and the epochs kept: columns and rows of a table.

    groups : dict of name -> list of runs.Trained; of one run, no deviation is given.   data : their training.Split.
    """
    columns = {"network": "l", "seeds": "r", "validation": "l", "test": "l", "kept epochs": "l"}
    rows = []
    for name, found in groups.items():
        shares = [[each.share for each in accuracies(found, data, part)] for part in ("validation", "test")]
        cells = [f"{values[0]:.2%}" for values in shares]
        if len(found) > 1:
            cells = ["{:.2%} ± {:.2%}".format(*stats.mean_and_sd(values)) for values in shares]
        rows.append([name, len(found), *cells, ", ".join(str(run.kept_epoch) for run in found)])
    return columns, rows


def epochs_to(run, mark):
    """The first epoch of a run whose validation accuracy is at least `mark`, or its last one (int)."""
    reached = [row["epoch"] for row in run.history if row["val_accuracy"] >= mark]
    return reached[0] if reached else len(run.history)


def queue(patterns):
    """What is to be trained, as (kind, number) in order: the kinds that fit a pattern, first seeds first.

    patterns : list of str such as "cnn/v1" or "ablation/*"; the order of the patterns is that of the queue.
    Raises Problem for a pattern that fits no kind.
    """
    found = []
    for pattern in patterns or ["*"]:
        names = [name for name in KINDS if fnmatchcase(name, pattern)]
        if not names:
            raise Problem(f"No network is called {pattern!r}: there are {', '.join(KINDS)}.")
        most = max(KINDS[name].seeds for name in names)
        found += [(name, number) for number in range(most) for name in names if number < KINDS[name].seeds]
    return list(dict.fromkeys(found))


def train_queue(patterns, seed=2019, only_list=False):
    """Train every network of the queue that is not stored, one after the other; yields a line about each (str)."""
    profile, waiting = project.PROFILES["train"], queue(patterns)
    for place, (name, number) in enumerate(waiting, 1):
        path = profile.models / f"{name}-{number}.json"
        where = f"{place} of {len(waiting)}: {name}-{number}"
        if is_stored(path, KINDS[name].config):
            yield f"{where} is stored"
        elif only_list:
            yield f"{where} is to be trained"
        else:
            report_progress(f"{where}, training")
            made = runs.trained(request(name, number, seed, profile), profile, f"make train ONLY={name}")
            yield f"{where} done: validation {made.card['val_accuracy']:.2%}, {made.card['minutes']:.0f} min -> {shown(path)}"


def is_stored(path, config):
    """Whether a whole card lies in `path` whose configuration is the one asked for."""
    try:
        card = store.read_card(path, "make train")
    except Problem:
        return False
    return not list(store.differences(card.get("config"), asdict(config), "config"))
