"""The command: one JSON object, one table, one sentence."""

import json
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from helpers.__main__ import main as helpers_main
from helpers.playground.config import Config
from helpers.playground.engine import train
from tests.conftest import ROOT

ADDRESS = "dataset=gauss&activation=sigmoid&networkShape=3&learningRate=0.3&seed=0.4&percTrainData=70"


def main(arguments):
    return helpers_main(["playground", *arguments])


def printed(capsys, *arguments):
    assert main(arguments) == 0
    return capsys.readouterr()


def test_json_holds_the_setting_the_losses_and_the_parameters(capsys):
    told = json.loads(printed(capsys, ADDRESS, "--epochs", "7", "--at", "0,2,7", "--json").out)
    run = train(Config.from_url(ADDRESS), epochs=7, at=[0, 2, 7])
    assert told["config"] == run.config.to_dict()
    np.testing.assert_array_equal(told["losses"], np.column_stack([[0, 2, 7], run.train_loss[0], run.test_loss[0]]))
    for name in ("weights", "biases", "dead"):
        for theirs, ours in zip(told[name], getattr(run.final, name), strict=True):
            np.testing.assert_array_equal(theirs, ours[0])


def test_several_seeds_give_quantiles(capsys):
    told = json.loads(printed(capsys, ADDRESS, "--epochs", "2", "--at", "2", "--seeds", "5", "--json").out)
    assert told["seeds"] == ["0.4", "0.00001", "0.00002", "0.00003", "0.00004"]
    run = train(Config.from_url(ADDRESS), told["seeds"], epochs=2, at=[2])
    epoch, of_train, of_test = told["losses"][0]
    assert epoch == 2
    np.testing.assert_array_equal(of_train, np.quantile(run.train_loss[:, 0], told["quantiles"]))
    np.testing.assert_array_equal(of_test, np.quantile(run.test_loss[:, 0], told["quantiles"]))


def test_without_at_the_round_epochs_and_the_last_are_shown(capsys):
    lines = printed(capsys, ADDRESS, "--epochs", "12").out.splitlines()
    assert lines[0] == Config.from_url(ADDRESS).to_url()
    assert [int(line.split()[0]) for line in lines[2:]] == [0, 1, 2, 5, 10, 12]
    assert [len(line.split()) for line in lines[2:]] == [3] * 6
    several = printed(capsys, ADDRESS, "--epochs", "0", "--seeds", "3").out.splitlines()
    assert [len(line.split()) for line in several[2:]] == [7]


def test_json_tells_apart_how_a_run_left_the_floats(capsys):
    wild = ADDRESS + "&regularization=L2&regularizationRate=100&learningRate=100"
    told = json.loads(printed(capsys, wild, "--epochs", "5", "--at", "0,5", "--json").out, parse_constant=pytest.fail)
    assert told["losses"][1] == [5, "NaN", "NaN"]
    assert told["losses"][0][1] > 0
    steep = "problem=regression&networkShape=&learningRate=50&batchSize=60&seed=1"  # a linear output has no bound
    asked = "--epochs", "12", "--at", "6,12", "--json"
    assert json.loads(printed(capsys, steep, *asked).out)["losses"] == [[6, *["Infinity"] * 2], [12, *["NaN"] * 2]]
    several = json.loads(printed(capsys, steep, *asked, "--seeds", "3").out)["losses"]
    assert several == [[epoch, [word] * 5, [word] * 5] for epoch, word in ((6, "Infinity"), (12, "NaN"))]


def test_unknown_keys_are_named_beside_the_result(capsys):
    spoken = printed(capsys, ADDRESS + "&colour=red", "--epochs", "0", "--json")
    assert spoken.err == "Ignored, as the page does not know them: colour.\n"
    assert json.loads(spoken.out)["config"]["seed"] == "0.4"


@pytest.mark.parametrize("seeds", ["1", "3"])
def test_png_is_drawn(tmp_path, capsys, seeds):
    target = tmp_path / "network.png"
    printed(capsys, ADDRESS, "--epochs", "1", "--at", "1", "--seeds", seeds, "--png", str(target))
    assert target.read_bytes().startswith(b"\x89PNG")


@pytest.mark.parametrize(
    "arguments",
    [
        ["batchSize=0", "--epochs", "1"],
        ["percTrainData=100", "--epochs", "1"],
        ["elsewhere", "--epochs", "1"],
        [ADDRESS, "--epochs=-1"],
        [ADDRESS, "--epochs", "many"],
        [ADDRESS, "--epochs", "3", "--at", "0,4"],
        [ADDRESS, "--epochs", "3", "--at", ""],
        [ADDRESS, "--epochs", "3", "--seeds", "0"],
        [ADDRESS, "--epochs", "3", "--seeds", "1000000"],
        [ADDRESS, "--epochs", "1", "--png", ""],
        [ADDRESS, "--epochs", "1", "--png", "."],
        [ADDRESS, "--epochs", "1", "--png", "a.bmp"],
        ["https://example.org/", "--epochs", "1"],
    ],
)
def test_bad_values_get_one_sentence_and_status_2(capsys, arguments):
    assert main(arguments) == 2
    spoken = capsys.readouterr()
    assert spoken.out == ""
    assert spoken.err.count("\n") == 1
    assert spoken.err.endswith(".\n")
    assert "Traceback" not in spoken.err


@pytest.mark.parametrize(
    ("name", "start"), [("a.svg", b"<?xml"), ("a.SVG", b"<?xml"), ("a.pdf", b"%PDF"), ("a", b"\x89PNG")]
)
def test_a_picture_is_what_its_name_says(tmp_path, capsys, name, start):
    printed(capsys, ADDRESS, "--epochs", "0", "--png", str(tmp_path / name))
    assert (tmp_path / name).read_bytes().startswith(start)


@pytest.mark.parametrize(
    "setting", ["problem=regression&seed=1", "problem=regression&activation=linear&learningRate=100&seed=1"]
)
def test_a_regression_is_drawn_even_where_it_left_the_floats(tmp_path, capsys, setting):
    for seeds in ("1", "3"):
        printed(capsys, setting, "--epochs", "3", "--seeds", seeds, "--png", str(tmp_path / "a.png"))
        assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def piped(tail, *arguments):
    command = [sys.executable, "-m", "helpers", "playground", *arguments]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as process:
        process.stdout.read(tail)
        process.stdout.close()
        complaints = process.stderr.read()
    return process.returncode, complaints


def test_a_reader_who_has_had_enough_ends_it_quietly():
    assert piped(20, "dataset=xor&seed=0.4&networkShape=100,100", "--epochs", "0", "--json") == (1, "")


def test_output_that_cannot_be_written_is_one_sentence(tmp_path):
    with Path("/dev/full").open("w") as full:
        command = [sys.executable, "-m", "helpers", "playground", "dataset=xor&seed=0.4", "--epochs", "1"]
        command += ["--png", str(tmp_path / "a.png")]
        done = subprocess.run(command, cwd=ROOT, stdout=full, stderr=subprocess.PIPE, text=True, check=False)
    assert (done.returncode, done.stderr) == (2, "error: The output cannot be written (No space left on device).\n")
    assert (tmp_path / "a.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_goes_to_a_device_too(capsys):
    assert printed(capsys, ADDRESS, "--epochs", "0", "--png", "/dev/null").err == ""
    assert main([ADDRESS, "--epochs", "0", "--png", "/dev/full"]) == 2
    (sentence,) = capsys.readouterr().err.splitlines()
    assert "No space left" in sentence
