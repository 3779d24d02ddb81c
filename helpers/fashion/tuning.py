"""A search for a better perceptron: keras-tuner proposes, this house's training does the rest.

Two searches with the same budget, at random and by Bayesian optimisation. Both begin with the same random proposals, so
they differ only in what is made of them. The more layers, the narrower the widest may be, so that no network has too
many parameters. Killed at any moment, a search goes on where it was: keras-tuner reloads its trials, and the
trial under way resumes at its last epoch.

Several processes can search together, one as keras-tuner's chief: see notebooks/site/running.md.
"""

import contextlib
import hashlib
import io
import json
import os
import warnings

import numpy as np
from sklearn.exceptions import ConvergenceWarning

from helpers.core import project, store
from helpers.core.backend import keras, made_with
from helpers.core.project import Problem, seed_for, shown
from helpers.fashion import dataset, experiments, training

import keras_tuner  # isort: skip  after Keras, whose backend it looks up

MOST_PARAMETERS = 250_000
TRIALS, EPOCHS = 12, 10  # the budget of each search
WIDEST = {1: 288, 2: 224, 3: 192, 4: 160}  # by depth, the units that a layer may have within that limit
METHODS = "random", "bayes"
RESULT = "mlp_search.json"
CHIEF = "chief"  # what keras-tuner calls the process that proposes; one that searches alone goes by the same name


def space():
    """What is searched, as keras_tuner.HyperParameters: the seven things that make a perceptron and its training."""
    space = keras_tuner.HyperParameters()
    space.Int("depth", min(WIDEST), max(WIDEST))
    space.Int("width", 64, max(WIDEST.values()), step=32)
    space.Float("dropout", 0.0, 0.5, step=0.1)
    space.Boolean("batch_norm")
    space.Float("learning_rate", 0.003, 0.3, sampling="log")
    space.Choice("batch_size", [128, 256, 512])
    space.Float("weight_decay", 1e-5, 1e-2, sampling="log")
    return space


def network_of(values, inputs=dataset.PIXELS, classes=10):
    """The perceptron (Keras model) that some values of the space describe: `depth` equal layers, then the softmax."""
    layers = keras.layers
    stack = [keras.Input((inputs,))]
    for _ in range(values["depth"]):
        stack.append(layers.Dense(values["width"], activation="relu"))
        stack += [layers.BatchNormalization()] if values["batch_norm"] else []
        stack += [layers.Dropout(values["dropout"])] if values["dropout"] else []
    return keras.Sequential([*stack, layers.Dense(classes, activation="softmax")])


def config_of(values, epochs, patience):
    """How the perceptron of some values is trained: SGD with Nesterov momentum, as in the report."""
    return training.TrainingConfig(
        learning_rate=values["learning_rate"], weight_decay=values["weight_decay"], batch_size=values["batch_size"],
        epochs=epochs, patience=patience,
    )  # fmt: skip


def values_of(trial):
    """What is made of a keras-tuner trial (dict): a width capped by the depth, and three digits of what is not whole."""
    given = trial.hyperparameters.values
    capped = {**given, "width": min(given["width"], WIDEST[given["depth"]])}
    return {name: float(f"{value:.3g}") if isinstance(value, float) else value for name, value in capped.items()}


class _Tuner(keras_tuner.Tuner):
    """Trains what the oracle proposes. What goes wrong is raised: keras-tuner would note it down and carry on."""

    def run_trial(self, trial, train, verbose):
        try:
            history = train(int(trial.trial_id), values_of(trial))
        except Exception as error:
            raise keras_tuner.errors.FatalError from error
        return {"val_accuracy": max(row["val_accuracy"] for row in history)}


