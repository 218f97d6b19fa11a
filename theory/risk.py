"""Clean and noisy risk over finite distributions, the identity R1, and reversals of order (R2).

Everything here is generic in the numbers: Fractions for exact answers, SymPy expressions for closed
forms, floats for speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from theory.algebra import enclose, exact_losses
from theory.backends.ball_ops import precision
from theory.backends.sympy_ops import OPS
from theory.exact import check_num_classes, check_rate, fail
from theory.losses.base import CallableLoss, Loss
from theory.noise import flip_probability, risk_slope, threshold
from theory.symmetry import decide
from theory.witness import Point, simple_points

Rows = Sequence[Sequence[Any]]

PAIR_LIMIT = 12  # the simplest points tried against one another for an order reversal
BITS = 256


def clean_risk(weights: Sequence[Any], posteriors: Rows, losses: Rows) -> Any:
    """R = sum_x P(x) sum_y P(y | x) L(h(x), y).

    Parameters
    ----------
    weights : (m,) P(x).
    posteriors : (m, K) P(y | x).
    losses : (m, K) rows of the loss matrix of one hypothesis, L(h(x), j).
    """
    return sum(
        w * sum(p * value for p, value in zip(pi, row, strict=True))
        for w, pi, row in zip(weights, posteriors, losses, strict=True)
    )


def noisy_posterior(posterior: Sequence[Any], transition_matrix: Rows) -> list[Any]:
    """P(noisy = j | x) = sum_y P(y | x) T[y, j]."""
    columns = range(len(transition_matrix))
    return [sum(p * row[j] for p, row in zip(posterior, transition_matrix, strict=True)) for j in columns]


def noisy_risk(weights: Sequence[Any], posteriors: Rows, losses: Rows, transition_matrix: Rows) -> Any:
    """R^N: the risk when labels have passed through T (parameters as in `clean_risk`)."""
    return clean_risk(weights, [noisy_posterior(pi, transition_matrix) for pi in posteriors], losses)


def predicted_noisy_risk(risk: Any, constant: Any, noise_rate: Any, num_classes: Any) -> Any:
    """R1: the noisy risk C eta/(K - 1) + a R of a symmetric loss under uniform noise."""
    return constant * flip_probability(noise_rate, num_classes) + risk_slope(noise_rate, num_classes) * risk


@dataclass(frozen=True)
class OrderReversal:
    """A posterior and two outputs whose order of risk uniform noise reverses (R2).

    Attributes
    ----------
    posterior, u, v : exact points of the simplex.
    noise_rate : eta, exact, below the threshold.
    clean_gap : R(u) - R(v) < 0 at this posterior, a closed form.
    noisy_gap : R^eta(u) - R^eta(v) > 0, a closed form.
    how : "exact" where both are rational, else "balls": their signs are enclosed.
    """

    posterior: Point
    u: Point
    v: Point
    noise_rate: Fraction
    clean_gap: sympy.Expr
    noisy_gap: sympy.Expr
    how: str

    def to_dict(self) -> dict[str, Any]:
        """Plain JSON: rationals and closed forms as strings beside their floats."""
        return {
            **{name: [str(x) for x in getattr(self, name)] for name in ("posterior", "u", "v")},
            "noise_rate": str(self.noise_rate),
            "clean_gap": float(self.clean_gap),
            "noisy_gap": float(self.noisy_gap),
            "clean_gap_exact": str(self.clean_gap),
            "noisy_gap_exact": str(self.noisy_gap),
            "how": self.how,
        }


def order_reversal(loss: Loss, num_classes: int, noise_rate: Any) -> OrderReversal | None:
    """An exact order reversal under uniform noise, or None.

    With d_j = L(u, j) - L(v, j), oriented so that sum d > 0, and any label with d_j < 0, some posterior
    on two labels has pi.d just below 0; the noisy gap a pi.d + b sum d is then above 0. None exists for
    a symmetric loss, since sum d = 0; for another loss None means that the simplest points gave none.

    Raises
    ------
    ValueError : a rate that is not in (0, (K - 1)/K).
    TypeError : a loss without a formula.
    """
    k, eta = check_num_classes(num_classes), check_rate(noise_rate)
    if not 0 < eta < threshold(k):
        fail("eta", f"in (0, {threshold(k)}), below the threshold", noise_rate)
    if isinstance(loss, CallableLoss):
        raise TypeError(f"loss must have a formula, got loss={loss.name!r}")
    if decide(loss, k).status == "proved":
        return None
    rows: list[tuple[Point, list[sympy.Expr]]] = []
    for point in list(simple_points(k))[:PAIR_LIMIT]:
        row = exact_losses(loss, point)
        if all(value.is_finite for value in row):
            for earlier in rows:
                found = _reverse(earlier, (point, row), eta, k)
                if found is not None:
                    return found
            rows.append((point, row))
    return None


def _reverse(first: Any, second: Any, eta: Fraction, k: int) -> OrderReversal | None:
    gaps = [x - y for x, y in zip(first[1], second[1], strict=True)]
    approximate = [float(g) for g in gaps]
    if sum(approximate) < 0:
        first, second = second, first
        gaps, approximate = [-g for g in gaps], [-g for g in approximate]
    low = min(range(k), key=lambda j: approximate[j])
    high = max(range(k), key=lambda j: approximate[j])
    slope, flip = risk_slope(eta, k), flip_probability(eta, k)
    if not approximate[low] < 0 < approximate[high]:
        return None
    # pi.d as a function of the weight p of label `high`; it must lie in (-b/a sum d, 0)
    rise = approximate[high] - approximate[low]
    top = -approximate[low] / rise
    bottom = max(0.0, (-float(flip / slope) * sum(approximate) - approximate[low]) / rise)
    weight = _between(bottom, top)
    if weight is None:
        return None
    posterior = [Fraction(0)] * k
    posterior[low], posterior[high] = 1 - weight, weight
    clean = sympy.expand(sum(OPS.const(p) * g for p, g in zip(posterior, gaps, strict=True)))
    noisy = sympy.expand(OPS.const(slope) * clean + OPS.const(flip) * sum(gaps))
    with precision(BITS):
        if not (enclose(clean) < 0 and enclose(noisy) > 0):
            return None
    how = "exact" if clean.is_Rational and noisy.is_Rational else "balls"
    return OrderReversal(tuple(posterior), first[0], second[0], eta, clean, noisy, how)


def _between(low: float, high: float) -> Fraction | None:
    """The rational of smallest denominator (to within a doubling) well inside (low, high)."""
    middle, quarter = (low + high) / 2, (high - low) / 4
    for bits in range(1, 40):
        candidate = Fraction(middle).limit_denominator(2**bits)
        if abs(float(candidate) - middle) <= quarter:
            return candidate
    return None
