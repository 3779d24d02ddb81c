"""The engine in JavaScript against ours: every bit of losses, parameters and dead links, in Node and in Chromium."""

import itertools
import json
import re
import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from axe_playwright_python.sync_playwright import Axe

from helpers.core import plotting
from helpers.core.project import Problem
from helpers.playground import fdlibm, live
from helpers.playground.config import ACTIVATIONS, PAGE, Config, page_seeds
from helpers.playground.datasets import DATASETS, FEATURES, REGRESSIONS
from helpers.playground.engine import activated, train
from helpers.report import site

SCRIPT = site.ASSETS / "playground.js"
REFERENCE = json.loads((Path(__file__).parent / "reference" / "playground.json").read_text(encoding="utf-8"))
EPOCHS = 12  # of the settings that are tried beside the reference runs

# What the JavaScript engine says of [address, epochs] pairs: the setting, its address, and all numbers as 64 bits each.
PROBE = """cases => cases.map(([address, epochs]) => {
    const bits = values => Array.from(values, value =>
        Number.isNaN(value) ? "nan" : new BigUint64Array(Float64Array.of(value).buffer)[0].toString(16));
    const setting = Playground.parse(address), engine = new Playground.Engine(setting).train(epochs);
    return {setting, address: Playground.addressOf(setting), losses: bits(engine.losses.flat()),
            weights: bits(engine.weights), biases: bits(engine.biases), dead: Array.from(engine.dead)};
})"""
# Which of [function, argument, value] triples the JavaScript functions get wrong.
WRONG = "triples => triples.filter(([name, x, value]) => !Object.is(Playground.functions[name](x), value))"


def _tried():
    """Forty-nine settings over data, noise, shares, batches, activations, penalties, rates and shapes."""
    yield Config(regularization="L2", regularization_rate=10, learning_rate=10)  # grows beyond all numbers
    rng = np.random.default_rng(14)
    penalties = itertools.cycle([("none", 0), ("L1", 0.01), ("L2", 0.1), ("L1", 0.3), ("L2", 3)])
    for number, (dataset, activation) in enumerate(
        itertools.product(DATASETS * 2 + DATASETS[:2] + REGRESSIONS, ACTIVATIONS)
    ):
        regularization, rate = next(penalties)
        yield Config(
            dataset=dataset, activation=activation, regularization=regularization, regularization_rate=rate,
            features=tuple(rng.choice(FEATURES, rng.integers(1, 8), replace=False)),
            hidden=tuple(int(width) for width in rng.integers(1, 9, rng.integers(0, 5))),
            learning_rate=float(rng.choice([0.00001, 0.003, 0.03, 0.1, 1, 10])), batch_size=int(rng.choice([1, 7, 10, 30, 500])),
            noise=float(rng.choice([0, 5, 12.5, 50])), train_percent=int(rng.choice([10, 50, 70, 99])),
            init_zero=number % 11 == 10, seed=rng.choice(["0.00001", "0.5", "0.50000", "a-long-seed" * 30]).item(),
        )  # fmt: skip


TRIED = [[config.to_url(), EPOCHS] for config in _tried()]
CASES = [[run["address"], run["losses"][-1][0]] for run in REFERENCE["runs"]] + TRIED


def _triples():
    """[function, argument, value]: the reference's, which probe the corners, and ours at random arguments."""
    for table, names in {
        "activations": ["sigmoid", "tanh"],
        "trigonometry": ["sin", "cos"],
        "logarithm": ["log"],
    }.items():
        for x, *values in REFERENCE["functions"][table]:
            yield from ([name, x, value] for name, value in zip(names, values, strict=True))
    rng = np.random.default_rng(14)
    x, near_one = rng.uniform(-3, 3, 2000), 1 + rng.uniform(-(2.0**-21), 2.0**-21, 200)
    yield from (["sigmoid", *pair] for pair in zip(x.tolist(), activated(x, "sigmoid").tolist(), strict=True))
    yield from (["tanh", *pair] for pair in zip(x.tolist(), activated(x, "tanh").tolist(), strict=True))
    yield from (["sin", *pair] for pair in zip(x.tolist(), fdlibm.sin(x).tolist(), strict=True))
    yield from (["cos", *pair] for pair in zip(x.tolist(), fdlibm.cos(x).tolist(), strict=True))
    yield from (["log", *pair] for pair in zip(near_one.tolist(), fdlibm.log(near_one).tolist(), strict=True))


@pytest.fixture(scope="module")
def triples():
    return list(_triples())


