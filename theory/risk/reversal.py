"""R2's witness as data: a distribution and two hypotheses whose order of risk uniform noise reverses."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction

import sympy

from lossmatters.theory.symbolic.points import Point


@dataclass(frozen=True)
class SecondInput:
    """Another input of the distribution, with its probability, and what the two hypotheses say there."""

    weight: Fraction
    posterior: Point
    u: Point
    v: Point


@dataclass(frozen=True)
class OrderReversal:
    """A posterior and two outputs whose order of risk uniform noise reverses (R2).

    Attributes
    ----------
    posterior, u, v : exact points of the simplex.
    noise_rate : eta, exact, below the threshold.
    clean_gap : R(u) - R(v) < 0 at this posterior, a closed form.
    noisy_gap : R^eta(u) - R^eta(v) > 0, a closed form.
    how : "exact" where both are rational, "balls" where their signs are enclosed, "float64" where the
        loss has no formula (both gaps then exceed its rounding by far).
    second : another input, for a loss that no single input reverses; then all of the above is about the
        first, of probability 1 - second.weight, and the gaps are those of the whole.
    """

    posterior: Point
    u: Point
    v: Point
    noise_rate: Fraction
    clean_gap: sympy.Expr
    noisy_gap: sympy.Expr
    how: str
    second: SecondInput | None = None

    def inputs(self) -> list[tuple[Fraction, Point, Point, Point]]:
        """Return (weight, posterior, u, v) of each input; the weights sum to 1."""
        if self.second is None:
            return [(Fraction(1), self.posterior, self.u, self.v)]
        s = self.second
        return [(1 - s.weight, self.posterior, self.u, self.v), (s.weight, s.posterior, s.u, s.v)]

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON data: rationals and closed forms as strings beside their floats."""
        second = None
        if self.second is not None:
            names = ("posterior", "u", "v")
            second = {
                "weight": str(self.second.weight),
                **{name: [str(x) for x in getattr(self.second, name)] for name in names},
            }
        return {
            **{name: [str(x) for x in getattr(self, name)] for name in ("posterior", "u", "v")},
            "noise_rate": str(self.noise_rate),
            "clean_gap": float(self.clean_gap),
            "noisy_gap": float(self.noisy_gap),
            "clean_gap_exact": str(self.clean_gap),
            "noisy_gap_exact": str(self.noisy_gap),
            "how": self.how,
            "second_input": second,
        }


@dataclass(frozen=True)
class ReversalSearch:
    """What a search for an order reversal came to.

    Attributes
    ----------
    reversal : a verified one, or None.
    reason : why there is none, or how it was found.
    points : how many outputs were compared with one another.
    """

    reversal: OrderReversal | None
    reason: str
    points: int
