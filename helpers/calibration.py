"""Whether a network's confidence can be believed: reliability, calibration error, temperature."""

from collections import namedtuple

import numpy as np
from scipy.optimize import minimize_scalar

Bin = namedtuple("Bin", "low high count confidence accuracy")


def reliability(probabilities, labels, bins=15):
    """Confidence against accuracy, in bins of equal width over 0..1.

    probabilities : (n, classes).   labels : int (n,).
    Returns a list of Bin: the edges, how many images' highest probability lies in (low, high], and their mean
    confidence and share labelled correctly (NaN for an empty bin).
    """
    confidence = probabilities.max(axis=1).astype(float)
    right = probabilities.argmax(axis=1) == labels
    edges = np.linspace(0, 1, bins + 1)
    place = np.clip(np.ceil(confidence * bins).astype(int) - 1, 0, bins - 1)
    found = []
    for number in range(bins):
        inside = place == number
        means = (confidence[inside].mean(), right[inside].mean()) if inside.any() else (np.nan, np.nan)
        found.append(Bin(float(edges[number]), float(edges[number + 1]), int(inside.sum()), *map(float, means)))
    return found


def expected_calibration_error(bins):
    """The mean distance between confidence and accuracy, each bin weighted by its images (Naeini et al. 2015)."""
    total = sum(each.count for each in bins)
    return sum(each.count * abs(each.confidence - each.accuracy) for each in bins if each.count) / total


def fitted_temperature(probabilities, labels):
    """The temperature that makes these probabilities likeliest for these labels (Guo et al. 2017); a float.

    Fit it on validation images, never on those that it is judged by. 1 changes nothing, above 1 the network was too
    sure, below 1 not sure enough.
    """
    rows = np.arange(len(labels))

    def loss(log_temperature):
        scores = tempered(probabilities, np.exp(log_temperature))
        return -np.log(np.maximum(scores[rows, labels], 1e-300)).mean()

    return float(np.exp(minimize_scalar(loss, bounds=(np.log(0.05), np.log(20)), method="bounded").x))


def tempered(probabilities, temperature):
    """Probabilities (n, classes) whose logarithms are divided by the temperature, normalised again; float64."""
    logits = np.log(np.maximum(probabilities.astype(float), 1e-30)) / temperature
    scores = np.exp(logits - logits.max(axis=1, keepdims=True))
    return scores / scores.sum(axis=1, keepdims=True)


def mean_entropy(probabilities, labels):
    """The cross-entropy, the mean of -log p of the true class, in nats."""
    picked = probabilities[np.arange(len(labels)), labels].astype(float)
    return float(-np.log(np.maximum(picked, 1e-30)).mean())
