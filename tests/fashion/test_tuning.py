"""The search proposes what it should, resumes after a kill, and never passes the limit of parameters."""

import signal
import time
from dataclasses import replace

import numpy as np
import pytest

from helpers.core import store
from helpers.core.project import PROFILES, Problem
from helpers.fashion import networks, training, tuning
from helpers.report import notebooks
from tests.conftest import python

SETTING = """
    import sys
    from pathlib import Path
    import numpy as np
    from helpers.fashion import training, tuning

    def data():
        random = np.random.default_rng(0)
        x = random.normal(size=(300, 20)).astype("float32")
        y = (x[:, :3] + random.normal(size=(300, 3))).argmax(axis=1).astype("int32")
        return training.Split(x[:200], y[:200], x[200:], y[200:])
"""
here = {}
exec("\n".join(line[4:] for line in SETTING.splitlines()), here)
data = here["data"]


def proposals(rows):
    return [row["values"] for row in rows]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A Bayesian search for real, undisturbed: its folder and its trials."""
    folder = tmp_path_factory.mktemp("search")
    return folder, tuning.Search("bayes", data(), folder, 3, trials=3, epochs=1).run()


@pytest.fixture
def untrained(monkeypatch):
    """Trials that take no time: their accuracy is a smooth function of their values."""

    def train(search, number, values):
        accuracy = 0.9 - 0.05 * abs(values["depth"] - 2) - 0.1 * values["dropout"] + 0.001 * number
        return [{"epoch": 1, "val_accuracy": accuracy, "seconds": 0.0}]

    monkeypatch.setattr(tuning.Search, "_train", train)


def test_a_network_is_what_its_values_say():
    values = {"depth": 2, "width": 64, "dropout": 0.2, "batch_norm": True}
    kinds = [row.kind for row in networks.layer_table(tuning.network_of(values))]
    assert kinds == ["Dense", "BatchNormalization", "Dropout"] * 2 + ["Dense"]
    plain = tuning.network_of({**values, "dropout": 0.0, "batch_norm": False})
    assert plain.count_params() == 785 * 64 + 65 * 64 + 65 * 10


def test_a_network_is_as_wide_as_the_limit_allows_at_its_depth():
    """None of the space has more parameters than it may, and one step more would be too much."""

    def parameters(depth, width, batch_norm):
        values = {"depth": depth, "width": width, "batch_norm": batch_norm, "dropout": 0.0}
        return tuning.network_of(values).count_params()

    for depth, widest in tuning.WIDEST.items():
        assert parameters(depth, widest, True) <= tuning.MOST_PARAMETERS < parameters(depth, widest + 32, False)


def test_proposals_cover_the_space(untrained, tmp_path):
    """Every depth occurs, each with several widths up to its own limit; values are short."""
    rows = tuning.Search("random", data(), tmp_path, 1, trials=40).run()
    assert len(rows) == 40
    for depth, widest in tuning.WIDEST.items():
        widths = {row["values"]["width"] for row in rows if row["values"]["depth"] == depth}
        assert len(widths) > 1
        assert max(widths) <= widest
    assert all(len(f"{row['values']['dropout']}") == 3 for row in rows)
    assert {tuple(row["values"]) for row in rows} == {
        ("depth", "width", "dropout", "batch_norm", "learning_rate", "batch_size", "weight_decay")
    }


def test_the_same_seed_proposes_the_same(untrained, tmp_path):
    def proposed(method, seed, folder):
        return proposals(tuning.Search(method, data(), tmp_path / folder, seed, trials=3, epochs=1).run())

    for method in ("random", "bayes"):
        assert proposed(method, 3, "a") == proposed(method, 3, "b") != proposed(method, 4, "c")


def test_both_searches_begin_alike_and_then_part(untrained, tmp_path):
    drawn, reckoned = (
        tuning.Search(method, data(), tmp_path, 3, trials=5, epochs=1).run() for method in ("random", "bayes")
    )
    start = tuning.shared(5)
    assert start == 2
    assert proposals(drawn)[:start] == proposals(reckoned)[:start]
    assert proposals(drawn)[start:] != proposals(reckoned)[start:]


def test_the_second_search_finds_the_common_start_trained(trained, monkeypatch):
    folder, reckoned = trained
    monkeypatch.setattr(training, "Batches", None)  # nothing may be left to train
    drawn = tuning.Search("random", data(), folder, 3, trials=1, epochs=1).run()
    assert drawn == [{**reckoned[0], "method": "random"}]


def test_killed_it_goes_on_where_it_was(trained, tmp_path):
    """The trial under way is trained to the same end; a Bayesian search may propose others after it."""
    undisturbed = trained[1]
    code = SETTING + "\n    tuning.Search('bayes', data(), Path(sys.argv[1]), 3, trials=3, epochs=1).run()\n"
    process = python(code, tmp_path)
    process.stdout.readline()  # the first trial's epoch is done
    time.sleep(0.3)
    process.send_signal(signal.SIGKILL)
    process.communicate()
    resumed = tuning.Search("bayes", data(), tmp_path, 3, trials=3, epochs=1).run()
    assert len(resumed) == len(undisturbed)
    assert [{**row, "seconds": 0} for row in resumed[:2]] == [{**row, "seconds": 0} for row in undisturbed[:2]]


def test_a_chief_takes_up_what_a_search_alone_has_left(trained, monkeypatch):
    """keras-tuner keeps its books under the name of the process; both go by the chief's."""
    folder, reckoned = trained
    monkeypatch.setattr(tuning.Search, "_train", lambda *_: pytest.fail("trained again"))
    search = tuning.Search("bayes", data(), folder, 3, trials=3, epochs=1)
    assert (folder / search._project() / "chief.json").is_file()
    assert len(search._searched(overwrite=False).oracle.trials) == len(reckoned)


