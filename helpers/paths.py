"""Where things live. Every path is absolute, so it holds whatever folder a kernel was started in."""

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent

NOTEBOOKS = ROOT / "notebooks"
FIGURES = ROOT / "figures"  # written only by Page.publish and Page.publish_animation
OUTPUTS = ROOT / "outputs"

MODELS = OUTPUTS / "models"  # trained networks with their cards; committed
RESULTS = OUTPUTS / "results"  # every number that a sentence uses; committed

CACHE = OUTPUTS / "cache"  # the four data files, verified; ignored by git, as is all below
EXECUTED = OUTPUTS / "executed"  # notebooks as papermill left them
SMOKE = OUTPUTS / "smoke"  # all that the smoke profile writes
TRAINING = OUTPUTS / "training"  # checkpoints of unfinished training runs
SITE = OUTPUTS / "site"
RUN_RECORD = OUTPUTS / "run.json"


def shown(path):
    """The path as a person would type it in the project's folder: relative to ROOT where it lies below it (str)."""
    path = Path(path)
    return str(path.relative_to(ROOT)) if path.is_relative_to(ROOT) else str(path)
