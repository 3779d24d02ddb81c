"""The chapters that train networks, on a sliver of the data: no unit test runs their own lines of training."""

import pytest

from tests.conftest import helpers_command

pytestmark = [pytest.mark.keras, pytest.mark.papermill]


@pytest.mark.parametrize("name", ["05_cnn", "04_mlp"])
def test_a_chapter_trains_on_a_sliver(name):
    done = helpers_command("run", "--profile", "smoke", name)
    assert done.returncode == 0, done.stderr
