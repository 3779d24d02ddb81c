"""What a penalty leaves of Playground networks, and whether a pair of losses read off the page could be one of theirs."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from itertools import product

import numpy as np

from helpers.core import project, store
from helpers.core.project import Problem
from helpers.playground.config import Config
from helpers.playground.datasets import features
from helpers.playground.engine import train

LEARNED = 0.25  # a training loss; a network that answers 0 everywhere, and so has learned nothing, has 0.5
SHOWN = 3  # decimals that the page shows

RATES = (0.001, 0.003, 0.01, 0.03, 0.1)  # neighbours on the page's menus
ACTIVATIONS = ("sigmoid", "tanh", "relu")
LEARNING_RATES = (0.1, 0.03)  # the report's, the page's own
SEARCH_FILE = "regularization_search.json"
REMEDY = "make train ONLY=02_regularization"


@dataclass(frozen=True)
class Tried:
    """One setting that the search tried.

    config : Config.   epochs : the epochs looked at, the last one last.   quarter : at each of them the factor within
    which the nearest quarter of the seeds come of both printed losses.   pairs : float array (n_seeds, 2), the losses at
    the last epoch.
    """

    config: Config
    epochs: tuple
    quarter: tuple
    pairs: np.ndarray


def nearby(config):
    """The settings around one: any of RATES, ACTIVATIONS and LEARNING_RATES, and two hidden layers for three (list of Config).

    The setting itself is left out.
    """
    grid = [
        replace(config, regularization_rate=rate, activation=activation, learning_rate=speed)
        for rate, activation, speed in product(RATES, ACTIVATIONS, LEARNING_RATES)
    ]
    if len(config.hidden) > 2:
        grid += [replace(config, hidden=config.hidden[:2], activation=activation) for activation in ACTIVATIONS]
    return [setting for setting in grid if setting != config]


def try_settings(configs, printed, seeds, epochs):
    """Train each setting from the same few seeds, as many at a time as there are processors (list of Tried).

    The losses are looked at ten times on the way.   printed : two losses.
    """
    at = sorted({max(1, epochs * tenth // 10) for tenth in range(1, 11)})

    def one(config):
        run = train(config, seeds, epochs, at=at, threads=1)  # few seeds make one block, which has one thread anyway
        pairs = [loss_pairs(run, column) for column in range(len(at))]
        quarter = tuple(float(np.quantile(factors(group, printed), 0.25)) for group in pairs)
        return Tried(config, tuple(at), quarter, pairs[-1])

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        return list(pool.map(one, configs))


def searched(rows, seeds, profile):
    """What try_settings finds around each printed row: tried anew where the profile trains, else as stored.

    rows : dict of name -> (Config, two printed losses, epochs).   seeds : those to try.   profile : settings.Profile; its
    folder for results holds the store. A sliver tries one setting in ten.
    Returns a dict of name -> list of Tried. Raises Problem if the store is missing or was made for other rows.
    """
    path = profile.results / SEARCH_FILE
    if profile.trains:
        stored = {}
        for name, (config, printed, epochs) in rows.items():
            configs = nearby(config)[:: 10 if profile.sliver else 1]
            tried = try_settings(configs, printed, seeds, epochs)
            stored[name] = [_as_json(found) for found in tried]
            project.report_progress(f"{name}: {len(configs)} nearby settings tried from {len(seeds)} seeds")
        store.write_json(path, store.rounded(stored))
    stored = store.read_json(path, REMEDY)
    if stored.keys() != rows.keys():
        raise Problem(f"{path.name} holds other rows than asked for: `{REMEDY}` makes it anew.")
    return {name: [_from_json(found) for found in stored[name]] for name in rows}


def _as_json(tried):
    pairs = [" ".join(f"{loss:.6g}" for loss in pair) for pair in tried.pairs]  # one seed a line
    quarter = " ".join(f"{factor:.6g}" for factor in tried.quarter)
    return {
        "page": tried.config.to_url(),
        "epochs": " ".join(map(str, tried.epochs)),
        "quarter": quarter,
        "pairs": pairs,
    }


def _from_json(row):
    return Tried(
        Config.from_url(row["page"]),
        tuple(map(int, row["epochs"].split())),
        tuple(map(float, row["quarter"].split())),
        np.array([[float(loss) for loss in pair.split()] for pair in row["pairs"]]),
    )


def has_learned(run):
    """Whether each seed's last recorded training loss is below LEARNED: bool array (n_seeds,)."""
    return run.train_loss[:, -1] < LEARNED