def in_node(function, argument):
    """What a JavaScript function of one argument returns in Node, after the player's script."""
    if shutil.which("node") is None:
        pytest.skip("no Node is installed")
    program = f"{SCRIPT.read_text(encoding='utf-8')}\nprocess.stdout.write(JSON.stringify(({function})({json.dumps(argument)})));"
    done = subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def in_chromium(browser):
    """A function as in_node, for Chromium."""
    page = browser.new_page()
    page.add_script_tag(path=SCRIPT)
    yield page.evaluate
    page.close()


@pytest.fixture(scope="module")
def ours():
    """What our engine says of CASES, in the form of PROBE's answers."""
    answers = []
    for address, epochs in CASES:
        config = Config.from_url(address)
        setting, run = config.to_dict(), train(config, epochs=epochs)
        final = [
            np.concatenate([layer[0].ravel() for layer in getattr(run.final, name)])
            for name in ("weights", "biases", "dead")
        ]
        losses = np.stack([run.train_loss[0], run.test_loss[0]], axis=1)
        answers.append(
            {"setting": {key.replace("regDataset", "dataset"): value for key, value in setting.items() if key != "problem"},
             "address": config.to_url(), "losses": _bits(losses), "weights": _bits(final[0]),
             "biases": _bits(final[1]), "dead": final[2].astype(int).tolist()}
        )  # fmt: skip
    return answers


def _bits(values):
    return ["nan" if np.isnan(value) else f"{value.view(np.uint64):x}" for value in np.ravel(values)]


def _assert_same(theirs, ours):
    for one, other in zip(theirs, ours, strict=True):
        for name in other:
            assert one[name] == other[name], f"{name} of {other['address']}"


def test_every_bit_is_ours_in_node(ours):
    _assert_same(in_node(PROBE, CASES), ours)


@pytest.mark.browser
def test_every_bit_is_ours_in_chromium(ours, in_chromium):
    """All but the longest, which Node has trained with the same arithmetic."""
    short = [at for at, (_, epochs) in enumerate(CASES) if epochs <= 120]
    assert len(short) > 60
    _assert_same(in_chromium(PROBE, [CASES[at] for at in short]), [ours[at] for at in short])


@pytest.mark.browser
def test_functions_are_those_of_the_reference(in_chromium, triples):
    assert in_node(WRONG, triples) == []
    assert in_chromium(WRONG, triples) == []


def test_the_settings_reach_what_can_go_wrong(ours):
    assert len(ours) > 70
    assert {answer["setting"]["dataset"] for answer in ours} == {*DATASETS, *REGRESSIONS}
    assert any(sum(answer["dead"]) for answer in ours)
    assert any("nan" in answer["weights"] for answer in ours)
    assert {len(answer["setting"]["networkShape"]) for answer in ours} >= {0, 1, 2, 3, 4}


def test_every_constant_of_the_functions_counts(triples):
    text = SCRIPT.read_text(encoding="utf-8")
    constants = sorted(set(re.findall(r"\d\.\d{10,}(?:e[+-]\d\d)?", text)))
    assert len(constants) > 30
    spoilt = [text.replace(constant, repr(float(constant) * 1.02)) for constant in constants]
    wrong = in_node(f"texts => texts.map(text => {{ const Playground = new Function(text + '; return Playground')();"
                    f"return ({WRONG})({json.dumps(triples)}).length; }})", spoilt)  # fmt: skip
    assert {constant for constant, count in zip(constants, wrong, strict=True) if count == 0} == set()


SLIPS = [
    ("* 19", "* 17"), ("stepped * shrunk < 0", "stepped * shrunk <= 0"), ("this.count = 0;\n    }", "}"),
    ("last >> 1", "last >> 0"), ("output <= 0 ? 0 : 1", "output < 0 ? 0 : 1"), ("0.3 : -0.3", "0.4 : -0.3"),
    ('"linear" : "tanh"', '"tanh" : "tanh"'), ("+ moveY * noise", "+ moveX * noise"), ("[4, 2.5, 1]", "[4, 2.4, 1]"),
    ("total += weights", "total -= weights"), ("fill(setting.initZero ? 0 : 0.1)", "fill(0.1)"),
]  # fmt: skip
# The first of some cases at which each of some scripts says otherwise than we do, or -1.
SEEN = """([texts, cases, ours]) => texts.map(text => {
    const probe = new Function(`${text}; return PROBE`)(), told = ["address", "losses", "weights", "biases", "dead"];
    return cases.findIndex((one, at) => {
        const [found] = probe([one]);
        return told.some(name => JSON.stringify(found[name]) !== JSON.stringify(ours[at][name]));
    });
})""".replace("PROBE", PROBE)


