"""Sphinx' settings for the site."""

from pathlib import Path

project = html_title = "Neural networks, measured again"
author = copyright = ""
language = "en"
extensions = ["myst_nb", "sphinx.ext.mathjax"]
exclude_patterns = ["_static"]
suppress_warnings = ["mystnb.unknown_mime_type"]
numfig = False

nb_execution_mode = "off"
nb_render_markdown_format = "myst"
nb_merge_streams = True
nb_code_prompt_show = "Show the code"
nb_code_prompt_hide = "Hide the code"
nb_number_source_lines = False
myst_enable_extensions = ["dollarmath", "amsmath", "attrs_block", "colon_fence", "deflist"]
myst_heading_anchors = 3
mathjax_path = "mathjax.js"
mathjax3_config = {"options": {"enableMenu": False}, "svg": {"fontCache": "global"}}

html_theme = "sphinx_book_theme"
html_static_path = ["_static"]
html_context = {"default_mode": "auto"}
html_css_files = sorted(path.name for path in Path(__file__).parent.glob("_static/[!.]*.css"))
html_js_files = sorted(
    path.name for path in Path(__file__).parent.glob("_static/[!.]*.js") if path.name != mathjax_path
)
html_show_sphinx = html_show_copyright = html_copy_source = False
html_show_search_summary = False  # summaries are fetched page by page, which a browser forbids on file://
html_permalinks_icon = "#"
html_theme_options = {
    "use_download_button": False,
    "use_fullscreen_button": False,
    "show_toc_level": 2,
    "toc_title": "On this page",
    "navbar_persistent": [],
    "pygments_light_style": "a11y-high-contrast-light",
    "pygments_dark_style": "a11y-high-contrast-dark",
}
