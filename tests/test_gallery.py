"""Every figure has a page in the gallery, with the code that makes it, and that code runs."""

from __future__ import annotations

import importlib.util
import re
import runpy
from pathlib import Path

import pytest
from matplotlib.figure import Figure

from lossmatters.paper.figures.write import FIGURES

FOLDER = Path(__file__).parents[1] / "docs" / "gallery"
EXAMPLES = sorted(path.stem for path in FOLDER.glob("*.py"))


def test_every_figure_has_an_example() -> None:
    used = set()
    for name in EXAMPLES:
        used |= set(
            re.findall(r"from lossmatters\.paper\.figures import (\w+)", (FOLDER / f"{name}.py").read_text())
        )
    assert used == {spec.draw.__module__.rpartition(".")[2] for spec in FIGURES}


def test_the_order_names_every_example() -> None:
    pytest.importorskip("sphinx_gallery")
    spec = importlib.util.spec_from_file_location("gallery_images", FOLDER.parent / "gallery_images.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    assert sorted(module.Order.names) == EXAMPLES
    with pytest.raises(ValueError, match="not in tuple"):
        module.Order("")("nonesuch.py")


@pytest.mark.slow
@pytest.mark.parametrize("name", EXAMPLES)
def test_the_code_of_an_example_draws_a_figure(name: str) -> None:
    found = runpy.run_path(str(FOLDER / f"{name}.py"))
    assert isinstance(found["figure"], Figure)
    assert found["figure"].axes
