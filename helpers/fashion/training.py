"""One way to train every network: Keras' own `fit`, seeded, and safe to kill at any moment.

A training run is a function of its network, configuration, data and seed. Each epoch shuffles and augments by (seed,
epoch), so an epoch that is trained again comes out the same. Keras' callbacks do the rest: CSVLogger, ModelCheckpoint,
EarlyStopping. Keras' BackupAndRestore is replaced, for two reasons: it writes its two files in place, so a kill between
them resumes the wrong epoch, and it forgets the patience that was already spent. `Backup` writes one file atomically and
plays the history back to EarlyStopping.
"""

import hashlib
import json
import time
from collections import namedtuple
from dataclasses import asdict, dataclass
from functools import cached_property
from pathlib import Path

import numpy as np

from helpers.core import store
from helpers.core.backend import keras
from helpers.core.project import Problem, report_progress, shown
from helpers.fashion import networks
from helpers.fashion.augmentation import augmented

METRICS = "loss", "accuracy", "val_loss", "val_accuracy"
HISTORY_COLUMNS = "epoch", *METRICS
SCHEDULES = "constant", "inverse-time", "cosine", "one-cycle"
WARM_UP, START = 0.25, 0.05  # of a one-cycle schedule: share of the steps that it rises for, first rate over its peak
EVALUATION_BATCH = 1000


@dataclass(frozen=True)
class TrainingConfig:
    """How a network is trained, in plain numbers and names.

    optimizer     : "sgd" (with momentum, and Nesterov's if `nesterov`) or "adam".
    learning_rate : its constant value, its first one ("inverse-time", "cosine") or its peak ("one-cycle").
    schedule      : one of SCHEDULES. "inverse-time" divides the rate by 1 + decay * step, as Keras' old `decay` did.
    weight_decay  : decoupled from the gradient (Loshchilov and Hutter 2019).
    epochs        : the most epochs.   patience : epochs without a better validation accuracy that end a run.
    batch_size    : images per step.   loss : a Keras loss; all but the sparse ones are given one-hot labels.
    label_smoothing : share of certainty spread evenly over the classes; the loss is then cross-entropy, and the losses in
                      the history, validation too, are against the smoothed labels.
    precision     : "float32", or a Keras policy such as "mixed_bfloat16" to compute in; weights are float32 in any case.
    flip, shift, rotate, brightness, erase : augmentation of training images; see augmentation.augmented.
    average_epochs : k > 1 judges and keeps, after epoch e, a running mean of the weights over the last epochs: the mean m
                     moves to m + (w - m) / min(e, k). Batch norm's moving statistics are averaged alike.
    """

    optimizer: str = "sgd"
    learning_rate: float = 0.01
    momentum: float = 0.9
    nesterov: bool = True
    weight_decay: float = 0.0
    schedule: str = "constant"
    decay: float = 0.0
    epochs: int = 100
    patience: int = 15
    batch_size: int = 256
    loss: str = "sparse_categorical_crossentropy"
    label_smoothing: float = 0.0
    precision: str = "float32"
    flip: bool = False
    shift: int = 0
    rotate: float = 0.0
    brightness: float = 0.0
    erase: float = 0.0
    average_epochs: int = 1

    def __post_init__(self):
        if self.optimizer not in ("sgd", "adam") or self.schedule not in SCHEDULES:
            raise ValueError(f"unknown optimizer or schedule: {self.optimizer!r}, {self.schedule!r}")


@dataclass(frozen=True)
class Split:
    """Training, validation and test data. Inputs: float32 (n, ...) in 0..1. Labels: int32 (n,), class ids.

    The test data may be left out (None) where nothing is stored.
    """

    train_x: np.ndarray
    train_y: np.ndarray
    val_x: np.ndarray
    val_y: np.ndarray
    test_x: np.ndarray | None = None
    test_y: np.ndarray | None = None

    @cached_property
    def validation_digest(self):
        """SHA-256 of the validation inputs, as 64 hex digits: which images were held out, and in which order."""
        return hashlib.sha256(np.ascontiguousarray(self.val_x)).hexdigest()


