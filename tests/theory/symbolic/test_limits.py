"""Limits at the ends of (0, 1), which SymPy may not find, or look for without end."""

from __future__ import annotations

import sympy

from lossmatters.theory.losses import GCE, SeparableLoss, noise_averaged
from lossmatters.theory.risk.tolerance import noise_tolerance
from lossmatters.theory.symbolic.algebra import K, limit_at_one, limit_at_zero
from lossmatters.theory.symmetry import label_sum_range, loss_maximum
from lossmatters.theory.verdict import Status

T = sympy.Symbol("t", positive=True)


class LogWithAJump(SeparableLoss):
    """-log t, and one more at the vertex: SymPy knows no limit of such a sum of cases."""

    name = "log_with_a_jump"

    def on_label(self, t, num_classes, ops):
        return -ops.log(t) + ops.where(1 / t <= 1, 1, -t)


def test_a_zero_in_disguise_has_the_limit_zero():
    root = sympy.sqrt(T)
    assert limit_at_zero(K / (K * root - root) - 1 / (K * root - root) - 1 / root, T) == 0
    assert limit_at_zero(2 / (3 * root) - 1 / root, T) == -sympy.oo
    assert limit_at_one(sympy.log(1 - T), T) == -sympy.oo


def test_what_is_not_found_is_nan():
    cases = sympy.Piecewise((1, 1 / T >= 2), (T, True))
    assert limit_at_zero(cases - sympy.log(T), T) in (sympy.nan, sympy.oo)


def test_a_limit_that_is_not_found_is_no_error():
    loss = noise_averaged(LogWithAJump(), "9/10")
    assert not label_sum_range(loss, 3).rigorous
    assert loss_maximum(loss, 3).value in (None, sympy.oo)


def test_all_labels_wrong_end():
    """At eta = 1 the slopes of GCE at 0 cancel, for every K."""
    assert noise_tolerance(noise_averaged(GCE(), 1)).status is Status.UNDECIDED
