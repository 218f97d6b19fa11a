"""
Noise that is not uniform, and a figure of your own
===================================================

Each class is taken for the next one (E11). A figure of one panel is drawn into an axis of yours: here two
losses and two data sets side by side.
"""

from importlib.resources import files

from matplotlib.figure import Figure

from lossmatters import read_records
from lossmatters.paper.figures import curves

records = read_records(files("lossmatters.paper") / "records" / "pair.jsonl")
figure = Figure(figsize=(7, 5), layout="constrained")
panels = figure.subplots(2, 2, sharex=True, sharey=True)
for row, data in zip(panels, ("digits", "mnist"), strict=True):
    for axes, loss in zip(row, ("cce", "rll(alpha=1/10)"), strict=True):
        chosen = [r for r in records if r.loss == loss and r.dataset["name"].startswith(data)]
        curves.draw(chosen, ax=axes)
        axes.set_title(f"{loss}, {data}")
