"""What uniform label noise does to the risk: R1 for a symmetric loss, R3 for any; and calibration."""

from __future__ import annotations

from collections.abc import Iterator
from fractions import Fraction
from functools import cache
from typing import Any

import numpy as np

from lossmatters.proofs_checks.conformance.asking import Ask, Steps
from lossmatters.proofs_checks.conformance.checks.label_sum import scanned_pairs, simple_outputs, tolerance
from lossmatters.proofs_checks.conformance.checks.label_sum import sums as sums_at
from lossmatters.proofs_checks.conformance.report import Broken, NotApplicable, told_apart
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial, logits_of
from lossmatters.theory.noise import SymmetricNoise, flip_probability, risk_slope, threshold
from lossmatters.theory.risk.finite import clean_risk, noisy_risk, predicted_noisy_risk

GRID = 20  # outputs with entries i/20: 231 at K = 3
LEAD = Fraction(1, 5)  # of the likeliest class: nearer to a tie the grid decides


def _noisy_risk(trial: Trial) -> str | None:
    from hypothesis import strategies as st

    from lossmatters.proofs_checks.strategies import (
        FiniteProblem,
        finite_problems,
        noise_rates,
        simplex_points,
    )

    def of_size(k: int) -> Any:
        @cache
        def outputs(m: int) -> Any:
            one = st.lists(simplex_points(k, exact=True), min_size=m, max_size=m)
            return st.tuples(st.lists(one, min_size=2, max_size=3), noise_rates(k, informative=True))

        problems = finite_problems(k, max_points=3)
        return problems.flatmap(lambda p: outputs(len(p.weights)).map(lambda drawn: (p, *drawn)))

    symmetric = trial.subject.declared.symmetric
    if symmetric:
        at_simple, scale = sums_at(trial, *simple_outputs(trial.num_classes))
        if max(at_simple) - min(at_simple) > tolerance(trial) * scale:
            raise NotApplicable("R1 is about a constant label sum, and this one varies: see `label_sum`")

    def test(drawn: Any) -> Steps:
        problem, hypotheses, eta = drawn
        k = len(problem.posteriors[0])
        rows = (yield Ask("matrix", logits_of([u for h in hypotheses for u in h]))).double().numpy()
        if not np.isfinite(rows).all():
            return  # of infinite losses there is nothing to compare: that is for `finite_value`
        losses = rows.reshape(len(hypotheses), len(problem.weights), k)
        weights = [float(w) for w in problem.weights]
        posteriors = [[float(p) for p in pi] for pi in problem.posteriors]
        matrix = [[float(t) for t in row] for row in SymmetricNoise(eta).transition_matrix(k)]
        clean = [clean_risk(weights, posteriors, rows.tolist()) for rows in losses]
        noisy = [noisy_risk(weights, posteriors, rows.tolist(), matrix) for rows in losses]
        sums = losses.sum(axis=2)
        # risks are means of losses: they are as exact as the label sums are
        error = tolerance(trial) * float(np.abs(losses).sum(axis=2).max())
        seen = {
            "eta": eta,
            "weights": problem.weights,
            "posteriors": problem.posteriors,
            "outputs": hypotheses,
        }
        if symmetric:
            constant = float(np.mean(sums))
            for risk, found in zip(clean, noisy, strict=True):
                wanted = predicted_noisy_risk(risk, constant, float(eta), k)
                if not abs(found - wanted) <= error:
                    shown = told_apart(wanted, found)
                    raise Broken(f"R1 predicts the noisy risk {shown[0]}, it is {shown[1]}", **seen)
            return
        slope = float(risk_slope(eta, k))
        excess = clean[int(np.argmin(noisy))] - min(clean)
        if excess <= 2 * error / slope:
            return  # whatever the range
        low, high = _range(trial, k, sums)
        bound = float(flip_probability(eta, k)) * (high - low) / slope
        if not excess <= bound + 2 * error / slope:  # an error of the noisy risk counts 1/slope of clean risk
            shown = told_apart(bound, excess)
            raise Broken(f"R3 allows an excess risk of {shown[0]}, it is {shown[1]}", **seen)

    def of_scan() -> Iterator[Any]:
        """Yield one input, on which two outputs of other label sums make for another risk than predicted."""
        for pair in scanned_pairs(trial) if symmetric else ():
            k = len(pair[0])
            yield FiniteProblem((Fraction(1),), (pair[0],)), [[u] for u in pair], threshold(k) / 2

    trial.for_all(trial.of_any_size(of_size), test, scanned=of_scan())
    return f"by {'R1' if symmetric else 'R3'}"


