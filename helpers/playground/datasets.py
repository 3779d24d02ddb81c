"""The page's data sets, four to classify and two to regress, and its seven input features, drawn in the page's order.

Every draw and every sum is in the page's own order; sin, cos and log are those of Node 20 and Chrome of 2019 (fdlibm).
"""

import math
from copy import deepcopy
from functools import lru_cache
from itertools import pairwise

import numpy as np

from helpers.playground import fdlibm
from helpers.playground.seedrandom import SeedRandom

N_POINTS, N_REGRESSION = 500, 1200  # of a classification's data set, of a regression's
DATASETS = ("circle", "xor", "gauss", "spiral")
REGRESSIONS = ("reg-plane", "reg-gauss")
BUMPS = ((-4, 2.5, 1), (0, 2.5, -1), (4, 2.5, 1), (-4, -2.5, -1), (0, -2.5, 1), (4, -2.5, -1))  # x, y, height
FEATURES = ("x", "y", "xSquared", "ySquared", "xTimesY", "sinX", "sinY")  # always in this order
EXTENT = 6.0  # the page shows the plane from -6 to 6


def _uniforms(random, columns, low, high, count):
    """`count` rows of `columns` draws from [low, high): the page draws a point's numbers one after another."""
    return random.uniforms(count * columns).reshape(count, columns) * (high - low) + low


