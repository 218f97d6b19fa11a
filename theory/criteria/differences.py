"""When differences between the other classes' probabilities may be those of rounded numbers.

The gradient of a loss that is no function of u_y alone holds differences of the others' probabilities.
Where u_y is small and the others' mass lies on classes of nearly one logit, these are all that is left of
it, and the difference of two rounded numbers has few digits. expm1 has them all, at several times the cost.
"""

from __future__ import annotations

# A difference of rounded numbers is off by 6e-8 of q_d: 6e-7 of this.
NEAR_TIE = 0.1
SOLE = 2 / 3  # a class of such a share is near no tie

# Gaps below it take the series of expm1, whose next term is its fifth power over 720 of the first: 1.4e-8.
# Above it, the rounding of the exponential is 6e-8 over it of its difference to 1.
SERIES_BELOW, SERIES_TERMS = 0.1, 5
