"""
Training as a path in the (J1, J2) plane
========================================

Every run starts at the resisters' side, and the loss decides where it ends. Shaded is what is reachable at
all with this share of altered labels (M1).
"""

from importlib.resources import files

from lossmatters import read_records
from lossmatters.paper.figures import plane

records = read_records(files("lossmatters.paper") / "records" / "quick.jsonl")
figure = plane.draw(records)
