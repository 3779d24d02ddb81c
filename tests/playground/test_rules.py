"""The engine against the page's rules, told a second time: slowly, one number after another, and in another style."""

import itertools
import math

import numpy as np
import pytest

from helpers.playground.config import Config
from helpers.playground.datasets import load_points
from helpers.playground.engine import train


def stream(seed):
    """seedrandom's numbers, one by one, from whole-number ARC4."""
    key = [ord(letter) for letter in seed]
    box = list(range(256))
    j = 0
    for i in range(256):
        j = (j + box[i] + key[i % len(key)]) & 255
        box[i], box[j] = box[j], box[i]

    def output():
        i = j = 0
        while True:
            i = (i + 1) & 255
            j = (j + box[i]) & 255
            box[i], box[j] = box[j], box[i]
            yield box[(box[i] + box[j]) & 255]

    rest = itertools.islice(output(), 256, None)
    while True:
        numerator, denominator, extra = int.from_bytes(bytes(itertools.islice(rest, 6))), 256**6, 0
        while numerator < 2**52:
            numerator, denominator, extra = (numerator + extra) * 256, denominator * 256, next(rest)
        while numerator >= 2**53:
            numerator, denominator, extra = numerator / 2, denominator / 2, extra >> 1
        yield (numerator + extra) / denominator


def points_by_the_rules(config, draw):
    """The shuffled points: a list of (x, y, label)."""
    noise = config.noise / 100

    def between(low, high):
        return draw() * (high - low) + low

    def normal(mean, variance):
        while True:
            a, b = 2 * draw() - 1, 2 * draw() - 1
            if a * a + b * b <= 1:
                s = a * a + b * b
                return mean + math.sqrt(variance) * (math.sqrt(-2 * math.log(s) / s) * a)

    def cone(x, y, row, column):
        return (-1) ** (row + column) * max(0.0, 1 - math.dist((x, y), (4 * column - 4, 2.5 - 5 * row)) / 2)

    points = []
    regression = config.dataset.startswith("reg-")
    for i in range(1200 if regression else 500):
        second = i >= 250
        if config.dataset == "circle":
            r, angle = between(3.5, 5) if second else between(0, 2.5), between(0, 2 * math.pi)
            x, y = r * math.sin(angle), r * math.cos(angle)
            seen = x + between(-5, 5) * noise, y + between(-5, 5) * noise
            label = 1 if math.dist(seen, (0, 0)) < 2.5 else -1
        elif config.dataset == "xor":
            x = between(-5, 5)
            x += 0.3 if x > 0 else -0.3
            y = between(-5, 5)
            y += 0.3 if y > 0 else -0.3
            label = 1 if (x + between(-5, 5) * noise) * (y + between(-5, 5) * noise) >= 0 else -1
        elif regression:
            x, y = between(-6, 6), between(-6, 6)
            seen = x + between(-6, 6) * noise, y + between(-6, 6) * noise
            cones = [cone(*seen, row, column) for row in (0, 1) for column in (0, 1, 2)]
            label = sum(seen) / 10 if config.dataset == "reg-plane" else max(cones, key=abs)
        elif config.dataset == "gauss":
            label = -1 if second else 1
            variance = 0.5 + (4 - 0.5) * noise / 0.5
            x, y = normal(2 * label, variance), normal(2 * label, variance)
        else:
            step = i % 250
            r, angle = step / 250 * 5, 1.75 * step / 250 * 2 * math.pi + (math.pi if second else 0)
            x, y = r * math.sin(angle) + between(-1, 1) * noise, r * math.cos(angle) + between(-1, 1) * noise
            label = -1 if second else 1
        points.append((x, y, label))
    for left in range(len(points), 0, -1):
        pick = math.floor(draw() * left)
        points[left - 1], points[pick] = points[pick], points[left - 1]
    return points


ACTIVATIONS = {
    "sigmoid": (lambda z: 1 / (1 + math.exp(-z)), lambda z: math.exp(-z) / (1 + math.exp(-z)) ** 2),
    "tanh": (math.tanh, lambda z: 1 - math.tanh(z) ** 2),
    "relu": (lambda z: max(0.0, z), lambda z: float(z > 0)),
    "linear": (lambda z: z, lambda z: 1.0),
}
FEATURES = {
    "x": lambda x, y: x,
    "y": lambda x, y: y,
    "xSquared": lambda x, y: x**2,
    "ySquared": lambda x, y: y**2,
    "xTimesY": lambda x, y: x * y,
    "sinX": lambda x, y: math.sin(x),
    "sinY": lambda x, y: math.sin(y),
}


