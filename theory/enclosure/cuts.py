"""Which values of the label's probability and of the aggregates go together."""

from __future__ import annotations

import numpy as np
import sympy

from lossmatters.theory.enclosure.curve import Curve, curve
from lossmatters.theory.enclosure.evaluate import evaluate
from lossmatters.theory.enclosure.interval import Interval
from lossmatters.theory.enclosure.settle import T, X
from lossmatters.theory.enclosure.structure import Trace


class Cuts:
    """Which (x, A) go together: for A = psi(x) + sum of psi over the K - 1 others, whose sum is 1 - x.

    For every slope s, psi(t) >= s t + m(s) makes A >= psi(x) + s (1 - x) + (K - 1) m(s); and from above.
    """

    def __init__(self, found: Trace, k: int) -> None:
        self.lines: list[tuple[sympy.Symbol, Curve, int, np.ndarray, np.ndarray]] = []
        self.k = k
        # The best slope is that of psi where the others are: even, at most 1/(K - 1), or on few classes.
        places = np.unique(np.concatenate([np.linspace(0, 1 / (k - 1), 25), np.linspace(0, 1, 9)]))
        places = np.clip(places, 1e-12, 1 - 1e-12)
        for a in found.aggregates:
            if a.kind != "sum" or a.psi.free_symbols & found.symbols:
                continue
            for sign in (1, -1):
                c = curve(sign * a.psi)
                slopes = c.slope(places)
                chosen = np.unique(slopes[np.isfinite(slopes)])
                least = np.array([min(c.least_above(p, s) for p in c.pieces) for s in chosen])
                self.lines.append((a.symbol, c, sign, chosen, least))

    def feasible(self, box: dict[sympy.Symbol, Interval]) -> np.ndarray:
        """Return False for boxes (of x and aggregates) that certainly hold no output."""
        x = box[X]
        keep = np.ones(x.shape, dtype=bool)
        rest = (1 - x)[:, None]
        for symbol, c, sign, slopes, least in self.lines:
            if symbol not in box:
                continue
            a = box[symbol] if sign == 1 else -box[symbol]
            own = evaluate(c.expression, {T: x})[:, None]
            lines = rest * Interval(slopes, slopes) + Interval(least, least) * (self.k - 1)
            keep &= (a.hi[:, None] >= (own + lines).lo).all(axis=1)
        return keep
