"""Settings and addresses: what the page takes, what is refused in one sentence, and nothing else."""

import dataclasses
from urllib.parse import quote

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.core.project import Problem
from helpers.playground import config
from helpers.playground.config import ACTIVATIONS, MAX_LAYERS, PAGE, REGULARIZATIONS, Config, page_seeds, read_url
from helpers.playground.datasets import DATASETS, FEATURES, REGRESSIONS

KEYS = [*config._KEYS.values(), "regDataset", "problem", "showTestData", *FEATURES, "x_hide", "other"]
RATES = st.floats(0, 100, allow_subnormal=False)
CONFIGS = st.builds(
    Config,
    dataset=st.sampled_from(DATASETS + REGRESSIONS),
    features=st.lists(st.sampled_from(FEATURES), min_size=1),
    hidden=st.lists(st.integers(1, 100), max_size=MAX_LAYERS),
    activation=st.sampled_from(ACTIVATIONS),
    regularization=st.sampled_from(REGULARIZATIONS),
    regularization_rate=RATES,
    learning_rate=RATES,
    batch_size=st.integers(1, 500),
    noise=st.floats(0, 80),
    train_percent=st.integers(1, 99),
    init_zero=st.booleans(),
    seed=st.from_regex(r"[!#$%'-;?-_a-~]+", fullmatch=True),
)


@given(CONFIGS)
def test_an_address_says_all_of_a_setting(config):
    address = config.to_url()
    assert read_url(address) == (config, ())
    assert Config.from_url(address.removeprefix(PAGE)) == config


@given(st.text() | st.lists(st.tuples(st.sampled_from(KEYS), st.text())).map(lambda kv: "&".join(map("=".join, kv))))
def test_any_text_gives_a_setting_or_one_sentence(text):
    for address in (text, "#" + text, PAGE + "#" + text):
        try:
            config = Config.from_url(address)
        except Problem as problem:
            assert str(problem).count("\n") == 0
            assert str(problem).endswith(".")
        else:
            assert isinstance(config, Config)


@given(
    st.sampled_from([f.name for f in dataclasses.fields(Config)]),
    st.none() | st.floats() | st.text() | st.lists(st.floats()),
)
def test_any_value_gives_a_setting_or_a_problem(field, value):
    try:
        config = Config(**{field: value})
    except Problem:
        return
    assert dataclasses.replace(config) == config


# Values as people and the page write them: fit, nearly fit, and not at all.
WRITTEN = st.one_of(
    st.sampled_from(
        ["", "true", "false", "none", "L1", "L2", "classification", "1e1", "+5", ".5", "5.", "0", "1,2", "Infinity"]
    ),
    st.sampled_from([*DATASETS, *ACTIVATIONS, "TRUE", "nan", "inf", "-0", "0x1", "1_0", "٣", "1e400", "%20", "a=b"]),
    st.integers(-1, 600).map(str),
    st.floats(0, 100).map(repr),
    st.lists(st.integers(0, 101).map(str), max_size=13).map(",".join),
)
ADDRESSES = st.lists(st.tuples(st.sampled_from(KEYS), WRITTEN), max_size=6)


def number(text):
    return int(text, 16) if "x" in text else float(text)


