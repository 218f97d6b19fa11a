"""Probabilities clamped after softmax: flat, with no gradient, where the network is most wrong.

As written in many robust losses, to keep a logarithm or a power finite. Here it is not even needed.
"""

from lossmatters.proofs_checks.conformance import declare

CAUGHT_BY = {"dead_gradient", "label_sum"}


def clamped(logits, labels):
    probs = logits.softmax(dim=1).clamp(1e-4, 1 - 1e-4)
    return 1 - probs.gather(1, labels[:, None]).squeeze(1)


loss = declare(clamped, symmetric=True)
