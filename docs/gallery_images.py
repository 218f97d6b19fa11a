"""How sphinx-gallery gets at figures that pyplot does not know."""

from __future__ import annotations

from typing import Any

from matplotlib.figure import Figure
from sphinx_gallery.scrapers import figure_rst

DPI = 160


def scrape(block: Any, variables: dict[str, Any], settings: dict[str, Any]) -> str:
    """Save every figure that a block of an example has made, and return the text that shows them."""
    shown = variables["example_globals"].setdefault("_shown", [])
    paths = []
    for value in list(variables["example_globals"].values()):
        if isinstance(value, Figure) and not any(value is one for one in shown):
            shown.append(value)
            path = next(variables["image_path_iterator"])
            value.savefig(path, dpi=DPI)
            paths.append(path)
    return figure_rst(paths, settings["src_dir"])


class Order:
    """The place of an example in the gallery: what came out first, then what predicts it, then the losses.

    Parameters
    ----------
    folder : str
        That of the examples.
    """

    names = (
        "plane",
        "curves",
        "final",
        "alpha",
        "warm_starts",
        "regularisers",
        "pair_noise",
        "memorization_time",
        "mean_field",
        "loss_curves",
        "noise_tolerance",
    )

    def __init__(self, folder: str) -> None:
        self.folder = folder

    def __call__(self, name: str) -> int:
        return self.names.index(name.removesuffix(".py"))
