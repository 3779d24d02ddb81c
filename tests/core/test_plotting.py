"""The pictures of a figure: light, the same on every run, and still what was drawn."""

import base64
import io
import re

import numpy as np
import pytest
from PIL import Image

from helpers.core import plotting

pytestmark = pytest.mark.usefixtures("house_style")


def surface():
    """A figure with an image of many colours, a line and words."""
    figure, axes = plotting.subplots(3)
    grid = np.linspace(-1, 1, 120)
    axes.imshow(np.sin(4 * np.add.outer(grid, grid**2)), cmap=plotting.SIGNED, interpolation="bilinear")
    axes.plot([0, 100], [20, 90], color=plotting.GREEN)
    axes.set_title("A surface")
    return figure


def test_a_png_has_few_colours_that_cannot_be_told_from_those_drawn():
    figure = surface()
    figure.dpi = 100
    drawn = np.asarray(plotting.as_picture(figure).convert("RGB")).astype(int)
    assert len(np.unique(drawn.reshape(-1, 3), axis=0)) > 256
    with Image.open(io.BytesIO(plotting.as_png(figure))) as png:
        assert png.mode == "P" and png.info["dpi"] == pytest.approx((100, 100), abs=0.1)
        shown = np.asarray(png.convert("RGB")).astype(int)
    assert np.abs(shown - drawn).max() <= 16 and np.abs(shown - drawn).mean() < 2


def test_pictures_are_the_same_each_time():
    assert plotting.as_png(surface()) == plotting.as_png(surface())
    assert plotting.as_svg(surface()) == plotting.as_svg(surface())


def test_pictures_inside_an_svg_are_light_too():
    (encoded,) = re.findall(rb"data:image/png;base64,([^\"]*)", plotting.as_svg(surface()))
    with Image.open(io.BytesIO(base64.b64decode(encoded))) as inside:
        assert inside.mode == "P"


def encoded(pixels):
    """A picture (array of bytes, height x width x RGBA) as a PNG in base64."""
    buffer = io.BytesIO()
    Image.fromarray(pixels.astype(np.uint8)).save(buffer, format="png")
    return base64.b64encode(buffer.getvalue())


def test_pixels_that_are_not_drawn_stay_so_and_a_shared_opacity_is_kept():
    colours = np.random.default_rng(1).integers(0, 255, (60, 60, 3))
    alpha = np.where(np.add.outer(np.arange(60), np.arange(60)) > 30, 150, 0)
    before = encoded(np.dstack([colours, alpha]))
    after = plotting._lightened(before)
    assert len(after) < len(before)
    with Image.open(io.BytesIO(base64.b64decode(after))) as light:
        shown = np.asarray(light.convert("RGBA")).astype(int)
    assert (shown[..., 3] == alpha).all()
    assert np.abs(shown[..., :3] - colours)[alpha > 0].mean() < 20


def test_a_picture_of_several_opacities_stays_as_it_is():
    soft = encoded(np.dstack([np.full((40, 40, 3), 200), np.add.outer(np.arange(40), np.arange(40))]))
    assert plotting._lightened(soft) == soft