def _circle(random, noise):
    rows = []
    for low, high in ((0.0, 2.5), (3.5, 5.0)):
        draws = random.uniforms(N_POINTS // 2 * 4).reshape(-1, 4)
        radius, angle = draws[:, 0] * (high - low) + low, draws[:, 1] * (2 * np.pi)
        x, y = radius * fdlibm.sin(angle), radius * fdlibm.cos(angle)
        seen_x, seen_y = x + (draws[:, 2] * 10 - 5) * noise, y + (draws[:, 3] * 10 - 5) * noise
        label = np.where(np.sqrt(seen_x * seen_x + seen_y * seen_y) < 2.5, 1.0, -1.0)
        rows.append(np.column_stack([x, y, label]))
    return np.concatenate(rows)


def _xor(random, noise):
    draws = _uniforms(random, 4, -5.0, 5.0, N_POINTS)
    x = draws[:, 0] + np.where(draws[:, 0] > 0, 0.3, -0.3)
    y = draws[:, 1] + np.where(draws[:, 1] > 0, 0.3, -0.3)
    label = np.where((x + draws[:, 2] * noise) * (y + draws[:, 3] * noise) >= 0, 1.0, -1.0)
    return np.column_stack([x, y, label])


def _gauss(random, noise):
    share = noise / 0.5
    deviation = np.sqrt(0.5 * (1 - share) + 4 * share)
    rows = []
    for centre, label in ((2.0, 1.0), (-2.0, -1.0)):
        points = centre + deviation * _normals(random, N_POINTS).reshape(-1, 2)
        rows.append(np.column_stack([points, np.full(len(points), label)]))
    return np.concatenate(rows)


def _normals(random, count):
    """Standard normals by the polar method: a pair of uniforms each, drawn again until it lies in the unit circle."""
    kept = np.empty((0, 2))
    while len(kept) < count:  # at least one pair is needed for each missing number, so none is drawn in vain
        pairs = 2 * random.uniforms(2 * (count - len(kept))).reshape(-1, 2) - 1
        kept = np.concatenate([kept, pairs[(pairs * pairs).sum(axis=1) <= 1]])
    v1, v2 = kept.T
    s = v1 * v1 + v2 * v2
    return np.sqrt(-2 * fdlibm.log(s) / s) * v1


def _spiral(random, noise):
    rows, n = [], N_POINTS // 2
    i = np.arange(n)
    for turn, label in ((0.0, 1.0), (np.pi, -1.0)):
        radius, angle = i / n * 5, 1.75 * i / n * 2 * np.pi + turn
        draws = _uniforms(random, 2, -1.0, 1.0, n)
        x, y = radius * fdlibm.sin(angle) + draws[:, 0] * noise, radius * fdlibm.cos(angle) + draws[:, 1] * noise
        rows.append(np.column_stack([x, y, np.full(n, label)]))
    return np.concatenate(rows)


def _scattered(random, noise):
    """Points all over the square from -6 to 6, and the places (x, y) that their labels are taken from."""
    draws = _uniforms(random, 4, -6.0, 6.0, N_REGRESSION)
    return draws[:, :2], draws[:, :2] + draws[:, 2:] * noise


def _plane(random, noise):
    """Labels that rise evenly along the diagonal: a tenth of x + y."""
    points, places = _scattered(random, noise)
    share = (places[:, 0] + places[:, 1] + 10) / 20
    return np.column_stack([points, -1 * (1 - share) + share])


def _bumps(random, noise):
    """Labels of six cones, of height 1 or -1 and radius 2: at each place that of the cone that is farthest from zero."""
    points, places = _scattered(random, noise)
    label = np.zeros(len(points))
    for x, y, height in BUMPS:
        dx, dy = places[:, 0] - x, places[:, 1] - y
        cone = height * (1 - np.clip(np.sqrt(dx * dx + dy * dy) / 2, 0, 1))
        label = np.where(np.abs(cone) > np.abs(label), cone, label)
    return np.column_stack([points, label])


_DRAWN = {
    "circle": _circle, "xor": _xor, "gauss": _gauss, "spiral": _spiral, "reg-plane": _plane, "reg-gauss": _bumps
}  # fmt: skip


def _shuffled(random, points):
    """Fisher-Yates from the end, as the page does it."""
    order = list(range(len(points)))
    picks = (random.uniforms(len(points)) * np.arange(len(points), 0, -1)).astype(int).tolist()
    for last, pick in zip(range(len(points) - 1, -1, -1), picks, strict=True):
        order[last], order[pick] = order[pick], order[last]
    return points[order]


@lru_cache(maxsize=4096)  # some chapters go through four data sets of 500 seeds, again and again
def _drawn(dataset, noise, seed):
    """The shuffled points of a seed, and the generator as it then stands."""
    random = SeedRandom(seed)
    points = _shuffled(random, _DRAWN[dataset](random, noise / 100))
    points.flags.writeable = False
    return points, random


def load_points(config, seed):
    """The page's points for a seed: (train, test), float arrays (n, 3) with columns x, y and label: -1 or 1, or
    anything from -1.2 to 1.2 (more with noise) for a regression."""
    points, _ = _drawn(config.dataset, config.noise, seed)
    return points[: config.n_train], points[config.n_train :]


def initial_parameters(config, seed):
    """The weights and biases the page starts a seed with: float arrays (n_links,) and (n_neurons,).

    Links go layer by layer, for each neuron its incoming links in order.
    """
    shape = config.layer_sizes
    n_links = sum(before * here for before, here in pairwise(shape))
    n_neurons = sum(shape[1:])
    if config.init_zero:
        return np.zeros(n_links), np.zeros(n_neurons)
    _, random = _drawn(config.dataset, config.noise, seed)
    return deepcopy(random).uniforms(n_links) - 0.5, np.full(n_neurons, 0.1)


def features(x, y, names):
    """The input features called `names` at the points (x, y): float array (len(names), *x.shape)."""
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    sources = {"x": (x,), "y": (y,), "xSquared": (x, x), "ySquared": (y, y), "xTimesY": (x, y)}
    sines = {"sinX": x, "sinY": y}
    return np.stack([fdlibm.sin(sines[name]) if name in sines else math.prod(sources[name]) for name in names])


def plane(density=100):
    """The page's grid over the plane: (x, y), float arrays (density, density); y grows with the row."""
    ticks = np.linspace(-EXTENT, EXTENT, density)
    return np.meshgrid(ticks, ticks)
