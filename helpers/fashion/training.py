"""One way to train every network: seeded, stopped early, kept at its best epoch, and safe to kill at any moment.

A training run is a function of its settings and its seed. After each epoch its state goes to disk: the network with
its optimiser, and the history. What happens next (go on, stop, which epoch is kept) is read off the history alone,
and each epoch shuffles by (seed, epoch); so a run that was killed ends in the same weights as one that was not.
Keras' own EarlyStopping and BackupAndRestore do not give that: the patience already spent is forgotten on resuming.
The same holds for what a recipe may add: changed images are drawn from (seed, epoch) in NumPy, and the running mean of
the weights, batch-norm statistics and all, lies on disk beside the network.
"""

import copy
import csv
import hashlib
import io
import json
import math
import platform
import time
from dataclasses import dataclass, field
from datetime import UTC, datetime
from functools import cached_property
from pathlib import Path

import numpy as np

from helpers.core import project, store
from helpers.core.backend import device_name, keras
from helpers.core.project import Problem, shown
from helpers.fashion import networks
from helpers.fashion.augmentation import Augmentation

HISTORY_COLUMNS = ("epoch", "loss", "accuracy", "val_loss", "val_accuracy")


@dataclass(frozen=True)
class Recipe:
    """How a network is trained.

    optimizer  : a Keras optimiser; every run starts from a fresh copy of it.
    epochs     : the most epochs.   patience : epochs without a better validation accuracy after which a run stops.
    batch_size : images per step.   loss : a Keras loss.
    label_smoothing : the share of certainty that is spread evenly over the classes; then `loss` is cross-entropy, and
                      the losses in the history, validation too, are against the smoothed labels.
    precision  : "float32", or a Keras policy such as "mixed_bfloat16" to multiply in; the kept network is float32.
    augmentation    : how training images are changed in each epoch, or None. Validation images never are.
    average_epochs  : k > 1 judges and keeps, after epoch e, a running mean of the weights over the last epochs: the
                      mean m moves to m + (w - m) / min(e, k). Running statistics of batch norm are averaged alike.
    """

    optimizer: keras.optimizers.Optimizer
    epochs: int = 100
    patience: int = 15
    batch_size: int = 256
    loss: str = "sparse_categorical_crossentropy"
    label_smoothing: float = 0.0
    precision: str = "float32"
    augmentation: Augmentation | None = None
    average_epochs: int = 1

    def as_json(self):
        """The recipe as a JSON dict, for cards and for telling whether a checkpoint belongs to it."""
        optimizer = json.loads(json.dumps(keras.optimizers.serialize(self.optimizer), default=float))
        optimizer["config"]["name"] = optimizer["class_name"].lower()  # Keras counts names up within a process
        return {
            "optimizer": optimizer,
            "epochs": self.epochs,
            "patience": self.patience,
            "batch_size": self.batch_size,
            "loss": self.loss,
            "label_smoothing": self.label_smoothing,
            "precision": self.precision,
            "augmentation": self.augmentation and self.augmentation.as_json(),
            "average_epochs": self.average_epochs,
        }

    @classmethod
    def from_json(cls, facts, stretch=1.0):
        """The recipe that as_json() wrote on a card; what an older card lacks takes its default.

        stretch : steps an epoch will have, over those that it had; a schedule of the learning rate is stretched by it,
                  so that it still ends with the last epoch.
        """
        changes, optimizer = facts.get("augmentation"), copy.deepcopy(facts["optimizer"])
        if isinstance(optimizer["config"]["learning_rate"], dict):
            schedule = optimizer["config"]["learning_rate"]["config"]
            schedule |= {key: schedule[key] * stretch for key in ("decay_steps", "warmup_steps") if schedule.get(key)}
        return cls(
            **{
                **facts,
                "optimizer": keras.optimizers.deserialize(optimizer),
                "augmentation": changes and Augmentation(**changes),
            }
        )