def train_by_the_rules(config, epochs):
    """(losses [(train, test), ...] from epoch 0 on, weights[layer][neuron][source], biases[layer][neuron])."""
    numbers = stream(config.seed)
    points = points_by_the_rules(config, lambda: next(numbers))
    rows = [([FEATURES[name](x, y) for name in config.features], label) for x, y, label in points]
    cut = math.floor(len(points) * config.train_percent / 100)
    sizes = [len(config.features), *config.hidden, 1]
    weights = [[[next(numbers) - 0.5 for _ in range(m)] for _ in range(n)] for m, n in itertools.pairwise(sizes)]
    biases = [[0.1] * n for n in sizes[1:]]
    if config.init_zero:
        weights, biases = [[[0.0] * len(r) for r in w] for w in weights], [[0.0] * len(b) for b in biases]
    dead = set()
    kinds = [ACTIVATIONS[config.activation]] * len(config.hidden) + [
        ACTIVATIONS["tanh" if len(points) == 500 else "linear"]
    ]

    def forward(inputs):
        totals, outputs = [], [inputs]
        for w, b, (function, _) in zip(weights, biases, kinds, strict=True):
            totals.append(
                [bias + sum(a * o for a, o in zip(r, outputs[-1], strict=True)) for r, bias in zip(w, b, strict=True)]
            )
            outputs.append([function(z) for z in totals[-1]])
        return totals, outputs

    def loss(part):
        return sum(0.5 * (forward(inputs)[1][-1][0] - label) ** 2 for inputs, label in part) / len(part)

    waiting = []  # gradients of the points since the last step: (layer, neuron, source or None for the bias) -> value

    def step():
        for layer, w in enumerate(weights):
            for n, row in enumerate(w):
                mean = sum(g[layer, n, None] for g in waiting) / len(waiting)
                biases[layer][n] -= config.learning_rate * mean
                for s, old in enumerate(row):
                    if (layer, n, s) in dead:
                        continue
                    stepped = old - config.learning_rate * sum(g[layer, n, s] for g in waiting) / len(waiting)
                    pull = {"none": 0, "L1": (old > 0) - (old < 0), "L2": old}[config.regularization]
                    row[s] = stepped - config.learning_rate * config.regularization_rate * pull
                    if config.regularization == "L1" and stepped * row[s] < 0:
                        row[s] = 0.0
                        dead.add((layer, n, s))
        waiting.clear()

    losses = [(loss(rows[:cut]), loss(rows[cut:]))]
    for _ in range(epochs):
        for position, (inputs, label) in enumerate(rows[:cut], start=1):
            totals, outputs = forward(inputs)
            upstream, gradient = [outputs[-1][0] - label], {}
            for layer in reversed(range(len(weights))):
                deltas = [u * kinds[layer][1](z) for u, z in zip(upstream, totals[layer], strict=True)]
                for n, delta in enumerate(deltas):
                    gradient[layer, n, None] = delta
                    for s, o in enumerate(outputs[layer]):
                        gradient[layer, n, s] = delta * o
                upstream = [
                    sum(d * r[s] for d, r in zip(deltas, weights[layer], strict=True)) for s in range(sizes[layer])
                ]
            waiting.append(gradient)
            if position % config.batch_size == 0:
                step()
        losses.append((loss(rows[:cut]), loss(rows[cut:])))
    return losses, weights, biases


BASE = {"seed": "0.2718", "learning_rate": 0.1, "train_percent": 70, "hidden": (3, 2)}
CASES = {
    "remainder": Config(**BASE, dataset="xor", batch_size=30, activation="tanh"),
    "remainder-and-L1": Config(**BASE, dataset="circle", batch_size=17, regularization="L1", regularization_rate=0.3),
    "batch-of-one-L2": Config(**BASE, dataset="gauss", batch_size=1, regularization="L2", regularization_rate=0.03),
    "never-a-full-batch": Config(**BASE, batch_size=400),
    "zero-start": Config(**BASE, dataset="gauss", noise=20, init_zero=True, activation="sigmoid"),
    "zero-start-L1": Config(**BASE, dataset="gauss", init_zero=True, regularization="L1", regularization_rate=0.01),
    "no-hidden-layer": Config(**BASE | {"hidden": ()}, dataset="circle", features=("xSquared", "ySquared")),
    "linear": Config(**BASE | {"learning_rate": 0.01}, dataset="xor", features=tuple(FEATURES), activation="linear"),
    "noisy-circle": Config(**BASE, dataset="circle", noise=35, activation="relu", features=tuple(FEATURES)),
    "noisy-xor": Config(**BASE, dataset="xor", noise=50, activation="sigmoid", features=("xTimesY", "sinX")),
    "noisy-gauss": Config(**BASE | {"train_percent": 25}, dataset="gauss", noise=12.5, activation="relu"),
    "noisy-spiral": Config(**BASE, dataset="spiral", noise=25, features=("x", "y", "sinX", "sinY")),
    "regression": Config(**BASE | {"learning_rate": 0.03}, dataset="reg-gauss", noise=15, activation="relu"),
    "regression-of-a-plane": Config(
        **BASE | {"hidden": ()}, dataset="reg-plane", batch_size=30, regularization="L2", regularization_rate=0.1
    ),
    "wide-and-deep": Config(**BASE | {"hidden": (8, 1, 4)}, dataset="spiral", activation="tanh"),
}


@pytest.mark.parametrize("name", CASES)
def test_engine_follows_the_rules(name):
    config = CASES[name]
    losses, weights, biases = train_by_the_rules(config, epochs=3)
    run = train(config, epochs=3)
    np.testing.assert_allclose(np.column_stack([run.train_loss[0], run.test_loss[0]]), losses, rtol=1e-9, atol=1e-13)
    for ours, theirs in zip((*run.final.weights, *run.final.biases), (*weights, *biases), strict=True):
        np.testing.assert_allclose(ours[0], theirs, rtol=1e-9, atol=1e-13)


@pytest.mark.parametrize("dataset", ["circle", "xor", "gauss", "spiral", "reg-plane", "reg-gauss"])
@pytest.mark.parametrize("seed", ["0.1", "a longer seed, of any text: 123".replace(" ", "_")])
def test_noisy_points_follow_the_rules(dataset, seed):
    config = Config(dataset=dataset, noise=17.5, train_percent=1, seed=seed)
    numbers = stream(seed)
    expected = points_by_the_rules(config, lambda: next(numbers))
    ours = np.concatenate(load_points(config, seed))
    np.testing.assert_allclose(ours, expected, rtol=1e-12, atol=1e-12)
    assert len(load_points(config, seed)[0]) == config.n_points // 100
