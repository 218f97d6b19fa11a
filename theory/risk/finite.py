"""Clean and noisy risk over finite distributions, and the identity R1.

Everything here is generic in the numbers: Fractions for exact answers, SymPy expressions for closed
forms, floats for speed.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lossmatters.theory.backends.number import Exact
from lossmatters.theory.noise import flip_probability, risk_slope

if TYPE_CHECKING:
    import sympy

Rows = Sequence[Sequence[Exact]]


def clean_risk(weights: Sequence[Exact], posteriors: Rows, losses: Rows) -> Any:
    """Compute the clean risk R = sum_x P(x) sum_y P(y | x) L(h(x), y).

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


def noisy_posterior(posterior: Sequence[Exact], transition_matrix: Rows) -> list[Any]:
    """Return P(noisy = j | x) = sum_y P(y | x) T[y, j]."""
    columns = range(len(transition_matrix))
    return [sum(p * row[j] for p, row in zip(posterior, transition_matrix, strict=True)) for j in columns]


def noisy_risk(weights: Sequence[Exact], posteriors: Rows, losses: Rows, transition_matrix: Rows) -> Any:
    """Compute R^N, the risk when labels have passed through T (parameters as in `clean_risk`)."""
    return clean_risk(weights, [noisy_posterior(pi, transition_matrix) for pi in posteriors], losses)


def predicted_noisy_risk(
    risk: Exact, constant: Exact, noise_rate: Exact, num_classes: int | sympy.Expr
) -> Any:
    """Return the noisy risk that R1 gives a symmetric loss under uniform noise, C eta/(K - 1) + a R."""
    return constant * flip_probability(noise_rate, num_classes) + risk_slope(noise_rate, num_classes) * risk
