"""What the page's controls say: one validated value, read from and written to the page's addresses."""

import re
from dataclasses import dataclass
from numbers import Real
from urllib.parse import quote

import numpy as np

from helpers.core.project import Problem
from helpers.playground.datasets import DATASETS, FEATURES, N_POINTS, N_REGRESSION, REGRESSIONS

PAGE = "https://playground.tensorflow.org/"
ACTIVATIONS = ("sigmoid", "tanh", "relu", "linear")
REGULARIZATIONS = ("none", "L1", "L2")
MAX_LAYERS, MAX_NEURONS = 12, 100
DEFAULT_SEED = "0.00001"

_KEYS = {
    "activation": "activation",
    "regularization": "regularization",
    "batch_size": "batchSize",
    "dataset": "dataset",
    "learning_rate": "learningRate",
    "regularization_rate": "regularizationRate",
    "noise": "noise",
    "hidden": "networkShape",
    "seed": "seed",
    "train_percent": "percTrainData",
    "init_zero": "initZero",
}  # field -> the page's key
_CHOICES = {  # what the page takes; anything else in an address leaves its default
    "problem": ("classification", "regression"),
    "dataset": DATASETS,
    "regDataset": REGRESSIONS,
    "activation": ACTIVATIONS,
    "regularization": REGULARIZATIONS,
}
_WITHOUT_EFFECT = ("showTestData", "discretize", "collectStats", "tutorial", "hideText", "cosX", "cosY")
_NUMBER = re.compile(r"[+-]?(Infinity|(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?)", re.ASCII)
_OTHER_BASE = re.compile(r"0(x[\da-f]+|o[0-7]+|b[01]+)", re.ASCII | re.IGNORECASE)
_SEED = re.compile(r"[!#$%'-;?-_a-~]+")  # what an address carries as it is: no space, quote, &, =, < or >
_UNESCAPED = "".join(set(map(chr, range(33, 127))) - set('"<>`'))  # by browsers, after the '#'
_OWN = re.compile(r"(https?:)?(//)?playground\.tensorflow\.org(?![\w.@-])", re.IGNORECASE)
MAX_NOISE, USUAL_NOISE = 80, 50  # the page takes the first from an address, and makes the second of more


