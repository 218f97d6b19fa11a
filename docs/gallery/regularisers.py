"""
What regularisers do
====================

CCE on a small convolutional network with each regulariser alone, and with all of them (E9). Here the
records hold several set-ups, and ``families`` sorts them.
"""

from importlib.resources import files

from lossmatters import read_records
from lossmatters.paper.figures import regularisers
from lossmatters.paper.setups import families

records = read_records(files("lossmatters.paper") / "records" / "cpu.jsonl")
(cnn,) = (group for name, group in families(records).items() if "cnn" in name)
figure = regularisers.draw(cnn)
