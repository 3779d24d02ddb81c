"""How nbval compares: words and numbers, not pictures, log lines or HTML. A pytest plugin, named by `make notebooks`."""

import os

import pytest

from helpers.core import environment, project

environment.take_over()


def pytest_ignore_collect(collection_path):
    """Leave out the copies that editors and file managers make of chapters."""
    from helpers.report import notebooks

    return True if collection_path.suffix == ".ipynb" and not notebooks.NAME.fullmatch(collection_path.stem) else None


@pytest.hookimpl(wrapper=True)
def pytest_runtest_setup(item):
    """Start kernels as nbval needs them, before a notebook's first cell.

    Without PYTEST_CURRENT_TEST, since ipykernel stops capturing C-level output when it is set; and with nobody following
    lines of progress, which are no outputs.
    """
    if not hasattr(item, "cell"):
        return (yield)
    os.environ.pop("PYTEST_CURRENT_TEST", None)
    os.environ[project.PROGRESS_CHANNEL] = os.devnull
    try:
        return (yield)
    finally:
        del os.environ[project.PROGRESS_CHANNEL]


def pytest_collectstart(collector):
    """Leave out of the comparison what may differ though the results are the same."""
    if hasattr(collector, "skip_compare"):
        collector.skip_compare += ("stderr", "text/html", "application/json")


def pytest_collection_modifyitems(items):
    """Give slow cells time: nbval otherwise waits 5 s for the outputs of a cell that has ended."""
    for item in items:
        if hasattr(item, "output_timeout"):
            item.output_timeout = 60