def steps_per_epoch(n_images, batch_size):
    """How many batches an epoch has; the last may be smaller."""
    return -(-n_images // batch_size)


def learning_rate(config, n_images):
    """The learning rate of a TrainingConfig over `n_images` training images: a float, or a Keras schedule by step."""
    steps = config.epochs * steps_per_epoch(n_images, config.batch_size)
    rising = int(WARM_UP * steps)
    schedules = keras.optimizers.schedules
    if config.schedule == "inverse-time":
        return schedules.InverseTimeDecay(config.learning_rate, decay_steps=1, decay_rate=config.decay)
    if config.schedule == "cosine":
        return schedules.CosineDecay(config.learning_rate, steps)
    if config.schedule == "one-cycle":
        return schedules.CosineDecay(
            START * config.learning_rate,
            max(steps - rising, 1),
            warmup_target=config.learning_rate,
            warmup_steps=rising,
        )
    return config.learning_rate


def compiled(network, config, n_images):
    """The network itself, compiled with the optimiser, loss and metric of a TrainingConfig."""
    rate, decay = learning_rate(config, n_images), config.weight_decay or None
    if config.optimizer == "adam":
        optimizer = keras.optimizers.Adam(rate, weight_decay=decay)
    else:
        optimizer = keras.optimizers.SGD(rate, config.momentum, nesterov=config.nesterov, weight_decay=decay)
    loss = keras.losses.CategoricalCrossentropy(label_smoothing=config.label_smoothing)
    network.compile(optimizer=optimizer, loss=loss if config.label_smoothing else config.loss, metrics=["accuracy"])
    return network


def targets(labels, config, classes):
    """Labels (n,) as the loss of a TrainingConfig takes them: class ids, or one-hot rows, float32 (n, classes)."""
    if config.loss.startswith("sparse") and not config.label_smoothing:
        return labels
    return np.eye(classes, dtype="float32")[labels]


class Batches(keras.utils.PyDataset):
    """The training batches, shuffled and augmented by (seed, epoch): the same for an epoch that is trained again.

    data : Split.   config : TrainingConfig.   SeedEpoch says which epoch it is; Keras calls `on_epoch_end` more often
    than epochs end, so that a dataset cannot count them.
    """

    def __init__(self, data, config, seed, classes):
        super().__init__()
        self.inputs, self.targets = data.train_x, targets(data.train_y, config, classes)
        self.config, self.seed = config, seed
        self.begin(1)

    def begin(self, epoch):
        """Shuffle for an epoch, counted from 1."""
        self.epoch = epoch
        self.order = np.random.default_rng([self.seed, epoch]).permutation(len(self.inputs))

    def __len__(self):
        return steps_per_epoch(len(self.inputs), self.config.batch_size)

    def __getitem__(self, index):
        size = self.config.batch_size
        rows = self.order[index * size : (index + 1) * size]
        random = np.random.default_rng([self.seed, self.epoch, 1 + index])
        return augmented(self.inputs[rows], self.config, random), self.targets[rows]


# --- callbacks --------------------------------------------------------------------------------------------------------


class SeedEpoch(keras.callbacks.Callback):
    """Begin each epoch with its own order of batches and its own dropout masks, so that resuming changes nothing."""

    def __init__(self, batches):
        super().__init__()
        self.batches = batches

    def on_epoch_begin(self, epoch, logs=None):
        self.batches.begin(epoch + 1)
        for number, layer in enumerate(self.model.layers):
            generator = getattr(layer, "seed_generator", None)
            if generator is not None:
                state = np.random.SeedSequence([self.batches.seed, epoch + 1, number]).generate_state(2)
                generator.state.assign(state.astype(generator.state.dtype))


class AveragedWeights(keras.callbacks.Callback):
    """Judge and keep a running mean of the weights after each epoch, and train on from the weights themselves.

    The mean takes over while the network is validated and saved. Its place among the callbacks is therefore after
    ModelCheckpoint and before Backup. Keras' SwapEMAWeights leaves batch norm's statistics out; here they are averaged too.
    epochs : k, the epochs that the mean reaches back.   mean : list of float32 arrays, or None before the first epoch.
    """

    def __init__(self, epochs):
        super().__init__()
        self.epochs, self.mean, self.epoch = epochs, None, 0

    def on_epoch_begin(self, epoch, logs=None):
        self.epoch = epoch + 1

    def on_test_begin(self, logs=None):
        self.trained = self.model.get_weights()
        share = np.float32(1 / min(self.epoch, self.epochs))
        before = self.mean or self.trained
        self.mean = [
            old + share * (new - old) if np.issubdtype(new.dtype, np.floating) else new
            for old, new in zip(before, self.trained, strict=True)
        ]
        self.model.set_weights(self.mean)

    def on_epoch_end(self, epoch, logs=None):
        self.model.set_weights(self.trained)


class Backup(keras.callbacks.Callback):
    """After each epoch, all that the run needs to go on, in one file that is written atomically.

    path     : the .npz file: weights, optimiser state, the mean of the weights if there is one, and the history.
    run      : digest of all that decides an epoch's outcome; a file of another run is not taken, nor one of a run that
               went on for longer than is asked for, since what it was before is not known any more.
    stopping : EarlyStopping, to which the history is played back, so that the patience spent is not forgotten.
    averaged : AveragedWeights or None.   told : called with the history after each epoch.
    """

    def __init__(self, path, run, stopping, averaged, told):
        super().__init__()
        self.path, self.run, self.stopping, self.averaged, self.told = Path(path), run, stopping, averaged, told
        self.history, self.began = [], 0.0

    def restore(self, model, config):
        """Put a compiled model into the state of the last whole epoch, if there is one of this run; sets `history`."""
        try:
            with np.load(self.path, allow_pickle=False) as stored:
                kept = json.loads(str(stored["kept"]))
                arrays = [stored[f"a{number}"] for number in range(len(stored) - 1)]
        except FileNotFoundError:
            return
        except Exception:  # whatever a spoilt file raises
            report_progress(f"{shown(self.path)} is damaged; starting from scratch")
            return
        if kept["run"] != self.run or shortened(kept["history"], config) != kept["history"]:
            report_progress(f"{shown(self.path)} belongs to another run; starting from scratch")
            return
        variables = self._variables(model)
        for variable, value in zip(variables, arrays, strict=False):
            variable.assign(value)
        if self.averaged:
            self.averaged.mean = arrays[len(variables) :]
        self.history = kept["history"]

    def _variables(self, model):
        if not model.optimizer.built:
            model.optimizer.build(model.trainable_variables)
        return [*model.weights, *model.optimizer.variables]

    def on_train_begin(self, logs=None):
        for row in self.history:
            self.stopping.on_epoch_end(row["epoch"] - 1, row)

    def on_epoch_begin(self, epoch, logs=None):
        self.began = time.perf_counter()

    def on_epoch_end(self, epoch, logs=None):
        found = {key: float(logs[key]) for key in METRICS}
        self.history.append({"epoch": epoch + 1, **found, "seconds": time.perf_counter() - self.began})
        arrays = [keras.ops.convert_to_numpy(variable) for variable in self._variables(self.model)]
        arrays += self.averaged.mean if self.averaged else []
        named = {f"a{number}": array for number, array in enumerate(arrays)}
        with store.atomic_write(self.path) as temporary:
            np.savez(temporary, kept=json.dumps({"run": self.run, "history": self.history}), **named)
        self.told(self.history)


# --- a run ------------------------------------------------------------------------------------------------------------


def best_epoch(history):
    """The epoch, counted from 1, of the highest validation accuracy; the first of several equals. 0 before the first."""
    return max(history, key=lambda row: row["val_accuracy"])["epoch"] if history else 0


def is_finished(history, config):
    """Whether a run with this history has come to its end, by the most epochs or by patience."""
    return len(history) >= config.epochs or len(history) - best_epoch(history) >= config.patience


def shortened(history, config):
    """As much of a history (list of dicts) as a run would have had under a TrainingConfig of fewer epochs or less patience."""
    ends = (end for end in range(1, len(history)) if is_finished(history[:end], config))
    return history[: next(ends, len(history))]


# what a run came to: a dict an epoch (HISTORY_COLUMNS and seconds); the networks of the best and the last, as they were judged
Run = namedtuple("Run", "history best last")


def train(network, config, data, seed, folder, name=""):
    """Train a fresh copy of `network` to the end, going on from the backup in `folder` if it belongs to this run.

    network : a Keras model, taken as the pattern.   config : TrainingConfig.   data : Split.   seed : int.
    folder  : for backup.npz, best.keras and log.csv.   name : how lines of progress call the run.
    Returns a Run. A second process that trains the same waits for the first, and then finds its work done.
    """
    folder = Path(folder)
    with store.lock(folder):
        folder.mkdir(parents=True, exist_ok=True)
        classes = network.output_shape[-1]
        model = compiled(networks.fresh_copy(network, seed, config.precision), config, len(data.train_x))
        stopping = keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=config.patience)
        averaged = AveragedWeights(config.average_epochs) if config.average_epochs > 1 else None
        backup = Backup(
            folder / "backup.npz", run_digest(network, config, data, seed), stopping, averaged,
            lambda history: report_progress(_epoch_line(name, history, config)),
        )  # fmt: skip
        backup.restore(model, config)
        log, best = folder / "log.csv", folder / "best.keras"
        _cut(log, len(backup.history))
        if not backup.history:
            backup.path.unlink(missing_ok=True)  # best.keras will be this run's before the backup is
        if backup.history and not best.is_file():
            raise Problem(f"{shown(best)} is gone: delete {shown(folder)}, and the run begins anew.")
        if not is_finished(backup.history, config):
            reached = max((row["val_accuracy"] for row in backup.history), default=None)
            batches = Batches(data, config, seed, classes)
            callbacks = [
                SeedEpoch(batches),
                keras.callbacks.CSVLogger(log, append=True),
                keras.callbacks.ModelCheckpoint(
                    best, "val_accuracy", save_best_only=True, mode="max", initial_value_threshold=reached
                ),
                stopping, *([averaged] if averaged else []), backup,
            ]  # fmt: skip
            with store.write_problems(folder):
                model.fit(
                    batches, epochs=config.epochs, initial_epoch=len(backup.history),
                    validation_data=(data.val_x, targets(data.val_y, config, classes)),
                    validation_batch_size=EVALUATION_BATCH, callbacks=callbacks, shuffle=False, verbose=0,
                )  # fmt: skip
        if averaged:
            model.set_weights(averaged.mean)
        return Run(backup.history, keras.models.load_model(best, compile=False), model)


