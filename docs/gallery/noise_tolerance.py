"""
How much noise a loss tolerates
===============================

The largest uniform noise rate up to which the vertex of a certain clean label minimises the noisy risk, for
the whole catalogue.
"""

from lossmatters.paper.figures import tolerance

figure = tolerance.draw([])
