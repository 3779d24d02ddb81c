"""What the page's controls say: one validated value, read from and written to the page's addresses."""

import re
from dataclasses import dataclass
from numbers import Real

import numpy as np

from helpers.core.project import Problem
from helpers.playground.datasets import DATASETS, FEATURES, N_POINTS

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
_WITHOUT_EFFECT = ("regDataset", "showTestData", "discretize", "collectStats", "tutorial", "hideText", "cosX", "cosY")
_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_SEED = re.compile(r"[!#$%'-;?-_a-~]+")  # what an address carries as it is: no space, quote, &, =, < or >


@dataclass(frozen=True)
class Config:
    """One setting of the page's controls; the defaults are what the page takes where its address says nothing.

    dataset : "circle", "xor", "gauss" or "spiral".   noise : 0 to 50.   train_percent : 1 to 99, of the 500 points.
    features : any of datasets.FEATURES, kept in that order.   hidden : neurons in each hidden layer, () for none.
    activation : "sigmoid", "tanh", "relu" or "linear", of the hidden neurons; the output's is always tanh.
    regularization : "none", "L1" or "L2".   batch_size : 1 to 500 points.   init_zero : whether all starts at 0.
    seed : text, as in the address; the page draws one where the address has none, this takes DEFAULT_SEED.
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
            "dataset": _choice("dataset", self.dataset, DATASETS),
            "features": _features(self.features),
            "hidden": _hidden(self.hidden),
            "activation": _choice("activation", self.activation, ACTIVATIONS),
            "regularization": _choice("regularization", self.regularization, REGULARIZATIONS),
            "regularization_rate": _number("regularizationRate", self.regularization_rate, 0, 100),
            "learning_rate": _number("learningRate", self.learning_rate, 0, 100),
            "batch_size": _whole("batchSize", self.batch_size, 1, N_POINTS),
            "noise": _number("noise", self.noise, 0, 50),
            "train_percent": _whole("percTrainData", self.train_percent, 1, 99),
            "init_zero": _switch("initZero", self.init_zero),
            "seed": checked_seed(self.seed),
        }
        for name, value in checked.items():
            object.__setattr__(self, name, value)

    @classmethod
    def from_url(cls, address):
        """The Config of a page's address, or of the part after its '#'. Raises Problem; unknown keys are ignored."""
        return read_url(address)[0]

    def to_url(self):
        """The page's address for this setting; loaded there, it shows the same data, weights and losses."""
        values = {key: getattr(self, field) for field, key in _KEYS.items()}
        values |= {feature: feature in self.features for feature in FEATURES} | {"problem": "classification"}
        if self.regularization == "none":  # the page says this by leaving the key out
            del values["regularization"]
        return PAGE + "#" + "&".join(f"{key}={_written(value)}" for key, value in values.items())

    def to_dict(self):
        """The setting under the page's own names, ready for JSON."""
        values = {key: getattr(self, field) for field, key in _KEYS.items()}
        return values | {"networkShape": list(self.hidden), "features": list(self.features)}

    @property
    def layer_sizes(self):
        """Neurons in each layer from the inputs to the output, a tuple such as (2, 5, 5, 1)."""
        return (len(self.features), *self.hidden, 1)

    @property
    def n_train(self):
        """How many of the 500 points are training points (int)."""
        return N_POINTS * self.train_percent // 100


def read_url(address):
    """The setting that a page's address names: (Config, tuple of keys that the page does not know).

    address : str, a whole address, or the part after '#' with or without it. What it leaves out has the page's default.
    Raises Problem if it is no such address, or a value is not allowed.
    """
    pairs = _pairs(address)
    given = {key: value for key, value in pairs.items() if value.strip()}
    if given.get("problem", "classification") != "classification":
        raise Problem(f"problem={_shown(given['problem'])} is not computed here: only problem=classification is.")
    fields = {field: given[key] for field, key in _KEYS.items() if key in given}
    if "networkShape" in pairs:
        fields["hidden"] = pairs["networkShape"].split(",") if pairs["networkShape"].strip() else ()
    fields["features"] = [feature for feature in FEATURES if _is_on(feature, given)]
    known = {*_KEYS.values(), *FEATURES, *_WITHOUT_EFFECT, "problem"}
    unknown = tuple(key for key in pairs if key and key not in known and not key.endswith("_hide"))
    return Config(**fields), unknown