class Search:
    """One search, by "random" or by "bayes", whose state lies in `folder`.

    data : training.Split.   seed : int, the run's one seed.   trials, epochs : the budget.
    """

    def __init__(self, method, data, folder, seed, trials=TRIALS, epochs=EPOCHS):
        self.method, self.data, self.folder, self.seed, self.trials, self.epochs = (
            method, data, folder, seed, trials, epochs,
        )  # fmt: skip
        self.inputs, self.classes = data.train_x.shape[1], int(data.train_y.max()) + 1

    def run(self):
        """Search to the end; returns the trials (list of dicts, JSON), or none if this process is only a worker."""
        part = os.environ.setdefault("KERASTUNER_TUNER_ID", CHIEF)
        if part != CHIEF:
            self._searched(overwrite=False)
            return []
        with store.lock(self.folder / self._project()):
            try:
                tuner = self._searched(overwrite=False)
            except (json.JSONDecodeError, KeyError, RuntimeError):
                project.report_progress(f"{shown(self.folder / self._project())} is damaged; its books are kept anew")
                tuner = self._searched(overwrite=True)  # what was trained is not lost
            if any(trial.status != "COMPLETED" for trial in tuner.oracle.trials.values()):
                tuner = self._searched(overwrite=True)  # killed between two of keras-tuner's files
        return [self._row(trial) for _, trial in sorted(tuner.oracle.trials.items())]

    def _searched(self, overwrite):
        with contextlib.redirect_stdout(io.StringIO()):  # keras-tuner prints that it reloads
            tuner = _Tuner(self._oracle(), directory=self.folder, project_name=self._project(), overwrite=overwrite)
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", ConvergenceWarning)  # of the Gaussian process, on a handful of trials
            try:
                tuner.search(self._train, verbose=0)
            except keras_tuner.errors.FatalError as error:
                raise error.__cause__ from None
        return tuner

    def _oracle(self):
        known = {
            "objective": keras_tuner.Objective("val_accuracy", "max"), "max_trials": self.trials, "hyperparameters": space(),
            "allow_new_entries": False, "tune_new_entries": False, "seed": seed_for("mlp/search", self.seed),
        }  # fmt: skip
        if self.method == "random":
            return keras_tuner.oracles.RandomSearchOracle(**known)
        return keras_tuner.oracles.BayesianOptimizationOracle(num_initial_points=shared(self.trials), **known)

    def _project(self):
        """A folder's name that is another one for other settings: keras-tuner would reload their trials without a word."""
        settings = [space().get_config(), self.epochs, shared(self.trials), self.seed]
        settings += [keras.backend.backend(), keras.__version__]
        total = hashlib.sha256(json.dumps(settings, sort_keys=True).encode())
        total.update(np.ascontiguousarray(self.data.val_x))
        return f"{self.method}-{total.hexdigest()[:12]}"

    def _train(self, number, values):
        """Train a trial; the first trials of the two searches are the same networks, so the second finds them done."""
        digest = hashlib.sha256(json.dumps(values, sort_keys=True).encode()).hexdigest()[:12]
        return training.train(
            network_of(values, self.inputs, self.classes), config_of(values, self.epochs, self.epochs), self.data,
            self._trial_seed(number), self.folder / "trials" / f"{number:02d}-{digest}", f"{self.method} trial {number}",
        ).history  # fmt: skip

    def _trial_seed(self, number):
        return seed_for(f"mlp/search/{number}", self.seed)

    def _row(self, trial):
        """A finished trial as JSON."""
        number, values = int(trial.trial_id), values_of(trial)
        history = self._train(number, values)  # which finds it done
        return {
            "method": self.method,
            "trial": number,
            "seed": self._trial_seed(number),
            "values": values,
            "parameters": network_of(values, self.inputs, self.classes).count_params(),
            "val_accuracy": float(trial.score),
            "kept_epoch": training.best_epoch(history),
            "epochs": len(history),
            "seconds": sum(row["seconds"] for row in history),
        }


def shared(trials):
    """How many of the trials are drawn at random in both searches, before the Bayesian one begins to reckon."""
    return max(1, 2 * trials // 5)


def perceptron_search(data, profile, seed, remedy, trials=TRIALS, epochs=EPOCHS):
    """Both searches: read from outputs/results/ in the report profile, made and stored there in the others.

    data : training.Split.   profile : project.Profile.   seed : int.   remedy : the command that makes them anew.
    Returns a dict with "settings" (the budget), "made_with", and "trials" (list of dicts: method, trial, seed, values,
    parameters, val_accuracy, ...). Raises Problem if the report profile finds no stored search of these settings.
    """
    settings = {
        "seed": seed, "trials_each": trials, "shared": shared(trials), "epochs": epochs, "most_parameters": MOST_PARAMETERS,
        "widest": list(WIDEST.values()), "n_train": len(data.train_x), "n_validation": len(data.val_x),
    }  # fmt: skip

    def make():
        rows = [
            row
            for method in METHODS
            for row in Search(method, data, profile.training / "mlp" / "search", seed, trials, epochs).run()
        ]
        if not rows:
            raise Problem("This process is a worker of a search: unset KERASTUNER_TUNER_ID for the chapter.")
        return {"made_with": {**made_with(), "keras-tuner": keras_tuner.__version__}, "trials": rows}

    return store.stored(profile.results / RESULT, settings, make if profile.trains else None, remedy)


def search_alone_or_together(method, seed=2019):
    """Run one search, alone or as keras-tuner's chief or worker; the chapter then finds it done. Yields lines (str).

    method : "random" or "bayes". Raises Problem for another.
    """
    if method not in METHODS:
        raise Problem(f"There is no search {method!r}: it is one of {', '.join(METHODS)}.")
    profile = project.PROFILES["train"]
    data = experiments.split(0.1, True, seed, profile)
    trials = Search(method, data, profile.training / "mlp" / "search", seed).run()
    for row in sorted(trials, key=lambda row: -row["val_accuracy"])[:3]:
        yield f"{row['val_accuracy']:.4f}  {row['parameters']:,} parameters  {row['values']}"
