"""How the documentation is built: one tree, two languages, every notebook executed.

Nothing is fetched while building, so there is no intersphinx: names of the standard library and of
attrs and pluggy are left unlinked on purpose, and every other missing name is an error.
"""

import importlib.metadata
import sys
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent / "_extensions"))

project = "Valor"
author = "The Valor developers"
copyright = f"2026, {author}"
release = version = importlib.metadata.version("valor-framework")

extensions = [
    "formula_pictures.directive",
    "myst_nb",
    "sphinx.ext.autodoc",
    "sphinx.ext.doctest",
    "sphinx.ext.napoleon",
]
exclude_patterns = ["_build", "**/.ipynb_checkpoints", "jupyter_execute"]
html_theme = "furo"
html_title = "Valor"
html_copy_source = False
html_static_path = ["_static"]
html_css_files = ["pictures.css"]

# Pages in Markdown; those with a kernel in their header are notebooks, executed at every build.
myst_enable_extensions = ["colon_fence", "deflist", "dollarmath"]
myst_heading_anchors = 3
nb_execution_mode = "force"
nb_execution_raise_on_error = True
nb_execution_timeout = 300
nb_execution_in_temp = True  # what a notebook writes does not end up among the sources
nb_merge_streams = True

# The reference comes from the docstrings.
autodoc_member_order = "bysource"
autodoc_typehints = "signature"
autodoc_default_options = {"members": True, "show-inheritance": True}
napoleon_google_docstring = True
napoleon_numpy_docstring = False
# Unlike napoleon's own section of that name, this one understands "first, second: description".
napoleon_custom_sections = [("Attributes", "params_style")]
# The examples in docstrings are run by pytest, each in its own module's names.
doctest_test_doctest_blocks = ""

nitpicky = True
nitpick_ignore_regex = [
    ("py:.*", r"(array|attr|attrs|collections|os|pathlib|pluggy|random|types|typing)\..*"),
    ("py:class", r"valor\.config\._tables\..*"),  # what a function hands through
    ("py:class", r"valor\.files\._reading\.S"),  # a type variable
    ("py:class", "array"),  # array.array, whose parameter only a quoted type hint can give
]


def _public_home(app, environment, node, content):
    """Resolve `valor._room.Name`, and a bare `Name` in a quoted type hint, to `valor.Name`."""
    target = node.get("reftarget", "")
    if node.get("refdomain") != "py":
        return None
    if target.startswith("valor._"):
        public = "valor." + target.split(".", 2)[2]
    elif "." not in target:
        public = f"valor.{target}"
    else:
        return None
    domain = environment.get_domain("py")
    return domain.resolve_xref(
        environment, node["refdoc"], app.builder, node["reftype"], public, node, content
    )


def setup(app):
    """Hook into Sphinx."""
    app.connect("missing-reference", _public_home)
