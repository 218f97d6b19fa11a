"""Losses whose label sum is known, by their structure, to grow without bound."""

from __future__ import annotations

from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.losses.base import Loss


class UnboundedSumLoss(Loss):
    """A loss whose label sum S is known, by its structure, to be least at the uniform output and unbounded.

    L(u, y) is least at e_y and finite on the open simplex; it is infinite where u_y = 0, and S with it.
    """

    symmetric = False
    bounded = False

    def least_label_sum(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        """Return S at the uniform output."""
        raise NotImplementedError(f"{type(self).__name__} has no least label sum")


class LogSumExpLoss(UnboundedSumLoss):
    """L(u, y) = temp log((1 + e^(margin/temp) sum over i != y of (u_i/u_y)^(1/temp))/K), by its structure.

    In logits it is temp log of a sum of exponentials of affine functions: convex. So S is convex too, and the
    same for every order of the classes: least at the uniform output, and infinite where an entry is 0. With
    the sum of all u_i^(1/temp) held fixed L falls strictly in u_y.
    """

    temp: Fraction
    margin: Fraction

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        terms = ops.power(probs, 1 / self.temp)
        # The other classes are summed, not all classes less one: no cancellation.
        others = ops.exp(self.margin / self.temp) * ops.sum(ops.where(onehot == 1, ops.const(0), terms))
        own = ops.dot(terms, onehot)
        return self.temp * ops.log((own + others) / probs.shape[-1]) - ops.log(ops.dot(probs, onehot))

    def least_label_sum(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        rest = (num_classes - 1) * ops.exp(self.margin / self.temp)
        return num_classes * self.temp * ops.log((1 + rest) / num_classes)
