"""The live player in a notebook: one HTML output that carries the site's own script and asks for nothing else."""

import json
import uuid
from dataclasses import replace
from pathlib import Path

from IPython.display import HTML

ASSETS = Path(__file__).parents[1] / "report" / "site_assets"


def play(config, seed=None):
    """A player of one setting of the page, paused at epoch 0, as the output of a cell (IPython's HTML).

    config : Config.   seed : str, as in an address; default: the config's own. Raises Problem for a bad seed.
    Any browser that shows the notebook computes the digits of engine.train.
    """
    config = config if seed is None else replace(config, seed=seed)
    place = f"playground-{uuid.uuid4().hex}"
    style, script = ((ASSETS / f"playground.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    call = f'Playground.mount(document.getElementById("{place}"), {json.dumps(config.to_url())});'
    return HTML(f'<style>{style}</style><div id="{place}"></div><script>(() => {{\n{script}\n{call}\n}})();</script>')
