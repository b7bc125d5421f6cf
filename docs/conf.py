"""The documentation site: `make docs`, or `python -m sphinx docs build/docs`."""

import os
import re
import sys
from pathlib import Path
from typing import Any

DOCS = Path(__file__).resolve().parent
ROOT = DOCS.parent
# Pages that compute run in kernels, which find the package and the helpers of the pages here.
PATHS = [str(ROOT), str(DOCS / "tools")]
sys.path[:0] = PATHS
os.environ["PYTHONPATH"] = os.pathsep.join([*PATHS, os.environ.get("PYTHONPATH", "")]).rstrip(":")
# Off a terminal, a frozen standard library makes the debugger of the kernel warn of itself.
os.environ["PYDEVD_DISABLE_FILE_VALIDATION"] = "1"
# Kernels have a configuration of their own, so that pages do not depend on the user's, and print no
# warning about the transport of their messages.
os.environ["IPYTHONDIR"] = str(ROOT / "build" / "docs-cache" / "ipython")
PROFILE = Path(os.environ["IPYTHONDIR"]) / "profile_default"
PROFILE.mkdir(parents=True, exist_ok=True)
(PROFILE / "ipython_kernel_config.py").write_text("get_config().IPKernelApp.log_level = 40\n")

# These need the paths and the environment above.
import generate  # noqa: E402
from pages import CACHE  # noqa: E402
from pygments.lexers.special import TextLexer  # noqa: E402
from sphinx.application import Sphinx  # noqa: E402

import lossmodel  # noqa: E402

project = "lossmodel"
author = "The lossmodel developers"
copyright = author
version = release = lossmodel.__version__

extensions = ["sphinx.ext.autodoc", "sphinx.ext.autosummary", "numpydoc", "myst_nb"]
exclude_patterns = ["tools", "**.ipynb_checkpoints", "generated/parts/*"]
nitpicky = True
# Types of other packages have no page here, and this site builds without the network.
nitpick_ignore_regex = [
    (
        "py:.*",
        r"(pd|pandas|np|numpy|xr|xarray|az|arviz|pm|pymc|matplotlib|pathlib|collections)\..*",
    ),
    ("py:.*", r"(Path|Axes|Ints|Floats|Mapping|Sequence|Iterable|Iterator|Any|Final|Literal.*)"),
    # Signatures name types of the package that are not public; the text says what they are.
    ("py:class", r"(?!(Fit|Claims|Conflict|Priors|LossModel|ClaimsError)$).*"),
    ("py:obj", r"lossmodel\..*"),
]
# `format/` and `findings.md` are made from the tables of the package and may be missing here.
suppress_warnings = ["toc.empty_glob"]

# Pages that compute run once for each state of the package and of its data.
nb_execution_mode = "cache"
nb_execution_cache_path = str(CACHE / "pages")
# Notebooks are kept with their outputs, see `make notebooks`; some need an hour or the network.
nb_execution_excludepatterns = ["generated/notebooks/*"]
nb_execution_timeout = 600
nb_execution_raise_on_error = True
nb_execution_show_tb = True
nb_merge_streams = True
nb_execution_in_temp = True
nb_render_markdown_format = "gfm"
myst_enable_extensions = ["colon_fence", "deflist"]
myst_heading_anchors = 3

autodoc_typehints = "none"
# The table of names is made, so Sphinx cannot find it by itself: see `setup`.
autosummary_generate = False
templates_path = ["_templates"]
numpydoc_show_class_members = False
numpydoc_xref_param_type = False
numpydoc_validation_checks: set[str] = set()

html_theme = "pydata_sphinx_theme"
html_title = "lossmodel"
html_static_path = ["_static"]
html_css_files = ["site.css"]
html_copy_source = False
html_show_sourcelink = False
html_sidebars = {"index": [], "start": []}
html_theme_options = {
    "header_links_before_dropdown": 6,
    "navbar_align": "left",
    "navigation_with_keys": False,
    "secondary_sidebar_items": ["page-toc"],
    "show_prev_next": True,
    "footer_start": ["copyright"],
    "footer_end": ["sphinx-version"],
}


def skip_old(app: Sphinx, what: str, name: str, found: Any, skip: bool, options: Any) -> bool:
    """Leave out names that are kept for one version and warn."""
    maker = getattr(getattr(found, "fget", found), "__module__", "")
    return skip or maker == "lossmodel.deprecation"


def hide_making(
    app: Sphinx, what: str, name: str, found: Any, options: Any, signature: str, returned: str
) -> tuple[str, str] | None:
    """Show no arguments of a class that says by which functions it is made."""
    return ("", "") if what == "class" and "Made by ``" in (found.__doc__ or "") else None


def name_blocks(app: Sphinx, docname: str, source: list[str]) -> None:
    """Give blocks of code that name their file (```csv claims.csv) that name as a caption."""
    block = r"(?m)^```(\w+) ([\w.]+\.\w+)$"
    source[0] = re.sub(block, r"```{code-block} \1\n:caption: \2\n", source[0])


def setup(app: Sphinx) -> None:
    """Write the pages that are made from the package before Sphinx looks for pages."""
    made = DOCS / "generated"
    generate.write_all(made)
    generate.remove_others(CACHE)
    app.connect("builder-inited", lambda app: generate.write_stubs(made, app))
    app.connect("source-read", name_blocks)
    app.connect("autodoc-skip-member", skip_old)
    app.connect("autodoc-process-signature", hide_making)
    app.add_lexer("csv", TextLexer)
