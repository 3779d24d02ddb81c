"""The live player in a notebook, and in the site several networks side by side: HTML that asks for nothing else."""

import json
import uuid
from dataclasses import replace
from html import escape
from pathlib import Path

from IPython.display import HTML

from helpers.core.project import Problem

ASSETS = Path(__file__).parents[1] / "report" / "site_assets"


def play(config, seed=None):
    """A player of one setting of the page, paused at epoch 0, as the output of a cell (IPython's HTML).

    config : Config.   seed : str, as in an address; default: the config's own. Raises Problem for a bad seed.
    Any browser that shows the notebook computes the digits of engine.train.
    """
    config = config if seed is None else replace(config, seed=seed)
    place = f"playground-{uuid.uuid4().hex}"
    style, script = ((ASSETS / f"playground.{kind}").read_text(encoding="utf-8") for kind in ("css", "js"))
    call = f"""const place = document.getElementById("{place}");
Playground.mount(place, {json.dumps(config.to_url())});
// A key typed in a player is no command of JupyterLab's, which listens at the document. One listener does for all players.
window.playgroundKeys ??= (event) => event.target.closest?.(".playground") && event.stopPropagation();
window.addEventListener("keydown", window.playgroundKeys, true);"""
    return HTML(f'<style>{style}</style><div id="{place}"></div><script>(() => {{\n{script}\n{call}\n}})();</script>')


# --- outputs that the site's script fills, and that are one line of text elsewhere --------------------------------------


def strip(config, epochs):
    """What 200 seeds' networks answer after so many epochs, sorted by test loss; a click on one replays it (HTML)."""
    return _filled_in_site("strip", config, epochs, "200 seeds of this setting can be trained and replayed here")


def race(config, epochs):
    """relu, tanh and sigmoid from the config's seed, side by side for so many epochs (HTML)."""
    return _filled_in_site("race", config, epochs, "relu, tanh and sigmoid race here from one seed")


def penalty(config, epochs):
    """A player with a slider of the penalty's rate, which trains for so many epochs at each place (HTML).

    Raises Problem for a config without a penalty.
    """
    if config.regularization == "none":
        raise Problem("live.penalty needs a config with a penalty: regularization is none.")
    return _filled_in_site("penalty", config, epochs, "a slider sets the penalty's rate here, and links die")


def _filled_in_site(kind, config, epochs, words):
    """The element that playground.js looks for, with a line for wherever it does not run (the same at each call)."""
    address = config.to_url().partition("#")[2]
    marks = f'data-playground="#{escape(address)}" data-kind="{kind}" data-epochs="{int(epochs)}"'
    return HTML(f"<div {marks}><p><em>On the site of these chapters, {words}.</em></p></div>")
