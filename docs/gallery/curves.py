"""
Curves of a training
====================

Accuracy on the training labels as given (J1, solid) and on the clean ones (J2, dashed) after each epoch,
the share of altered labels by colour: means of five seeds with their intervals. Where J1 rises above J2,
altered labels are memorised.
"""

from importlib.resources import files

from lossmatters import read_records
from lossmatters.paper.figures import curves

records = read_records(files("lossmatters.paper") / "records" / "quick.jsonl")
figure = curves.draw(records)