@settings(max_examples=300)
@given(ADDRESSES, st.sampled_from(["", "#", PAGE + "#"]))
def test_an_address_that_is_read_says_what_was_read(pairs, start):
    """What is read, is what stands there: the last value of each key, or the page's default; and it is written back."""
    address = start + "&".join(f"{key}={value}" for key, value in pairs)
    try:
        config, notes = read_url(address)
    except Problem as problem:
        assert str(problem).count("\n") == 0 and str(problem).endswith(".")
        return
    assert read_url(config.to_url()) == (config, ())
    last = {key: value.split("=")[0] for key, value in pairs}
    assert any("other" in note for note in notes) == ("other" in last)
    told, default = config.to_dict(), Config().to_dict() | {"regDataset": "reg-plane"}
    regression = last.get("problem") == "regression"
    choices = {"dataset": DATASETS, "activation": ACTIVATIONS, "regularization": REGULARIZATIONS}
    if regression:
        choices = choices | {"regDataset": REGRESSIONS}
        del choices["dataset"]
    for key, allowed in choices.items():
        assert told[key] == (last[key] if last.get(key) in allowed else default[key])
    assert told["problem"] == ("regression" if regression else "classification")
    for key in ("learningRate", "regularizationRate", "batchSize", "percTrainData"):
        assert told[key] == (number(last[key]) if last.get(key) else default[key])
    noise = number(last.get("noise") or "0")
    assert told["noise"] == (0 if noise < 0 else 50 if noise > 80 else noise)
    assert told["seed"] == quote(last.get("seed") or "0.00001", safe="!#$%&'()*+,-./:;=?@[\\]^_{|}~")
    if "networkShape" in last:
        assert told["networkShape"] == [number(width) for width in last["networkShape"].split(",") if width]
    assert told["initZero"] == (bool(last.get("initZero")) and last["initZero"] != "false")
    on = [feature for feature in FEATURES if (last.get(feature) or str(feature in "xy").lower()) != "false"]
    assert told["features"] == [feature for feature in on if last.get(f"{feature}_hide") != "true"]


def test_what_an_address_leaves_out_is_the_pages_default():
    default = Config(dataset="circle", features=("x", "y"), hidden=(4, 2), activation="tanh", learning_rate=0.03)
    assert default == Config()
    assert (default.regularization, default.regularization_rate, default.batch_size) == ("none", 0, 10)
    assert (default.noise, default.train_percent, default.init_zero) == (0, 50, False)
    for address in (PAGE, "#", "#activation=&dataset=&noise=&x=&problem=", "showTestData=true"):
        assert Config.from_url(address) == default


def test_the_pages_own_ways():
    read = Config.from_url
    assert read("networkShape=").hidden == ()
    assert read("noise=5&noise=20").noise == 20
    assert read("noise=5=20").noise == 5
    assert read("regularization=none") == read("regularization=")
    assert read("sinY=true&x=false&xSquared=true").features == ("y", "xSquared", "sinY")
    assert read("x=true&x_hide=true").features == ("y",)
    assert read("learningRate=1e-2&batchSize=1e1&noise=+5.0&percTrainData=.7e2") == Config(
        learning_rate=0.01, noise=5, train_percent=70
    )
    assert read("seed=0.50000").seed == "0.50000"
    assert (read("percTrainData=70").n_train, read("networkShape=5,3&y=false").layer_sizes) == (350, (1, 5, 3, 1))


