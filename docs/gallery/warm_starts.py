"""
Going on from another network
=============================

What one loss has memorised stays memorised under the next one: each row goes on where training with the
first loss ended (N4).
"""

from importlib.resources import files

from lossmatters import read_records
from lossmatters.paper.figures import warm_starts

records = read_records(files("lossmatters.paper") / "records" / "quick.jsonl")
figure = warm_starts.draw(records)
