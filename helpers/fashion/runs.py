"""Trained networks as they are stored: a card, the history, what was predicted, and for the first seed the network.

outputs/models/<kind>-<number>.json   the card: configuration, seed, data, device, and the digest of each file beside it
outputs/models/<kind>-<number>.csv    the history, one row per epoch
outputs/models/<kind>-<number>.npz    probabilities of the validation and the test images, 16 bits each
outputs/models/<kind>-<number>.keras  the network, in half precision
"""

from collections import namedtuple
from contextlib import nullcontext
from dataclasses import asdict, dataclass, field
from functools import cached_property
from pathlib import Path

import numpy as np
import pandas as pd

from helpers.core import store
from helpers.core.backend import made_with
from helpers.core.project import Problem, shown
from helpers.fashion import networks, training

SCALE = 65535  # probabilities are stored as whole numbers from 0 to this
Request = namedtuple("Request", "network name config data seed keep last", defaults=[False])
Request.__doc__ = """A network that is asked for.

network : Keras model, the pattern.   name : str such as "cnn/v1-0".   config : training.TrainingConfig.
data : training.Split; without test images, none are looked at.   seed : int.   keep : whether the network itself is stored too.
last : whether the last epoch is judged, so that no configuration gains by being looked at more often, and not the best.
"""


@dataclass
class Trained:
    """A trained network as stored.

    history : list of one dict per epoch (training.HISTORY_COLUMNS).   card : dict.
    validation, test, mirrored : float32 (n, classes), the probabilities that it gives for the images of its split, and for the
    test images mirrored left to right; None where they were not looked at.
    """

    path: Path
    history: list = field(repr=False)
    card: dict = field(repr=False)
    validation: np.ndarray = field(repr=False)
    test: np.ndarray | None = field(repr=False, default=None)
    mirrored: np.ndarray | None = field(repr=False, default=None)
    pattern: object = field(repr=False, default=None)
    remedy: str = "make train"

    @property
    def kept_epoch(self):
        """The epoch (1, 2, ...) that was judged: the first with the best validation accuracy, or the last if so asked."""
        return self.card["kept_epoch"]

    @cached_property
    def network(self):
        """The network itself (Keras model, float32). Raises Problem if it was not stored with its run."""
        if self.path.name not in self.card["files"]:
            raise Problem(
                f"Of {self.card['name']} only the predictions are stored: train it anew with `{self.remedy}`."
            )
        return networks.load(self.path, self.remedy, self.pattern)


def trained(request, profile, remedy):
    """The network of a Request: loaded in the report profile, trained from scratch in the others.

    profile : project.Profile.   remedy : the command that trains it.
    Returns a Trained. Raises Problem if the report profile finds no such network, one that its card does not vouch for,
    or one that was made otherwise than is asked for: with another seed, configuration, number of images or validation
    images. Another limit to the epochs, or another patience, is no difference where the run would have ended as it did.
    """
    path, work = profile.models / f"{request.name}.keras", profile.training / request.name
    # no two keep the same at once: a .keras file tells the time, so the other one's would not match our card
    with store.lock(work.with_name(f"{work.name}.kept")) if profile.trains else nullcontext():
        if profile.trains:
            run = training.train(request.network, request.config, request.data, request.seed, work, request.name)
            keep(request, run, path)
        card = store.read_card(path.with_suffix(".json"), remedy)
        history = pd.read_csv(path.with_suffix(".csv")).to_dict("records")
        with np.load(path.with_suffix(".npz"), allow_pickle=False) as stored:
            scores = {name: stored[name].astype("float32") / np.float32(SCALE) for name in stored}
    for what, known, asked in _differences(card, history, request):
        raise Problem(
            f"The trained network {shown(path)} was not made as is asked for here: on its card {what} is {known}, not {asked}; "
            f"ask for that again, or train it anew with `{remedy}` (or with --profile train beside your own parameters)."
        )
    return Trained(
        path, history, card, scores["validation"], scores.get("test"), scores.get("mirrored"), request.network, remedy
    )


def keep(request, run, path):
    """Store a finished training.Run: network, history, predictions and, last, the card that vouches for them."""
    data, rows = request.data, run.history
    network = networks.in_float32(run.last if request.last else run.best)
    if request.keep:
        networks.save(network, path)
        network = networks.load(path, "make train")  # what is stored is what is judged
    validation = networks.probabilities(network, data.val_x)
    scores = {"validation": validation}
    if data.test_x is not None:
        scores["test"] = networks.probabilities(network, data.test_x)
        if data.test_x.ndim == 4:
            scores["mirrored"] = networks.probabilities(network, data.test_x[:, :, ::-1])
    write_predictions(path.with_suffix(".npz"), scores)
    history = pd.DataFrame(rows).to_csv(columns=training.HISTORY_COLUMNS, index=False, lineterminator="\n")
    store.write_text(path.with_suffix(".csv"), history)
    facts = {
        "name": request.name,
        "seed": request.seed,
        "config": asdict(request.config),
        "n_train": len(data.train_x),
        "n_validation": len(data.val_x),
        "n_test": 0 if data.test_x is None else len(data.test_x),
        "split_sha256": data.validation_digest,
        "parameters": network.count_params(),
        "kept_epoch": len(rows) if request.last else training.best_epoch(rows),
        "val_accuracy": float(np.mean(validation.argmax(axis=1) == data.val_y)),
        "epochs_run": len(rows),
        "seconds_per_epoch": round(float(np.median([row["seconds"] for row in rows])), 2),
        "minutes": round(sum(row["seconds"] for row in rows) / 60, 2),
        **made_with(),
    }
    kinds = [".csv", ".npz", *([".keras"] if request.keep else [])]
    store.write_card(path.with_suffix(".json"), facts, [path.with_suffix(kind) for kind in kinds])


def write_predictions(path, scores):
    """Store probabilities, a dict of name -> float (n, classes), in 16 bits each; the class of the highest stays the same."""
    with store.atomic_write(path) as temporary:
        np.savez_compressed(temporary, **{name: _in_16_bits(probabilities) for name, probabilities in scores.items()})


def _in_16_bits(probabilities):
    whole = np.rint(probabilities * SCALE).astype(np.int32)
    rows, best = np.arange(len(whole)), probabilities.argmax(axis=1)
    tied = whole.argmax(axis=1) != best
    whole[rows[tied], best[tied]] += 1
    return np.minimum(whole, SCALE).astype(np.uint16)


def _differences(card, history, request):
    """Where a card says otherwise than is asked for: yields what it is, what the card says, and what is asked for (str)."""
    config, data = request.config, request.data
    facts = {
        "the seed": (card["seed"], request.seed),
        "the number of training images": (card["n_train"], len(data.train_x)),
        "the number of validation images": (card["n_validation"], len(data.val_x)),
        "the digest of the validation images": (card["split_sha256"], data.validation_digest),
    }
    for what, (said, asked) in facts.items():
        if said != asked:
            yield what, str(said)[:12], str(asked)[:12]
    known = card["config"]
    if training.is_finished(history, config) and training.shortened(history, config) == history:
        known = known | {"epochs": config.epochs, "patience": config.patience}  # it would have ended here, too
    yield from store.differences(known, asdict(config), "config")
