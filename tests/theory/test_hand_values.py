"""Values worked out by hand from the published formulas: a second opinion on every loss.

The numbers come from the formulas of the papers with plain `math`, not from the project's own formulas.
"""

from __future__ import annotations

from math import log, sqrt

import numpy as np
import pytest

from theory.losses import LOSSES, get

U = (0.25, 0.5, 0.25)
V = (0.125, 0.875)

# (spec, point, label, value)
BY_HAND = [
    ("cce", U, 1, log(2)),
    ("cce", V, 0, log(8)),
    # (1/4)^2 + (1/2)^2 + (1/4)^2
    ("mse", U, 1, 0.375),
    # (7/8)^2 twice
    ("mse", V, 0, 1.53125),
    # 1/4 + 1/2 + 1/4
    ("mae", U, 1, 1.0),
    ("mae", V, 0, 1.75),
    # log 2 - log(1 + 1/2) + log(5/4): alpha = 1, K - 1 = 2
    ("rll(alpha=1)", U, 1, log(2) - log(1.5) + log(1.25)),
    # log 3 - log(1/2 + 1/8) + log(1/2 + 7/8)
    ("rll(alpha=1/2)", V, 0, log(3) - log(0.625) + log(1.375)),
    # at another class's vertex: C/(K-1) = 3 log(11) / 2
    ("rll", (1.0, 0.0, 0.0), 1, 1.5 * log(11)),
    # MSE: 3/8 for label 1, (9/16 + 1/4 + 1/16) = 7/8 for the others; 3/8 over 17/8
    ("nmse", U, 1, 3 / 17),
    ("nmse", U, 0, 7 / 17),
    ("zero-one", U, 1, 0.0),
    ("zero-one", U, 0, 1.0),
    ("zero-one", (0.4, 0.4, 0.2), 0, 0.5),
    ("unhinged", U, 1, 0.5),
    ("rce", U, 1, 2.0),
    ("rce(A=1)", V, 0, 0.875),
    # (1 - sqrt(1/4)) / (1/2)
    ("gce(q=1/2)", U, 0, 1.0),
    ("gce(q=1/2)", V, 0, 2 - sqrt(0.5)),
    # -log(1/2)/10 + 4 (1/2)
    ("sce", U, 1, log(2) / 10 + 2),
    ("sce(alpha=1, beta=1/2, A=2)", U, 1, log(2) + 0.5),
    # (3/4)^2 log 4
    ("focal", U, 0, 0.5625 * log(4)),
    ("focal(gamma=1/2)", U, 0, sqrt(0.75) * log(4)),
    # log 2 over (2 + 1 + 2) log 2
    ("nce", U, 1, 0.2),
    ("nce", U, 0, 0.4),
    # (1/4) log 2 over (1/4) log 2 + 2 (9/16)(2 log 2) = 1/4 over 5/2
    ("nfl", U, 1, 0.1),
    ("nfl(gamma=0)", U, 1, 0.2),
    # 1/2 over 1/2 + 1/2 + 1 - sqrt(1/2)
    ("ngce(q=1/2)", U, 0, 0.5 / (2 - sqrt(0.5))),
]  # fmt: skip


@pytest.mark.parametrize(("spec", "point", "label", "value"), BY_HAND)
def test_value_by_hand(spec, point, label, value):
    # A handful of float64 operations on either side: a few ulps of 1.1e-16.
    assert get(spec).values([point], [label])[0] == pytest.approx(value, rel=4e-15, abs=4e-16)


def test_every_loss_has_a_value_by_hand():
    assert {get(spec).name for spec, *_ in BY_HAND} == set(LOSSES)


@pytest.mark.parametrize("name", LOSSES)
def test_a_batch_is_its_rows(name):
    probs, labels = np.array([U, (0.2, 0.2, 0.6), (0.7, 0.2, 0.1)]), np.array([1, 2, 1])
    loss = LOSSES[name]()
    rows = [loss.values(probs[i : i + 1], labels[i : i + 1])[0] for i in range(3)]
    assert loss.values(probs, labels).tolist() == rows
    assert loss.values(probs[:0], labels[:0]).shape == (0,)


@pytest.mark.parametrize("name", ["cce", "focal", "sce"])
def test_an_unbounded_loss_is_infinite_at_a_wrong_vertex(name):
    assert LOSSES[name]().values([[1.0, 0.0, 0.0]], [1]) == np.inf
    assert LOSSES[name]().values([[1.0, 0.0, 0.0]], [0]) == 0
