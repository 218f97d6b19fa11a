"""R8 and Y1: every loss is a symmetric loss plus a part that does not see the label.

With S the label sum, L_sym = L - S/K has label sum 0, and L = L_sym + S/K is the only way to write L as a
part of label sum 0 plus a part alike for all labels: that part, summed over labels, is K times itself, so
it is S/K. Under uniform noise (1 - eta) L_y + b sum over j != y of L_j = a L_y + b S, and as a + K b = 1

    E[L(u, noisy)] = a L_sym(u, y) + S(u)/K,   for every loss, K, eta and distribution.

Noise shrinks what a loss knows of the label by a, and leaves the rest alone. Divided by a: training on
noise is training on clean labels with L + (1/a - 1) S/K, a label-free regulariser, which is constant for a
symmetric loss: R1 and R3 are that. Of two hypotheses the noisy gap of risks is a times the clean one plus b
times that of E[S]: it is a times the clean one at every rate if and only if E[S] is the same for both.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from lossmatters.theory.losses import Loss, get
from lossmatters.theory.losses.averaging import label_mean
from lossmatters.theory.losses.symmetrising import symmetrised


@dataclass(frozen=True)
class Split:
    """The two parts of a loss.

    Attributes
    ----------
    symmetric : L - S/K + c: what it knows of the label, shifted so that its least value is 0 if it has one.
    label_free : S/K, alike for every label.
    """

    symmetric: Loss
    label_free: Loss


def split(loss: Loss | Callable[..., object]) -> Split:
    """Split a loss into its symmetric and its label-free part (R8).

    Parameters
    ----------
    loss : a loss with a formula, or the text of one.

    Raises
    ------
    TypeError : a callable without a formula.

    >>> parts = split("mse")
    >>> probs, labels = [[0.25, 0.75]], [0]
    >>> float(parts.symmetric.values(probs, labels)[0] + parts.label_free.values(probs, labels)[0])
    2.125
    >>> float(get("mse").values(probs, labels)[0]) + 1  # c = 2 (K - 1)/K
    2.125
    """
    found = get(loss)
    if not found.has_formula:
        raise TypeError(f"loss must have a formula to be split, got loss={found.name!r}")
    return Split(symmetrised(found), label_mean(found))


def symmetrise(loss: Loss | Callable[..., object]) -> Loss:
    """Make a loss symmetric: L - S/K + c, with c such that its least value is 0 where it has one (Y1).

    The label sum of the result is K c for every K. MSE becomes MAE; the shifted cross-entropy -log(alpha +
    u_y) becomes (K-1)/K times RLL(alpha); CCE becomes -z_y + mean(z), linear in the logits; GCE becomes
    SGCE. What is symmetric already stays as it is, but for the constant. Which properties survive:
    `lossmatters.theory.risk.symmetrising`.

    Parameters
    ----------
    loss : a loss, its text, or a callable (logits, labels) -> (N,) such as a torch criterion with
        reduction="none", which becomes another such callable, with c = 0.

    >>> from lossmatters.theory.losses import RLL
    >>> symmetrise("gce").spec
    'symmetrise(gce(q=7/10))'
    """
    return symmetrised(get(loss))
