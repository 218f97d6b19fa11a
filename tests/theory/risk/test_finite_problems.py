"""R1, R3, R4 and R5 on exactly solvable problems drawn by Hypothesis: all hypotheses enumerated."""

from __future__ import annotations

from fractions import Fraction

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from lossmatters.proofs_checks.claims.risk.duels import Duel, climb, searchable
from lossmatters.proofs_checks.claims.risk.finite_problems import FiniteProblem, dominant_matrix, vertex
from lossmatters.proofs_checks.strategies import finite_problems, noise_rates, simplex_points
from lossmatters.theory.losses import MAE, MSE, NMSE
from lossmatters.theory.memorization import preserves_order
from lossmatters.theory.noise import ClassConditionalNoise, SymmetricNoise, risk_slope, threshold
from lossmatters.theory.risk.excess import excess_risk_bound

K = 3


@st.composite
def problems(draw: st.DrawFn, certain: bool = False) -> FiniteProblem:
    drawn = draw(finite_problems(K))
    posteriors = drawn.posteriors
    if certain:
        posteriors = tuple(vertex(K, draw(st.integers(0, K - 1))) for _ in drawn.weights)
    outputs = simplex_points(K, exact=True)
    hypotheses = [tuple(draw(outputs) for _ in drawn.weights) for _ in range(draw(st.integers(2, 4)))]
    if certain:
        hypotheses.insert(0, posteriors)
    rate = draw(noise_rates(K, informative=True))
    return FiniteProblem(K, drawn.weights, posteriors, tuple(hypotheses), rate)


@given(problem=problems())
def test_r1_keeps_every_order(problem: FiniteProblem) -> None:
    assert preserves_order(*problem.risks(NMSE())) is None


@given(problem=problems())
def test_r3_bounds_the_excess(problem: FiniteProblem) -> None:
    clean, noisy = problem.risks(MSE())
    chosen = max(c for c, n in zip(clean, noisy, strict=True) if n == min(noisy))
    bound = excess_risk_bound(MSE(), K, problem.noise_rate)
    assert chosen - min(clean) <= Fraction(int(bound.p), int(bound.q))


@given(problem=problems(certain=True), data=st.data())
def test_r4_keeps_zero_risk(problem: FiniteProblem, data: st.DataObject) -> None:
    matrix = dominant_matrix(data.draw(st.randoms(use_true_random=False)), K)
    assert ClassConditionalNoise(matrix).is_diagonally_dominant()
    clean, noisy = problem.risks(MAE(), [matrix] * len(problem.weights))
    assert clean[0] == 0
    assert noisy[0] == min(noisy)
    assert all(c == 0 for c, n in zip(clean, noisy, strict=True) if n == min(noisy))


@given(problem=problems(), data=st.data())
def test_r5_bounds_the_risk(problem: FiniteProblem, data: st.DataObject) -> None:
    below = noise_rates(K, informative=True)
    rates = [data.draw(below) for _ in problem.weights]
    matrices = [SymmetricNoise(r).transition_matrix(K) for r in rates]
    slopes = [risk_slope(r, K) for r in rates]
    clean, noisy = problem.risks(MAE(), matrices)
    chosen = max(c for c, n in zip(clean, noisy, strict=True) if n == min(noisy))
    assert chosen <= min(clean) * max(slopes) / min(slopes)


@given(share=st.fractions(Fraction(1, 100), 1, max_denominator=100), k=st.integers(2, 6))
@example(share=Fraction(1), k=2)
def test_r3_is_attained_by_mse_up_to_half_the_threshold(share: Fraction, k: int) -> None:
    rate = share * threshold(k) / 2
    excess = rate * (k - 1) / (k - 1 - rate * k)
    mistaken = (Fraction(k - 1, k) - excess) / 2  # 1 - P(1 | x), as in R3.sharp with C_L/K = (k-1)/k, l = 2
    posterior = (1 - mistaken, *[mistaken / (k - 1)] * (k - 1))
    clean, noisy = Duel(posterior, (Fraction(1, k),) * k, vertex(k)).gaps(MSE(), rate)
    assert Fraction(str(clean)) == excess
    assert noisy == 0


def test_the_search_is_repeatable_and_respects_the_bound() -> None:
    import random

    losses = list(searchable())
    assert {"mse", "gce"} <= {loss.name for loss in losses}
    first, second = (climb(MSE(), Fraction(1, 10), random.Random(1)) for _ in range(2))
    assert first == second
    assert first is not None
    clean, noisy = first.gaps(MSE(), Fraction(1, 10))
    assert noisy < 0
    assert float(clean / excess_risk_bound(MSE(), 3, "1/10")) == pytest.approx(1, abs=0.05)
