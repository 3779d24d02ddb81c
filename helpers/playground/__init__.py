"""The TensorFlow Playground, number for number: what the page shows for an address, for one seed or for hundreds."""

from helpers.playground.config import PAGE, Config, page_seeds, read_url
from helpers.playground.datasets import FEATURES, features, load_points, plane
from helpers.playground.engine import Network, Run, train
from helpers.playground.layers import LayerStatistics, layer_statistics

__all__ = [
    "FEATURES",
    "PAGE",
    "Config",
    "LayerStatistics",
    "Network",
    "Run",
    "features",
    "layer_statistics",
    "load_points",
    "page_seeds",
    "plane",
    "read_url",
    "train",
]
