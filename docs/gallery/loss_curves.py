"""
The losses and their label sums
===============================

No record is needed: values, gradients and label sums come from the formulas. A symmetric loss is flat at
the bottom.
"""

from lossmatters.paper.figures import loss_curves

figure = loss_curves.draw([])
