"""Benchmarks: one file that grows entry by entry, the chart of an entry, and the designs on a very small scale."""

import io
import json
import platform
import re

import pytest
from matplotlib.colors import to_hex

from helpers import benchmark_charts, paths, store, style
from tests.benchmarks import bench_playground, gather

VALUES = {"circle 5-5": {"engine": 90_000.0, "NumPy": 700.0}, "spiral 5-5-5": {"engine": 60_000.0, "NumPy": 500.0}}


@pytest.fixture
def results(tmp_path, monkeypatch):
    """An empty outputs/ of the test's own."""
    monkeypatch.setattr(paths, "RESULTS", tmp_path / "results")
    monkeypatch.setattr(paths, "RUN_RECORD", tmp_path / "run.json")
    monkeypatch.setattr(gather, "FILE", tmp_path / "results" / "benchmarks.json")
    return tmp_path / "results"


def entries():
    return store.read_json(gather.FILE)


def test_an_entry_is_renewed_and_the_others_stay(results):
    gather.keep("engine", "How fast.", "per second", VALUES, gather.machine())
    gather.keep("report", "How long.", "seconds", {"make report": {"01": 1 / 3}}, gather.machine(), "less")
    first = entries()
    gather.keep("report", "How long.", "seconds", {"make report": {"01": 2.0}}, gather.machine(), "less")
    assert entries()["engine"] == first["engine"]
    assert (first["report"]["values"], entries()["report"]["values"]) == (
        {"make report": {"01": 0.3333}},
        {"make report": {"01": 2.0}},
    )


def test_the_machine_is_described_but_not_named(results):
    facts = gather.machine()
    assert facts["processor"] and facts["cores"].isdigit() and re.fullmatch(r"\d{4}-\d\d-\d\d", facts["date"])
    assert not platform.node() or platform.node() not in json.dumps(facts)


def test_what_other_files_hold_is_gathered(results):
    assert len([line for line in gather.gather() if "left as it was" in line]) == 3
    timing = {"listing_seconds": 60.0, "nested_seconds": 20.0, "made_with": {"processor": "p"}}
    speeds = {"training": 2.0, "training_float32": 1.0, "labelling": 9.0}
    store.write_json(results / "pca_logit_timing.json", timing)
    store.write_json(
        results / "cnn_speed.json", {"networks": {"v1": speeds}, "per": "second", "made_with": {"processor": "p"}}
    )
    run = {"profile": "report", "status": "done", "seconds": 7.5, "peak_memory_gib": 0.5, "finished": "2026-01-02T"}
    others = {"b": {**run, "status": "failed"}, "a (smoke)": {**run, "profile": "smoke"}}
    store.write_json(paths.RUN_RECORD, {"a": run, **others})
    list(gather.gather())
    assert entries()["report_seconds"]["values"] == {"make report": {"a": 7.5}}
    assert entries()["report_memory"]["made_with"]["date"] == "2026-01-02"
    assert entries()["training"]["values"]["v1"]["labelling"] == 9.0
    assert list(entries()["pca_logit"]["values"]["PCA + logit"].values()) == [60.0, 20.0]


def test_the_stored_timing_of_chapter_06_can_be_gathered(results, monkeypatch):
    timing = store.read_json(paths.ROOT / "outputs" / "results" / "pca_logit_timing.json")
    gather._pca_logit(timing)
    literal, ours = entries()["pca_logit"]["values"]["PCA + logit"].values()
    assert literal / ours == pytest.approx(timing["ratio"], rel=1e-2)


def test_the_engine_is_measured_against_numpy(results, monkeypatch):
    small = {name: (design, seeds, 1) for name, (design, seeds, _) in bench_playground.DESIGNS.items()}
    monkeypatch.setattr(bench_playground, "DESIGNS", small)
    monkeypatch.setattr(bench_playground, "CASES", dict(list(bench_playground.CASES.items())[:1]))
    monkeypatch.setattr(bench_playground, "REPEATS", 1)
    monkeypatch.setattr(bench_playground.measure, "__defaults__", (1,))
    bench_playground.main()
    assert all(rate > 0 for rate in entries()["engine"]["values"]["circle 5-5"].values())


# --- the chart --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("better", "best"), [("more", 0), ("less", 1), (None, 9)])
def test_bars_show_every_value_and_mark_the_best(better, best):
    style.use()
    figure = benchmark_charts.bars({"unit": "seed-epochs per second", "better": better, "values": VALUES})
    for axis, (title, group) in zip(figure.axes, VALUES.items(), strict=True):
        assert axis.get_title(loc="left") == title or axis.get_title() == title
        assert [bar.get_width() for bar in axis.patches] == list(group.values())
        assert [label.get_text() for label in axis.get_yticklabels()] == list(group)
        colours = [to_hex(bar.get_facecolor()) for bar in axis.patches]
        assert [colour == to_hex(style.BLUE) for colour in colours] == [index == best for index in range(2)]
    assert figure.axes[-1].get_xscale() == "log"
    assert figure.axes[-1].get_xlabel() == "seed-epochs per second, on a logarithmic scale"


def test_bars_of_like_size_begin_at_zero():
    figure = benchmark_charts.bars({"unit": "s", "better": "less", "values": {"a": {"x": 3.0, "y": 5.0}}})
    assert figure.axes[0].get_xscale() == "linear" and figure.axes[0].get_xlim()[0] == 0


def test_the_chart_has_the_same_bytes_every_time():
    style.use()

    def svg():
        buffer = io.BytesIO()
        figure = benchmark_charts.bars({"unit": "s", "better": "less", "values": VALUES})
        figure.savefig(buffer, format="svg", metadata={"Date": None})
        return buffer.getvalue()

    assert svg() == svg()