def test_a_slip_in_the_engine_is_seen(ours):
    text = SCRIPT.read_text(encoding="utf-8")
    assert all(right in text for right, _ in SLIPS)
    texts = [text, *(text.replace(right, wrong) for right, wrong in SLIPS)]
    sound, *slips = in_node(SEEN, [texts, TRIED, ours[-len(TRIED) :]])
    assert sound == -1
    assert [slip for slip, first in zip(SLIPS, slips, strict=True) if first == -1] == []


ODD = [  # states; the last ones name a number that is not allowed
    "", "seed=1&seed=2", "seed=a b", "seed=%20&foo=1", 'seed="<ä`', "seed=0.5=6", "seed= &dataset=xor", "dataset=XOR",
    "dataset=xor &x=0", "dataset=reg-plane", "problem=regression", "problem=regression&dataset=xor&batchSize=1200",
    "problem=regression&regDataset=none", "regDataset=reg-gauss", "activation=ReLU", "regularization=none", "regularization=L3",
    "regularization=L1", "noise=-5", "noise=81", "noise=80", "noise=Infinity", "noise=-Infinity", "noise=0x60", "noise=0b11",
    "noise=-0", "noise= 12.5", "networkShape=", "networkShape=5, 5&seed=1", "batchSize=1e1", "batchSize=0x10", "batchSize=0o20",
    "batchSize=500&percTrainData=10", "x=0", "x=", "x_hide=true", "sinX=yes&cosX=true", "sinX= &seed=1", "initZero= &seed=1",
    "initZero=1", "initZero=False", "initZero=false", "learningRate=.5", "learningRate=0", "learningRate=1e-7",
    "learningRate=0.1 &seed=1", "seed=\ud800&x=\t0\n", " seed=1", "batchSize=0", "batchSize=501", "batchSize=2.5",
    "batchSize=-0x1", "batchSize=1_0", "batchSize=٣", "networkShape=5,,5", "networkShape=101", "networkShape=5%2C5",
    "networkShape=1,1,1,1,1,1,1,1,1,1,1,1,1", "noise=much", "percTrainData=0", "percTrainData=100", "learningRate=-1",
    "problem=regression&batchSize=1201", "x=false&y=false", "x_hide=true&y_hide=true",
]  # fmt: skip


@pytest.mark.parametrize("state", ODD)
def test_odd_addresses_are_read_as_ours_are(state, odd_in_node):
    try:
        wanted = Config.from_url(f"#{state}").to_url()
    except Problem:
        wanted = "refused"
    assert odd_in_node[state] == wanted


@pytest.fixture(scope="module")
def odd_in_node():
    read = """states => states.map(state => {
        try { return Playground.addressOf(Playground.parse("#" + state)); } catch { return "refused"; } })"""
    return dict(zip(ODD, in_node(read, ODD), strict=True))


# --- the player ---------------------------------------------------------------------------------------------------------

TEN = Config(dataset="xor", hidden=(3, 2), activation="relu", regularization="L1", regularization_rate=0.01, seed="0.5")
STATE = TEN.to_url().partition("#")[2].replace("&", "&amp;")
SHELL = """<!doctype html><html lang="en"><head><meta charset="utf-8"><title>A page</title>
<link rel="stylesheet" href="{folder}/playground.css"><script src="{folder}/playground.js"></script></head>
<body><main><h1>A page</h1>{body}</main></body></html>"""
LINKED = f"""<table><tr><td>a row</td><td><a href="{TEN.to_url()}">open</a></td></tr></table>
<p>Text with <a href="https://playground.tensorflow.org/#networkShape=101">another</a>.</p>"""


@pytest.fixture
def opened(tab, tmp_path):
    """A function from the body of a page, and what comes after its '#', to that page in the browser; it must not complain."""
    page, complaints = tab
    page.set_default_timeout(5000)  # a control that is not there is told soon

    def open_page(body, state="", width=1000, scheme="light", motion="no-preference"):
        page.goto("about:blank")  # another '#' alone would be no new page
        page.set_viewport_size({"width": width, "height": 900})
        page.emulate_media(color_scheme=scheme, reduced_motion=motion)
        (tmp_path / "page.html").write_text(SHELL.format(folder=site.ASSETS.as_uri(), body=body), encoding="utf-8")
        page.goto((tmp_path / "page.html").as_uri() + state)
        return page

    complaints.clear()
    yield open_page
    assert not complaints


def _said(page):
    return page.locator(".playground-status").text_content()


def _played(page, epochs):
    """Play up to an epoch, as fast as it goes; returns the losses that the list of all numbers then shows."""
    page.get_by_label("Stop at epoch").fill(str(epochs))
    page.get_by_label("Speed").select_option("full speed")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function(f"document.querySelector('.playground-status').textContent.startsWith('Epoch {epochs}:')")
    page.evaluate("document.querySelector('.playground-numbers').open = true")
    page.wait_for_function("document.querySelector('.playground-numbers pre').textContent !== ''")
    first = page.locator(".playground-numbers pre").text_content().splitlines()[0]
    return tuple(float(number) for number in re.findall(r"loss ([\d.e-]+)", first))