def dead_share(network):
    """The share of each seed's links that L1 has set to zero for good: float array (n_seeds,)."""
    return np.concatenate([layer.reshape(len(layer), -1) for layer in network.dead], axis=1).mean(axis=1)


def outgoing_weight(network):
    """The summed size of the weights that leave each input feature: float array (n_seeds, features)."""
    return np.abs(network.weights[0]).sum(axis=1)


def feature_spread(run):
    """Each feature's standard deviation over a seed's training points: float array (n_seeds, features)."""
    points = [run.points(index)[0] for index in range(len(run.seeds))]
    return np.array([features(p[:, 0], p[:, 1], run.config.features).std(axis=1) for p in points])


def survivors(weight, learned, share):
    """Which features survive: those with more than `share` of the largest weight in a network that has learned.

    weight : float array (n_seeds, features), from outgoing_weight.   learned : bool array (n_seeds,).
    Returns bool (n_seeds, features).
    """
    return (weight > share * weight.max(axis=1, keepdims=True)) & learned[:, None]


def are_exactly(surviving, config, names):
    """In which seeds the survivors are the features `names` and no others: bool array (n_seeds,)."""
    return (surviving == np.isin(config.features, names)).all(axis=1)


def test_loss_without(run, names):
    """The test loss of trained networks from which the features `names` are taken: float array (n_seeds,).

    Each is held at its mean over the seed's training points. With no names this is the run's own last test loss, but for the
    last bits.
    """
    taken = np.isin(run.config.features, names)
    losses = np.empty(len(run.seeds))
    for index in range(len(run.seeds)):
        training, test = run.points(index)
        means = features(training[:, 0], training[:, 1], run.config.features).mean(axis=1)
        weights = run.final.weights[0][index : index + 1]
        network = replace(
            run.final,
            seeds=run.seeds[index : index + 1],
            weights=(np.where(taken, 0.0, weights), *(layer[index : index + 1] for layer in run.final.weights[1:])),
            biases=(
                run.final.biases[0][index : index + 1] + (weights[0] * np.where(taken, means, 0.0)).sum(axis=1),
                *(layer[index : index + 1] for layer in run.final.biases[1:]),
            ),
        )
        errors = network.output(test[:, 0], test[:, 1])[0] - test[:, 2]
        losses[index] = np.mean(0.5 * errors * errors)
    return losses


test_loss_without.__test__ = False  # it is no test, though pytest goes by the name


def test_accuracy(run):
    """The share of test points on the right side of each seed's final boundary: float array (n_seeds,)."""
    shares = np.empty(len(run.seeds))
    for index in range(len(run.seeds)):
        _, test = run.points(index)
        answers = run.final.activations(test[:, 0], test[:, 1], index)[-1][0]
        shares[index] = np.mean(answers * test[:, 2] > 0)
    return shares


test_accuracy.__test__ = False


def loss_pairs(run, column=-1):
    """The training and test losses of a run at one recorded epoch: float array (n_seeds, 2)."""
    return np.column_stack([run.train_loss[:, column], run.test_loss[:, column]])


def factors(pairs, printed):
    """Within which factor both losses of each pair lie of the printed ones, as the page shows them: floats (n,), from 1 up.

    pairs : float array (n, 2).   printed : the two losses. A loss shown as 0.000 counts as half the last decimal.
    """
    return np.exp(_distances(_on_page(pairs), _on_page(printed)))


def chance_of_one_so_far_off(pairs, printed, neighbours=10):
    """Were a printed pair of losses one more seed's, how often would a pair lie at least as far from the others?

    Every pair is judged by the factor that takes in its `neighbours` nearest others; the answer is the share of pairs,
    the printed one among them, that need at least the printed one's. It asks for no shape of the distribution: if all n + 1
    pairs are drawn alike, an answer of p or less comes up in a share p of cases at most (a conformal test; Vovk, Gammerman
    and Shafer 2005).

    pairs : float array (n, 2).   printed : two losses.   Returns a float from 1 / (n + 1) to 1.
    """
    points = _on_page(np.vstack([pairs, printed]))
    rank = min(neighbours, len(pairs))
    reach = np.sort(_distances(points[:, None], points[None]), axis=1)[:, rank]  # rank 0 is the pair itself
    return float(np.mean(reach >= reach[-1] - 1e-9))


def _on_page(losses):
    """Logarithms of losses as the page shows them."""
    return np.log(np.maximum(np.round(losses, SHOWN), 0.5 * 10.0**-SHOWN))


def _distances(first, second):
    return np.abs(first - second).max(axis=-1)
