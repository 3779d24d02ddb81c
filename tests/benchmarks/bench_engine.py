"""Seed-epochs a second of the Playground engine, beside the designs it was chosen over.

Run by hand from the project's folder: make bench ONLY=engine
It takes half a minute. All on one thread, with every epoch's two losses. A busy machine shifts all numbers: read the
ratios.
"""

from time import perf_counter

import numpy as np

from helpers.playground.config import Config, page_seeds
from helpers.playground.datasets import features, load_points
from helpers.playground.engine import train
from tests.benchmarks import gather

SIGMOID = {"activation": "sigmoid", "learning_rate": 0.1, "train_percent": 70}
CASES = {
    "circle 5-5": Config(dataset="circle", features=("xSquared", "ySquared"), hidden=(5, 5), **SIGMOID),
    "spiral 5-5-5": Config(dataset="spiral", features=("x", "y", "sinX", "sinY"), hidden=(5, 5, 5), **SIGMOID),
}
REPEATS = 20
OURS = "engine, 64 seeds"


def engine(config, seeds, epochs):
    train(config, seeds, epochs=epochs, threads=1)


def numpy_batched(config, seeds, epochs):
    """The same training with NumPy, one call for a whole batch and all seeds (no regularisation, no remainder)."""
    network = train(config, seeds, epochs=0).initial
    weights, biases = (
        [w.transpose(0, 2, 1).copy() for w in network.weights],
        [b[:, None].copy() for b in network.biases],
    )
    points = np.stack([np.concatenate(load_points(config, seed)) for seed in seeds])
    inputs = features(points[..., 0], points[..., 1], config.features).transpose(1, 2, 0).copy()
    labels = points[..., 2:]

    def forward(outputs):
        layers = [outputs]
        for w, b in zip(weights, biases, strict=True):
            total = layers[-1] @ w + b
            layers.append(np.tanh(total) if w is weights[-1] else 1 / (1 + np.exp(-total)))
        return layers

    for _ in range(epochs):
        for start in range(0, config.n_train, config.batch_size):
            batch = slice(start, start + config.batch_size)
            layers = forward(inputs[:, batch])
            delta = (layers[-1] - labels[:, batch]) * (1 - layers[-1] ** 2)
            for layer in reversed(range(len(weights))):
                gradient = layers[layer].transpose(0, 2, 1) @ delta
                bias_gradient = delta.sum(axis=1, keepdims=True)
                if layer:
                    delta = (delta @ weights[layer].transpose(0, 2, 1)) * layers[layer] * (1 - layers[layer])
                weights[layer] -= config.learning_rate / config.batch_size * gradient
                biases[layer] -= config.learning_rate / config.batch_size * bias_gradient
        errors = 0.5 * (forward(inputs)[-1] - labels)[..., 0] ** 2
        losses = errors[:, : config.n_train].mean(axis=1), errors[:, config.n_train :].mean(axis=1)
    return losses


DESIGNS = {  # name: (function, seeds, epochs of one timed run)
    OURS: (engine, 64, 30),
    "engine, 1 seed": (engine, 1, 100),
    "NumPy, 64 seeds": (numpy_batched, 64, 5),
    "NumPy, 1 seed": (numpy_batched, 1, 20),
}


def measure(repeats=REPEATS):
    """{case: {design: seed-epochs a second}}: the best of `repeats` short runs, the designs taking turns."""
    results = {}
    for case, config in CASES.items():
        ours, theirs = train(config, page_seeds(64), epochs=2), numpy_batched(config, page_seeds(64), 2)
        np.testing.assert_allclose(ours.test_loss[:, -1], theirs[1], rtol=1e-9)  # the designs compute the same thing
        best = dict.fromkeys(DESIGNS, np.inf)
        for _ in range(repeats):
            for name, (design, n_seeds, epochs) in DESIGNS.items():
                start = perf_counter()
                design(config, page_seeds(n_seeds), epochs)
                best[name] = min(best[name], perf_counter() - start)
        results[case] = {name: DESIGNS[name][1] * DESIGNS[name][2] / best[name] for name in DESIGNS}
    return results


def main():
    measured = measure()
    for case, designs in measured.items():
        for design, rate in designs.items():
            ratio = rate / designs["NumPy, 1 seed"]
            print(f"{case:<14}{design:<37}{rate:>10,.0f} seed-epochs/s   {ratio:6.1f} x")
    what = "Playground networks on one thread, by the engine and by NumPy"
    gather.keep("engine", what, "seed-epochs per second", measured, gather.machine(("numpy", "numba")), OURS)


if __name__ == "__main__":
    main()