def _losses(config, epochs):
    run = train(config, epochs=epochs, at=[epochs])
    return run.train_loss[0, 0], run.test_loss[0, 0]


@pytest.mark.browser
def test_a_link_opens_a_player_that_shows_our_losses(opened):
    page = opened(LINKED)
    page.get_by_role("link", name="open").click()
    assert page.evaluate("document.querySelector('table + .playground-place .playground') !== null")
    assert page.evaluate("document.activeElement.name") == "play"
    assert _played(page, 10) == _losses(TEN, 10)
    assert page.get_by_role("link", name="The same on").get_attribute("href") == TEN.to_url()
    page.get_by_role("button", name="Close").click()
    assert page.locator(".playground").count() == 0
    assert page.evaluate("document.activeElement.textContent") == "open"


@pytest.mark.browser
def test_a_second_click_does_not_stack_players(opened):
    page = opened(LINKED)
    for _ in range(2):
        page.get_by_role("link", name="open").click()
    assert page.locator(".playground").count() == 1


@pytest.mark.parametrize("modifier", ["Control", "Shift", "Alt", "Meta"])
@pytest.mark.browser
def test_a_modified_click_stays_with_the_browser(opened, modifier):
    page = opened(LINKED)
    page.evaluate(
        "addEventListener('click', event => { window.left = !event.defaultPrevented; event.preventDefault(); })"
    )
    page.get_by_role("link", name="open").click(modifiers=[modifier])
    assert page.evaluate("left")
    assert page.locator(".playground").count() == 0


@pytest.mark.browser
def test_what_is_not_computed_here_is_left_to_the_page(opened):
    page = opened(LINKED)
    page.evaluate(
        "addEventListener('click', event => { window.left = !event.defaultPrevented; event.preventDefault(); })"
    )
    page.get_by_role("link", name="another").click()
    assert page.evaluate("left")


@pytest.mark.browser
def test_it_works_by_keyboard_alone(opened):
    page = opened(LINKED)
    page.keyboard.press("Tab")
    page.keyboard.press("Enter")
    page.keyboard.press("Tab")  # from Play to Step
    for _ in range(3):
        page.keyboard.press("Space")
    assert _said(page).startswith("Epoch 3:")


OWN = '<div data-playground="#dataset=gauss&amp;seed=0.7"></div>'


@pytest.mark.browser
def test_the_page_of_its_own_follows_its_address(opened):
    page = opened(OWN, "#" + STATE.replace("&amp;", "&"))
    assert page.get_by_label("Address").input_value() == TEN.to_url()
    page.get_by_label("Data set").select_option("spiral")
    assert Config.from_url(page.url).dataset == "spiral"
    page.evaluate("location.hash = '#dataset=circle&seed=0.3'")
    page.wait_for_function("document.querySelector('[name=seed]').value === '0.3'")
    assert opened(OWN).get_by_label("Seed", exact=True).input_value() == "0.7"


@pytest.mark.browser
def test_a_link_within_the_page_leaves_the_training_alone(opened):
    page = opened(OWN, "#" + STATE.replace("&amp;", "&"))
    page.get_by_role("button", name="Step").click()
    page.evaluate("location.hash = '#links-that-die'")
    page.wait_for_timeout(100)
    assert page.get_by_label("Seed", exact=True).input_value() == TEN.seed
    assert _said(page).startswith("Epoch 1:")


@pytest.mark.browser
def test_a_seed_is_no_more_than_a_seed(opened):
    page = opened(OWN)
    page.get_by_label("Seed", exact=True).fill("1&noise=50")
    page.keyboard.press("Enter")
    assert page.get_by_label("Address").input_value() == Config("gauss", seed="1%26noise%3D50").to_url()


@pytest.mark.browser
def test_the_site_s_script_leaves_a_player_and_a_setting_s_address_alone(opened):
    """All numbers can be scrolled by keyboard; and a seed such as 100% is no place in the page, nor a fault."""
    page = opened(f'{OWN}<script src="{(site.ASSETS / "site.js").as_uri()}"></script>', "#seed=100%")
    page.get_by_text("All numbers, to the last bit").click()
    page.wait_for_function("document.querySelector('pre').scrollHeight > document.querySelector('pre').clientHeight")
    page.wait_for_timeout(100)
    assert page.locator("pre").evaluate("box => box.tabIndex") == 0


