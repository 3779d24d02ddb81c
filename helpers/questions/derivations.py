"""The sample questions in numbers: the 2-2-1 network and its gradients, thirty points, and three neurons round them.

What a reader should follow step by step is derived in notebooks/07_sample_questions.ipynb; here is what is counted on.
Everything is float64 NumPy, and every function is checked against an independent road in tests/questions/test_derivations.py.
"""

from typing import NamedTuple

import contourpy
import numpy as np
from scipy.special import expit

# --- question 1: six weights, no biases -----------------------------------------------------------------------------

EDGES = (("x1", "h1"), ("x1", "h2"), ("x2", "h1"), ("x2", "h2"), ("h1", "y"), ("h2", "y"))  # carrying w1 .. w6


def as_matrices(weights):
    """The six weights (6,) as the two layers' matrices: (2, 2), inputs down and hidden units across, and (2, 1)."""
    weights = np.asarray(weights, float)
    return weights[:4].reshape(2, 2), weights[4:].reshape(2, 1)


def scores(weights, x):
    """What enters the output unit, float (n,), when all units before it are linear with c = 1. x : (n, 2)."""
    first, second = as_matrices(weights)
    return (x @ first @ second)[:, 0]


def betas(weights):
    """The two coefficients that the six weights amount to when c = 1: (w1 w5 + w2 w6, w3 w5 + w4 w6), float (2,)."""
    first, second = as_matrices(weights)
    return (first @ second)[:, 0]


def back_propagated(weights, x, residuals):
    """Gradient of the mean loss with respect to the six weights, from the residuals at the output.

    Right for every loss whose slope at the output's score is the residual: cross-entropy behind a sigmoid, and half
    the squared error behind a linear unit.
    weights : (6,).   x : (n, 2).   residuals : (n,), prediction minus target.   Returns float (6,).
    """
    first, second = as_matrices(weights)
    output = x @ first  # of the hidden units, (n, 2)
    delta = residuals[:, None] / len(x)
    return np.concatenate([(x.T @ (delta @ second.T)).ravel(), (output.T @ delta).ravel()])


def printed_gradient(weights, x, y):
    """The gradients as the report of 2019 prints them: sigma for sigma', and the factors of w2 and w3 exchanged.

    weights : (6,).   x : (n, 2).   y : (n,), 0 or 1.   Returns float (6,), the mean over the n points.
    """
    probabilities = expit(scores(weights, x))
    w1, w2, w3, w4, w5, w6 = weights
    x1, x2 = x.T
    factor = (probabilities - y) / (probabilities * (1 - probabilities)) * probabilities
    rest = np.stack([w5 * x1, w5 * x2, w6 * x1, w6 * x2, w1 * x1 + w3 * x2, w2 * x1 + w4 * x2])
    return (factor * rest).mean(axis=1)


def mean_cross_entropy(weights, x, y):
    """The network's mean cross-entropy in nats (float), computed from the scores, so that it never overflows."""
    z = scores(weights, x)
    return float(np.mean(np.logaddexp(0, z) - y * z))


def central_differences(function, at, step=1e-5):
    """The gradient of a function of one vector by central differences, float (n,): two calls a coordinate.

    The error is of the order of step^2 from the curvature plus 1e-16 / step from rounding: about 1e-10 by default.
    """
    steps = step * np.eye(len(at))
    return np.array([(function(at + one) - function(at - one)) / (2 * step) for one in steps])


def keras_gradient(network, weights, loss):
    """Gradient of a loss by Keras's automatic differentiation, in double precision, on TensorFlow or on JAX.

    network : a Keras network, its input and layers of dtype float64.   weights : list of float64 arrays, one per trainable variable.
    loss    : a function of a predict function, written with keras.ops; it returns a scalar tensor.
    Returns the gradients as one float64 vector in the order of `weights`.
    """
    from helpers.core.backend import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        for variable, value in zip(network.trainable_variables, weights, strict=True):
            variable.assign(value)
        with tf.GradientTape() as tape:
            value = loss(network)
        parts = tape.gradient(value, [variable.value for variable in network.trainable_variables])
    else:
        import jax

        with jax.enable_x64(True):
            gradient = jax.grad(lambda values: loss(lambda x: network.stateless_call(values, [], x)[0]))
            parts = gradient([jax.numpy.asarray(weight, "float64") for weight in weights])
    return np.concatenate([np.ravel(part) for part in parts])


# --- question 2: thirty points, two neurons and a third ---------------------------------------------------------------

CIRCLES = (
    (0.29, 3.50), (0.40, 3.54), (0.36, 3.28), (1.14, 2.35), (1.41, 2.20), (1.41, 2.13), (1.55, 2.69), (2.13, 1.35),
    (2.99, 0.62), (3.41, 0.81), (4.23, 1.01), (4.33, 1.18), (4.45, 1.34), (4.66, 1.53), (5.34, 1.94), (5.58, 2.15),
    (5.64, 2.17), (5.86, 2.63), (5.90, 2.75), (5.96, 2.10),
)  # fmt: skip
STARS = (
    (2.75, 1.51), (2.80, 2.46), (2.86, 2.02), (2.99, 2.24), (3.01, 1.71), (3.07, 2.07), (3.37, 1.85), (3.37, 1.68),
    (3.48, 1.67), (3.34, 1.58),
)  # fmt: skip


def thirty_points():
    """The points of question 2, read off the handout's picture to about 0.02.

    Returns (x, y): float (30, 2), and int (30,) with 0 for a circle and 1 for a star.
    """
    return np.array(CIRCLES + STARS), np.repeat([0, 1], [len(CIRCLES), len(STARS)])


