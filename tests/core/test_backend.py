"""The chapter that trains networks runs on both backends of Keras; JAX is an optional extra."""

import importlib.util

import pytest

from helpers.core import project, store
from tests.conftest import assert_one_sentence, helpers_command


def test_a_backend_that_is_not_there_is_one_sentence():
    done = helpers_command("train", "--list", KERAS_BACKEND="torch")
    assert_one_sentence(done, "KERAS_BACKEND is 'torch'", "tensorflow, jax")


@pytest.mark.keras
@pytest.mark.papermill
def test_smoke_runs_on_jax():
    if importlib.util.find_spec("jax") is None:
        pytest.skip("JAX is not installed (pip install jax)")
    done = helpers_command("run", "04_mlp", "--profile", "smoke", KERAS_BACKEND="jax")
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    assert store.read_json(project.RUN_RECORD)["04_mlp (smoke)"]["made_with"]["keras backend"] == "jax"
