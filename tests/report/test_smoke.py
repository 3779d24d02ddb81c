"""Chapter 05 on a sliver of the data: `make test` runs one chapter's training from its first line to its last.

What chapter 04 trains with (runs, leakage, tuning) is trained by tests of its own; `make test-all` tries every chapter.
"""

import pytest

from tests.conftest import helpers_command

pytestmark = [pytest.mark.keras, pytest.mark.papermill]


def test_a_chapter_trains_on_a_sliver():
    done = helpers_command("run", "--profile", "smoke", "05_cnn")
    assert done.returncode == 0, done.stderr
