"""Profiles and seeds: what a run does, and where its chance comes from."""

import hashlib
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path

from helpers import paths
from helpers.errors import Problem


@dataclass(frozen=True)
class Profile:
    """How much a run does and where it writes.

    name     : "report" loads the trained networks and computes everything else afresh; "train" trains every network
               from scratch; "smoke" trains on a sliver of the data, to execute every line, and stores nothing that counts.
    trains   : whether networks are trained instead of loaded.
    sliver   : whether only a sliver of the data is used.
    models, results, figures, training : the folders that the run writes to.
    """

    name: str
    trains: bool
    sliver: bool
    models: Path
    results: Path
    figures: Path
    training: Path


def _profile(name, trains, sliver, base, figures):
    return Profile(name, trains, sliver, base / "models", base / "results", figures, base / "training")


PROFILES = {
    "report": _profile("report", False, False, paths.OUTPUTS, paths.FIGURES),
    "train": _profile("train", True, False, paths.OUTPUTS, paths.FIGURES),
    "smoke": _profile("smoke", True, True, paths.SMOKE, paths.SMOKE / "figures"),
}


def profile_named(name):
    """The Profile called `name`. Raises Problem, with the nearest name, if there is none."""
    if name in PROFILES:
        return PROFILES[name]
    near = get_close_matches(str(name), PROFILES, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else "."
    raise Problem(f"There is no profile {name!r}: PROFILE is one of {', '.join(PROFILES)}{hint}")


def seed_for(name, seed):
    """A seed of its own for one random thing: the first 31 bits of SHA-256("seed/name"), as an int.

    Naming the seeds keeps experiments apart: adding one never moves the numbers of another.

    name : str, such as "mlp/sgd/3".   seed : int, the run's one seed (the notebook's SEED).
    """
    digest = hashlib.sha256(f"{seed}/{name}".encode()).digest()
    return int.from_bytes(digest[:4], "big") >> 1
