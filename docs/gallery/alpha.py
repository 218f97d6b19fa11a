"""
The parameter of RLL, and all losses side by side
=================================================

On the left RLL against its alpha, on the right all losses of the catalogue that the profile trains, at 40 %
altered labels.
"""

from importlib.resources import files

from lossmatters import read_records
from lossmatters.paper.figures import alpha

records = read_records(files("lossmatters.paper") / "records" / "quick.jsonl")
figure = alpha.draw(records)
