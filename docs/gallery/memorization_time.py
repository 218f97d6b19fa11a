"""
Does the memorization time predict training?
============================================

A number that no network enters (D2), against what training came to: a point for each loss and noise rate. A
rank correlation is given where there are eight families of losses or more.
"""

from importlib.resources import files

from lossmatters import read_records
from lossmatters.paper.figures import memorization_time

records = read_records(files("lossmatters.paper") / "records" / "quick.jsonl")
figure = memorization_time.draw(records)