def test_what_is_not_taken_as_it_stands_is_said():
    assert read_url("foo=1&x=true&bar&playButton_hide=true&tutorial=a&seed=1")[1] == (
        "Ignored, as the page does not know them: foo, bar.",
    )
    assert read_url("dataset=xor&seed=0.5")[1] == ()
    for address, setting, word in (
        ("noise=90&seed=1", {"noise": 50}, "noise=90 is outside 0 to 80: 50 is taken"),
        ("noise=80.5&seed=1", {"noise": 50}, "50 is taken"),
        ("noise=1e400&seed=1", {"noise": 50}, "noise=1e400 is outside"),
        ("noise=Infinity&seed=1", {"noise": 50}, "noise=Infinity is outside 0 to 80: 50 is taken"),
        ("noise=-Infinity&seed=1", {"noise": 0}, "noise=-Infinity is outside 0 to 80: 0 is taken"),
        ("noise=0x60&seed=1", {"noise": 50}, "noise=0x60 is outside 0 to 80: 50 is taken"),
        (f"noise=0x{'f' * 400}&seed=1", {"noise": 50}, "50 is taken"),
        ("noise=-2&seed=1", {"noise": 0}, "noise=-2 is outside 0 to 80: 0 is taken"),
        ("activation=rleu&seed=1", {}, "activation=rleu is none of sigmoid, tanh, relu, linear: the page's default"),
        ("problem=maybe&seed=1", {}, "problem=maybe is none of classification, regression"),
        ("regularization=l1&regularizationRate=1&seed=1", {"regularization_rate": 1}, "regularization=l1 is none of"),
        ("dataset=moon&seed=1", {}, "dataset=moon is none of"),
        (
            'seed=a b"<é>`',
            {"seed": "a%20b%22%3C%C3%A9%3E%60"},
            "taken as seed=a%20b%22%3C%C3%A9%3E%60, the way a browser",
        ),
        ("seed=\ud800", {"seed": "%EF%BF%BD"}, "taken as seed=%EF%BF%BD, the way a browser"),
        ("seed= &dataset=xor", {"seed": "%20", "dataset": "xor"}, "taken as seed=%20&dataset=xor, the way a browser"),
        ("sinX= &seed=1", {"features": ("x", "y", "sinX")}, "taken as sinX=%20&seed=1"),
        ("initZero= &seed=1", {"init_zero": True}, "taken as initZero=%20&seed=1"),
    ):
        config, (note,) = read_url(address)
        assert config == Config(**{"seed": "1"} | setting)
        assert word in note
    for address in ("dataset=xor", "dataset=xor&seed=", "dataset=xor&seed= ", " \n\0dataset=xor\t"):
        assert read_url(address) == (
            Config("xor"),
            ("The address has no seed: 0.00001 is taken, where the page draws one.",),
        )


@pytest.mark.parametrize("address", ["networkShape=5, 5&seed=1", "noise= 12.5&seed=1", "learningRate=0.1 &seed=1"])
def test_a_blank_is_no_number_on_the_page_and_none_here(address):
    """A browser makes it %20 before the page reads it."""
    with pytest.raises(Problem, match=r"=%2012\.5|=0\.1%20|=%205 will not do"):
        read_url(address)


def test_numbers_are_written_as_the_page_writes_them():
    address = Config(learning_rate=1.5e-7, regularization_rate=1e-6, noise=-0.0).to_url()
    assert "&learningRate=1.5e-7&regularizationRate=0.000001&noise=0&" in address


def test_noise_and_seeds_that_the_page_takes_are_taken_as_they_are():
    assert read_url("noise=80&seed=1") == (Config(noise=80, seed="1"), ())
    assert read_url("seed=a%20b%C3%A9") == (Config(seed="a%20b%C3%A9"), ())
    assert read_url("seed=what?#1") == (Config(seed="what?#1"), ())
    assert read_url("noise=0x20&batchSize=0b11&seed=1") == (Config(noise=32, batch_size=3, seed="1"), ())
    assert read_url("seed=http://a") == (Config(seed="http://a"), ())


XOR = "dataset=xor&seed=0.4"


@pytest.mark.parametrize(
    ("address", "words"),
    [
        (PAGE + "#" + XOR, ()),
        ("playground.tensorflow.org/#" + XOR, ()),
        (PAGE + "?utm=1#" + XOR, ()),
        ("http://PLAYGROUND.tensorflow.org:443/a#" + XOR, ()),
        (PAGE.replace("org", "org.example.com") + "#" + XOR, ("org.example.com/ is not the Playground's own page",)),
        (PAGE + "#" + XOR.replace("&", "&amp;"), ()),
        (PAGE + "#" + XOR.replace("&", "&#38;"), ()),
        (PAGE + "#dataset=\nxor&\r\n\tseed=0.4\n", ()),
        (PAGE + "?" + XOR, ("behind '?'",)),
        (PAGE.removeprefix("https://") + "?" + XOR, ("behind '?'",)),
        ("https://example.org/#" + XOR, ("example.org/ is not the Playground's own page",)),
        ("http://localhost:5000/?" + XOR, ("behind '?'", "localhost:5000/ is not")),
    ],
)
def test_addresses_as_people_paste_them(address, words):
    config, notes = read_url(address)
    assert config == Config("xor", seed="0.4")
    assert len(notes) == len(words)
    for word, note in zip(words, notes, strict=True):
        assert word in note and note.endswith(".")