class ThreeNeurons(NamedTuple):
    """Weights of one network of three sigmoid neurons, or of many at once along a leading axis.

    lines    : (..., 2, 3), a row a neuron N1, N2: the weights of x1 and x2, then the bias.
    output   : (..., 3), N3's weights of V1 and V2, then its bias.
    """

    lines: np.ndarray
    output: np.ndarray

    def hidden(self, x):
        """V1 and V2, float (..., n, 2), for x of shape (n, 2)."""
        return expit(np.swapaxes(self.lines @ _with_ones(x).T, -1, -2))

    def score(self, x):
        """What enters N3's sigmoid, float (..., n): positive means class 1."""
        return np.einsum("...ni,...i->...n", _with_ones(self.hidden(x)), self.output)

    def __getitem__(self, rows):
        """The networks in these rows of the leading axis; one network for an int."""
        return ThreeNeurons(self.lines[rows], self.output[rows])


def _with_ones(x):
    return np.concatenate([x, np.ones((*x.shape[:-1], 1))], axis=-1)


def random_networks(count, seed, scale=1.0):
    """Starting points for descent: standard normal weights times `scale`, biases zero. Returns `count` ThreeNeurons."""
    chance = np.random.default_rng(seed)
    lines, output = scale * chance.normal(size=(count, 2, 3)), scale * chance.normal(size=(count, 3))
    lines[..., 2] = output[..., 2] = 0
    return ThreeNeurons(lines, output)


def descended(networks, x, y, rate, steps, loss="cross-entropy"):
    """Plain gradient descent on all points at once, for many networks side by side.

    networks : ThreeNeurons (m, ...).   x : (n, 2).   y : (n,), 0 or 1.   rate : float.   steps : int.
    loss     : "cross-entropy" or "squared error", a mean over the points.
    Returns ThreeNeurons (m, ...), new. Raises ValueError for another loss.
    """
    if loss not in ("cross-entropy", "squared error"):
        raise ValueError(f"no loss called {loss!r}")
    lines, output = networks.lines.copy(), networks.output.copy()
    inputs = _with_ones(x)
    for _ in range(steps):
        hidden = expit(lines @ inputs.T)  # (m, 2, n)
        p = expit(np.einsum("min,mi->mn", hidden, output[:, :2]) + output[:, 2:])
        delta = (p - y) / len(x)
        if loss == "squared error":
            delta *= 2 * p * (1 - p)
        back = delta[:, None, :] * output[:, :2, None] * hidden * (1 - hidden)
        output[:, :2] -= rate * np.einsum("min,mn->mi", hidden, delta)
        output[:, 2] -= rate * delta.sum(axis=1)
        lines -= rate * (back @ inputs)
    return ThreeNeurons(lines, output)


def in_units_of(networks, mean, sd):
    """The same networks for inputs as they are, when they were made for inputs (x - mean) / sd. mean, sd : (2,)."""
    lines = networks.lines.copy()
    lines[..., :2] /= sd
    lines[..., 2] -= (lines[..., :2] * mean).sum(axis=-1)
    return ThreeNeurons(lines, networks.output.copy())


def correct_counts(networks, x, y):
    """How many of the n points each network puts into the right class, int (...)."""
    return ((networks.score(x) > 0) == y.astype(bool)).sum(axis=-1)


def canonical(network):
    """The same function of x, written so that N3 adds both neurons up and N1 is the one that grows more with x1.

    A sigmoid neuron may be turned round, sigma(-a) = 1 - sigma(a), and two neurons may change places, without any
    change to what the network computes; this takes one of the eight equal networks. network : one ThreeNeurons.
    """
    lines, output = network.lines.copy(), network.output.copy()
    for neuron in (0, 1):
        if output[neuron] < 0:
            lines[neuron] *= -1
            output[2] += output[neuron]
            output[neuron] *= -1
    order = np.argsort(-lines[:, 0], kind="stable")
    return ThreeNeurons(lines[order], output[[*order, 2]])


def boundary(network, x1, x2):
    """Where a network changes its mind: the curve score = 0, as a list of float (k, 2) polylines.

    network : one ThreeNeurons.   x1, x2 : the grid's coordinates, float (a,) and (b,).
    """
    grid = np.stack(np.meshgrid(x1, x2), axis=-1)
    field = network.score(grid.reshape(-1, 2)).reshape(len(x2), len(x1))
    return contourpy.contour_generator(x1, x2, field).lines(0.0)


def margin(network, x, step=0.04):
    """The distance in the plane from a network's boundary to the nearest of the points x (n, 2), a float.

    Measured on a grid of `step` that reaches one unit beyond the points; infinite if no boundary comes so near.
    """
    low, high = x.min(axis=0) - 1, x.max(axis=0) + 1
    curves = boundary(network, np.arange(low[0], high[0], step), np.arange(low[1], high[1], step))
    return min((float(distances(x, curve).min()) for curve in curves if len(curve) > 1), default=np.inf)


def distances(points, curve):
    """The distance of each point from a polyline, float (n,). points : (n, 2).   curve : (k, 2), k at least 2."""
    start, along = curve[:-1], np.diff(curve, axis=0)
    length = np.maximum((along**2).sum(axis=1), 1e-300)
    part = ((points[:, None] - start) * along).sum(axis=2) / length
    nearest = start + np.clip(part, 0, 1)[..., None] * along
    return np.sqrt(((points[:, None] - nearest) ** 2).sum(axis=2)).min(axis=1)
