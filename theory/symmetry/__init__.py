"""Is the sum of a loss over all labels constant, over which range does it vary, how large is the loss?"""

from __future__ import annotations

from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.symmetry.loss_maximum import LossMaximum, loss_maximum
from lossmatters.theory.symmetry.split import Split, split, symmetrise
from lossmatters.theory.symmetry.sum_range import LabelSumRange
from lossmatters.theory.symmetry.symmetry_verdict import SymmetryVerdict
from lossmatters.theory.symmetry.witness import find_witness, witness_at
from lossmatters.theory.verdict import Witness

__all__ = [
    "LabelSumRange",
    "LossMaximum",
    "Split",
    "SymmetryVerdict",
    "Witness",
    "decide",
    "find_witness",
    "label_sum_range",
    "loss_maximum",
    "split",
    "symmetrise",
    "witness_at",
]
