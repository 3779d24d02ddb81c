"""Keras, imported without the log lines that TensorFlow prints whatever the environment says.

`from helpers.core.backend import keras` is the one way in; KERAS_BACKEND chooses TensorFlow (default) or JAX as always.
"""

import importlib.util
import os
import platform
import sys
from contextlib import contextmanager
from datetime import UTC, datetime

from helpers.core import project


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


BACKENDS = "tensorflow", "jax"
_given = os.environ.get("KERAS_BACKEND") or BACKENDS[0]
if _given not in BACKENDS or importlib.util.find_spec(_given) is None:
    raise project.Problem(f"KERAS_BACKEND is {_given!r}: it has to be one of {', '.join(BACKENDS)}, and be installed.")

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ["KERAS_HOME"] = str(project.CACHE / "keras")  # a user's keras.json is for other programs
with _quiet_stderr():
    import keras

    if keras.backend.backend() != "tensorflow" and importlib.util.find_spec("tensorflow"):
        import tensorflow  # noqa: F401  Keras would import it later, to look at its inputs, and print its log lines


def device_name():
    """What the networks run on, in words: the accelerator, if Keras' backend sees one, else "CPU" and its core count."""
    with _quiet_stderr():
        name = _jax_accelerator() if keras.backend.backend() == "jax" else _tensorflow_gpu()
    return name or f"CPU, {os.cpu_count()} cores"


def made_with():
    """What a measurement is made with (dict of str): date, device, backend, versions."""
    return {
        "date": datetime.now(UTC).date().isoformat(),
        "device": device_name(),
        "backend": keras.backend.backend(),
        "keras": keras.__version__,
        "python": platform.python_version(),
    }


def _jax_accelerator():
    import jax

    device = jax.devices()[0]
    return None if device.platform == "cpu" else device.device_kind


def _tensorflow_gpu():
    import tensorflow as tf

    gpus = tf.config.list_physical_devices("GPU")
    return tf.config.experimental.get_device_details(gpus[0]).get("device_name", gpus[0].name) if gpus else None
