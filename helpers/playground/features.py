"""What each layer of a network does on its training points: how saturated it is, and how much error reaches it."""

from dataclasses import dataclass

import numpy as np

from helpers.playground.datasets import load_points

STEEPEST = {"sigmoid": 0.25, "tanh": 1.0, "relu": 1.0, "linear": 1.0}
FLAT = 0.1  # a neuron is saturated at a point where its slope is below this share of the steepest


@dataclass(frozen=True)
class LayerStatistics:
    """Float arrays (n_seeds, n_layers), hidden layers first, the output last; over all training points of a seed.

    saturated : share of (point, neuron) pairs whose slope is below FLAT of the activation's steepest.
    silent : share of neurons that are so at every point (a dead relu).   slope : mean of the activation's derivative.
    delta : root mean square, over points and neurons, of the loss's derivative by the neuron's total input.
    gradient_norm : Euclidean norm of the loss's gradient by the layer's weights, as the whole training set gives it.
    """

    saturated: np.ndarray
    silent: np.ndarray
    slope: np.ndarray
    delta: np.ndarray
    gradient_norm: np.ndarray


def layer_statistics(network):
    """The LayerStatistics of a Network (such as Run.initial, Run.final or a snapshot), without regularisation."""
    seeds = [_of_one(network, index) for index in range(len(network.seeds))]
    return LayerStatistics(*np.array(seeds).transpose(2, 0, 1))


def _of_one(network, index):
    """One seed's statistics: a list with one tuple a layer, in the order of LayerStatistics' fields."""
    train, _ = load_points(network.config, network.seeds[index])
    outputs = network.activations(train[:, 0], train[:, 1], index)
    upstream = outputs[-1] - train[:, 2]
    rows = []
    for layer in range(len(network.weights), 0, -1):
        kind = "tanh" if layer == len(network.weights) else network.config.activation
        slope = _slope(outputs[layer], kind)
        delta = upstream * slope
        gradient = delta @ outputs[layer - 1].T / len(train)
        flat = slope < FLAT * STEEPEST[kind]
        sizes = np.sqrt(np.mean(delta**2)), np.sqrt(np.sum(gradient**2))
        rows.append((flat.mean(), flat.all(axis=1).mean(), slope.mean(), *sizes))
        upstream = network.weights[layer - 1][index].T @ delta
    return rows[::-1]


def _slope(output, activation):
    """An activation's derivative, from its output."""
    if activation == "sigmoid":
        return output * (1 - output)
    if activation == "tanh":
        return 1 - output * output
    return (output > 0).astype(float) if activation == "relu" else np.ones_like(output)
