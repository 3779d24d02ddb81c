"""Random changes of training images: mirrored, shifted, rotated, brightened, partly erased.

NumPy and SciPy, so that every backend sees the same. A changed image is another picture of the same piece of clothing,
so a network that has seen many such changes cannot lean on where exactly a seam lies.
"""

import numpy as np
from scipy import ndimage

ERASED_AREA = 0.02, 0.25  # share of the image that an erased rectangle covers
ERASED_ASPECT = 0.3, 1 / 0.3  # its height over its width


def augmented(images, config, random):
    """Changed copies of float32 images (n, height, width, channels) in 0..1; the images themselves if nothing is asked for.

    config : anything with these fields, such as a training.TrainingConfig:
      flip       : whether half of the images are mirrored, left to right.
      shift      : the most pixels by which an image moves, up or down and left or right; what comes in is background.
      rotate     : the most degrees by which an image is turned, either way.
      brightness : b multiplies an image by a factor drawn from 1 - b to 1 + b, and cuts off at 1.
      erase      : the share of images in which a rectangle is filled with noise (Zhong et al. 2017, "Random Erasing").
    random : a NumPy generator, which decides everything.
    """
    if config.flip:
        chosen = random.random(len(images)) < 0.5
        images = np.where(chosen[:, None, None, None], images[:, :, ::-1], images)
    if config.shift:
        images = _shifted(images, config.shift, random)
    if config.rotate:
        angles = random.uniform(-config.rotate, config.rotate, len(images))
        turned = [
            ndimage.rotate(image, angle, reshape=False, order=1) for image, angle in zip(images, angles, strict=True)
        ]
        images = np.stack(turned)
    if config.brightness:
        factors = random.uniform(1 - config.brightness, 1 + config.brightness, (len(images), 1, 1, 1))
        images = np.minimum(images * factors.astype(np.float32), np.float32(1))
    return _erased(images, config.erase, random) if config.erase else images


def _shifted(images, most, random):
    """Each image moved by its own whole number of pixels in either direction, at most `most`."""
    height, width = images.shape[1:3]
    padded = np.pad(images, ((0, 0), (most, most), (most, most), (0, 0)))
    windows = np.lib.stride_tricks.sliding_window_view(padded, (height, width), axis=(1, 2))
    top, left = random.integers(0, 2 * most + 1, (2, len(images)))
    return np.ascontiguousarray(np.moveaxis(windows[np.arange(len(images)), top, left], 1, -1))


def _erased(images, share, random):
    """Copies with a rectangle of random size, shape and place filled with noise, in a random `share` of the images."""
    chosen = np.flatnonzero(random.random(len(images)) < share)
    height, width, channels = images.shape[1:]
    area = random.uniform(*ERASED_AREA, len(chosen)) * height * width
    aspect = np.exp(random.uniform(*np.log(ERASED_ASPECT), len(chosen)))
    tall = np.clip(np.rint(np.sqrt(area * aspect)), 1, height).astype(int)
    wide = np.clip(np.rint(np.sqrt(area / aspect)), 1, width).astype(int)
    top, left = random.integers(0, height - tall + 1), random.integers(0, width - wide + 1)
    images = images.copy()
    for number, y, x, h, w in zip(chosen, top, left, tall, wide, strict=True):
        images[number, y : y + h, x : x + w] = random.random((h, w, channels), dtype=np.float32)
    return images