def page_seeds(count):
    """`count` seeds of the form that the page draws for itself: ("0.00001", "0.00002", ...)."""
    return tuple(f"{number / 100_000:.5f}" for number in range(1, checked_count("seeds", count, 99_999, first=1) + 1))


def checked_count(name, value, last=1_000_000, first=0):
    """An epoch or a number of things, as int. Raises Problem if it is no whole number from `first` to `last`."""
    return _whole(name, value, first, last)


def _pairs(address):
    """The keys and values of an address, split as the page splits them: of equal keys the last one counts."""
    address = address.strip()
    _, mark, state = address.partition("#")
    if not mark and not address.startswith(("http://", "https://")):
        state = address
        if "=" not in address:
            example = f"{PAGE}#dataset=xor&seed=0.12345"
            raise Problem(
                f"{_shown(address)} is no Playground address: give one like {example}, or its part after '#'."
            )
    parts = [pair.split("=") for pair in state.split("&")]
    return {part[0]: part[1] if len(part) > 1 else "" for part in parts}


def _is_on(feature, given):
    """Whether an address turns an input feature on; one whose control it hides is never used by the page."""
    default = "true" if feature in ("x", "y") else "false"
    return _switch(feature, given.get(feature, default)) and given.get(f"{feature}_hide") != "true"


def _choice(key, value, allowed):
    if not isinstance(value, str) or value not in allowed:
        raise Problem(f"{key}={_shown(value)} will not do: choose one of {', '.join(allowed)}.")
    return value


def _number(key, value, low, high, kind="a number"):
    """A float from `low` to `high`, given as a number or as the digits in an address."""
    if isinstance(value, str):
        number = float(value) if _NUMBER.fullmatch(value.strip()) else np.nan
    else:
        number = float(value) if isinstance(value, Real) and not isinstance(value, bool) else np.nan
    if not low <= number <= high:
        raise Problem(f"{key}={_shown(value)} will not do: it takes {kind} from {low} to {high}.")
    return number


def _whole(key, value, low, high):
    number = _number(key, value, low, high, "a whole number")
    if number != int(number):
        raise Problem(f"{key}={_shown(value)} will not do: it takes a whole number from {low} to {high}.")
    return int(number)


def _switch(key, value):
    switches = {"true": True, "false": False, True: True, False: False}
    if not isinstance(value, (str, bool)) or value not in switches:
        raise Problem(f"{key}={_shown(value)} will not do: it is either true or false.")
    return switches[value]


def _several(key, values):
    if not isinstance(values, (list, tuple)):
        raise Problem(f"{key}={_shown(values)} will not do: it takes a list or tuple.")
    return values


def _hidden(widths):
    widths = tuple(_whole("networkShape", width, 1, MAX_NEURONS) for width in _several("networkShape", widths))
    if len(widths) > MAX_LAYERS:
        raise Problem(f"networkShape names {len(widths)} hidden layers: it takes {MAX_LAYERS} at most.")
    return widths


def _features(names):
    names = [_choice("features", name, FEATURES) for name in _several("features", names)]
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
    text = value if isinstance(value, str) and value.isprintable() else repr(value)
    return text if len(text) <= 60 else text[:57] + "..."


def _written(value):
    """A value as the page writes it into its address."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, tuple):
        return ",".join(map(str, value))
    return np.format_float_positional(value, trim="-") if isinstance(value, float) else str(value)