def steps_per_epoch(n_images, batch_size):
    """How many batches an epoch has; the last may be smaller."""
    return -(-n_images // batch_size)


def one_cycle(peak, epochs, n_images, batch_size, warm_up=0.25, start=0.05):
    """A learning rate that rises in a line to `peak` for a quarter of the steps and falls to zero along a cosine.

    peak : the highest rate.   start : the first rate, as a share of it.   warm_up : the share of steps that it rises for.
    Returns Keras' CosineDecay over `epochs` epochs of `n_images` images in batches of `batch_size`.
    """
    steps = epochs * steps_per_epoch(n_images, batch_size)
    rising = int(warm_up * steps)
    return keras.optimizers.schedules.CosineDecay(
        start * peak, max(steps - rising, 1), warmup_target=peak, warmup_steps=rising
    )


@dataclass(frozen=True)
class Split:
    """Training and validation data. Inputs: float32 (n, ...). Labels: int32 (n,)."""

    train_x: np.ndarray
    train_y: np.ndarray
    val_x: np.ndarray
    val_y: np.ndarray

    @cached_property
    def validation_digest(self):
        """SHA-256 of the validation inputs, as 64 hex digits: which images were held out, and in which order."""
        return hashlib.sha256(np.ascontiguousarray(self.val_x)).hexdigest()


@dataclass
class Trained:
    """A trained network with its history, a list of one dict per epoch (HISTORY_COLUMNS), and its card (dict)."""

    network: keras.Model
    history: list = field(repr=False)
    card: dict = field(repr=False)

    @property
    def kept_epoch(self):
        """The epoch (1, 2, ...) whose weights the network has: the first with the best validation accuracy."""
        return best_epoch(self.history)


def best_epoch(history):
    """The epoch, counted from 1, of the highest validation accuracy; the first of several equals. 0 before the first."""
    return max(history, key=lambda row: row["val_accuracy"])["epoch"] if history else 0


def is_finished(history, recipe):
    """Whether a run with this history has come to its end, by the most epochs or by patience."""
    return len(history) >= recipe.epochs or len(history) - best_epoch(history) >= recipe.patience


def trained(network, name, recipe, data, seed, profile, remedy):
    """The network called `name`: loaded from its file in the report profile, trained from scratch in the others.

    network : a Keras model, taken as the pattern; each run starts from fresh weights drawn from `seed`.
    name    : str such as "mlp/sgd-0"; the files are models/<name>.keras, .csv (history) and .json (card).
    data    : Split.   seed : int.   profile : settings.Profile.   remedy : the command that trains it.
    Returns a Trained. Raises Problem if the report profile finds no such network, one that its card does not vouch for,
    or one that was made otherwise than is asked for here: with another seed, recipe, number of images or validation images.
    What a card passes over is not compared: no card tells the digest of the training images, and early ones tell only the
    first five fields of the recipe, the others having been at their defaults. Another limit to the epochs, or another
    patience, is no difference where the run would have ended at the same epoch.
    """
    path = profile.models / f"{name}.keras"
    if profile.trains:
        work = profile.training / name
        history = train(network, recipe, data, seed, work, name)
        kept = networks.in_float32(best_network(work, history))
        facts = _facts(name, recipe, data, seed, history, work)
        if recipe.precision != "float32":  # the history was judged in another precision than the one that is kept
            right = networks.probabilities(kept, data.val_x).argmax(axis=1) == data.val_y
            facts["val_accuracy"] = float(np.mean(right))
        _keep(kept, history, path, facts)
    loaded, card = networks.load(path, remedy, network)
    history = read_history(path.with_suffix(".csv"), card, remedy)
    for what, known, asked in _differences(card, history, recipe, data, seed):
        raise Problem(
            f"The trained network {shown(path)} was not made as is asked for here: on its card {what} is {known}, not {asked}; "
            f"ask for that again, or train it anew with `{remedy}` (or with --profile train beside your own parameters)."
        )
    return Trained(loaded, history, card)


def train(network, recipe, data, seed, folder, name=""):
    """Train a fresh copy of `network` to the end, going on from the checkpoint in `folder` if it belongs to this run.

    Leaves in `folder` the states of the best and of the last epoch. Returns the history: a list of one dict per epoch.
    A second process that trains the same waits for the first, and then finds its work done.
    """
    settings = _fingerprint(network, recipe, data, seed)
    folder = Path(folder)
    with store.lock(folder):
        model, mean, history = _resume(folder, settings, recipe) or (None, None, [])
        if model is None:
            model = networks.fresh_copy(network, seed, recipe.precision)
            optimizer = keras.optimizers.deserialize(keras.optimizers.serialize(recipe.optimizer))
            model.compile(optimizer=optimizer, loss=_loss(recipe), metrics=["accuracy"])
        while not is_finished(history, recipe):
            row, mean = one_epoch(model, mean, recipe, data, seed, len(history) + 1)
            history.append(row)
            _checkpoint(folder, settings, model, mean, history)
            project.report_progress(_epoch_line(name, history, recipe))
        return [{key: row[key] for key in HISTORY_COLUMNS} for row in history]


def best_network(folder, history):
    """The network of the best epoch, from the folder that train() worked in."""
    return _network_after(folder, best_epoch(history))


def last_network(folder, history):
    """The network of the last epoch, from the folder that train() worked in."""
    return _network_after(folder, len(history))


def _network_after(folder, epoch):
    mean = Path(folder) / _mean_file(epoch)
    return keras.models.load_model(mean if mean.is_file() else Path(folder) / _state_file(epoch), compile=False)


def _loss(recipe):
    if not recipe.label_smoothing:
        return recipe.loss
    return keras.losses.CategoricalCrossentropy(label_smoothing=recipe.label_smoothing)


def _targets(model, labels, recipe):
    """The labels as the loss takes them: class ids, or rows of zeros and a one, which only the dense loss can smooth."""
    return np.eye(model.output_shape[-1], dtype="float32")[labels] if recipe.label_smoothing else labels


def one_epoch(model, mean, recipe, data, seed, epoch):
    """Train one epoch, in an order drawn from (seed, epoch), and judge it.

    mean : the running mean of the weights before this epoch (list of arrays), or None.
    Returns its row of the history, with its seconds, and the mean after it (None if the recipe takes none).
    """
    _reseed_dropout(model, seed, epoch)
    order = np.random.default_rng([seed, epoch]).permutation(len(data.train_x))
    images, labels = data.train_x[order], _targets(model, data.train_y[order], recipe)
    judged_by = data.val_x, _targets(model, data.val_y, recipe)
    averages = recipe.average_epochs > 1
    started = time.perf_counter()
    if recipe.augmentation:
        images = recipe.augmentation.apply(images, np.random.default_rng([seed, epoch, 1]))
    logs = model.fit(
        images, labels, batch_size=recipe.batch_size, shuffle=False, verbose=0,
        validation_data=None if averages else judged_by, validation_batch_size=1000,
    ).history  # fmt: skip
    found = {key: float(values[0]) for key, values in logs.items()}
    if averages:
        weights = model.get_weights()
        mean = _moved(mean, weights, 1 / min(epoch, recipe.average_epochs))
        model.set_weights(mean)
        judged = model.evaluate(*judged_by, batch_size=1000, verbose=0, return_dict=True)
        found |= {f"val_{key}": float(value) for key, value in judged.items()}
        model.set_weights(weights)
    seconds = time.perf_counter() - started
    return {"epoch": epoch, **{key: found[key] for key in HISTORY_COLUMNS[1:]}, "seconds": seconds}, mean


def _moved(mean, weights, share):
    """Weights (list of arrays) moved from `mean` towards `weights` by a share; a dropout generator's state is taken over."""
    if mean is None:
        return weights
    return [
        old + np.float32(share) * (new - old) if np.issubdtype(new.dtype, np.floating) else new
        for old, new in zip(mean, weights, strict=True)
    ]


def _reseed_dropout(model, seed, epoch):
    """Give every layer that draws random numbers a state of its own for this epoch, so that resuming changes nothing."""
    for number, layer in enumerate(model.layers):
        generator = getattr(layer, "seed_generator", None)
        if generator is not None:
            state = np.random.SeedSequence([seed, epoch, number]).generate_state(2)
            generator.state.assign(state.astype(generator.state.dtype))


def _epoch_line(name, history, recipe):
    row = history[-1]
    left = min(recipe.epochs, best_epoch(history) + recipe.patience) - row["epoch"]
    return (
        f"{name} epoch {row['epoch']}/{recipe.epochs}: loss {row['loss']:.4f}, accuracy {row['accuracy']:.4f}, "
        f"val_loss {row['val_loss']:.4f}, val_accuracy {row['val_accuracy']:.4f} (best {best_epoch(history)}), "
        f"{row['seconds']:.1f} s, at least {left * row['seconds']:.0f} s left"
    )


# --- checkpoints ----------------------------------------------------------------------------------------------------


def _state_file(epoch):
    return f"epoch-{epoch:04d}.keras"


def _mean_file(epoch):
    return f"mean-{epoch:04d}.keras"


def _fingerprint(network, recipe, data, seed):
    """A digest of all that decides an epoch's outcome: the network, recipe, seed, data, backend and version of Keras.

    How many epochs there may be is left out: a longer run goes on from where a shorter one ended.
    """
    steps = {key: value for key, value in recipe.as_json().items() if key not in ("epochs", "patience")}
    described = [_wiring(network), steps, seed, keras.__version__, keras.backend.backend()]
    text = json.dumps(described, sort_keys=True)
    total = hashlib.sha256(text.encode())
    for array in (data.train_x, data.train_y, data.val_x, data.val_y):
        total.update(np.ascontiguousarray(array))
    return total.hexdigest()


def _wiring(network):
    """A network's layers and how they are joined (JSON), without the names that Keras counts up within a process."""
    described = json.loads(network.to_json())
    names = {layer["config"]["name"]: f"layer {n}" for n, layer in enumerate(described["config"]["layers"])}
    names[described["config"]["name"]] = "network"

    def renamed(value, key):
        if isinstance(value, dict):
            return {inner: renamed(item, inner) for inner, item in value.items()}
        if isinstance(value, list):
            return [renamed(item, key) for item in value]
        return names.get(value, value) if key in ("name", "keras_history", "input_layers", "output_layers") else value

    return renamed(described, None)


def _checkpoint(folder, settings, model, mean, history):
    """Make the state of the last epoch the one to resume from.

    The state is written first and the record that names it last, each atomically: killed in between, the run goes on
    from the epoch before. States that are neither best nor last are removed after that.
    """
    last, best = history[-1]["epoch"], best_epoch(history)
    with store.atomic_write(folder / _state_file(last)) as temporary:
        model.save(temporary)
    keep = {_state_file(last), _state_file(best)}
    if mean is not None:
        _save_mean(folder / _mean_file(last), model, mean)
        keep |= {_mean_file(last), _mean_file(best)}
    files = {name: store.digest(folder / name) for name in sorted(keep)}
    store.write_json(folder / "progress.json", {"settings": settings, "files": files, "history": history})
    for path in [*folder.glob("epoch-*.keras"), *folder.glob("mean-*.keras")]:
        if path.name not in keep:
            path.unlink()


def _save_mean(path, model, mean):
    averaged = keras.models.clone_model(model)
    averaged.set_weights(mean)
    with store.atomic_write(path) as temporary:
        averaged.save(temporary)


def _resume(folder, settings, recipe):
    """The network, the mean of its weights (or None) and the history to go on from.

    None if `folder` holds no whole checkpoint of this very run.
    """
    try:
        record = store.read_json(folder / "progress.json")
    except Problem:
        return None
    if record["settings"] != settings or len(record["history"]) > recipe.epochs:
        project.report_progress(f"{shown(folder)} holds a checkpoint of other settings; starting from scratch")
        return None
    files = record["files"]
    if any(not (folder / name).is_file() or store.digest(folder / name) != sha for name, sha in files.items()):
        project.report_progress(f"{shown(folder)} holds a damaged checkpoint; starting from scratch")
        return None
    last, mean = len(record["history"]), None
    if recipe.average_epochs > 1:
        mean = keras.models.load_model(folder / _mean_file(last), compile=False).get_weights()
    return keras.models.load_model(folder / _state_file(last)), mean, record["history"]


# --- keeping --------------------------------------------------------------------------------------------------------


def _facts(name, recipe, data, seed, history, folder):
    """What a card says of a network and how it came to be."""
    rows = store.read_json(folder / "progress.json")["history"]
    return {
        "name": name,
        "seed": seed,
        "recipe": recipe.as_json(),
        "n_train": len(data.train_x),
        "n_validation": len(data.val_x),
        "split_sha256": data.validation_digest,
        "kept_epoch": best_epoch(history),
        "val_accuracy": history[best_epoch(history) - 1]["val_accuracy"],
        "epochs_run": len(history),
        "seconds_per_epoch": float(np.median([row["seconds"] for row in rows])),
        "device": device_name(),
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
        "python": platform.python_version(),
        "date": datetime.now(UTC).date().isoformat(),
    }


def _keep(network, history, path, facts):
    """Store a finished network, its history as CSV (full precision) and, last, the card that vouches for both."""
    text = io.StringIO()
    writer = csv.DictWriter(text, HISTORY_COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(history)
    store.write_text(path.with_suffix(".csv"), text.getvalue())
    networks.save(network, path, {**facts, "history_sha256": store.digest(path.with_suffix(".csv"))})


def _differences(card, history, recipe, data, seed):
    """Where a card says otherwise than is asked for: yields what it is, what the card says, and what is asked for (str)."""
    wanted = recipe.as_json()
    known = {**Recipe(recipe.optimizer).as_json(), **card.get("recipe", wanted)}
    if is_finished(history, recipe) and not is_finished(history[:-1], recipe):
        known |= {key: wanted[key] for key in ("epochs", "patience")}  # this very run would have ended here, too
    facts = {
        "the seed": (card.get("seed"), seed),
        "the number of training images": (card.get("n_train"), len(data.train_x)),
        "the number of validation images": (card.get("n_validation"), len(data.val_x)),
        "the digest of the validation images": (card.get("split_sha256"), data.validation_digest),
    }
    for what, (said, asked) in facts.items():
        if said not in (None, asked):
            yield what, str(said)[:12], str(asked)[:12]
    yield from _unlike(known, wanted, "recipe")


def _unlike(known, wanted, place):
    """Where two JSON values part, both of them dicts at the top: yields place, one value and the other (str).

    Keys that only one of them has are passed over, for another Keras may know more settings; so are names, which Keras
    counts up. Floats may differ by what float32 does to them.
    """
    for key in [key for key in wanted if key in known and key not in ("name", "module", "registered_name")]:
        mine, other, where = known[key], wanted[key], f"{place}.{key}"
        if isinstance(mine, dict) and isinstance(other, dict):
            yield from _unlike(mine, other, where)
        elif isinstance(mine, float) and isinstance(other, int | float) and math.isclose(mine, other, rel_tol=1e-6):
            continue
        elif mine != other:
            yield where, _in_brief(mine), _in_brief(other)


def _in_brief(value):
    """A JSON value in a few words; a serialised object by its class (str)."""
    return value.get("class_name", json.dumps(value)) if isinstance(value, dict) else f"{value!r:.40}"


def read_history(path, card, remedy):
    """A stored history (list of dicts, HISTORY_COLUMNS), verified against the card. Raises Problem if it differs."""
    if not path.is_file() or store.digest(path) != card.get("history_sha256"):
        raise Problem(
            f"The history {shown(path)} is missing or does not match its card: train it anew with `{remedy}`."
        )
    with path.open(encoding="utf-8", newline="") as file:
        return [
            {key: int(value) if key == "epoch" else float(value) for key, value in row.items()}
            for row in csv.DictReader(file)
        ]
