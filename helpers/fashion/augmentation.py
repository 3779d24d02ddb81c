"""Random changes of training images: mirrored, shifted, partly erased. NumPy, so that every backend sees the same.

A changed image is another picture of the same piece of clothing, so a network that has seen many such changes cannot
lean on where exactly a seam lies. Images held out for validation are never changed.
"""

from dataclasses import asdict, dataclass

import numpy as np

ERASED_AREA = 0.02, 0.25  # share of the image that an erased rectangle covers
ERASED_ASPECT = 0.3, 1 / 0.3  # its height over its width


@dataclass(frozen=True)
class Augmentation:
    """What may happen to a training image, drawn anew for each image in each epoch.

    flip  : whether half of the images are mirrored, left to right.
    shift : the most pixels by which an image moves, up or down and left or right; what comes in is background.
    erase : the share of images in which a rectangle is filled with noise (Zhong et al. 2017, "Random Erasing").
    """

    flip: bool = False
    shift: int = 0
    erase: float = 0.0

    def as_json(self):
        """The specification as a JSON dict; Augmentation(**that) gives it back."""
        return asdict(self)

    def apply(self, images, random):
        """Changed copies of float images (n, height, width, channels) in 0..1; `random` is a NumPy generator."""
        changed = images.copy()
        if self.flip:
            chosen = random.random(len(images)) < 0.5
            changed[chosen] = changed[chosen, :, ::-1]
        if self.shift:
            changed = _shifted(changed, self.shift, random)
        if self.erase:
            _erase(changed, self.erase, random)
        return changed


def _shifted(images, most, random):
    """Each image moved by its own whole number of pixels in either direction, at most `most`."""
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    top, left = random.integers(0, 2 * most + 1, (2, len(images)))
    return np.ascontiguousarray(np.moveaxis(windows[np.arange(len(images)), top, left], 1, -1))


def _erase(images, share, random):
    """Fill a rectangle of random size, shape and place with noise, in a random `share` of the images; in place."""
    chosen = np.flatnonzero(random.random(len(images)) < share)
    height, width, channels = images.shape[1:]
    area = random.uniform(*ERASED_AREA, len(chosen)) * height * width
    aspect = np.exp(random.uniform(*np.log(ERASED_ASPECT), len(chosen)))
    tall = np.clip(np.rint(np.sqrt(area * aspect)), 1, height).astype(int)
    wide = np.clip(np.rint(np.sqrt(area / aspect)), 1, width).astype(int)
    top, left = random.integers(0, height - tall + 1), random.integers(0, width - wide + 1)
    row, column = np.arange(height)[None, :, None], np.arange(width)[None, None, :]
    inside = (row >= top[:, None, None]) & (row < (top + tall)[:, None, None])
    inside = inside & (column >= left[:, None, None]) & (column < (left + wide)[:, None, None])
    noise = random.random((int(inside.sum()), channels), dtype=np.float32)
    erased = images[chosen]
    erased[inside] = noise
    images[chosen] = erased
