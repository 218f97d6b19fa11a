"""How the site is built: `make docs` writes it to build/site, without the network."""

from __future__ import annotations

import inspect
from importlib.resources import files
from pathlib import Path
from typing import Any

import lossmatters
from lossmatters.paper.figures.declaration import MissingData

GENERATED = Path(__file__).parent / "generated"  # not committed
KEPT = Path(str(files("lossmatters.paper"))) / "records"

SECTIONS = ("Parameters", "Attributes", "Raises", "Returns")

project = "lossmatters"
author = "The lossmatters developers"
version = release = getattr(lossmatters, "__version__", "")
extensions = [
    "myst_parser",
    "sphinx.ext.autodoc",
    "sphinx.ext.napoleon",
    "sphinx.ext.mathjax",
    "sphinx.ext.viewcode",
]
source_suffix = {".md": "markdown", ".rst": "restructuredtext"}
exclude_patterns = ["_build"]
myst_enable_extensions = ["dollarmath", "deflist"]
myst_heading_anchors = 3
# The pages are read in the repository too, where links lead to folders and to the README.
# Names in a list of attributes are taken for references, to whatever else bears that name (ref.python).
suppress_warnings = ["myst.xref_missing", "myst.header", "ref.python"]
html_theme = "furo"
html_title = "lossmatters"
copyright = "the lossmatters developers"
html_static_path: list[str] = []
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


def gallery() -> str:
    """Draw each figure from the records that are kept, and return the page with the code that makes it."""
    from lossmatters.paper.figures.formats import render
    from lossmatters.paper.figures.write import FIGURES

    records = [r for r in lossmatters.read_records(KEPT) if r.experiment == "quick"]
    lines = [
        "# Gallery",
        "",
        "Each figure is drawn by one function, from records.",
        "",
    ]
    for spec in FIGURES:
        try:
            figure = spec.draw(records)
        except MissingData:
            continue
        (GENERATED / f"{spec.name}.svg").write_bytes(render(figure, "svg"))
        module = type(spec).__module__ if not inspect.isfunction(spec.draw) else spec.draw.__module__
        lines += [f"## {spec.title}", "", f"![{spec.alt}]({spec.name}.svg)", "", "```python"]
        lines += ["from lossmatters import read_records", f"from {module} import SPEC", ""]
        lines += ['records = [r for r in read_records("paper/records") if r.experiment == "quick"]']
        lines += [f'SPEC.draw(records).savefig("{spec.name}.pdf")', "```", ""]
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


def setup(app: Any) -> None:
    """Write the pages that are made from code before the pages are read."""
    app.connect("autodoc-process-docstring", process, priority=100)
    GENERATED.mkdir(exist_ok=True)
    (GENERATED / "reference.md").write_text(reference(), encoding="utf-8")
    (GENERATED / "gallery.md").write_text(gallery(), encoding="utf-8")
