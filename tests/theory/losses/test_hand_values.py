"""Values worked out by hand from the published formulas: a second opinion on every loss.

The numbers come from the formulas of the papers with plain `math`, not from the project's own formulas.
"""

from __future__ import annotations

from math import exp, log, sqrt

import numpy as np
import pytest

from lossmatters.theory.losses import LOSSES, get

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
    # GCE(1/2) at max(u, k): 2 (1 - sqrt(k)), or 2 (1 - sqrt(u)) above k
    ("truncated-gce(q=1/2, k=4/9)", U, 0, 2 / 3),
    ("truncated-gce(q=1/2, k=4/9)", (0.1, 0.64, 0.26), 1, 0.4),
    ("truncated-gce", (0.3, 0.6, 0.1), 0, (1 - exp(0.7 * log(0.5))) / 0.7),
    # -log u above 1/tau; below it the tangent there, log tau + 1 - tau u
    ("phuber-ce", U, 0, log(4)),
    ("phuber-ce(tau=4)", V, 0, log(4) + 0.5),
    # the slope of 2 (1 - sqrt(u)) is -2 at u = 1/4, where the value is 1
    ("phuber-gce(q=1/2, tau=2)", U, 1, 2 - sqrt(2)),
    ("phuber-gce(q=1/2, tau=2)", V, 0, 1.25),
    ("phuber-gce", (1.0, 0.0), 1, (1 - 10 ** (-7 / 3)) / 0.7 + 10 ** (-7 / 3)),
    # sqrt(4) - sqrt(a + u), times 2, with a = 3
    ("agce(a=3, q=1/2)", (0.0625, 0.9375), 0, 4 - 2 * sqrt(3.0625)),
    # (1.6^2 - 0.85^2)/2
    ("agce(a=3/5, q=2)", U, 0, 0.91875),
    # ((2.75)^2 - 4)/2 with a = 3
    ("aul(a=3, q=2)", U, 0, 1.78125),
    # (5^3 - 4.5^3)/3
    ("aul", U, 1, (125 - 91.125) / 3),
    ("ael", U, 1, exp(-0.2)),
    ("ael(a=1/2)", U, 0, exp(-0.5)),
    # (9.5^2 + 1/16 + 1/16)/3
    ("amse", U, 1, 90.375 / 3),
    # half of MSE at two classes
    ("amse(a=1)", V, 0, 0.765625),
    # alpha 1/5 + beta 2 (1/2)
    ("nce-mae", U, 1, 1.2),
    ("nce-mae(alpha=10, beta=1/10)", U, 0, 4.15),
    ("nce-rce", U, 1, 2.2),
    ("nce-rce(beta=2, A=3)", U, 0, 4.9),
    ("nfl-mae(gamma=2)", U, 1, 1.1),
    ("nfl-rce(gamma=2, A=1)", U, 1, 0.6),
    ("nfl-rce(gamma=0)", U, 0, 3.4),
    ("nfl-mae(gamma=0, alpha=2)", U, 1, 1.4),
    # p_min = 2^-12: the weights are 10, 11, 10 times log 2
    ("nnce(p_min=1/4096)", U, 1, 20 / 31),
    ("nnce", (1.0, 0.0, 0.0), 1, 1.0),
    # gamma = 1, p_min = 2^-10: A = 1023/1024 10, F = 3/4 2 and 1/2 1, all times log 2
    ("nnfl(gamma=1, p_min=1/1024)", U, 1, 1 - (10230 / 1024 - 0.5) / (3 * 10230 / 1024 - 3.5)),
    ("nnfl(gamma=0, p_min=1/4096)", U, 0, 21 / 31),
    # half of MSE
    ("bi-tempered(t1=0)", U, 1, 0.1875),
    # 2 (1 - 1/2) - (1 - 1/8 - 1/8 - sqrt(1/8))/(3/2)
    ("bi-tempered(t1=1/2)", U, 0, 1 - (0.75 - sqrt(0.125)) / 1.5),
    # 1/2 + 1/8 + 1/24
    ("taylor-ce(n=3)", U, 1, 2 / 3),
    ("taylor-ce", U, 0, 0.75 + 0.28125),
    # m = (3/4, 1/4) at u = (1/2, 1/2): H(m) - H(u)/2, over log(2)/2
    ("js(pi1=1/2)", (0.5, 0.5), 0, (1.5 * log(4 / 3) + 0.5 * log(4) - log(2)) / log(2)),
    # KL(e, m) = -log(0.7 + 0.3/2), KL(u, m) = (log(0.5/0.85) - log 0.3)/2
    # -log(1/4) + (2 log(1/4) + log(1/2))/3 = (2 - 5/3) log 2
    ("logit-unhinged", U, 0, log(2) / 3),
    ("logit-unhinged", U, 1, -2 / 3 * log(2)),
    # log(2/(1 + 1/2))
    ("shifted-ce(alpha=1)", U, 1, log(4 / 3)),
    ("shifted-ce", V, 0, log(1.1 / 0.225)),
    # (2 (1 - sqrt(1/4)) + sqrt(1/2) + sqrt(1/4)) over 3/2
    ("sgce(q=1/2)", U, 0, (1.5 + sqrt(0.5)) / 1.5),
    ("sgce(q=1)", U, 1, 0.5),
    ("sgce", (1.0, 0.0, 0.0), 1, 10 / 7),
    # at the uniform output of two classes lambda log((1 + e^(m/lambda))/2); without a margin, CCE - log K
    ("ldr-kl", (0.5, 0.5), 0, 10 * log((1 + exp(0.01)) / 2)),
    ("ldr-kl(temp=1, margin=0)", U, 1, log(2) - log(3)),
    # the roots of u_i/u_0 are 1, sqrt(2) and 1
    ("ldr-kl(temp=2, margin=0)", U, 0, 2 * log((2 + sqrt(2)) / 3)),
    # (1/2)/(1 + 2/2)
    ("mae-star(c=3)", U, 1, 0.25),
    ("mae-star", U, 0, 0.25),
    # (1/2 + 1)/2 where the label comes first, 1/4 over 2 where it does not; both, at a tie
    ("epsilon-ce(m=1)", U, 1, log(4 / 3)),
    ("epsilon-ce(m=1)", U, 0, log(8)),
    ("epsilon-ce(m=3)", (0.4, 0.4, 0.2), 0, (log(4 / 3.4) + log(10)) / 2),
    ("epsilon-ce", (0.5, 0.25, 0.25), 1, log(400004)),
    # 9/10 log 4 + 1/30 (2 + 1 + 2) log 2
    ("label-smoothing", U, 0, (1.8 + 1 / 6) * log(2)),
    ("label-smoothing(epsilon=1/2)", V, 0, 0.75 * log(8) + 0.25 * log(8 / 7)),
    # alpha 1/5, with ((a + 1)^2 - (a + 1/2)^2)/2 = 7/8 at a = 1
    ("nce-agce(beta=2, a=1, q=2)", U, 1, 1.95),
    ("nce-agce(beta=1, a=3, q=1/2)", U, 0, 0.4 + 4 - 2 * sqrt(3.25)),
    # ((3/2)^2 - 1)/2 at a = 2
    ("nce-aul(beta=2, a=2, q=2)", U, 1, 1.45),
    ("nce-ael", U, 1, 0.2 + 4 * exp(-0.1)),
    ("nce-amse", U, 1, 0.2 + 90.375 / 3),
    ("nce-nnce(alpha=1, beta=2, p_min=1/4096)", U, 1, 0.2 + 40 / 31),
    ("js", (0.5, 0.5), 0, (-0.7 * log(0.85) + 0.15 * log(0.5 / 0.85 / 0.3)) / (-0.3 * log(0.3))),
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