@pytest.mark.browser
def test_every_control_changes_its_own_setting(opened):
    page = opened(OWN)
    page.get_by_label("Data set").select_option("xor")
    page.get_by_label("Activation").select_option("relu")
    page.get_by_label("Learning rate").select_option("0.3")
    page.locator("[name=regularization]").select_option("L2")
    page.get_by_label("Penalty's rate").select_option("0.003")
    page.get_by_label("Noise").fill("25")
    page.get_by_label("Training share").fill("70")
    page.get_by_label("Batch size").fill("7")
    page.get_by_label("X₁X₂").check()
    page.get_by_label("X₂", exact=True).uncheck()
    page.get_by_label("start all weights at 0").check()
    page.get_by_role("button", name="Add a layer").click()
    page.get_by_label("Neurons in hidden layer 3").fill("6")
    page.keyboard.press("Enter")
    page.get_by_label("Seed", exact=True).fill("0.25")
    page.keyboard.press("Enter")
    wanted = Config(
        dataset="xor", activation="relu", learning_rate=0.3, regularization="L2", regularization_rate=0.003, noise=25,
        train_percent=70, batch_size=7, features=("x", "xTimesY"), init_zero=True, hidden=(4, 2, 6), seed="0.25",
    )  # fmt: skip
    assert page.get_by_label("Address").input_value() == wanted.to_url()
    page.get_by_role("button", name="Remove the last").click()
    page.get_by_label("start all weights at 0").uncheck()
    assert _played(page, 5) == _losses(replace(wanted, hidden=(4, 2), init_zero=False), 5)


@pytest.mark.parametrize("dataset", REGRESSIONS)
@pytest.mark.browser
def test_a_regression_is_played(opened, dataset):
    page = opened(OWN)
    page.get_by_label("Data set").select_option(dataset)
    wanted = Config(dataset=dataset, seed="0.7")
    assert page.get_by_label("Address").input_value() == wanted.to_url()
    assert _played(page, 5) == _losses(wanted, 5)
    page.get_by_label("Batch size").evaluate("slider => { slider.max = 1200; }")
    page.get_by_label("Batch size").fill("600")
    page.get_by_label("Data set").select_option("circle")
    assert (
        page.get_by_role("alert").text_content() == "batchSize=600 will not do: it takes a whole number from 1 to 500."
    )


@pytest.mark.browser
def test_points_of_a_regression_have_the_colour_of_their_number(opened):
    count = """canvas => { const data = canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data;
        const pixels = new Uint32Array(data.buffer), ours = [[245, 147, 34], [8, 119, 189]]; // of -1 and of 1
        return ours.map(([red, green, blue]) => pixels.filter(pixel =>
            pixel === ((255 << 24) | (blue << 16) | (green << 8) | red) >>> 0).length); }"""
    classes, numbers = (opened(OWN, state).locator(".playground-output").evaluate(count)
                        for state in ("#seed=0.7", "#seed=0.7&problem=regression"))  # fmt: skip
    assert min(classes) > 5 * max(numbers)  # a label is seldom just -1 or 1


@pytest.mark.browser
def test_pictures_lie_as_the_plane_does_and_zero_is_where_the_network_answers_it(opened):
    page = opened('<div id="here"></div>')
    corners, across, wanted = page.evaluate("""() => {
        const {maps, engine} = Playground.mount(document.getElementById("here"), "#networkShape=&seed=0.7");
        const size = maps.density ** 2, corners = [0, 1].map(row => maps.answers[row * size]); // x and y, upper left
        const across = [], note = (x, y) => across.push([x, y]);
        maps.zeroLine({beginPath() {}, stroke() {}, moveTo: note, lineTo: note}, 2, 600);
        return [corners, across, [...engine.weights, engine.biases[0]]]; }""")
    assert corners[0] < -5 and corners[1] > 5
    x, y = np.array(across).T / 50 - 6  # from pixels to the plane
    assert len(x) > 50 and np.allclose(wanted[0] * x - wanted[1] * y + wanted[2], 0, atol=0.01)


@pytest.mark.browser
def test_the_dashed_curve_is_the_test_loss(opened):
    page = opened(OWN)
    ends = page.evaluate("""() => {
        const {setLineDash, lineTo, stroke} = CanvasRenderingContext2D.prototype, ends = {};
        let dashed, height;
        Object.assign(CanvasRenderingContext2D.prototype, {
            setLineDash(dash) { dashed = dash.length > 0; setLineDash.call(this, dash); },
            lineTo(x, y) { height = y; lineTo.call(this, x, y); },
            stroke() { if (this.canvas.className === "playground-losses") ends[dashed] = height; stroke.call(this); }});
        const player = Playground.mount(document.querySelector("main").appendChild(document.createElement("div")), "#noise=50");
        player.engine.train(30);
        player.draw();
        return [ends[false], ends[true], ...player.engine.losses[30]]; }""")
    solid, dashed, training, test = ends
    assert test > training and dashed < solid  # a canvas counts downwards


