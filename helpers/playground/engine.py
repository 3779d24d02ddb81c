"""Training: many seeds of one setting at once, each with the digits it has alone."""

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from functools import partial
from itertools import pairwise

import numpy as np

from helpers.playground.config import ACTIVATIONS, REGULARIZATIONS, Config, checked_count, checked_seed
from helpers.playground.datasets import features, initial_parameters, load_points, plane

ROUND = 50  # epochs between two looks at how many seeds still run


@dataclass(frozen=True)
class Network:
    """The parameters of one setting's networks, one network a seed.

    weights : tuple of float arrays (n_seeds, neurons, sources), one a layer, the output layer last.
    biases : tuple of float arrays (n_seeds, neurons).   dead : as weights, bool: links that L1 has cut for good.
    """

    config: Config
    seeds: tuple
    weights: tuple
    biases: tuple
    dead: tuple

    def activations(self, x, y, index=0):
        """What every neuron of one seed's network gives at the points (x, y).

        x, y : float arrays of one shape.   index : which of `seeds`.
        Returns a list of float arrays (neurons, *x.shape): the input features, each hidden layer, the output.
        """
        layers = [features(x, y, self.config.features)]
        for layer, (weights, biases) in enumerate(zip(self.weights, self.biases, strict=True)):
            neurons = zip(weights[index], biases[index], strict=True)
            totals = [sum(map(np.multiply, row, layers[-1]), bias) for row, bias in neurons]  # in the page's order
            layers.append(activated(np.stack(totals), self.config.activations[layer]))
        return layers

    def output(self, x, y):
        """The networks' answers at the points (x, y): float array (n_seeds, *x.shape); from -1 to 1 for a
        classification, unbounded for a regression."""
        return np.stack([self.activations(x, y, index)[-1][0] for index in range(len(self.seeds))])


