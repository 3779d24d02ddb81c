"""What trained networks have made of their inputs: layer by layer, neuron by neuron, and feature by feature."""

from dataclasses import dataclass, replace

import numpy as np

from helpers.playground.datasets import features, load_points
from helpers.playground.engine import activated

STEEPEST = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "linear": 1.0}
SLOPES = {  # an activation's derivative, from its output
    "sigmoid": lambda output: output * (1 - output),
    "tanh": lambda output: 1 - output * output,
    "relu": lambda output: (output > 0).astype(float),
    "linear": np.ones_like,
}
FLAT = 0.1  # a neuron is saturated at a point where its slope is below this share of the steepest
LEARNED = 0.25  # a training loss; a network that answers 0 everywhere, and so has learned nothing, has 0.5


# --- layers ----------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class LayerStatistics:
    """Float arrays (n_seeds, n_layers), hidden layers first, the output last; over all training points of a seed.

    saturated : share of (point, neuron) pairs whose slope is below FLAT of the activation's steepest.
    delta : root mean square, over points and neurons, of the loss's derivative by the neuron's total input.
    """

    saturated: np.ndarray
    delta: np.ndarray


def layer_statistics(network):
    """The LayerStatistics of a Network (such as Run.initial, Run.final or a snapshot), without regularisation."""
    seeds = [_layers_of_one(network, index) for index in range(len(network.seeds))]
    return LayerStatistics(*np.array(seeds).transpose(2, 0, 1))


def _layers_of_one(network, index):
    """One seed's statistics: a list with one tuple a layer, in the order of LayerStatistics' fields."""
    kinds = network.config.activations[::-1]
    rows = [
        ((slope < FLAT * STEEPEST[kind]).mean(), np.sqrt(np.mean(delta**2)))
        for kind, (_, slope, delta) in zip(kinds, _errors(network, index), strict=True)
    ]
    return rows[::-1]


def _errors(network, index):
    """Each layer's inputs, slopes, and loss's derivatives by its totals, at one seed's training points; the output first."""
    train, _ = load_points(network.config, network.seeds[index])
    outputs = network.activations(*train[:, :2].T, index)
    upstream = outputs[-1] - train[:, 2]
    for layer in range(len(network.weights), 0, -1):
        slope = SLOPES[network.config.activations[layer - 1]](outputs[layer])
        delta = upstream * slope
        yield outputs[layer - 1], slope, delta
        upstream = network.weights[layer - 1][index].T @ delta


def linear_probe(network, index, target):
    """How much of a function of the plane each layer holds, in linear combinations of its outputs (a linear probe).

    network : Network.   index : which of its seeds.   target : callable (x, y) -> float array.
    Returns a float array (n_layers,), the inputs first, the last hidden layer last: R squared of the least-squares fit
    of target to the layer's outputs and a constant, on a grid over the square from -5 to 5 where the data lie.
    """
    ticks = np.linspace(-5.0, 5.0, 21)
    x, y = (grid.ravel() for grid in np.meshgrid(ticks, ticks))
    wanted = target(x, y)
    spread = float(np.sum((wanted - wanted.mean()) ** 2))
    found = []
    for outputs in network.activations(x, y, index)[:-1]:
        design = np.column_stack([outputs.T, np.ones(wanted.size)])
        rest = wanted - design @ np.linalg.lstsq(design, wanted, rcond=1e-10)[0]
        found.append(1.0 - float(rest @ rest) / spread)
    return np.array(found)


# --- what has been learned, and from which input features ------------------------------------------------------------


def as_of(run, epoch):
    """A Run as it stood at an epoch of which it recorded the losses and kept a snapshot; another Run."""
    seen = run.epochs <= epoch
    losses = {"train_loss": run.train_loss[:, seen], "test_loss": run.test_loss[:, seen]}
    return replace(run, epochs=run.epochs[seen], final=run.snapshots[epoch], **losses)


def pairs_at(run, epoch):
    """Training and test loss at an epoch that a Run recorded: float array (n_seeds, 2)."""
    place = run.epochs.tolist().index(epoch)
    return np.column_stack([run.train_loss[:, place], run.test_loss[:, place]])


def points_right(run):
    """The share of its test points that each seed's final network puts on the right side: float array (n_seeds,)."""
    answers, labels = _tested(run, run.final)
    return np.mean((answers > 0) == (labels > 0), axis=1)


def _tested(run, network):
    """The answers of each seed's network at its own test points, and their labels: float arrays (n_seeds, points)."""
    x, y, labels = np.stack([run.points(index)[1].T for index in range(len(run.seeds))], axis=1)
    layer = features(x, y, run.config.features)
    for kind, weights, biases in zip(run.config.activations, network.weights, network.biases, strict=True):
        neurons = zip(weights.transpose(1, 2, 0), biases.T, strict=True)
        totals = [
            sum((w[:, None] * given for w, given in zip(row, layer, strict=True)), bias[:, None])
            for row, bias in neurons
        ]
        layer = activated(np.stack(totals), kind)
    return layer[0], labels


def dead_share(network):
    """The share of each seed's links that L1 has set to zero for good: float array (n_seeds,)."""
    return np.concatenate([layer.reshape(len(layer), -1) for layer in network.dead], axis=1).mean(axis=1)


def outgoing_weight(network):
    """The summed size of the weights that leave each input feature: float array (n_seeds, features)."""
    return np.abs(network.weights[0]).sum(axis=1)


def mean_slopes(run, count):
    """How strongly the training loss at the end pulls on each weight of the first layer: float array (seeds, neurons, features).

    count : how many of the seeds, the first.   The size of the loss's mean slope by the weight, without the penalty. Where training
    has come to rest this is, under L2, the penalty's rate times the weight's size, and under L1 the rate itself for a link that lives.
    """
    found = []
    for index in range(min(count, len(run.seeds))):
        *_, (inputs, _, delta) = _errors(run.final, index)
        found.append(np.abs(delta @ inputs.T / inputs.shape[1]))
    return np.array(found)


def survivors(weight, learned, share):
    """Which features survive: those with more than `share` of the largest weight in a network that has learned.

    weight : float array (n_seeds, features), from outgoing_weight.   learned : bool array (n_seeds,).
    Returns bool (n_seeds, features).
    """
    return (weight > share * weight.max(axis=1, keepdims=True)) & learned[:, None]


def are_exactly(surviving, config, names):
    """In which seeds the survivors are the features `names` and no others: bool array (n_seeds,)."""
    return (surviving == np.isin(config.features, names)).all(axis=1)


def loss_without(run, names):
    """The test loss of trained networks from which the features `names` are taken: float array (n_seeds,).

    Each is held at its mean over the seed's training points. With no names this is the run's own last test loss, but for
    the last bits.
    """
    taken = np.isin(run.config.features, names)
    points = [run.points(index)[0] for index in range(len(run.seeds))]
    means = np.array([features(x, y, run.config.features).mean(axis=1) for x, y, _ in (each.T for each in points)])
    weights, biases = run.final.weights, run.final.biases
    held = (weights[0] * np.where(taken, means, 0.0)[:, None]).sum(axis=2)
    network = replace(
        run.final, weights=(np.where(taken, 0.0, weights[0]), *weights[1:]), biases=(biases[0] + held, *biases[1:])
    )
    answers, labels = _tested(run, network)
    return np.mean(0.5 * (answers - labels) * (answers - labels), axis=1)
