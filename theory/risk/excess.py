"""What noise can cost at most (R3)."""

from __future__ import annotations

from fractions import Fraction

import sympy

from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.exact import Number, check_rate, fail
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.noise import threshold
from lossmatters.theory.symbolic.algebra import K, is_zero, tidy
from lossmatters.theory.symmetry.label_sum_range import label_sum_range


def excess_risk_bound(loss: Loss, num_classes: int | None, noise_rate: Number | sympy.Expr) -> sympy.Expr:
    """Return R3's bound of the clean risk that minimising noisy risk can cost, eta (C_U - C_L)/(K - 1 - eta
    K).

    0 for a symmetric loss, infinite where S is unbounded. `noise_rate` is a number below the threshold
    (K - 1)/K, or a SymPy symbol.

    Raises
    ------
    ValueError : a rate outside [0, 1], or at or beyond the threshold, where nothing is bounded.

    >>> from lossmatters.theory.losses import MSE
    >>> excess_risk_bound(MSE(), 10, 0.4)
    18/25
    """
    span = label_sum_range(loss, num_classes)
    number = K if num_classes is None else sympy.Integer(num_classes)
    if isinstance(noise_rate, sympy.Basic):
        eta = noise_rate
    else:
        rate: Fraction = check_rate(noise_rate)
        if num_classes is not None and rate >= threshold(num_classes):
            fail("eta", f"below the threshold {threshold(num_classes)}", noise_rate)
        eta = OPS.const(rate)
    if is_zero(span.high - span.low):
        return sympy.Integer(0)
    if eta == 0:
        return sympy.Integer(0)
    if not span.high_is_finite:
        return sympy.oo
    return tidy(eta * (span.high - span.low) / (number - 1 - eta * number))
