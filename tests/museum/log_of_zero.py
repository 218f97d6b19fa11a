"""Reverse cross-entropy with log 0 taken as -4, where its text says log(1e-4), which is -9.21."""

from math import log

from lossmatters.proofs_checks.conformance import declare

CAUGHT_BY = {"label_sum_value"}


def reverse_cross_entropy(logits, labels):
    own = logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1)
    return 4 * (1 - own)


loss = declare(reverse_cross_entropy, symmetric=True, constant=lambda k: -log(1e-4) * (k - 1))
