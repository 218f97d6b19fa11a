"""
Where training ends
===================

Each loss after the last epoch, at each noise rate. A low J1 alone is no merit: the smallest recall of a
class tells those that resist from those that did not learn.
"""

from importlib.resources import files

from lossmatters import read_records
from lossmatters.paper.figures import final

records = read_records(files("lossmatters.paper") / "records" / "quick.jsonl")
figure = final.draw(records)
