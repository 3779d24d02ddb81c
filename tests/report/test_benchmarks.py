"""Benchmarks: one file that grows entry by entry, the chart of them, and the designs on a very small scale."""

import json
import platform
import re

import pytest

from helpers.core import plotting, project, store
from helpers.core.project import Problem
from helpers.report import benchmark_charts, benchmarks
from tests.benchmarks import bench_engine, bench_report, gather
from tests.conftest import svg

VALUES = {"circle": {"engine": 90_000.0, "NumPy": 600.0}, "spiral": {"engine": 60_000.0, "NumPy": 500.0}}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty outputs/ of the test's own."""
    monkeypatch.setattr(project, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(benchmarks, "FILE", tmp_path / "results" / "benchmarks.json")
    return tmp_path / "results"


def test_without_measurements_the_command_is_named(results):
    with pytest.raises(Problem, match=r"benchmarks\.json is missing: .*`make bench`"):
        benchmarks.entries()


def test_an_entry_is_renewed_and_the_others_stay(results):
    gather.keep("engine", "How fast", "per second", VALUES, gather.machine(), "engine")
    gather.keep("report", "How long", "seconds", {"chapters": {"01": 1 / 3}}, gather.machine())
    first = benchmarks.entries()
    gather.keep("report", "How long", "seconds", {"chapters": {"01": 2.0}}, gather.machine())
    assert benchmarks.entries()["engine"] == first["engine"]
    assert (first["report"]["values"], benchmarks.entries()["report"]["values"]) == (
        {"chapters": {"01": 0.3333}},
        {"chapters": {"01": 2.0}},
    )


def test_gains_are_factors_over_each_alternative(results):
    gather.keep("engine", "How fast", "per second", VALUES, gather.machine(), "engine")
    gather.keep("roads", "How long", "s", {"a": {"ours": 4.0, "b": 10.0, "c": 2.0}}, gather.machine(), "ours", "less")
    found = benchmarks.entries()
    assert benchmarks.gains(found["engine"]) == {"circle": {"NumPy": 150.0}, "spiral": {"NumPy": 120.0}}
    assert benchmarks.gains(found["roads"]) == {"a": {"b": 2.5, "c": 0.5}}
    assert benchmarks.all_gains(found) == {
        "engine instead of NumPy": {"circle": 150.0, "spiral": 120.0}, "ours, a, instead of": {"b": 2.5, "c": 0.5}
    }  # fmt: skip
    facts = gather.machine()
    assert benchmarks.machines(found)[1] == ["How long", facts["processor"], facts["cores"], facts["date"]]


def test_the_machine_is_described_but_not_named():
    facts = gather.machine()
    assert facts["processor"] and facts["cores"].isdigit() and re.fullmatch(r"\d{4}-\d\d-\d\d", facts["date"])
    assert not platform.node() or platform.node() not in json.dumps(facts)


def test_what_other_files_hold_is_gathered(results):
    assert len([line for line in gather.gather() if "left as it was" in line]) == 2
    timing = {"listing_seconds": 60.0, "nested_seconds": 20.0, "made_with": {"processor": "p"}}
    store.write_json(results / "pca_logit_timing.json", timing)
    speeds = {"training": 2.0, "training_float32": 1.0, "labelling": 9.0, "training_share": 0.5}
    store.write_json(
        results / "cnn_speed.json", {"networks": {"v1": speeds}, "per": "second", "made_with": {"processor": "p"}}
    )
    list(gather.gather())
    found = benchmarks.entries()
    assert benchmarks.gains(found["pca_logit"]) == {"PCA + logit": {"the report's listing": 3.0}}
    assert benchmarks.gains(found["training"]) == {"v1": {"thirty-two": 2.0}}
    assert found["training_share"]["values"] == {"share of the peak": {"v1": 0.5}}


@pytest.mark.parametrize("name", ["pca_logit_timing", "cnn_speed"])
def test_the_stored_measurements_can_be_gathered(results, name):
    store.write_json(results / f"{name}.json", store.read_json(project.ROOT / "outputs" / "results" / f"{name}.json"))
    kept = [line for line in gather.gather() if "kept, from" in line]
    assert len(kept) == 1 and name in kept[0]
    for entry in benchmarks.entries().values():
        assert all(value > 0 for group in entry["values"].values() for value in group.values())


def test_the_engine_is_measured_against_numpy(results, monkeypatch):
    small = {name: (design, seeds, 1) for name, (design, seeds, _) in bench_engine.DESIGNS.items()}
    monkeypatch.setattr(bench_engine, "DESIGNS", small)
    monkeypatch.setattr(bench_engine, "CASES", dict(list(bench_engine.CASES.items())[:1]))
    monkeypatch.setattr(bench_engine.measure, "__defaults__", (1,))
    bench_engine.main()
    (gains,) = benchmarks.gains(benchmarks.entries()["engine"]).values()
    assert len(gains) == len(small) - 1 and all(factor > 0 for factor in gains.values())


def test_chapters_are_measured_in_a_copy(results, tmp_path, monkeypatch):
    """The copy holds what is needed and nothing that leads back, but the cache; its record becomes two entries."""
    root, folder = tmp_path / "root", tmp_path / "root" / "outputs" / "cache" / "bench"
    for name in (*bench_report.NEEDED, "outputs/cache"):
        (root / name).mkdir(parents=True, exist_ok=True)
    monkeypatch.setattr(project, "ROOT", root)
    monkeypatch.setattr(project, "CACHE", root / "outputs" / "cache")
    bench_report.copied(folder)
    assert [path for path in folder.rglob("*") if path.is_symlink()] == [folder / "outputs" / "cache"]
    assert store.read_json(folder / "outputs" / "results" / "benchmarks.json") == {}
    (folder / "helpers" / "__main__.py").write_text(
        "import json, sys, pathlib\n"
        "name = sys.argv[-1]\n"
        "path = pathlib.Path('outputs/run.json')\n"
        "row = {'seconds': 7.5, 'peak_memory_gib': 0.5}\n"
        "path.write_text(json.dumps({name: row}))\n"
        "sys.exit(name == '02_b' and 2)\n"
    )
    record, seconds = bench_report.measured(["01_a"], folder)
    bench_report.kept(record, seconds, {"processor": "p"})
    found = benchmarks.entries()
    assert found["report_seconds"]["values"]["chapters"] == {"01_a": 7.5}
    assert found["report_seconds"]["values"]["together"]["two at a time"] > 0
    assert found["report_memory"]["values"] == {"chapters": {"01_a": 0.5}}
    with pytest.raises(Problem, match="02_b failed, see above: nothing was kept"):
        bench_report.measured(["01_a", "02_b"], folder)


# --- the chart --------------------------------------------------------------------------------------------------------

CHAPTERS = {"01": (30.0, 0.4), "02": (90.0, 1.2)}
GAINS = {"circle": {"NumPy": 150.0, "one seed": 3.25}, "v1": {"32 bits": 0.8}}


def words(axis):
    return [text.get_text() for text in axis.texts]


def test_costs_and_gains_are_all_shown():
    plotting.use_style()
    upper, lower = benchmark_charts.costs(CHAPTERS, GAINS).axes
    assert [bar.get_width() for bar in upper.patches] == [30, 90] and upper.get_xlim()[0] == 0
    assert words(upper) == ["30 s, 0.4 GiB", "90 s, 1.2 GiB"]
    assert [label.get_text() for label in upper.get_yticklabels()] == list(CHAPTERS)
    assert [bar.get_x() + bar.get_width() for bar in lower.patches] == pytest.approx([150, 3.25, 0.8])
    assert {"150 ×", "3.25 ×", "0.8 ×", "Circle", "V1"} <= set(words(lower))
    assert [label.get_text() for label in lower.get_yticklabels()] == ["NumPy", "one seed", "32 bits"]
    assert lower.get_xlim()[0] < 0.8 and lower.get_xscale() == "log"


@pytest.mark.parametrize(("chapters", "gains", "panels"), [(CHAPTERS, {}, 1), ({}, GAINS, 1)])
def test_what_was_not_measured_has_no_panel(chapters, gains, panels):
    assert len(benchmark_charts.costs(chapters, gains).axes) == panels


def test_the_chart_has_the_same_bytes_every_time():
    plotting.use_style()
    assert svg(benchmark_charts.costs(CHAPTERS, GAINS)) == svg(benchmark_charts.costs(CHAPTERS, GAINS))
