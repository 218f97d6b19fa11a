"""Whether a kind of noise keeps the order of all risks (R1, R2), or exact numbers where it does not."""

from __future__ import annotations

from fractions import Fraction

import numpy as np

from lossmatters.theory.losses.base import Loss
from lossmatters.theory.noise import risk_slope, threshold
from lossmatters.theory.risk.finding import Finding
from lossmatters.theory.risk.finite import noisy_posterior
from lossmatters.theory.risk.gaps import ATTEMPTS, finite_losses, how_known, loss_gaps, mean_gap, vertex
from lossmatters.theory.risk.noise_examples import matrices
from lossmatters.theory.risk.reversal_search import search_reversal
from lossmatters.theory.symbolic.algebra import exact_losses
from lossmatters.theory.symbolic.points import cost, sign_of, small_points
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.verdict import Method, Status


def decide_order(loss: Loss, noise: str, k: int) -> Finding:
    """Decide whether noise keeps the order of the risks of every two hypotheses."""
    symmetric = decide(loss, k).status is Status.PROVED
    if symmetric and noise == "uniform":
        return Finding(
            Status.PROVED,
            "R1: the noisy risk is an increasing function of the clean one",
            method=Method.SYMMETRIC,
        )
    if noise in ("uniform", "instance-dependent") and not symmetric:
        search = search_reversal(loss, k, threshold(k) / 2)
        if search.reversal is None:
            return Finding(Status.UNDECIDED, search.reason)
        return Finding(
            Status.REFUTED, f"R2, {search.reversal.how}: an order reversal", search.reversal.to_dict()
        )
    if noise == "instance-dependent":
        return _two_rates(loss, k)
    return _order_under_matrices(loss, noise, k)


def _two_rates(loss: Loss, k: int) -> Finding:
    """Refute for a symmetric loss: two inputs of certain label 1, without noise and at rate eta*/2.

    There a is 1 and 1/2. h1 outputs u at the first input and v at the second, h2 the other way round;
    with weights 2/5 and 3/5 the clean gap is (2/5 - 3/5) d and the noisy one (2/5 - 3/10) d,
    d = L(u, 1) - L(v, 1).
    """
    rate = threshold(k) / 2
    weights, slopes = (Fraction(2, 5), Fraction(3, 5)), (Fraction(1), risk_slope(rate, k))
    u = (Fraction(1, k),) * k
    v = tuple(Fraction(2 if j == 0 else 1, k + 1) for j in range(k))
    gap = exact_losses(loss, u)[0] - exact_losses(loss, v)[0]
    sign, how = sign_of(gap)
    if not sign:
        return Finding(Status.UNDECIDED, "the uniform output is not known to differ from the one tried")
    if sign < 0:
        u, v, gap = v, u, -gap
    witness = {
        "rates": (Fraction(0), rate),
        "weights": weights,
        "posterior": vertex(k, 0),
        "u": u,
        "v": v,
        "clean_gap": float((weights[0] - weights[1]) * gap),
        "noisy_gap": float((weights[0] * slopes[0] - weights[1] * slopes[1]) * gap),
    }
    return Finding(Status.REFUTED, f"{how}: two inputs of different rates", witness)


def _order_under_matrices(loss: Loss, noise: str, k: int) -> Finding:
    points, rows = finite_losses(loss, small_points(k))
    posteriors = small_points(k, spread=False)
    if len(points) < 2:
        return Finding(Status.UNDECIDED, "the loss is not finite at two of the points tried")
    table = np.array([[float(x) for x in row] for row in rows])
    costs = np.array([cost(p) for p in points])
    for name, matrix in matrices(noise, k):
        seen = [tuple(noisy_posterior(p, matrix)) for p in posteriors]
        clean, noisy = (table @ np.array(ps, dtype=object).astype(float).T for ps in (posteriors, seen))
        better, worse = (x[:, None, :] - x[None, :, :] for x in (clean, noisy))
        size = np.minimum(-better, worse)
        clear = size > 1e-3 * size.max() + 1e-12 * np.abs(table).max()
        found = np.argwhere(clear)
        simplest = np.argsort(costs[found[:, 0]] + costs[found[:, 1]], kind="stable")[:ATTEMPTS]
        for i, j, m in found[simplest]:
            gap = loss_gaps(loss, points[i], points[j])
            gaps = [mean_gap(p, gap) for p in (posteriors[m], seen[m])]
            signs = [sign_of(g) for g in gaps]
            if [s for s, _ in signs] == [-1, 1]:
                witness: dict[str, object] = {
                    "noise": name,
                    "posterior": posteriors[m],
                    "noisy_posterior": seen[m],
                    "u": points[i],
                    "v": points[j],
                    "clean_gap": float(gaps[0]),
                    "noisy_gap": float(gaps[1]),
                }
                return Finding(Status.REFUTED, f"{how_known(signs)}: an order reversal", witness)
    return Finding(Status.UNDECIDED, "no order reversal among the points and matrices tried")
