"""Fashion-MNIST as arrays: loaded, scaled, split.

The data are the public release (Xiao, Rasul, Vollgraf 2017, as of 2017-08-31): 60,000 training and 10,000 test images
of 28 x 28 pixels, grey values 0..255, ten classes of equal size.
"""

import hashlib
from collections import namedtuple

import numpy as np

from helpers.fashion import fetch

CLASSES = ("T-shirt", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag", "Ankle boot")
PIXELS = 28 * 28
SLIVER_PER_CLASS = 100, 30  # training and test images that the smoke profile keeps


# images: uint8 (n, 28, 28), grey 0..255; labels: int32 (n,), class ids 0..9 as in CLASSES
Fashion = namedtuple("Fashion", "train_images train_labels test_images test_labels")


def load(profile=None):
    """Fashion-MNIST, verified; a stratified sliver of it if `profile.sliver`.

    Looked for in the folder that FASHION_MNIST_DIR names, in the project's cache, in the Debian package's folder;
    fetched from upstream if it is in none of them.
    Returns a Fashion. Raises Problem if a file is corrupt, or is nowhere to be had.
    """
    contents, parts = [np.frombuffer(fetch.content(name), np.uint8) for name in fetch.SHA256], []
    for images, labels, count in zip(contents[::2], contents[1::2], SLIVER_PER_CLASS, strict=True):
        images, labels = images[16:].reshape(-1, 28, 28), labels[8:].astype(np.int32)  # behind their headers
        if profile is not None and profile.sliver:
            rows = [np.flatnonzero(labels == label)[:count] for label in range(len(CLASSES))]
            images, labels = (each[np.sort(np.concatenate(rows))] for each in (images, labels))
        parts += [images, labels]
    return Fashion(*parts)


def scaled(images):
    """Grey values as the networks read them: float32 (n, 784) in 0..1, from uint8 (n, 28, 28)."""
    values = images.reshape(len(images), PIXELS).astype("float32")
    values /= np.float32(255)
    return values


def split(images, labels, held_out, seed):
    """Training and validation rows: seeded, stratified, and the same images whatever order the rows come in.

    Each class is ordered by a keyed hash of its images' pixels, and its first `held_out` share is held out.
    images : uint8 (n, ...).   labels : int (n,).   held_out : share in 0..1 of each class.   seed : int.
    Returns two int arrays of row numbers, (training, validation), each in an order that depends on content alone.
    """
    if not 0 < held_out < 1:
        raise ValueError(f"held_out is a share between 0 and 1, not {held_out}")
    key = int(seed).to_bytes(8, "big")
    hashes = np.array(
        [hashlib.blake2b(image.tobytes(), digest_size=8, key=key).digest() for image in images], dtype="S8"
    )
    order = np.lexsort((hashes, labels))
    training, validation = [], []
    for label in np.unique(labels):
        rows = order[labels[order] == label]
        cut = round(len(rows) * held_out)
        validation.append(rows[:cut])
        training.append(rows[cut:])
    return np.concatenate(training), np.concatenate(validation)
