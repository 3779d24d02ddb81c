"""An NVIDIA GPU for TensorFlow: the CUDA libraries that its plain package leaves out (`make report GPU=1`)."""

import os
import subprocess
import sys
from importlib import metadata

from helpers.core.project import Problem, report_progress

PIP = [sys.executable, "-m", "pip", "install", "--disable-pip-version-check", "--no-user", "--target="]


def requirement():
    """TensorFlow as it is installed, with NVIDIA's libraries (str, for pip)."""
    return f"tensorflow[and-cuda]=={metadata.version('tensorflow')}"


def provide():
    """Install the libraries unless TensorFlow sees a GPU already, or is not asked. Returns a sentence that names the device.

    Raises Problem, which says what to do, if nvidia-smi does not answer, pip fails, or TensorFlow still sees no GPU.
    """
    if os.environ.get("KERAS_BACKEND") == "jax":
        return 'gpu: Keras runs on JAX, whose libraries come with "jax[cuda12]"'
    if not _succeeds(["nvidia-smi", "-L"], capture_output=True):
        raise Problem(
            "nvidia-smi finds no GPU: install NVIDIA's driver, or leave GPU=1 out to compute on the processor."
        )
    device = _device()
    if device is None:
        report_progress(f"gpu: installing {requirement()} (about 3 GB)")
        if not _succeeds([*PIP, f"--prefix={sys.prefix}", "--quiet", requirement()]):
            raise Problem(f"{requirement()} could not be installed; see above, or leave the GPU alone with GPU=0.")
        device = _device()
    if device is None:
        raise Problem(
            "TensorFlow sees no GPU though nvidia-smi does: update NVIDIA's driver, or leave the GPU alone with GPU=0."
        )
    return f"gpu: the networks run on {device}"


def _succeeds(command, **settings):
    try:
        return subprocess.run(command, check=False, **settings).returncode == 0
    except FileNotFoundError:
        return False


def _device():
    """The GPU that TensorFlow sees (str), or None; asked in a process of its own, as it looks for its libraries only once."""
    code = "from helpers.core import backend; print(backend.device_name())"
    environment = os.environ | {"KERAS_BACKEND": "tensorflow"}
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False, env=environment)
    name = done.stdout.strip()
    return None if done.returncode or name.startswith("CPU") else name