@pytest.mark.browser
def test_a_bad_value_is_said_in_a_sentence(opened):
    page = opened(OWN, "#batchSize=0")
    assert page.get_by_role("alert").text_content() == "batchSize=0 will not do: it takes a whole number from 1 to 500."
    page.get_by_label("X₁", exact=True).uncheck()
    page.get_by_label("X₂", exact=True).click()
    assert page.get_by_role("alert").text_content().startswith("No input is on")
    assert page.get_by_label("X₂", exact=True).is_checked()


@pytest.mark.browser
def test_a_bad_value_leaves_what_was_trained(opened):
    page = opened(OWN, "#networkShape=3&seed=0.7")
    page.get_by_role("button", name="Step").click()
    width = page.get_by_label("Neurons in hidden layer 1")
    for bad in ("", "101"):
        width.fill(bad)
        page.keyboard.press("Enter")
        said = f"networkShape={bad or 0} will not do: it takes a whole number from 1 to 100."
        assert page.get_by_role("alert").text_content() == said
        assert width.input_value() == "3" and page.evaluate("document.activeElement.name") == "width"
    assert page.locator("[data-of=epoch]").text_content() == "1"
    page.evaluate("location.hash = '#batchSize=0'")
    page.get_by_text("batchSize=0 will not do").wait_for()
    assert page.locator("[data-of=epoch]").text_content() == "1"
    page.get_by_label("Batch size").fill("7")
    assert page.get_by_role("alert").text_content() == ""


FORGOTTEN = """() => { const seen = new WeakRef(document.querySelector(".playground")); %s;
    return { gone: () => seen.deref() === undefined }; }"""  # a function that takes the player away


def _is_forgotten(page, away):
    seen = page.evaluate_handle(FORGOTTEN % away)
    page.wait_for_timeout(100)
    page.context.new_cdp_session(page).send("HeapProfiler.collectGarbage")
    return seen.evaluate("seen => seen.gone()")


@pytest.mark.browser
def test_a_closed_player_is_forgotten_and_an_open_one_takes_the_theme_s_colours(opened):
    page = opened(f'<div id="here"></div><div id="there"></div>{LINKED}')
    page.evaluate("for (const place of [here, there]) Playground.mount(place, '#seed=0.7'); null")
    assert _is_forgotten(page, "here.replaceChildren()")
    page.evaluate(COUNT_DRAWN)
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    page.wait_for_function("drawn === 1")
    page.evaluate("document.body.dataset.jpThemeLight = 'false'")  # as JupyterLab does
    page.wait_for_function("drawn === 2")


@pytest.mark.parametrize("motion", ["reduce", "no-preference"])
@pytest.mark.parametrize("kind", ["follow", "strip", "race", "penalty"])
@pytest.mark.browser
def test_nothing_moves_unasked(opened, kind, motion):
    page = opened(f'<div data-playground="#{STATE}" data-kind="{kind}" data-epochs="5"></div>', motion=motion)
    before = page.locator(".playground").screenshot()
    page.wait_for_timeout(300)
    assert page.locator(".playground").screenshot() == before
    assert page.locator(".playground-tiles button").count() == 0
    assert all(said.startswith("Epoch 0:") for said in page.locator(".playground-status").all_text_contents())


COUNT_DRAWN = """window.drawn = 0; const draw = Playground.Player.prototype.draw;
Playground.Player.prototype.draw = function () { drawn++; draw.call(this); }; null"""


@pytest.mark.browser
def test_what_has_not_changed_is_not_drawn_again(opened):
    page = opened(OWN)
    page.evaluate(COUNT_DRAWN)
    page.get_by_label("Speed").select_option("1 epoch/s")
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_function("document.querySelector('[data-of=epoch]').textContent === '2'")
    assert 2 <= page.evaluate("drawn") <= 20  # of some hundred frames


@pytest.mark.browser
def test_reduced_motion_draws_seldom(opened):
    page = opened(OWN, motion="reduce")
    page.evaluate(COUNT_DRAWN)
    page.get_by_role("button", name="Play", exact=True).click()
    page.wait_for_timeout(1100)
    assert page.evaluate("drawn") <= 3


@pytest.mark.browser
def test_reduced_motion_draws_a_race_seldom(opened):
    page = opened(f'<div data-playground="#{STATE}" data-kind="race" data-epochs="31"></div>', motion="reduce")
    page.evaluate("window.drawn = 0; const draw = CanvasRenderingContext2D.prototype.drawImage;"
                  "CanvasRenderingContext2D.prototype.drawImage = function (...to) { drawn++; draw.apply(this, to); }; null")  # fmt: skip
    page.get_by_role("button", name="Race").click()
    page.get_by_text("The race is over.").wait_for()
    assert page.evaluate("drawn") == 3 * 3  # three networks at epochs 0, 30 and 31


