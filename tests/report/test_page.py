import json
import sys
from dataclasses import replace
from types import SimpleNamespace

import matplotlib
import numpy as np
import pytest
from matplotlib.figure import Figure
from PIL import Image

from helpers.core import plotting, project
from helpers.core.project import Problem
from helpers.core.stats import Interval
from helpers.report import page as page_module
from helpers.report.page import Page


@pytest.fixture
def shown(monkeypatch):
    """What the page displays: a list of Markdown texts and of raw outputs with their metadata."""
    outputs = []
    monkeypatch.setattr(
        page_module,
        "display",
        lambda item, raw=False, metadata=None: outputs.append((item if raw else item.data, metadata)),
    )
    return outputs


@pytest.fixture
def page(tmp_path, monkeypatch):
    here = replace(project.PROFILES["report"], results=tmp_path / "results", figures=tmp_path / "figures")
    monkeypatch.setitem(project.PROFILES, "report", here)
    return Page("04_mlp", "report", seed=3)


def figure():
    plotting.use_style()
    drawn = Figure(figsize=(3, 2))
    drawn.subplots().plot([1, 2, 3], plotting.rounded([0.1, 0.2, 0.15]))
    return drawn


def test_a_sentence_is_computed_and_its_numbers_are_kept(page, shown, tmp_path):
    page.say("**{share:.1%}** of {n:,}, {interval:.1%}", share=1 / 3, n=10000, interval=Interval(0.3, 0.4))
    page.finish()
    assert shown[0][0] == "**33.3%** of 10,000, [30.0%, 40.0%]"
    stored = json.loads((tmp_path / "results" / "04_mlp.json").read_text())
    assert stored["numbers"] == {"share": 0.333333, "n": 10000, "interval": [0.3, 0.4]}
    assert stored["seed"] == 3


@pytest.mark.parametrize("numbers", [{}, {"a": 1, "b": 2}])
def test_a_field_without_number_or_a_number_without_field_is_an_error(page, shown, numbers):
    with pytest.raises(ValueError, match="do not match"):
        page.say("{a}", **numbers)


def test_one_name_stands_for_one_number(page, shown):
    page.say("{a}", a=1)
    page.say("{a} again", a=1)
    with pytest.raises(ValueError, match="a is 1 already"):
        page.say("{a}", a=2)


def test_verdicts_follow_from_the_interval(page, shown, tmp_path):
    page.check("mlp-val-acc-a", 0.9, Interval(0.89, 0.91), n="5 runs")
    page.check("cnn2-val-acc", 0.945, Interval(0.94, 0.952))
    page.check("mlp-params", 244591, form=",")
    page.check("mlp-batch", 128, form="d")
    page.check("logit-fit-s", "not run", untestable="Another machine.")
    page.check("cnn1-underfits", "in 9 of 10 epochs", holds=True)
    page.finish()
    stored = json.loads((tmp_path / "results" / "04_mlp.json").read_text())["claims"]
    assert [row["verdict"] for row in stored] == [
        "not reproduced", "reproduced", "reproduced", "not reproduced", "cannot be tested here", "reproduced",
    ]  # fmt: skip
    assert shown[0][0] == "**not reproduced** · mlp-val-acc-a: 90.0% [89.0%, 91.0%] against the report's 87.4% (5 runs)"
    assert shown[0][1] == {"claim": "mlp-val-acc-a"}
    assert stored[0]["reported"] == 0.874 and stored[0]["interval"] == [0.89, 0.91]
    assert stored[4]["why"] == "Another machine."


@pytest.mark.parametrize(("measured", "verdict"), [(244591, "reproduced"), (244590, "not reproduced")])
def test_a_remark_changes_no_verdict(page, shown, measured, verdict):
    page.check("mlp-params", measured, form=",")
    page.check("mlp-params", measured, form=",", why="A remark.")
    assert shown[0][0].startswith(f"**{verdict}** · ")
    assert shown[1][0] == f"{shown[0][0]}. A remark."
    page.check("mlp-params", measured, holds=True, untestable="No machine.", why="A remark.")
    assert shown[2][0].startswith("**cannot be tested here** · ") and shown[2][0].endswith(". No machine. A remark.")


def test_a_claim_in_words_stands_beside_what_was_found(page, shown):
    page.check("q1c", "beta1 = c*w1*w5", holds=False, n="proved", what="coefficients")
    assert shown[0][0] == (
        "**not reproduced** · coefficients: beta1 = c\\*w1\\*w5 (proved). The report, in our words: "
        "beta1 = w1\\*w5 + w2\\*w6 and beta2 = w3\\*w5 + w4\\*w6"
    )
    with pytest.raises(ValueError, match="q1c is a claim in words, and needs holds="):
        page.check("q1c", "beta1 = w1*w5")


@pytest.mark.parametrize(("high", "verdict"), [(0.02, "reproduced"), (0.019, "not reproduced")])
def test_named_numbers_are_reproduced_together(page, shown, tmp_path, high, verdict):
    middle = {"train_loss": Interval(0.01, 0.02), "test_loss": Interval(0.01, high)}
    page.check("t4-spiral", {"train_loss": 0.014, "test_loss": 0.015}, middle, form=".3f")
    page.verdicts()
    page.finish()
    ours = f"train loss 0.014 [0.010, 0.020], test loss 0.015 [0.010, {high:.3f}]"
    theirs = "train loss 0.017, test loss 0.020"
    assert shown[0][0] == f"**{verdict}** · t4-spiral: {ours} against the report's {theirs}"
    assert f"| t4-spiral | {theirs} | {ours} | {verdict} |" in shown[1][0]
    (stored,) = json.loads((tmp_path / "results" / "04_mlp.json").read_text())["claims"]
    assert stored["measured"] == {"train_loss": 0.014, "test_loss": 0.015}
    assert stored["interval"] == {"train_loss": [0.01, 0.02], "test_loss": [0.01, high]}