@pytest.mark.parametrize("address", [PAGE, "#", "playground.tensorflow.org", PAGE + "#foo=1", PAGE + "?foo=1"])
def test_the_page_without_settings_is_its_default_and_said_to_be(address):
    config, notes = read_url(address)
    assert config == Config()
    assert any("sets nothing: the page's defaults are taken" in note for note in notes)


def test_a_regression_has_its_own_data_sets_and_a_linear_output():
    plane, bumps = Config("reg-plane"), Config("reg-gauss", seed="1")
    assert read_url("problem=regression&seed=0.00001") == (plane, ())
    assert read_url("problem=regression&dataset=xor&regDataset=reg-gauss&seed=1") == (bumps, ())
    assert read_url("dataset=xor&regDataset=reg-gauss&seed=1") == (Config("xor", seed="1"), ())
    assert "&regDataset=reg-gauss&" in bumps.to_url() and bumps.to_url().endswith("&problem=regression")
    assert (bumps.n_points, bumps.n_train, bumps.activations) == (1200, 600, ("tanh", "tanh", "linear"))
    assert Config("reg-plane", batch_size=1200).batch_size == 1200


@pytest.mark.parametrize(
    "bad",
    [
        "batchSize=0", "batchSize=501", "batchSize=2.5", "batchSize=ten", "batchSize=1_0", "batchSize=٣",
        "learningRate=-0.1", "learningRate=nan", "learningRate=1e999", "regularizationRate=inf", "noise=nan", "noise=loud",
        "percTrainData=0", "percTrainData=100", "networkShape=5,0", "networkShape=5,", "networkShape=5;5",
        "networkShape=101", "networkShape=" + ",".join("1" * 13), "x=false&y=false",
    ],
)  # fmt: skip
def test_a_bad_value_is_named_with_what_is_allowed(bad):
    key = bad.split("=")[0]
    with pytest.raises(Problem) as caught:
        Config.from_url(bad)
    sentence = str(caught.value)
    assert (key if "y=false" not in bad else "input feature") in sentence
    assert any(word in sentence for word in ("choose one of", "it takes", "either", "only", "at least", "it is text"))


@pytest.mark.parametrize(
    "text",
    ["", "   ", "hello", "https://example.org/", "circle&relu", "foo=1", "https://example.org/?foo=1", "http://[::1/"],
)
def test_what_is_no_address_is_refused(text):
    with pytest.raises(Problem, match="no Playground address"):
        Config.from_url(text)


def test_settings_are_values():
    config = Config(features=["y", "x"], hidden=[5], batch_size=10.0, noise=5)
    assert config == Config(hidden=(5,), noise=5.0)
    assert len({config, Config(hidden=(5,), noise=5.0)}) == 1
    with pytest.raises(dataclasses.FrozenInstanceError):
        config.noise = 3
    assert config.to_dict() == {
        "activation": "tanh", "regularization": "none", "batchSize": 10, "dataset": "circle", "learningRate": 0.03,
        "regularizationRate": 0.0, "noise": 5.0, "networkShape": [5], "seed": "0.00001", "percTrainData": 50,
        "initZero": False, "features": ["x", "y"], "problem": "classification",
    }  # fmt: skip


@pytest.mark.parametrize(
    "field", [{"dataset": "moon"}, {"activation": "rleu"}, {"noise": 81}, {"seed": "a b"}, {"init_zero": 1.5}]
)
def test_a_setting_written_by_hand_is_held_to_what_the_page_has(field):
    with pytest.raises(Problem, match=r"will not do: .*\.$"):
        Config(**field)


def test_page_seeds_look_like_the_pages():
    assert page_seeds(3) == ("0.00001", "0.00002", "0.00003")
    assert page_seeds(99_999)[-1] == "0.99999"
    with pytest.raises(Problem):
        page_seeds(0)