@pytest.mark.browser
def test_reduced_motion_shows_seeds_when_they_are_sorted(opened):
    page = opened('<div id="here"></div>', motion="reduce")
    page.evaluate("address => Playground.strip(document.getElementById('here'), address, 30, 20)", TEN.to_url())
    page.evaluate("""window.shown = [];
        const tiles = document.querySelector(".playground-tiles"), count = () => tiles.offsetHeight ? tiles.children.length : 0;
        new MutationObserver(() => shown.push(count())).observe(tiles, { childList: true }); null""")
    page.get_by_role("button", name="Train 20 seeds").click()
    page.get_by_text("20 seeds: test loss").wait_for()
    shown = page.evaluate("shown")
    assert len(shown) > 1 and set(shown[:-1]) == {0} and shown[-1] == 20


@pytest.mark.browser
def test_a_click_on_a_neuron_shows_it(opened):
    page = opened(OWN)
    page.locator(".playground-network").click(
        position={"x": 16 + 46 + 17, "y": 26 + 2 * 48 - 24}
    )  # the upper of two inputs
    assert page.locator("[name=picture]").evaluate("box => box.selectedOptions[0].text") == "X₁"
    assert "X₁" in page.locator(".playground-output").get_attribute("aria-label")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [1000, 390])
@pytest.mark.browser
def test_the_player_is_accessible_and_fits(opened, scheme, width):
    page = opened(OWN, width=width, scheme=scheme)
    page.evaluate("document.querySelectorAll('details').forEach(box => { box.open = true; })")
    found = [fault["id"] for fault in Axe().run(page, options={"preload": False}).response["violations"]]
    assert found == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


@pytest.mark.browser
def test_a_notebook_shows_the_same_player(browser):
    html = TEN.play("0.25").data
    assert "http" not in html.replace(PAGE, "")
    page = browser.new_page()
    page.set_content(f"<main>{html}{live.play(TEN).data}</main>")
    assert page.locator(".playground").count() == 2
    assert page.get_by_role("button", name="Close").count() == 0
    assert page.get_by_label("Address").first.input_value() == replace(TEN, seed="0.25").to_url()
    page.evaluate(
        "window.keys = 0; document.addEventListener('keydown', () => { keys++; }, true);"
    )  # as JupyterLab does
    page.get_by_role("button", name="Step").first.press("Space")
    assert page.locator(".playground-status").first.text_content().startswith("Epoch 1:")
    assert page.evaluate("keys") == 0
    page.locator("summary").first.press("Space")
    assert page.evaluate("keys") == 0
    assert _is_forgotten(page, "document.querySelector('.playground').parentElement.remove()")  # the cell is run again
    page.close()


@pytest.mark.parametrize("script", sorted(site.ASSETS.glob("*.js")), ids=lambda path: path.name)
def test_a_script_can_be_parsed(script):
    if shutil.which("node") is None:
        pytest.skip("no Node is installed")
    assert subprocess.run(["node", "--check", script], capture_output=True, check=False).stderr == b""


def test_the_script_is_small_and_asks_for_nothing():
    text = SCRIPT.read_text(encoding="utf-8")
    assert len(text.splitlines()) <= 900
    assert sum(path.stat().st_size for path in site.ASSETS.glob("playground*.*s*")) < 60_000
    assert set(re.findall(r"https?://[\w.]+", text)) == {"https://playground.tensorflow.org"}
    for name in ("POSITIVE", "NEUTRAL", "NEGATIVE"):
        assert f'{name} = "{getattr(plotting, name)}"' in text


@pytest.mark.browser
def test_a_picture_takes_no_colour_from_its_neighbour(opened):
    page = opened(OWN, "#initZero=true&networkShape=")  # all 0, below an input that is -1 at its lower edge
    column = "canvas => Array.from(canvas.getContext('2d').getImageData(canvas.width / 2, 0, 1, 12).data)"
    colours = np.reshape(page.locator(".playground-output").evaluate(column), (12, 4))
    assert (colours == colours[-1]).all()


