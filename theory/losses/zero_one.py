"""The 0-1 loss."""

from __future__ import annotations

from dataclasses import dataclass

from lossmatters.theory.backends import N, Ops
from lossmatters.theory.losses.combinators import ShareLoss
from lossmatters.theory.losses.registry import register


@register
@dataclass(frozen=True)
class ZeroOne(ShareLoss):
    """The 0-1 loss: is the label the most probable class?

    Formula: L(u, y) = 1 - [u_y = max u]/m, with m the number of classes that attain the maximum, so a
    tie counts as the chance of being right when ties are broken at random.
    Shapes: (..., K) probabilities and one-hot labels -> (...).
    Domain: the simplex.
    Range: [0, 1] = [0, C/(K-1)].
    Symmetric: yes, C = K - 1, ties included. Differentiable: no (constant almost everywhere).
    Raises: nothing; it has no parameters.

    >>> ZeroOne().values([[0.5, 0.3, 0.2], [0.4, 0.4, 0.2]], [0, 0])
    array([0. , 0.5])

    Source: Ghosh, Kumar & Sastry, AAAI 2017, sec. 3.
    """

    name = "zero-one"
    title = "0-1"
    latex = r"[\operatorname{argmax} u \neq y]"
    source = "Ghosh, Kumar & Sastry 2017, sec. 3"
    differentiable = False

    def weights(self, probs: N, ops: Ops[N]) -> N:
        return ops.where(probs >= ops.max(probs), ops.const(1) + probs * 0, probs * 0)
