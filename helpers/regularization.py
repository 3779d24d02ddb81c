"""What a penalty leaves of Playground networks, and whether a pair of losses read off the page could be one of theirs."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from helpers.playground import features, train
from helpers.playground.engine import _processors

LEARNED = 0.25  # a training loss; a network that answers 0 everywhere, and so has learned nothing, has 0.5
SHOWN = 3  # decimals that the page shows


def train_each(configs, seeds, epochs, at=None, done=None):
    """Train several settings from the same few seeds, as many at a time as there are processors.

    For few seeds, whose one block `train` gives to one thread.   configs : sequence of Config.   seeds, epochs, at : as in
    `train`.   done : called with each setting, in their order, once it is trained.   Returns a list of Runs.
    """
    runs = []
    with ThreadPoolExecutor(_processors()) as pool:
        for run in pool.map(lambda config: train(config, seeds, epochs, at=at, threads=1), configs):
            runs.append(run)
            if done:
                done(run.config)
    return runs


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


def shows(pairs, printed):
    """In which seeds the page shows exactly the printed pair, at its three decimals: bool array (n_seeds,)."""
    return (np.round(pairs, SHOWN) == np.round(printed, SHOWN)).all(axis=1)


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
