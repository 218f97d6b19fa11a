"""The gradient flow of losses of u_y alone: one path for all of them, and how long each takes along it.

For L = f(u_y) the logit gradient is w(u_y) (u - e_y), w(t) = -t f'(t) (D3): the direction is that of CCE, for
which w = 1. Along it exp(-z_i) grows at the rate 1/Z for every class but the label, Z = sum exp z, so
differences of exp(-z_i) are conserved, and so is sum z. With p = exp(-z_other), from 1 on, and
A = exp(-z_clean) - p:

    exp z_label = B (p + A) p^(K-2),  Z = exp z_label + 1/(p + A) + (K - 2)/p,  dt = Z/w(u_label) dp.

For CCE the integral of Z is B (p^K/K + A p^(K-1)/(K-1)) + log(p + A) + (K - 2) log p.
"""

from __future__ import annotations

import math

import mpmath
import sympy

from lossmatters.theory.dynamics.logit_gradients import LABEL, label_factor
from lossmatters.theory.losses import CCE, SeparableLoss

DIGITS = 25  # the sums below cancel a few digits for starts near a vertex; 16 are kept


def time_on_path(
    loss: SeparableLoss, num_classes: int, start: tuple[float, float, float]
) -> tuple[float, float]:
    """Return when the label holds one half, from (label, clean, other) at time 0, and an error estimate.

    Infinite where w vanishes at the start.

    Raises
    ------
    TypeError : the loss depends on more than u_y, or has no derivative that SymPy can write.
    ZeroDivisionError : w vanishes on the way.
    """
    k, factor = num_classes, label_factor(loss, num_classes)
    if factor is None or factor.has(sympy.Derivative, sympy.Subs):
        raise TypeError(f"loss must be a smooth function of u_y alone, got loss={loss.spec!r}")
    speed = sympy.lambdify(LABEL, factor, "mpmath")
    with mpmath.workdps(DIGITS):
        label, clean, other = (mpmath.mpf(x) for x in start)
        if k == 2:
            other = clean  # there is none: with A = 0 it moves as the clean class does
        shift = other / clean - 1
        scale = label * clean / other**2

        def ahead(p: mpmath.mpf) -> mpmath.mpf:
            return scale * (p + shift) * p ** (k - 2)

        def total(p: mpmath.mpf) -> mpmath.mpf:
            return ahead(p) + 1 / (p + shift) + (k - 2) / p

        def lead(x: mpmath.mpf) -> mpmath.mpf:
            """Log of the label's odds, at p = exp x: it rises with x."""
            p = mpmath.exp(x)
            return mpmath.log(ahead(p)) - mpmath.log(1 / (p + shift) + (k - 2) / p)

        high = mpmath.mpf(1)
        while lead(high) < 0:
            high *= 2
        end = mpmath.findroot(lead, (0, high), solver="anderson")
        if isinstance(loss, CCE):
            p = mpmath.exp(end)
            value = scale * ((p**k - 1) / k + shift * (p ** (k - 1) - 1) / (k - 1))
            value += mpmath.log((p + shift) / (1 + shift)) + (k - 2) * mpmath.log(p)
            return float(value), 0.0
        if speed(label) == 0:
            return math.inf, 0.0

        def slowness(x: mpmath.mpf) -> mpmath.mpf:
            p = mpmath.exp(x)
            z = total(p)
            return p * z / speed(ahead(p) / z)

        value, error = mpmath.quad(slowness, mpmath.linspace(0, end, 9), error=True)
        return float(value), float(error)
