"""The environment of our processes: ours wins, and what it keeps is what a user means for us."""

import os
import pwd
from pathlib import Path

import pytest

from helpers.core import environment, project


def test_settings_for_other_programs_are_dropped_and_those_for_ours_kept():
    given = {
        "LANG": "xx_XX.UTF-8", "LC_TIME": "xx_XX", "LANGUAGE": "xx", "MATPLOTLIBRC": "a", "MPLBACKEND": "a",
        "JUPYTER_PATH": "a", "JUPYTER_CONFIG_PATH": "a", "IPYTHONDIR": "a", "PYTHONPATH": "a", "PYTHONSTARTUP": "a", "PYTHONWARNINGS": "a",
        "KERAS_HOME": "a", "KERAS_MAX_EPOCHS": "1", "OMP_NUM_THREADS": "4", "HELPERS_PLACE": "a",
        "PYTHONDEVMODE": "a", "PYTHONVERBOSE": "a", "NUMBA_DISABLE_JIT": "a", "TF_CPP_MIN_LOG_LEVEL": "a", "SCIPY_ARRAY_API": "a",
        "COLUMNS": "a", "NO_COLOR": "a", "TTY_COMPATIBLE": "a",
        "NUMBA_CACHE_DIR": "n", "KERAS_BACKEND": "jax", "KERASTUNER_TUNER_ID": "chief", "PATH": "p", "HOME": "h", "FASHION_MNIST_DIR": "f",
        "CUDA_VISIBLE_DEVICES": "0", "OPENBLAS_CORETYPE": "Haswell",
    }  # fmt: skip
    ours = environment.own_environment(given)
    kept = (
        "KERAS_BACKEND",
        "KERASTUNER_TUNER_ID",
        "NUMBA_CACHE_DIR",
        "PATH",
        "HOME",
        "FASHION_MNIST_DIR",
        "CUDA_VISIBLE_DEVICES",
        "OPENBLAS_CORETYPE",
    )
    assert {name: ours.get(name) for name in kept} == {name: given[name] for name in kept}
    assert "a" not in ours.values() and not any("xx" in value for value in ours.values())
    assert ours["OMP_NUM_THREADS"] == "1" and ours["PYTHONPATH"] == str(project.ROOT)
    assert environment.own_environment(ours) == ours  # or a command would begin anew without end


def test_a_user_whom_the_machine_does_not_know_gets_a_name_and_a_home(monkeypatch):
    def unknown(number):
        raise KeyError(number)

    monkeypatch.setattr(pwd, "getpwuid", unknown)
    ours = environment.own_environment({})
    assert ours["USER"] and ours["HOME"].startswith(str(project.CACHE))
    assert environment.own_environment({"HOME": "/h", "USER": "u"})["HOME"] == "/h"


def test_where_the_cache_may_not_be_written_temporary_files_serve(monkeypatch, tmp_path):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    assert not Path(environment.own_environment({})["MPLCONFIGDIR"]).is_relative_to(project.ROOT)


def test_a_link_to_nowhere_in_the_place_of_the_cache_is_told_in_a_sentence(monkeypatch, tmp_path, capsys):
    (tmp_path / "cache").symlink_to("nowhere")
    monkeypatch.setattr(project, "CACHE", tmp_path / "cache")
    with pytest.raises(SystemExit) as ended:
        environment.take_over()
    assert ended.value.code == 2 and "cache is a link that leads nowhere: remove it" in capsys.readouterr().err