def _cut(log, epochs):
    """Leave of CSVLogger's file what belongs to the epochs that are backed up: its heading and one line for each."""
    lines = log.read_text(encoding="utf-8").splitlines(keepends=True) if log.is_file() else []
    store.write_text(log, "".join(lines[: epochs + 1 if epochs else 0]))


def _epoch_line(name, history, config):
    row = history[-1]
    left = min(config.epochs, best_epoch(history) + config.patience) - row["epoch"]
    return (
        f"{name} epoch {row['epoch']}/{config.epochs}: loss {row['loss']:.4f}, accuracy {row['accuracy']:.4f}, "
        f"val_loss {row['val_loss']:.4f}, val_accuracy {row['val_accuracy']:.4f} (best {best_epoch(history)}), "
        f"{row['seconds']:.1f} s, at least {left * row['seconds'] / 60:.0f} min left"
    )


def run_digest(network, config, data, seed):
    """A digest of all that decides an epoch's outcome: network, configuration, seed, data, backend and version of Keras.

    Patience is left out, and so is the number of epochs where the schedule does not hang on it: a longer run goes on
    from where a shorter one ended.
    """
    free = {"patience"} | ({"epochs"} if config.schedule in ("constant", "inverse-time") else set())
    steps = {key: value for key, value in asdict(config).items() if key not in free}
    described = [networks.wiring(network), steps, seed, keras.__version__, keras.backend.backend()]
    total = hashlib.sha256(json.dumps(described, sort_keys=True).encode())
    for array in (data.train_x, data.train_y, data.val_x, data.val_y):
        total.update(np.ascontiguousarray(array))
    return total.hexdigest()
