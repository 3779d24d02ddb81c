"""Lines that tell a waiting person how far the work is."""

import os
from pathlib import Path

CHANNEL = "HELPERS_PROGRESS"  # names the file that `python -m helpers run` follows and prints


def report(line):
    """Show one line of progress: on the runner's terminal if one follows, else where print goes.

    A notebook's stored outputs thus hold no line that changes from run to run.
    """
    channel = os.environ.get(CHANNEL)
    if not channel:
        print(line, flush=True)
        return
    with Path(channel).open("a", encoding="utf-8") as file:
        file.write(line + "\n")
