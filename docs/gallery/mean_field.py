"""
Does a model without a network predict training?
================================================

The mean-field model D4 has a single number fitted, to CCE at 40 % altered labels. On the left its final
memorization rates against the measured ones, on the right its paths over the measured curves.
"""

from importlib.resources import files

from lossmatters import read_records
from lossmatters.paper.figures import mean_field

records = read_records(files("lossmatters.paper") / "records" / "quick.jsonl")
figure = mean_field.draw(records)