def _range(trial: Trial, k: int, sums: Any) -> tuple[float, float]:
    """C_L and C_U: rigorous ones where there is a formula, else the extremes at the outputs at hand."""
    formula = trial.subject.formula
    if formula is not None and trial.budget.slow:
        from lossmatters.theory.symmetry.label_sum_range import label_sum_range

        span = label_sum_range(formula, k)
        if span.rigorous and span.high_is_finite:
            return float(span.low), float(span.high)
    return float(sums.min()), float(sums.max())


def _calibration(trial: Trial) -> str | None:
    k, formula, said = trial.num_classes, trial.subject.formula, trial.subject.declared.calibrated
    if k > 4:
        raise NotApplicable("outputs are tried on a grid, which is feasible for K <= 4")
    if not trial.budget.slow and said is None:
        raise NotApplicable("left out of a quick run")
    verdict = ""
    if said is None and formula is not None:
        from lossmatters.theory.minimisers.calibration import calibration

        found = calibration(formula, k)
        verdict, said = f"theory says {found.status}; ", {"proved": True, "certified": True}.get(found.status)

    from lossmatters.proofs_checks.strategies import simplex_points

    points = [tuple(Fraction(w, GRID) for w in weights) for weights in _compositions(GRID, k)]
    matrix = trial.subject.matrix(logits_of(points)).double().numpy()
    outputs = np.array([[float(x) for x in u] for u in points])

    def test(posterior: tuple[Fraction, ...]) -> None:
        second, first = sorted(posterior)[-2:]
        if first - second < LEAD:
            return
        risks = matrix @ np.array([float(p) for p in posterior])
        best, label = int(np.argmin(risks)), posterior.index(first)
        # the least risk lies within a step of the grid
        if outputs[best, label] < outputs[best].max() - 1 / GRID:
            raise Broken(
                f"the least conditional risk is at an output whose first class is "
                f"{int(np.argmax(outputs[best]))}, not the likeliest, {label}",
                posterior=posterior,
                output=points[best],
                risk=float(risks[best]),
            )

    kinds = ("vertex", "near vertex", "face", "interior")
    try:
        first = [u[::way] for u in simple_outputs(k) for way in (1, -1)]
        trial.for_all(simplex_points(k, exact=True, kinds=kinds), test, first)
    except Broken as broken:
        if said:
            raise
        if said is False:
            return f"not calibrated, as declared: {broken.what}"
        raise NotApplicable(f"`calibrated` is not declared; {verdict}found: {broken.what}") from None
    if said is None:
        raise NotApplicable(f"`calibrated` is not declared; {verdict}found: calibrated in all draws")
    if said is False:
        raise Broken("declared not calibrated, yet no draw shows it")
    return f"{verdict}K = {k}"


def _compositions(total: int, parts: int) -> list[tuple[int, ...]]:
    """Return all ways to write `total` as an ordered sum of `parts` numbers >= 0."""
    if parts == 1:
        return [(total,)]
    return [(i, *rest) for i in range(total + 1) for rest in _compositions(total - i, parts - 1)]


CHECKS = (
    LossCheck(
        "noisy_risk",
        "The risk under uniform noise is what R1 says (a symmetric loss), or within R3's bound.",
        ("risk", "symmetry"),
        _noisy_risk,
    ),
    LossCheck(
        "calibration",
        "The conditional risk is least where the likeliest class is first.",
        ("risk",),
        _calibration,
    ),
)