def activated(values, activation):
    """The activation named, of every value of a float array, with V8's digits: a new array."""
    from helpers.playground import kernels, lanes

    values = np.asarray(values, dtype=float)
    rows = lanes.empty_rows(-(-values.size // lanes.LANES))
    rows.flat = np.pad(values.ravel(), (0, rows.size - values.size))
    kernels.activate(rows, ACTIVATIONS.index(activation))
    return rows.ravel()[: values.size].reshape(values.shape)


@dataclass(frozen=True)
class Run:
    """What training gave.

    epochs : int array (n_recorded,), the epochs whose losses were kept; 0 is before training.
    train_loss, test_loss : float arrays (n_seeds, n_recorded); NaN after a seed's early stop.
    first_below : int array (n_seeds,), the first epoch with a test loss below `stop_below`, or else `watch_below`; -1
    where none was or none was asked for.   initial, final : Network; a seed that stopped early is kept as it was at that epoch.
    snapshots : dict from epoch to Network.
    """

    config: Config
    seeds: tuple
    epochs: np.ndarray
    train_loss: np.ndarray
    test_loss: np.ndarray
    first_below: np.ndarray
    initial: Network
    final: Network
    snapshots: dict

    def points(self, index=0):
        """The (train, test) points of one seed: float arrays (n, 3) with columns x, y, label."""
        return load_points(self.config, self.seeds[index])

    def one_network(self, index=0, density=100):
        """One seed's final network as charts.network_figure draws it: that function's arguments, by name (dict)."""
        train_points, test_points = self.points(index)
        parts = {part: [layer[index] for layer in getattr(self.final, part)] for part in ("weights", "biases", "dead")}
        return parts | {
            "features": self.config.features, "activations": self.final.activations(*plane(density), index),
            "train": train_points, "test": test_points,
            "epochs": self.epochs, "train_loss": self.train_loss[index], "test_loss": self.test_loss[index],
        }  # fmt: skip


@dataclass
class _State:
    """Where all seeds of a run stand, seeds last."""

    config: Config
    seeds: tuple
    inputs: np.ndarray  # (points * features, n_seeds), training points first
    labels: np.ndarray  # (points, n_seeds)
    weights: np.ndarray  # (n_links, n_seeds)
    biases: np.ndarray  # (n_neurons, n_seeds)
    alive: np.ndarray  # (n_links, n_seeds): 0.0 where L1 has cut the link, else 1.0
    weight_sums: np.ndarray  # (n_links, n_seeds): gradients that wait for the next step
    bias_sums: np.ndarray  # (n_neurons, n_seeds)
    stopped: np.ndarray  # (n_seeds,): the epoch of the early stop, or -1

    @classmethod
    def initial(cls, config, seeds):
        points = [np.concatenate(load_points(config, seed)) for seed in seeds]
        x, y, labels = np.stack(points, axis=-1).transpose(1, 0, 2)
        inputs = features(x, y, config.features).transpose(1, 0, 2).reshape(-1, len(seeds))
        parameters = [initial_parameters(config, seed) for seed in seeds]
        weights, biases = (np.stack(arrays, axis=-1) for arrays in zip(*parameters, strict=True))
        alive, sums = np.ones_like(weights), (np.zeros_like(weights), np.zeros_like(biases))
        return cls(config, seeds, inputs, labels, weights, biases, alive, *sums, np.full(len(seeds), -1))

    def network(self):
        """The parameters as they are now, layer by layer."""
        sizes = list(pairwise(self.config.layer_sizes))
        link_ends = np.cumsum([before * here for before, here in sizes])[:-1]
        neuron_ends = np.cumsum([here for _, here in sizes])[:-1]

        def layered(links):
            pieces = zip(np.split(links, link_ends), sizes, strict=True)
            return tuple(piece.T.reshape(-1, here, before).copy() for piece, (before, here) in pieces)

        biases = tuple(piece.T.copy() for piece in np.split(self.biases, neuron_ends))
        return Network(self.config, self.seeds, layered(self.weights), biases, layered(self.alive == 0.0))

    def blocks(self, before):
        """The seeds that still run, in blocks as train_block takes them (list): `before`, unless now fewer will do."""
        from helpers.playground import lanes

        columns = np.flatnonzero(self.stopped < 0)
        starts = range(0, columns.size, lanes.LANES)
        if len(starts) == len(before):
            return before
        groups = [columns[start : start + lanes.LANES] for start in starts]
        return [(group, lanes.rows(self.inputs, group), lanes.rows(self.labels, group)) for group in groups]

    def train_block(self, block, first_epoch, record, stop_below):
        """Train the seeds of a block for `record.size` epochs; returns their losses (epochs, 2, seeds).

        block : which seeds, at most LANES; their inputs (points * features, LANES) and labels (points, LANES).
        """
        from helpers.playground import kernels, lanes

        config, (columns, inputs, labels) = self.config, block
        # How many points' gradients wait for the next step. Where no batch is ever full there is no step, and what counts
        # is only that some wait.
        waiting = config.n_train % config.batch_size if first_epoch > 1 else 0
        own = self.weights, self.biases, self.alive, self.weight_sums, self.bias_sums
        now = [lanes.rows(array, columns) for array in own]
        work = [lanes.empty_rows(sum(config.layer_sizes)) for _ in range(2)]
        kept = [np.empty_like(array) for array in now[:3]]
        losses = np.full((record.size, 2, lanes.LANES), np.nan)
        stopped = np.pad(self.stopped[columns], (0, lanes.LANES - columns.size), mode="edge")
        kernels.train_block(
            np.array(config.layer_sizes), np.array([ACTIVATIONS.index(kind) for kind in config.activations]),
            REGULARIZATIONS.index(config.regularization), config.learning_rate, config.regularization_rate,
            config.batch_size, inputs, labels, config.n_train, first_epoch, waiting, stop_below, record,
            *now, *work, *kept, losses, stopped,
        )  # fmt: skip
        ran = np.flatnonzero(self.stopped[columns] < 0)  # a seed that had stopped before stays as it was
        for array, trained in zip((*own, self.stopped), (*kept, *now[3:], stopped), strict=True):
            array[..., columns[ran]] = trained[..., ran]
        return losses[..., : columns.size]


def train(config, seeds=None, epochs=100, at=None, stop_below=None, watch_below=None, snapshots=(), threads=None):
    """Train one setting from each of many seeds, as the page does when its address is loaded and played.

    seeds : sequence of str; default: the config's own.   epochs : int, at least 0.
    at : epochs whose losses are recorded, from 0 (before training) to `epochs`; default: all of them.
    stop_below : a test loss; a seed is done at the first epoch below it.   watch_below : a test loss; the first epoch below
    it is noted, and the seed goes on.   snapshots : epochs whose networks are kept.
    threads : how many blocks of seeds to train at a time; default: one for each processor this process may use.
    Returns a Run. A seed's numbers are the same, bit for bit, whatever the other seeds and the number of threads; and
    they are those of the page's own code in Node 20 and in Chrome of 2019 (Chrome has had other sin, cos, exp and log
    since: there last bits differ, and a few chaotic runs part visibly). Raises Problem for a bad seed or epoch.
    """
    seeds = (config.seed,) if seeds is None else tuple(checked_seed(seed) for seed in seeds)
    epochs = checked_count("epochs", epochs)
    at = range(epochs + 1) if at is None else at
    at = np.array(sorted({checked_count("at", epoch, epochs) for epoch in at}), dtype=int)
    snapshots = {checked_count("snapshots", epoch, epochs) for epoch in snapshots}
    threads = threads or processors()

    state = _State.initial(config, seeds)
    initial, kept, blocks = state.network(), {}, []
    recorded, seen = np.full((2, len(seeds), at.size), np.nan), np.full(len(seeds), -1)
    edges = {0, epochs + 1, *range(ROUND, epochs + 1, ROUND), *(epoch + 1 for epoch in snapshots)}
    with ThreadPoolExecutor(threads) as pool:
        for start, stop in pairwise(sorted(edges)):
            blocks = state.blocks(blocks)
            one_round = partial(_train_round, state, start, stop, at, (stop_below, watch_below), recorded, seen)
            list(pool.map(one_round, blocks))
            if stop - 1 in snapshots:
                kept[stop - 1] = state.network()
    first_below = seen if stop_below is None else state.stopped
    return Run(config, seeds, at, *recorded, first_below, initial, state.network(), kept)


def processors():
    """How many processors this process may use (int)."""
    return len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count()


def _train_round(state, start, stop, at, bars, recorded, seen, block):
    """Take some seeds through the epochs start..stop-1 and note the losses asked for, NaN after a seed's stop."""
    epochs, columns = np.arange(start, stop), block[0]
    wanted = np.isin(epochs, at)
    watch = 0 if bars == (None, None) else 2  # 1 records training, 2 test losses
    stop_below, watch_below = (-1.0 if bar is None else bar for bar in bars)  # no loss is below -1
    losses = state.train_block(block, start, np.where(wanted, 3, watch), stop_below)
    ended = np.where(state.stopped[columns] < 0, stop, state.stopped[columns])
    losses.transpose(0, 2, 1)[epochs[:, None] > ended] = np.nan
    recorded[np.ix_((0, 1), columns, np.isin(at, epochs).nonzero()[0])] = losses[wanted].transpose(1, 2, 0)
    below = losses[:, 1] < watch_below
    first = np.where(below.any(axis=0), epochs[below.argmax(axis=0)], -1)
    seen[columns] = np.where(seen[columns] < 0, first, seen[columns])
