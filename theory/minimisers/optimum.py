"""The minimiser of a risk under uniform noise, as a value."""

from __future__ import annotations

import math
from dataclasses import dataclass

import sympy

from lossmatters.theory.verdict import Known, Method


@dataclass(frozen=True)
class NoisyOptimum:
    """The minimiser u* of the conditional risk under uniform noise, for a sample of class c.

    It treats the K - 1 wrong classes alike, so two numbers say it.

    Attributes
    ----------
    clean, other : u*_c and u*_j for each j != c, in float64; NaN where undecided.
    clean_exact : u*_c in closed form, or None.
    vertex : True where u* is exactly e_c, False where it is not.
    status : how it is known.
    method : what it rests on.
    detail : the same in a sentence.
    unique : is it the only minimiser? None where that is not known.
    """

    clean: float
    other: float
    clean_exact: sympy.Expr | None
    vertex: bool
    status: Known
    method: Method
    detail: str
    unique: bool | None

    def to_dict(self) -> dict[str, object]:
        """Return the `noisy_optimum` object of ``lossmatters certify --json``."""
        return {
            "clean": None if math.isnan(self.clean) else float(self.clean),
            "other": None if math.isnan(self.other) else float(self.other),
            "clean_exact": None if self.clean_exact is None else str(self.clean_exact),
            "vertex": self.vertex,
            "status": self.status.value,
            "method": self.detail,
            "unique": self.unique,
        }

    @property
    def probs(self) -> tuple[float, float, float]:
        """Return the probabilities of (altered label, clean class, each other class)."""
        return self.other, self.clean, self.other
