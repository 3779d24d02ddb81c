"""A GPU by one word, with stand-ins for nvidia-smi, for pip and for what TensorFlow sees."""

import json
import subprocess
import sys

import pytest

from helpers.__main__ import main
from helpers.core import gpu
from helpers.core.project import Problem


@pytest.fixture(autouse=True)
def tensorflow_is_asked(monkeypatch):
    monkeypatch.delenv("KERAS_BACKEND", raising=False)


@pytest.fixture
def machine(monkeypatch, tmp_path):
    """A machine with a GPU: returns a function that says what TensorFlow sees before and after, and what pip was asked for."""
    smi = tmp_path / "nvidia-smi"
    smi.write_text("#!/bin/sh\n[ \"$1\" = -L ] && echo 'GPU 0: a stand-in'\n")
    smi.chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path), prepend=":")
    asked = tmp_path / "asked"

    def with_devices(*seen, pip_fails=False):
        devices = iter(seen)
        monkeypatch.setattr(gpu, "_device", lambda: next(devices))
        monkeypatch.setattr(gpu, "PIP", ["sh", "-c", f'echo "$@" > {asked}; exit {int(pip_fails)}', "pip"])
        return asked

    return with_devices


def test_a_gpu_that_is_seen_needs_nothing(machine):
    asked = machine("a GPU")
    assert gpu.provide() == "gpu: the networks run on a GPU"
    assert not asked.exists()


def test_jax_brings_its_own(machine, monkeypatch):
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    asked = machine()
    assert "JAX" in gpu.provide() and not asked.exists()


def test_the_libraries_are_installed_for_this_tensorflow(machine):
    asked = machine(None, "a GPU")
    assert gpu.provide() == "gpu: the networks run on a GPU"
    assert asked.read_text() == f"--prefix={sys.prefix} --quiet {gpu.requirement()}\n"


@pytest.mark.parametrize(
    ("settings", "words"),
    [({}, "update NVIDIA's driver"), ({"pip_fails": True}, "could not be installed")],
)
def test_what_goes_wrong_is_one_sentence_that_says_what_to_do(machine, settings, words, capsys):
    machine(None, None, **settings)
    assert main(["gpu"]) == 2
    assert words in capsys.readouterr().err
    machine(None, None, **settings)
    assert main(["gpu", "--if-usable"]) == 0
    assert words in capsys.readouterr().out


def test_without_nvidia_smi_nothing_is_installed(machine, monkeypatch, tmp_path):
    asked = machine(None)
    (tmp_path / "nvidia-smi").write_text("#!/bin/sh\nexit 9\n")
    with pytest.raises(Problem, match="install NVIDIA's driver"):
        gpu.provide()
    monkeypatch.setenv("PATH", "/nowhere")
    with pytest.raises(Problem, match="install NVIDIA's driver"):
        gpu.provide()
    assert not asked.exists()


@pytest.mark.slow
def test_the_requirement_can_be_resolved():
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--quiet", "--report", "-", gpu.requirement()]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    if done.returncode and "ConnectionError" in done.stderr + done.stdout:
        pytest.skip("no package index can be reached")
    assert done.returncode == 0, done.stderr
    found = {each["metadata"]["name"] for each in json.loads(done.stdout)["install"]}
    assert any(name.startswith("nvidia-cudnn") for name in found) and "tensorflow" not in found