def test_books_that_are_damaged_are_kept_anew_without_training_again(trained, monkeypatch):
    folder, reckoned = trained
    search = tuning.Search("bayes", data(), folder, 3, trials=3, epochs=1)
    (folder / search._project() / "oracle.json").write_text("{")
    monkeypatch.setattr(training, "Batches", None)  # nothing is left to train
    assert search.run() == reckoned


def test_an_error_ends_the_search(monkeypatch, tmp_path):
    """keras-tuner would note it down as an invalid trial and carry on."""

    def full(*_):
        raise Problem("The disk is full.")

    monkeypatch.setattr(training, "train", full)
    with pytest.raises(Problem, match="full"):
        tuning.Search("random", data(), tmp_path, 3, trials=4, epochs=1).run()


def test_the_report_profile_reads_what_was_stored(untrained, tmp_path):
    folders = {"results": tmp_path / "results", "training": tmp_path / "training"}
    report, train = replace(PROFILES["report"], **folders), replace(PROFILES["train"], **folders)
    with pytest.raises(Problem, match=r"mlp_search\.json is missing: .*`make train ONLY=x`"):
        tuning.perceptron_search(data(), report, 3, "make train ONLY=x", 2, 1)
    made = tuning.perceptron_search(data(), train, 3, "make train ONLY=x", 2, 1)
    assert tuning.perceptron_search(data(), report, 3, "make train ONLY=x", 2, 1) == made
    with pytest.raises(Problem, match=r"other settings \(settings\.epochs is 1, not 2\).*`make train ONLY=x`"):
        tuning.perceptron_search(data(), report, 3, "make train ONLY=x", 2, 2)
    assert len(made["trials"]) == 4


def test_the_stored_search_kept_to_its_limits():
    record = store.read_json(PROFILES["report"].results / tuning.RESULT)
    for method in ("random", "bayes"):
        rows = [row for row in record["trials"] if row["method"] == method]
        assert [row["trial"] for row in rows] == list(range(record["settings"]["trials_each"]))
        assert max(row["parameters"] for row in rows) <= record["settings"]["most_parameters"]
        assert {row["epochs"] for row in rows} == {record["settings"]["epochs"]}
        assert all(tuning.network_of(row["values"]).count_params() == row["parameters"] for row in rows)


@pytest.mark.parametrize("method", ["random", pytest.param("bayes", marks=pytest.mark.slow)])
def test_the_stored_search_is_what_its_seed_proposes(method, monkeypatch, tmp_path):
    """Played again with the stored accuracies instead of training: the same networks."""
    record = store.read_json(PROFILES["report"].results / tuning.RESULT)
    stored = [row for row in record["trials"] if row["method"] == method]

    def played(search, number, values):
        images = record["settings"]["n_validation"]
        share = round(stored[number]["val_accuracy"] * images) / images  # to the last bit, as Keras gave it
        return [{"epoch": 1, "val_accuracy": float(np.float32(share)), "seconds": 0.0}]

    monkeypatch.setattr(tuning.Search, "_train", played)
    settings = record["settings"]
    search = tuning.Search(method, data(), tmp_path, settings["seed"], settings["trials_each"], settings["epochs"])
    search.inputs, search.classes = 784, 10
    facts = ("trial", "seed", "values", "parameters")
    assert [[row[fact] for fact in facts] for row in search.run()] == [[row[fact] for fact in facts] for row in stored]


def test_the_command_line_spends_what_the_chapter_spends():
    known = notebooks.parameters(notebooks.read(notebooks.source_path("04_mlp")))
    assert (known["TRIALS"], known["TRIAL_EPOCHS"]) == (tuning.TRIALS, tuning.EPOCHS)


def test_a_search_that_there_is_not_is_refused_before_anything_is_read():
    with pytest.raises(Problem, match="no search 'bays': it is one of random, bayes"):
        next(tuning.search_alone_or_together("bays"))
