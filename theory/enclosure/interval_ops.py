"""The operations of a formula on intervals: what runs a loss on whole boxes of outputs at once."""

from __future__ import annotations

from collections.abc import Sequence
from fractions import Fraction
from typing import Any

import numpy as np

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.backends.number import Exact, Nested, Plain
from lossmatters.theory.enclosure.elementary import exp, log, maximum, minimum, where
from lossmatters.theory.enclosure.interval import Interval, interval


class IntervalOps(Ops[Interval]):
    """Intervals in, intervals out; an open comparison makes `where` the hull of both cases."""

    name = "intervals"

    def const(self, value: Interval | Exact) -> Interval:
        return interval(value)

    def array(self, rows: Nested) -> Interval:
        return interval(np.array(rows, dtype=object))

    def log(self, x: Interval | Plain) -> Interval:
        return log(x)

    def exp(self, x: Interval | Plain) -> Interval:
        return exp(x)

    def sqrt(self, x: Interval | Plain) -> Interval:
        return interval(x) ** Fraction(1, 2)

    def abs(self, x: Interval | Plain) -> Interval:
        return abs(interval(x))

    def power(self, x: Interval | Plain, p: Interval | Plain) -> Interval:
        return interval(x) ** p

    def minimum(self, x: Interval | Plain, y: Interval | Plain) -> Interval:
        return minimum(x, y)

    def maximum(self, x: Interval | Plain, y: Interval | Plain) -> Interval:
        return maximum(x, y)

    def where(self, condition: Any, x: Interval | Plain, y: Interval | Plain) -> Interval:
        return where(condition, x, y)

    def sum(self, x: Interval) -> Interval:
        total = interval(0)
        for i in range(x.shape[-1]):
            total = total + x[..., i]
        return total

    def max(self, x: Interval) -> Interval:
        return Interval(x.lo.max(axis=-1, keepdims=True), x.hi.max(axis=-1, keepdims=True))

    def onehot(self, like: Interval, j: int) -> Interval:
        rows = np.zeros(like.shape)
        rows[..., j] = 1
        return Interval(rows, rows)

    def stack(self, columns: Sequence[Interval | Plain]) -> Interval:
        sides = [interval(c) for c in columns]
        return Interval(np.stack([c.lo for c in sides], -1), np.stack([c.hi for c in sides], -1))


OPS = IntervalOps()
