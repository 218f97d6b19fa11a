"""Whether a vertex is kept, against the definition: no output of the simplex has less noisy risk."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest

from lossmatters.theory.losses import LOSSES, get
from lossmatters.theory.risk.tolerance import noise_tolerance
from lossmatters.theory.risk.vertex import vertex_verdict

K = 3
PAIRS = ("1/5", "2/5")
QUICK = ("cce", "mse", "rll", "mae", "gce", "taylor-ce", "phuber-ce", "agce", "rce", "zero-one", "nce")


def outputs():
    """The open simplex on a grid, as fine near the vertices as a thousandth, in every direction."""
    rng = np.random.default_rng(0)
    inner = rng.dirichlet(np.ones(K), 400)
    directions = rng.dirichlet(np.full(K, 0.3), 100)
    near = [(1 - t) * np.eye(K)[c] + t * directions for c in range(K) for t in (1e-3, 1e-2, 0.1)]
    return np.clip(np.concatenate([inner, *near]), 1e-9, None)


def least_excess(loss, posterior):
    """The least of R(u) - R(e_0) over the grid, with R(e_0) a little inside."""
    u = outputs()
    u = u / u.sum(axis=1, keepdims=True)
    at = np.array([[1 - 2e-9, 1e-9, 1e-9]])

    def risk(points):
        return sum(
            float(p) * loss.values(points, np.full(len(points), j)) for j, p in enumerate(posterior) if p
        )

    return float((risk(u) - risk(at)).min())


@pytest.mark.parametrize("rate", PAIRS)
@pytest.mark.parametrize("name", QUICK)
def test_pair_noise_against_the_definition(name, rate):
    loss, eta = get(name), Fraction(rate)
    posterior = [1 - eta, eta, Fraction(0)]
    optimal = vertex_verdict(loss, posterior, 0).optimal
    least = least_excess(loss, posterior)
    if optimal:
        assert least > -1e-6
    elif optimal is False:
        assert least < -1e-5
    else:
        assert name in ("nce", "zero-one", "rll")  # at K = 3; at K = 10 its slope decides
    assert name not in ("cce", "mse", "gce") or optimal is False, "the known-false case"


@pytest.mark.parametrize("name", ["cce", "mae", "taylor-ce", "phuber-ce", "gce"])
def test_under_uniform_noise_it_changes_at_the_tolerance(name):
    loss = get(name)
    tolerance = Fraction(str(noise_tolerance(loss, K).rate))
    for eta, wanted in ((tolerance, True), (tolerance + Fraction(1, 100), False)):
        if eta <= Fraction(K - 1, K):
            row = [1 - eta, *[eta / (K - 1)] * (K - 1)]
            assert vertex_verdict(loss, row, 0).optimal is wanted


def test_bad_calls():
    for posterior in ([0.5, 0.4], [1.5, -0.5]):
        with pytest.raises(ValueError, match="posterior must be >= 0 and of sum 1"):
            vertex_verdict(get("mae"), posterior, 0)
    with pytest.raises(ValueError, match=r"label must be in 0\.\.1, got label=2"):
        vertex_verdict(get("mae"), [0.5, 0.5], 2)
    assert "mae" in LOSSES
