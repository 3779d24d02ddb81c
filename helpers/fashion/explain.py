"""What trained networks look at and what confuses them: occlusion and activation maps, changed images, near-duplicates.

Arrays in, arrays out. Images are float32 (n, 28, 28, 1) in 0..1. A `predict` is a function from images to class
probabilities (n, classes).
"""

from collections import namedtuple

import numpy as np
from scipy import ndimage
from sklearn.metrics import pairwise_distances_argmin

from helpers.core import store
from helpers.fashion import networks


def predictor(network, batch_size=100):
    """The `predict` of a Keras network; images are flattened if it reads rows of pixels."""
    return lambda images: networks.probabilities(network, images.reshape(-1, *network.input_shape[1:]), batch_size)


def taken_for(probabilities, labels, true, answer, count):
    """Rows of the images of class `true` that are labelled `answer`, the surest first (int (<= count,)).

    probabilities : (n, classes).   labels : int (n,).
    """
    rows = np.flatnonzero((labels == true) & (probabilities.argmax(axis=1) == answer))
    return rows[np.argsort(-probabilities[rows].max(axis=1))][:count]


def occlusion_map(predict, image, label, size=6, step=2):
    """How much a class's probability falls where a square of background hides a part of the image (Zeiler and Fergus 2014).

    image : (28, 28, 1).   label : int, the class.   size : the square's side.   step : pixels between two squares.
    Returns float (28, 28): for each pixel the mean fall over all squares that cover it. Positive: the class needs it.
    """
    places = [(y, x) for y in range(0, 29 - size, step) for x in range(0, 29 - size, step)]
    hidden = np.repeat(image[None], len(places), axis=0)
    for each, (y, x) in zip(hidden, places, strict=True):
        each[y : y + size, x : x + size] = 0
    falls = predict(image[None])[0, label] - predict(hidden)[:, label]
    total, count = np.zeros((2, 28, 28))
    for fall, (y, x) in zip(falls, places, strict=True):
        total[y : y + size, x : x + size] += fall
        count[y : y + size, x : x + size] += 1
    return total / np.maximum(count, 1)


def activation_maps(network, images, labels):
    """Class activation maps: which places speak for a class in the last feature maps (Zhou et al. 2016).

    network : ends in global average pooling and one dense layer, for which they are what Grad-CAM gives before it is cut
    off at zero (Selvaraju et al. 2017).   labels : int (n,), a class for each image.
    Returns float (n, 28, 28), enlarged from the size of the feature maps; the mean over the places is the class's score
    without its bias.
    """
    features, _ = networks.outputs_of(network, images, [-3, -1])
    weights = network.layers[-1].get_weights()[0].T[labels]
    maps = np.einsum("nyxk,nk->nyx", features, weights)
    return np.stack([ndimage.zoom(each, 28 / len(each), order=1, grid_mode=True, mode="nearest") for each in maps])


def right_under_change(tried, images, labels, trials, profile, remedy):
    """Which images trained networks still label correctly when the images are changed; it takes minutes, so it is stored.

    tried  : dict of name -> runs.Trained with its network.   images : (n, 28, 28, 1).   labels : int (n,).
    trials : dict of change -> (function of images and an amount, amounts).   profile, remedy : as for store.stored.
    Returns dict of change -> dict of name -> bool (amounts, n). Raises Problem if what is stored is of other networks.
    """
    settings = {
        "networks": {name: run.card["files"][run.path.name] for name, run in tried.items()},
        "images": len(images), "trials": {change: list(amounts) for change, (_, amounts) in trials.items()},
    }  # fmt: skip

    def make():
        return {"right": {
            change: {name: [_hits(run, function(images, amount), labels) for amount in amounts] for name, run in tried.items()}
            for change, (function, amounts) in trials.items()
        }}  # fmt: skip

    record = store.stored(profile.results / "cnn_under_change.json", settings, make if profile.trains else None, remedy)
    return {
        change: {name: np.array([_bits(row, len(images)) for row in rows]) for name, rows in group.items()}
        for change, group in record["right"].items()
    }


def _hits(run, images, labels):
    """Which answers are right, four a hexadecimal digit (str)."""
    return np.packbits(predictor(run.network)(images).argmax(axis=1) == labels).tobytes().hex()


def _bits(text, count):
    return np.unpackbits(np.frombuffer(bytes.fromhex(text), np.uint8), count=count).astype(bool)


def shifted(images, pixels):
    """Images moved to the right by whole pixels; background comes in."""
    moved = np.zeros_like(images)
    moved[:, :, pixels:] = images[:, :, : images.shape[2] - pixels]
    return moved


def rotated(images, degrees):
    """Images turned about their middle, counter-clockwise."""
    return np.clip(ndimage.rotate(images, degrees, axes=(2, 1), reshape=False, order=1), 0, 1)


def noisy(images, sd, seed=0):
    """Images with normal noise of standard deviation `sd` on every pixel, cut off at 0 and 1."""
    noise = np.random.default_rng(seed).normal(0, sd, images.shape).astype(np.float32)
    return np.clip(images + noise, 0, 1)


def brightened(images, factor):
    """Images multiplied by a factor, cut off at 1."""
    return np.clip(images * np.float32(factor), 0, 1)


Nearness = namedtuple("Nearness", "distance close same right")
Nearness.__doc__ = """How near some images are to the training images: each a value an image, (n,).

distance : to the nearest training image, a root mean square over the pixels.
close : whether it is in the closest twentieth.   same : whether the two share a label.
right : whether the network labels the image correctly.
"""


def nearness(images, labels, answers, training, training_labels, count):
    """The Nearness of evenly spaced images, some `count` of them.

    images, training : float32 (n, 28, 28, 1) and (m, 28, 28, 1).   answers : int (n,), what a network says.
    """
    rows = slice(None, None, max(1, len(images) // count))
    looked_up, among = (each.reshape(len(each), -1) for each in (images[rows], training))
    nearest = pairwise_distances_argmin(looked_up, among)
    distance = np.sqrt(np.mean((looked_up - among[nearest]) ** 2, axis=1))
    same, right = training_labels[nearest] == labels[rows], (answers == labels)[rows]
    return Nearness(distance, distance <= np.quantile(distance, 0.05), same, right)
