"""`python -m helpers playground ADDRESS`: train what an address of the Playground describes, and print its losses."""

import io
import json
import sys
from pathlib import Path

import numpy as np

from helpers.core import store
from helpers.core.project import Problem
from helpers.playground.config import checked_count, page_seeds, read_url
from helpers.playground.datasets import plane
from helpers.playground.engine import train

QUANTILES = (0.0, 0.25, 0.5, 0.75, 1.0)
MAX_SEEDS, MAX_SURFACES = 10_000, 24
FORMATS = {"png": "Software", "svg": "Date", "pdf": "CreationDate"}  # what of their metadata changes from run to run


def add_arguments(parser):
    """Give an argparse parser this command's arguments. Values stay text: `run` checks them."""
    quoting = "a Playground address, or the part after its '#'; in single quotes, since a shell cuts it at '&'"
    parser.add_argument("address", help=quoting)
    parser.add_argument("--epochs", required=True, metavar="N", help="how many epochs to train")
    parser.add_argument("--at", metavar="0,1,10", help="epochs to record; default: 0, 1, 2, 5, 10, ... and the last")
    parser.add_argument("--seeds", default="1", metavar="K", help="train the address's seed and K - 1 more")
    parser.add_argument("--json", action="store_true", help="print one JSON object instead of a table")
    parser.add_argument("--png", metavar="FILE", help="draw the network, or the seeds' surfaces (.png, .svg, .pdf)")


def run(args):
    """Do what parsed arguments ask: train, then print a table or JSON, and draw. Raises Problem for a bad value."""
    config, notes = read_url(args.address)
    epochs = checked_count("--epochs", args.epochs)
    at = _usual_epochs(epochs) if args.at is None else [checked_count("--at", e, epochs) for e in args.at.split(",")]
    count = checked_count("--seeds", args.seeds, MAX_SEEDS, first=1)
    several = dict.fromkeys((config.seed, *page_seeds(count)))  # the address's own, then such as the page draws
    seeds = tuple(several)[:count]
    drawn = args.png is not None
    if drawn:
        _format(args.png)
        store.named_output(args.png)
    for note in notes:
        print(note, file=sys.stderr)

    drawn_alone = drawn and len(seeds) == 1  # whose loss curve needs every epoch
    trained = train(config, seeds, epochs, at=None if drawn_alone else at)
    kept = np.flatnonzero(np.isin(trained.epochs, at))
    if drawn:
        store.write_named(args.png, _picture(trained, _format(args.png)))
    print(_as_json(trained, kept) if args.json else _as_table(trained, kept))


def _format(path):
    """The kind of picture that a file's name says; PNG where it says none."""
    kind = Path(path).suffix.lower().removeprefix(".") or "png"
    if kind not in FORMATS:
        raise Problem(
            f"--png {path} is not drawn: a picture is written as {', '.join(FORMATS)}, by the end of its name."
        )
    return kind


def _usual_epochs(epochs):
    """0, 1, 2, 5, 10, 20, 50, ... and the last."""
    steps = [digit * 10**power for power in range(len(str(epochs))) for digit in (1, 2, 5)]
    return [0, *(step for step in steps if step < epochs), epochs]


def _as_json(trained, kept):
    """What --json prints: one seed's losses and parameters, or the quantiles of the losses over several seeds.

    "NaN", "Infinity" or "-Infinity" stand where a number has left the floats: JSON has no such numbers.
    """
    epochs, losses = trained.epochs[kept].tolist(), (trained.train_loss[:, kept], trained.test_loss[:, kept])
    config, seeds = trained.config.to_dict(), list(trained.seeds)
    if len(seeds) > 1:
        quantiles = [_quantile(loss, QUANTILES).T.tolist() for loss in losses]
        rows = [list(row) for row in zip(epochs, *quantiles, strict=True)]
        told = {"config": config, "seeds": seeds, "quantiles": list(QUANTILES), "losses": rows}
    else:
        rows = [list(row) for row in zip(epochs, *(loss[0].tolist() for loss in losses), strict=True)]
        parts = ("weights", "biases", "dead")
        final = {part: [layer[0].tolist() for layer in getattr(trained.final, part)] for part in parts}
        told = {"config": config, "losses": rows, **final}
    return json.dumps(json.loads(json.dumps(told), parse_constant=str))


def _quantile(losses, q):
    """Quantiles over seeds, along the first axis; also where losses are infinite."""
    with np.errstate(invalid="ignore"):
        low, middle, high = (np.quantile(losses, q, axis=0, method=how) for how in ("lower", "linear", "higher"))
    return np.where(low == high, low, middle)


def _as_table(trained, kept):
    """The recorded losses as lines of text; over several seeds the median, between quartiles."""
    one = len(trained.seeds) == 1
    head = "train       test" if one else "train: quarter, half, three quarters    test: quarter, half, three quarters"
    lines = [trained.config.to_url(), f"{'epoch':>7}   {head}"]
    for column in kept:
        groups = [loss[:, column] for loss in (trained.train_loss, trained.test_loss)]
        numbers = [group if one else _quantile(group, (0.25, 0.5, 0.75)) for group in groups]
        cells = ("   ".join(f"{number:.6f}" for number in group) for group in numbers)
        lines.append(f"{trained.epochs[column]:>7}   " + ("   " if one else "       ").join(cells))
    return "\n".join(lines)


def _picture(trained, kind):
    """The network, or the surfaces of the first seeds, as a file of that kind (bytes)."""
    from helpers.playground import charts

    if len(trained.seeds) > 1:
        shown = min(len(trained.seeds), MAX_SURFACES)
        points = [trained.points(index) for index in range(shown)]
        surfaces = [trained.final.activations(*plane(200), index)[-1][0] for index in range(shown)]
        titles = [f"{seed} · {loss:.3f}" for seed, loss in zip(trained.seeds, trained.test_loss[:, -1], strict=True)]
        train_points, test_points = zip(*points, strict=True)
        figure = charts.decision_surfaces(surfaces, titles[:shown], train_points, test_points)
    else:
        figure = charts.network_figure(**trained.one_network(density=200))
    picture = io.BytesIO()
    figure.savefig(picture, format=kind, dpi=150, metadata={FORMATS[kind]: None})
    return picture.getvalue()
