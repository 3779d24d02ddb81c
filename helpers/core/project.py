"""What every part stands on: where things live, profiles, named seeds, lines of progress, and the one exception for users."""

import hashlib
import os
from dataclasses import dataclass
from difflib import get_close_matches
from pathlib import Path


class Problem(Exception):
    """Something the user can mend: one sentence that says what is wrong, where, and what to do.

    The commands print the sentence alone and leave with a non-zero status; a notebook shows it as its last line.
    Anything else that is raised is a mistake of ours and keeps its traceback.
    """


# --- places: every path is absolute, so it holds whatever folder a kernel was started in -----------------------------

ROOT = Path(__file__).resolve().parents[2]

NOTEBOOKS = ROOT / "notebooks"
OUTPUTS = ROOT / "outputs"

PLACE_VARIABLE = "HELPERS_PLACE"  # names the folder of a run with parameters of its own, which is not the report
_PLACE = os.environ.get(PLACE_VARIABLE)
PLACE = Path(_PLACE) if _PLACE else OUTPUTS

FIGURES = (PLACE if _PLACE else ROOT) / "figures"  # written only by Page.publish and Page.publish_animation
MODELS = PLACE / "models"  # trained networks with their cards; committed
RESULTS = PLACE / "results"  # every number that a sentence uses; committed
TRAINING = PLACE / "training"  # checkpoints of unfinished training runs; ignored by git, as is all below

CACHE = OUTPUTS / "cache"  # the four data files, verified, and what our processes would put into the user's home
EXECUTED = OUTPUTS / "executed"  # notebooks as papermill left them
RUNS = OUTPUTS / "runs"  # a folder for each set of parameters other than the notebooks' own
SMOKE = OUTPUTS / "smoke"  # all that the smoke profile writes
SITE = OUTPUTS / "site"
RUN_RECORD = OUTPUTS / "run.json"


def shown(path):
    """The path as a person would type it in the project's folder: relative to ROOT where it lies below it (str)."""
    path = Path(path)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)


def typed(path):
    """The Path that a user means by what was typed: `~` is the home folder, and relative is from the working folder."""
    try:
        return Path(path).expanduser()
    except RuntimeError:  # there is no such home
        return Path(path)


# --- profiles and seeds ----------------------------------------------------------------------------------------------


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
    "report": _profile("report", False, False, PLACE, FIGURES),
    "train": _profile("train", True, False, PLACE, FIGURES),
    "smoke": _profile("smoke", True, True, SMOKE, SMOKE / "figures"),
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


# --- progress --------------------------------------------------------------------------------------------------------

PROGRESS_CHANNEL = "HELPERS_PROGRESS"  # names the file that `python -m helpers run` follows and prints


def report_progress(line):
    """Show one line of progress: on the runner's terminal if one follows, else where print goes.

    A notebook's stored outputs thus hold no line that changes from run to run.
    """
    channel = os.environ.get(PROGRESS_CHANNEL)
    if not channel:
        print(line, flush=True)
        return
    with Path(channel).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
