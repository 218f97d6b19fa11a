"""mpmath: floating point of any precision, the second opinion on every float64 and float32 value."""

from __future__ import annotations

from fractions import Fraction

import mpmath

from lossmatters.theory.backends.base import ObjectOps
from lossmatters.theory.backends.number import Plain


class MpmathOps(ObjectOps[mpmath.mpf]):
    """`digits` decimal digits, in a context of its own (mpmath's global precision is not touched)."""

    name = "mpmath"

    def __init__(self, digits: int = 50) -> None:
        ctx = mpmath.mp.clone()
        ctx.dps = digits
        self.digits = digits
        self.context = ctx

        def const(value: Plain | mpmath.mpf) -> mpmath.mpf:
            if isinstance(value, Fraction):
                return ctx.mpf(value.numerator) / value.denominator
            return ctx.mpf(value)

        def power(x: mpmath.mpf, p: mpmath.mpf) -> mpmath.mpf:
            return ctx.mpf(p == 0) if x == 0 and p >= 0 else ctx.power(x, p)

        super().__init__(
            const=const,
            log=lambda x: ctx.log(x) if x else -ctx.inf,
            exp=lambda x: ctx.exp(x),
            sqrt=lambda x: ctx.sqrt(x),
            abs=lambda x: abs(x),
            power=power,
            minimum=lambda x, y: min(x, y),
            maximum=lambda x, y: max(x, y),
            where=lambda condition, x, y: x if condition else y,
        )


OPS = MpmathOps()