@dataclass(frozen=True)
class Config:
    """One setting of the page's controls; the defaults are what the page takes where its address says nothing.

    dataset : "circle", "xor", "gauss" or "spiral" to classify; "reg-plane" or "reg-gauss" for a regression.
    noise : 0 to 80.   train_percent : 1 to 99, of the points (500, or 1,200 for a regression).
    features : any of datasets.FEATURES, kept in that order.   hidden : neurons in each hidden layer, () for none.
    activation : "sigmoid", "tanh", "relu" or "linear", of the hidden neurons.
    regularization : "none", "L1" or "L2".   batch_size : 1 to as many as there are points.   init_zero : whether all starts at 0.
    seed : text, as the address bar shows it; the page draws one where the address has none, this takes DEFAULT_SEED.
    Raises Problem if a value is not allowed.
    """

    dataset: str = "circle"
    features: tuple = ("x", "y")
    hidden: tuple = (4, 2)
    activation: str = "tanh"
    regularization: str = "none"
    regularization_rate: float = 0.0
    learning_rate: float = 0.03
    batch_size: int = 10
    noise: float = 0.0
    train_percent: int = 50
    init_zero: bool = False
    seed: str = DEFAULT_SEED

    def __post_init__(self):
        """Check every field, and give each its one form (tuples, the page's order, int or float)."""
        checked = {
            "dataset": _choice("dataset", self.dataset, DATASETS + REGRESSIONS),
            "features": _features(self.features),
            "hidden": _hidden(self.hidden),
            "activation": _choice("activation", self.activation, ACTIVATIONS),
            "regularization": _choice("regularization", self.regularization, REGULARIZATIONS),
            "regularization_rate": _number("regularizationRate", self.regularization_rate, 0, 100),
            "learning_rate": _number("learningRate", self.learning_rate, 0, 100),
            "batch_size": _number("batchSize", self.batch_size, 1, self.n_points, whole=True),
            "noise": _number("noise", self.noise, 0, MAX_NOISE),
            "train_percent": _number("percTrainData", self.train_percent, 1, 99, whole=True),
            "init_zero": _switch("initZero", self.init_zero),
            "seed": checked_seed(self.seed),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_url(cls, address):
        """The Config of a page's address, as read_url reads it, without the notes."""
        return read_url(address)[0]

    def to_url(self):
        """The page's address for this setting; loaded there, it shows the same data, weights and losses: to the last bit
        in Chrome of 2019, whose sin, cos, exp and log are the ones computed here; in later ones nearly always to the eye.
        """
        values = self.to_dict()
        features, problem = values.pop("features"), values.pop("problem")
        if self.regularization == "none":  # the page says this by leaving the key out
            del values["regularization"]
        values |= {feature: feature in features for feature in FEATURES} | {"problem": problem}
        return PAGE + "#" + "&".join(f"{key}={_written(value)}" for key, value in values.items())

    def play(self, seed=None):
        """A player of this setting as a cell's output, paused at epoch 0 (IPython's HTML); see live.play."""
        from helpers.playground import live  # here, so that a Config needs no IPython

        return live.play(self, seed)

    def to_dict(self):
        """The setting under the page's own names, ready for JSON."""
        keys = _KEYS | ({"dataset": "regDataset"} if self.problem == "regression" else {})
        values = {key: getattr(self, field) for field, key in keys.items()} | {"networkShape": list(self.hidden)}
        return values | {"features": list(self.features), "problem": self.problem}

    @property
    def problem(self):
        """What the page calls the kind of problem: "classification" or "regression"."""
        return "regression" if self.dataset in REGRESSIONS else "classification"

    @property
    def activations(self):
        """The activation of each layer from the first hidden one to the output: a tuple of str."""
        return (*[self.activation] * len(self.hidden), "linear" if self.problem == "regression" else "tanh")

    @property
    def layer_sizes(self):
        """Neurons in each layer from the inputs to the output, a tuple such as (2, 5, 5, 1)."""
        return (len(self.features), *self.hidden, 1)

    @property
    def n_points(self):
        """How many points the data set has (int)."""
        return N_REGRESSION if self.problem == "regression" else N_POINTS

    @property
    def n_train(self):
        """How many of the points are training points (int)."""
        return self.n_points * self.train_percent // 100


def read_url(address):
    """The setting that a page's address names: (Config, tuple of sentences on what was not taken as it stands there).

    address : str, a whole address, or the part after '#' with or without it; settings behind '?' and "&amp;" for '&' are
    understood. What it leaves out has the page's default; so has an unknown value of a choice, as on the page.
    Raises Problem if it is no such address, or a number is not allowed.
    """
    pairs, notes = _pairs(address)
    given = {key: value for key, value in pairs.items() if value}
    for key, allowed in _CHOICES.items():
        if given.get(key, allowed[0]) not in allowed:
            told = f"{key}={_shown(given.pop(key))} is none of {', '.join(allowed)}"
            notes.append(f"{told}: the page's default is taken.")
    if given.get("problem") == "regression":
        given["dataset"] = given.get("regDataset", REGRESSIONS[0])
    noise = _as_number(given.get("noise", "0"))
    if noise < 0 or noise > MAX_NOISE:
        asked, given["noise"] = given["noise"], 0 if noise < 0 else USUAL_NOISE
        notes.append(f"noise={_shown(asked)} is outside 0 to {MAX_NOISE}: {given['noise']} is taken, as on the page.")
    if "seed" not in given:
        notes.append(f"The address has no seed: {DEFAULT_SEED} is taken, where the page draws one.")
    fields = {field: given[key] for field, key in _KEYS.items() if key in given}
    if "networkShape" in pairs:
        fields["hidden"] = pairs["networkShape"].split(",") if pairs["networkShape"] else ()
    if "initZero" in given:
        fields["init_zero"] = given["initZero"] != "false"
    on = {"x": "true", "y": "true"} | given  # a feature whose control is hidden is never used by the page
    hidden = {feature for feature in FEATURES if given.get(f"{feature}_hide") == "true"}
    fields["features"] = [name for name in FEATURES if on.get(name, "false") != "false" and name not in hidden]
    return Config(**fields), tuple(notes)


def page_seeds(count):
    """`count` seeds of the form that the page draws for itself: ("0.00001", "0.00002", ...)."""
    return tuple(f"{number / 100_000:.5f}" for number in range(1, checked_count("seeds", count, 99_999, first=1) + 1))


def checked_count(name, value, last=1_000_000, first=0):
    """An epoch or a number of things, as int. Raises Problem if it is no whole number from `first` to `last`."""
    return _number(name, value, first, last, whole=True)


def _pairs(address):
    """The keys and values of an address, split as the page splits them (of equal keys the last one counts), and notes."""
    text, notes = re.sub(r"^[\0- ]+|[\0- ]+$|[\t\r\n]", "", address), []  # what browsers drop
    text = re.sub("&(amp|#38|#x26);", "&", text, flags=re.IGNORECASE)
    start, mark, settings = re.fullmatch(r"([^#?=]*)([#?]?)(.*)", text, re.DOTALL).groups()
    if not mark:  # none stands before the first '='
        start, settings = ("", text) if "=" in text and "//" not in start else (text, "")
    query, fragment = settings.partition("#")[::2] if mark == "?" else ("", settings)
    if mark == "?" and "=" not in fragment:
        fragment = query
        notes.append("The settings behind '?' are read; the page itself reads only those behind '#'.")
    whole = re.sub("[\ud800-\udfff]", "\ufffd", fragment)  # halves of characters, which have no bytes
    escaped = quote(whole, safe=_UNESCAPED)  # as an address bar shows it, and the page reads it
    if escaped != fragment:
        notes.append(f"The settings are taken as {_shown(escaped)}, the way a browser escapes them.")
    parts = [pair.split("=") for pair in escaped.split("&")]
    pairs = {part[0]: part[1] if len(part) > 1 else "" for part in parts}

    known = {*_KEYS.values(), *_CHOICES, *FEATURES, *_WITHOUT_EFFECT}
    unknown = [key for key in pairs if key and key not in known and not key.endswith("_hide")]
    read = len([key for key in pairs if key]) > len(unknown)
    ours = (mark == "#" and not start) or _OWN.match(start)
    if not read and not ours:
        example = f"{PAGE}#dataset=xor&seed=0.12345"
        raise Problem(f"{_shown(address)} is no Playground address: give one like {example}, or its part after '#'.")
    if not read:
        notes = ["The address sets nothing: the page's defaults are taken."]
    if start and not ours:
        notes.append(f"{_shown(start)} is not the Playground's own page; its settings are read all the same.")
    if unknown:
        notes.append(f"Ignored, as the page does not know them: {', '.join(map(_shown, unknown))}.")
    return pairs, notes


def _choice(key, value, allowed):
    if not isinstance(value, str) or value not in allowed:
        raise Problem(f"{key}={_shown(value)} will not do: choose one of {', '.join(allowed)}.")
    return value


def _number(key, value, low, high, whole=False):
    """A float, or an int, from `low` to `high`, given as a number or as the digits in an address."""
    if isinstance(value, str):
        number = _as_number(value.strip())
    else:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else np.nan
    if not low <= number <= high or (whole and number != int(number)):
        kind = "whole number" if whole else "number"
        raise Problem(f"{key}={_shown(value)} will not do: it takes a {kind} from {low} to {high}.")
    return int(number) if whole else float(number)


def _as_number(text):
    """The number that JavaScript reads in a text without spaces; NaN where it reads none."""
    if _OTHER_BASE.fullmatch(text):
        return int(text, 0)
    return float(text) if _NUMBER.fullmatch(text) else np.nan


def _switch(key, value):
    if not isinstance(value, bool) and value not in ("true", "false"):
        raise Problem(f"{key}={_shown(value)} will not do: it is either true or false.")
    return value in (True, "true")


def _several(key, values, checked):
    if not isinstance(values, (list, tuple)):
        raise Problem(f"{key}={_shown(values)} will not do: it takes a list or tuple.")
    return tuple(checked(key, value) for value in values)


def _hidden(widths):
    widths = _several("networkShape", widths, lambda key, width: _number(key, width, 1, MAX_NEURONS, whole=True))
    if len(widths) > MAX_LAYERS:
        raise Problem(f"networkShape names {len(widths)} hidden layers: it takes {MAX_LAYERS} at most.")
    return widths


def _features(names):
    names = _several("features", names, lambda key, name: _choice(key, name, FEATURES))
    if not names:
        raise Problem(f"No input feature is on: set at least one of {', '.join(FEATURES)} to true.")
    return tuple(feature for feature in FEATURES if feature in names)


def checked_seed(text):
    """A seed as it is. Raises Problem if it is not text that an address can carry."""
    if not isinstance(text, str) or not _SEED.fullmatch(text):
        raise Problem(f"seed={_shown(text)} will not do: it is text without spaces, quotes, '&', '=', '<' or '>'.")
    return text


def _shown(value):
    """A value for a sentence: on one line and not too long."""
    text = value if isinstance(value, str) and value.strip() and value.isprintable() else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _written(value):
    """A value as the page writes it into its address."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list):
        return ",".join(map(str, value))
    if isinstance(value, float) and 0 < value < 1e-6:
        return re.sub("e-0?", "e-", repr(value))
    return np.format_float_positional(value + 0.0, trim="-") if isinstance(value, float) else str(value)  # 0 for -0
