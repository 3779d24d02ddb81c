"""Keras, imported without the log lines that TensorFlow prints whatever the environment says.

`from helpers.backend import keras` is the one way in; KERAS_BACKEND chooses TensorFlow (default) or JAX as always.
"""

import os
import sys
from contextlib import contextmanager


@contextmanager
def _quiet_stderr():
    """Send file descriptor 2, which TensorFlow's C++ code writes to, to nowhere while the block runs."""
    sys.stderr.flush()
    kept, nowhere = os.dup(2), os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)


os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
with _quiet_stderr():
    import keras


def device_name():
    """What the networks run on, in words: the first accelerator that Keras sees, else "CPU" and its core count."""
    with _quiet_stderr():
        devices = keras.distribution.list_devices("gpu") if keras.backend.backend() == "jax" else _tensorflow_gpus()
    return str(devices[0]) if devices else f"CPU, {os.cpu_count()} cores"


def _tensorflow_gpus():
    import tensorflow as tf

    return [
        tf.config.experimental.get_device_details(gpu).get("device_name", gpu.name)
        for gpu in tf.config.list_physical_devices("GPU")
    ]