@pytest.mark.browser
def test_the_theme_puts_no_card_behind_it(opened):
    rule = "html[data-theme=dark] .bd-content div.cell_output .text_html { background: #ced6dd; padding: 8px; color: #222832; }"
    html = live.penalty(TEN, 5).data
    page = opened(f"""<style>{rule} .bd-content {{ color: #ced6dd; }}</style><div class="bd-content">
        <div class="cell_output"><div class="text_html">{html}</div></div></div>""")
    page.evaluate("document.documentElement.dataset.theme = 'dark'")
    seen = "element => ['backgroundColor', 'padding', 'color'].map(name => getComputedStyle(element)[name])"
    assert page.locator(".text_html").evaluate(seen) == ["rgba(0, 0, 0, 0)", "0px", "rgb(206, 214, 221)"]


# --- several networks side by side --------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["strip", "race", "penalty"])
@pytest.mark.browser
def test_a_cell_s_output_is_a_line_that_the_site_brings_to_life(opened, browser, kind):
    html = getattr(live, kind)(TEN, 5).data
    assert html == getattr(live, kind)(TEN, 5).data and "<script" not in html
    page = opened(html)
    assert page.get_by_text("On the site of these chapters").count() == 0
    if kind == "penalty":
        assert page.get_by_label("Address").input_value() == TEN.to_url()
    else:
        assert page.get_by_role("button").text_content().endswith("for 5 epochs")
    elsewhere = browser.new_page(java_script_enabled=False)
    elsewhere.set_content(html)
    assert elsewhere.get_by_text("On the site of these chapters").is_visible()
    elsewhere.close()


def test_a_slider_needs_a_penalty():
    with pytest.raises(Problem, match="needs a config with a penalty"):
        live.penalty(Config(), 5)


@pytest.mark.browser
def test_the_strip_sorts_seeds_and_replays_one(opened):
    page = opened('<div id="here"></div>')
    page.evaluate("address => Playground.strip(document.getElementById('here'), address, 3, 20)", TEN.to_url())
    assert page.locator(".playground-tiles button").count() == 0  # before it is asked for
    page.get_by_role("button", name="Train 20 seeds for 3 epochs").click()
    page.get_by_text("20 seeds: test loss").wait_for()
    seeds = page_seeds(20)
    losses = train(TEN, seeds, epochs=3, at=[3]).test_loss[:, 0]
    tiles = page.locator(".playground-tiles button")
    assert tiles.all_text_contents() == [f"{loss:.4f}" for loss in np.sort(losses)]
    tiles.first.click()
    assert page.get_by_label("Seed", exact=True).input_value() == seeds[np.argmin(losses)]
    assert page.get_by_label("Stop at epoch").input_value() == "3"


@pytest.mark.browser
def test_the_race_ends_where_each_runner_does_and_says_when_it_was_below_the_bar(opened):
    config = Config(dataset="gauss", hidden=(3,), seed="0.5")
    state = config.to_url().partition("#")[2].replace("&", "&amp;")
    page = opened(f'<div data-playground="#{state}" data-kind="race" data-epochs="8"></div>')
    page.get_by_role("button", name="Race").click()
    page.get_by_text("The race is over.").wait_for()
    wanted = []
    for kind in ("relu", "tanh", "sigmoid"):
        losses = train(replace(config, activation=kind), epochs=8).test_loss[0]
        below = f", below 0.01 at {np.argmax(losses < 0.01)}" if losses.min() < 0.01 else ""
        wanted.append(f"{kind}: {losses[-1]:.4f}{below}")
    assert page.locator(".playground-tiles button").all_text_contents() == wanted
    assert {"below" in said for said in wanted} == {True, False}


@pytest.mark.browser
def test_the_slider_of_the_penalty_trains_anew(opened):
    page = opened(f'<div data-playground="#{STATE}" data-kind="penalty" data-epochs="5"></div>')
    page.locator("[name=slide]").fill("6")
    page.wait_for_function("document.querySelector('.playground-status').textContent.startsWith('Epoch 5:')")
    run = train(replace(TEN, regularization_rate=0.3), epochs=5)
    dead = sum(int(layer.sum()) for layer in run.final.dead)
    assert dead > 0
    assert f"test loss {run.test_loss[0, -1]:.4f}, {dead} of 14 links dead" in _said(page)


@pytest.mark.browser
def test_the_slider_says_the_rate_that_the_network_has(opened):
    html = live.penalty(replace(TEN, regularization_rate=0.02), 5).data
    page = opened(html)
    slide, shown = page.locator("[name=slide]"), page.locator("[data-of=slide]")

    def told():
        return slide.input_value(), shown.text_content(), slide.get_attribute("aria-valuetext")

    assert told() == ("3", "0.02", "0.02")  # between 0.01 and 0.03
    page.locator("[name=regularizationRate]").evaluate(
        "box => { box.value = '0.1'; box.dispatchEvent(new Event('change', { bubbles: true })); }"
    )
    assert told() == ("5", "0.1", "0.1")
    slide.fill("6")
    assert told() == ("6", "0.3", "0.3")