def test_what_a_run_was_made_with_names_the_backend_only_where_keras_was_used(monkeypatch):
    monkeypatch.delitem(sys.modules, "helpers.core.backend", raising=False)
    assert "keras backend" not in page_module.environment("report", 1)
    keras = SimpleNamespace(backend=SimpleNamespace(backend=lambda: "jax"))
    loaded = SimpleNamespace(keras=keras, device_name=lambda: "a device")
    monkeypatch.setitem(sys.modules, "helpers.core.backend", loaded)
    facts = page_module.environment("report", 1)
    assert (facts["keras backend"], facts["device"]) == ("jax", "a device")


def test_a_figure_needs_caption_and_alternative_text(page, shown, tmp_path):
    for words in ({"caption": " ", "alt": "a line"}, {"caption": "A line.", "alt": ""}):
        with pytest.raises(Problem, match="'lines' needs both"):
            page.publish(figure(), "lines", **words)
    assert not (tmp_path / "figures").exists()


def test_a_figure_is_written_numbered_and_described(page, shown, tmp_path):
    page.publish(figure(), "lines", caption="A line.", alt="One line that rises and falls.", report="Fig 6")
    page.publish(figure(), "more", caption="Another.", alt="The same line.")
    page.publish(figure(), "lines", caption="A line.", alt="One line.")
    assert {path.name for path in (tmp_path / "figures").iterdir()} == {
        "04-lines.svg",
        "04-lines.png",
        "04-more.svg",
        "04-more.png",
    }
    numbers = [metadata["figure"]["number"] for _, metadata in shown if metadata and "figure" in metadata]
    assert numbers == ["4.1", "4.2", "4.1"]
    assert shown[1][0] == "**Figure 4.1.** A line. *(The report's Fig 6.)*"
    assert shown[0][1]["image/png"]["alt"] == "One line that rises and falls."


def test_figures_have_the_same_bytes_each_time(page, shown, tmp_path):
    kept = []
    for _ in range(2):
        page.publish(figure(), "lines", caption="A line.", alt="One line.")
        kept.append([(tmp_path / "figures" / f"04-lines.{kind}").read_bytes() for kind in ("svg", "png")])
    assert kept[0] == kept[1]
    assert b"Date" not in kept[0][0] and b"matplotlib" not in kept[0][1].lower()


def test_a_figure_is_laid_out_once_for_all_its_pictures(page, shown, monkeypatch):
    layouts = []
    drawn = figure()
    drawn.set_layout_engine("constrained")
    monkeypatch.setattr(type(drawn.get_layout_engine()), "execute", lambda *_: layouts.append("solved"))
    page.publish(drawn, "lines", caption="A line.", alt="One line.")
    assert layouts == ["solved"]


def test_an_animation_is_one_gif_with_all_its_frames(page, shown, tmp_path):
    page.publish(figure(), "still", caption="A line.", alt="One line.")
    kept = []
    for _ in range(2):
        frames = [figure() for _ in range(3)]
        for step, frame in enumerate(frames):
            frame.axes[0].plot([1, 3], [0.1, 0.1 * step])
        page.publish_animation(frames, "moving", caption="It moves.", alt="A line that turns upwards.", seconds=0.2)
        kept.append((tmp_path / "figures" / "04-moving.gif").read_bytes())
    assert kept[0] == kept[1]
    with Image.open(tmp_path / "figures" / "04-moving.gif") as gif:
        assert (gif.n_frames, gif.info["loop"]) == (3, 0)
        durations = []
        for index in range(3):
            gif.seek(index)
            durations.append(gif.info["duration"])
    assert durations == [200, 200, 2000]
    output, metadata = shown[2]
    assert output["image/gif"] == kept[0] and metadata["image/gif"]["alt"] == output["text/plain"]
    assert (metadata["figure"]["number"], metadata["figure"]["format"]) == ("4.2", "gif")
    with pytest.raises(Problem, match="'moving' needs both"):
        page.publish_animation(frames, "moving", caption="It moves.", alt=" ")


def test_smoke_stores_no_numbers(shown, tmp_path, monkeypatch):
    here = replace(project.PROFILES["smoke"], results=tmp_path / "results")
    monkeypatch.setitem(project.PROFILES, "smoke", here)
    smoke = Page("04_mlp", "smoke", seed=3)
    smoke.say("{a}", a=1)
    smoke.finish()
    assert not (tmp_path / "results").exists()


def test_using_the_style_is_a_choice():
    matplotlib.rcdefaults()
    before = matplotlib.rcParams["axes.spines.top"]
    import helpers.fashion.charts  # noqa: F401

    assert matplotlib.rcParams["axes.spines.top"] == before
    plotting.use_style()
    assert matplotlib.rcParams["axes.spines.top"] is False


def test_rounding_for_drawing_forgets_the_last_bits():
    values = np.array([0.1 + 0.2, 1e-17, 0.0, -123456.789, np.nan])
    assert plotting.rounded(values)[:4].tolist() == [0.3, 1e-17, 0.0, -123460.0]
    assert np.isnan(plotting.rounded(values)[4])
    nudged = np.nextafter(values, np.inf)
    assert np.array_equal(plotting.rounded(values)[[0, 3]], plotting.rounded(nudged)[[0, 3]])
