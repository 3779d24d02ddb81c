"""Settings and addresses: what the page takes, what is refused in one sentence, and nothing else."""

import dataclasses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from helpers.core.project import Problem
from helpers.playground.config import ACTIVATIONS, MAX_LAYERS, PAGE, REGULARIZATIONS, Config, page_seeds, read_url
from helpers.playground.datasets import DATASETS, FEATURES

KEYS = ["activation", "regularization", "batchSize", "dataset", "learningRate", "regularizationRate", "noise"]
KEYS += ["networkShape", "seed", "percTrainData", "problem", "initZero", "showTestData", *FEATURES, "x_hide", "other"]
RATES = st.floats(0, 100, allow_subnormal=False)
CONFIGS = st.builds(
    Config,
    dataset=st.sampled_from(DATASETS),
    features=st.lists(st.sampled_from(FEATURES), min_size=1),
    hidden=st.lists(st.integers(1, 100), max_size=MAX_LAYERS),
    activation=st.sampled_from(ACTIVATIONS),
    regularization=st.sampled_from(REGULARIZATIONS),
    regularization_rate=RATES,
    learning_rate=RATES,
    batch_size=st.integers(1, 500),
    noise=st.floats(0, 50),
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
        ["", " ", "true", "false", "none", "L1", "L2", "classification", "1e1", "+5", ".5", "5.", "0", "1,2"]
    ),
    st.sampled_from([*DATASETS, *ACTIVATIONS, "TRUE", "nan", "inf", "-0", "0x1", "1_0", "٣", "1e400", "%20", "a=b"]),
    st.integers(-1, 600).map(str),
    st.floats(0, 100).map(repr),
    st.lists(st.integers(0, 101).map(str), max_size=13).map(",".join),
)
ADDRESSES = st.lists(st.tuples(st.sampled_from(KEYS), WRITTEN), max_size=6)


@settings(max_examples=300)
@given(ADDRESSES, st.sampled_from(["", "#", PAGE + "#"]))
def test_an_address_that_is_read_says_what_was_read(pairs, start):
    """What is read, is what stands there: the last value of each key, or the page's default; and it is written back."""
    address = start + "&".join(f"{key}={value}" for key, value in pairs)
    try:
        config, unknown = read_url(address)
    except Problem as problem:
        assert str(problem).count("\n") == 0 and str(problem).endswith(".")
        return
    assert read_url(config.to_url()) == (config, ())
    last = {key: value.split("=")[0].strip() for key, value in pairs}
    assert unknown == tuple(key for key in last if key == "other")
    told, default = config.to_dict(), Config().to_dict()
    for key in ("dataset", "activation", "regularization", "seed"):
        assert told[key] == (last.get(key) or default[key])
    for key in ("learningRate", "regularizationRate", "noise", "batchSize", "percTrainData"):
        assert told[key] == (float(last[key]) if last.get(key) else default[key])
    if "networkShape" in last:
        assert told["networkShape"] == [float(width) for width in last["networkShape"].split(",") if width]
    assert told["initZero"] == (last.get("initZero") == "true")
    on = [feature for feature in FEATURES if (last.get(feature) or str(feature in "xy").lower()) == "true"]
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


def test_unknown_keys_are_named():
    assert read_url("foo=1&x=true&bar&playButton_hide=true&tutorial=a")[1] == ("foo", "bar")


@pytest.mark.parametrize(
    "bad",
    [
        "activation=rleu", "activation=SIGMOID", "regularization=l1", "dataset=moon", "problem=regression",
        "batchSize=0", "batchSize=501", "batchSize=2.5", "batchSize=ten", "batchSize=1_0", "batchSize=٣",
        "learningRate=-0.1", "learningRate=nan", "learningRate=1e999", "regularizationRate=inf", "noise=51", "noise=-1",
        "percTrainData=0", "percTrainData=100", "networkShape=5,0", "networkShape=5,", "networkShape=5;5",
        "networkShape=101", "networkShape=" + ",".join("1" * 13), "initZero=1", "x=yes", "x=false&y=false",
        "seed=a b", 'seed="', "seed=é", "seed=a\nb",
    ],
)  # fmt: skip
def test_a_bad_value_is_named_with_what_is_allowed(bad):
    key = bad.split("=")[0]
    with pytest.raises(Problem) as caught:
        Config.from_url(bad)
    sentence = str(caught.value)
    assert (key if "y=false" not in bad else "input feature") in sentence
    assert any(word in sentence for word in ("choose one of", "it takes", "either", "only", "at least", "it is text"))


@pytest.mark.parametrize("text", ["", "   ", "hello", "playground.tensorflow.org", "circle&relu"])
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
        "initZero": False, "features": ["x", "y"],
    }  # fmt: skip


def test_page_seeds_look_like_the_pages():
    assert page_seeds(3) == ("0.00001", "0.00002", "0.00003")
    assert page_seeds(99_999)[-1] == "0.99999"
    with pytest.raises(Problem):
        page_seeds(0)
