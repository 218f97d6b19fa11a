"""How the site is built: `make docs` writes it to build/site, without the network."""

from __future__ import annotations

import inspect
import sys
from pathlib import Path
from typing import Any

from docutils.nodes import SkipNode

import lossmatters
from lossmatters.paper.mathml import mathml

GENERATED = Path(__file__).parent / "generated"  # not committed
sys.path.insert(0, str(Path(__file__).parent))  # gallery_images

SECTIONS = ("Parameters", "Attributes", "Raises", "Returns")

project = "lossmatters"
author = "The lossmatters developers"
version = release = getattr(lossmatters, "__version__", "")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.viewcode",
    "sphinx_gallery.gen_gallery",
]
sphinx_gallery_conf = {
    "examples_dirs": "gallery",
    "gallery_dirs": "generated/gallery",
    "filename_pattern": r"\.py$",
    "within_subsection_order": "gallery_images.Order",
    "notebook_extensions": set(),
    "image_scrapers": ("gallery_images.scrape",),
    "abort_on_example_error": True,
    "download_all_examples": False,
    "show_signature": False,
    "show_memory": False,
    "min_reported_time": 600,
    "write_computation_times": False,
    "thumbnail_size": (400, 280),
}
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build", "gallery"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
# The pages are read in the repository too, where links lead to folders and to the README.
# Names in a list of attributes are taken for references, to whatever else bears that name (ref.python).
suppress_warnings = ["myst.xref_missing", "myst.header", "ref.python"]
html_theme = "furo"
html_math_renderer = "mathml"  # no script from elsewhere: the pages are whole without the network
html_title = "lossmatters"
copyright = "the lossmatters developers"
html_static_path = ["static"]
html_css_files = ["site.css"]
autodoc_typehints = "none"
autodoc_member_order = "bysource"
napoleon_google_docstring = False
napoleon_use_ivar = True
napoleon_use_param = False
napoleon_use_rtype = False
default_role = "code"


def reference() -> str:
    """Return the page of the public names: those of the front door, by the module that they come from."""
    names = [n for n in lossmatters.__all__ if callable(getattr(lossmatters, n))]
    lines = ["# Reference", "", "Everything here is imported from `lossmatters` itself.", ""]
    for name in sorted(names, key=str.lower):
        kind = "class" if inspect.isclass(getattr(lossmatters, name)) else "function"
        lines += [f"## {name}", "", "```{eval-rst}", f".. auto{kind}:: lossmatters.{name}"]
        lines += ["   :members:", "```", ""] if kind == "class" else ["```", ""]
    return "\n".join(lines)


def sections(lines: list[str]) -> list[str]:
    """Return a docstring's lines with ``name : text`` in its sections split in two, as numpydoc wants them.

    An example that follows a section without a heading gets one: it would be read as part of the section.
    """
    found: list[str] = []
    section = False
    for i, line in enumerate(lines):
        if line in SECTIONS and i + 1 < len(lines) and set(lines[i + 1]) == {"-"}:
            section = True
        elif line.startswith(">>>") and section:
            found += ["Examples", "--------"]
            section = False
        name, colon, text = line.partition(" : ")
        if section and colon and not line.startswith(" "):
            found += [name, f"    {text}"]
        else:
            found.append(line)
    return found


def process(app: object, what: str, name: str, obj: object, options: object, lines: list[str]) -> None:
    """Rewrite a docstring before it is parsed."""
    lines[:] = sections(lines)


def inline_math(writer: Any, node: Any) -> None:
    """Write a formula of a line as MathML."""
    writer.body.append(mathml(node.astext()))
    raise SkipNode


def display_math(writer: Any, node: Any) -> None:
    """Write a formula of its own as MathML."""
    formula = mathml(node.astext()).replace("<math", '<math display="block"', 1)
    writer.body.append(f'<div class="math">{formula}</div>')
    raise SkipNode


def setup(app: Any) -> None:
    """Write the pages that are made from code before the pages are read."""
    app.add_html_math_renderer("mathml", (inline_math, None), (display_math, None))
    app.connect("autodoc-process-docstring", process, priority=100)
    GENERATED.mkdir(exist_ok=True)
    (GENERATED / "reference.md").write_text(reference(), encoding="utf-8")
