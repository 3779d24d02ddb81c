"""The engine in JavaScript against ours: every bit of losses, parameters and dead links, in Node and in Chromium."""

import itertools
import json
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from helpers.playground import fdlibm
from helpers.playground.config import ACTIVATIONS, Config
from helpers.playground.datasets import DATASETS, FEATURES
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
    """Forty-one settings over data, noise, shares, batches, activations, penalties, rates and shapes."""
    yield Config(regularization="L2", regularization_rate=10, learning_rate=10)  # grows beyond all numbers
    rng = np.random.default_rng(14)
    penalties = itertools.cycle([("none", 0), ("L1", 0.01), ("L2", 0.1), ("L1", 0.3), ("L2", 3)])
    for number, (dataset, activation) in enumerate(itertools.product(DATASETS * 3, ACTIVATIONS)):
        if number == 40:
            return
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


TRIPLES = list(_triples())


def in_node(function, argument, script=None):
    """What a JavaScript function of one argument returns in Node, after the text of `script`."""
    if shutil.which("node") is None:
        pytest.skip("no Node is installed")
    text = script or SCRIPT.read_text(encoding="utf-8")
    program = f"{text}\nprocess.stdout.write(JSON.stringify(({function})({json.dumps(argument)})));"
    done = subprocess.run(["node", "-"], input=program, capture_output=True, text=True, check=True)
    return json.loads(done.stdout)


@pytest.fixture(scope="module")
def in_chromium():
    """A function as in_node, for Chromium."""
    executable = site.find_browser()
    if executable is None:
        pytest.skip("no Chromium is installed")
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=executable, args=list(site.BROWSER_FLAGS[1:]))
        page = browser.new_page()
        page.add_script_tag(path=SCRIPT)
        yield page.evaluate
        browser.close()


@pytest.fixture(scope="module")
def ours():
    """What our engine says of CASES, in the form of PROBE's answers."""
    answers = []
    for address, epochs in CASES:
        config = Config.from_url(address)
        run = train(config, epochs=epochs)
        final = [
            np.concatenate([layer[0].ravel() for layer in getattr(run.final, name)])
            for name in ("weights", "biases", "dead")
        ]
        losses = np.stack([run.train_loss[0], run.test_loss[0]], axis=1)
        answers.append(
            {"setting": config.to_dict(), "address": config.to_url(), "losses": _bits(losses), "weights": _bits(final[0]),
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


def test_every_bit_is_ours_in_chromium(ours, in_chromium):
    _assert_same(in_chromium(PROBE, CASES), ours)


def test_functions_are_those_of_the_reference(in_chromium):
    assert in_node(WRONG, TRIPLES) == []
    assert in_chromium(WRONG, TRIPLES) == []


def test_the_settings_reach_what_can_go_wrong(ours):
    assert len(ours) > 60
    numbers = [answer["losses"] + answer["weights"] for answer in ours]
    assert any(sum(answer["dead"]) for answer in ours)
    assert any("nan" in bits for bits in numbers)
    assert {len(answer["setting"]["networkShape"]) for answer in ours} >= {0, 1, 2, 3, 4}


def test_every_constant_of_the_functions_counts():
    text = SCRIPT.read_text(encoding="utf-8")
    constants = sorted(set(re.findall(r"\d\.\d{10,}(?:e[+-]\d\d)?", text)))
    assert len(constants) > 30
    spoilt = [text.replace(constant, repr(float(constant) * 1.02)) for constant in constants]
    wrong = in_node(f"texts => texts.map(text => {{ const Playground = new Function(text + '; return Playground')();"
                    f"return ({WRONG})({json.dumps(TRIPLES)}).length; }})", spoilt)  # fmt: skip
    assert {constant for constant, count in zip(constants, wrong, strict=True) if count == 0} == set()


@pytest.mark.parametrize(
    "right, wrong",
    [
        ("* 19", "* 17"), ("stepped * shrunk < 0", "stepped * shrunk <= 0"), ("this.count = 0;\n    }", "}"),
        ("last >>= 1", "last >>= 0"), ("output <= 0 ? 0 : 1", "output < 0 ? 0 : 1"), ("0.3 : -0.3", "0.4 : -0.3"),
        ("total += weights", "total -= weights"), ("fill(setting.initZero ? 0 : 0.1)", "fill(0.1)"),
    ],
)  # fmt: skip
def test_a_slip_in_the_engine_is_seen(right, wrong, ours):
    text = SCRIPT.read_text(encoding="utf-8")
    assert right in text
    with pytest.raises(AssertionError, match=r" of .*#"):
        _assert_same(in_node(PROBE, TRIED, text.replace(right, wrong)), ours[-len(TRIED) :])
