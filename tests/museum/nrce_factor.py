"""A normalised reverse cross-entropy that multiplies by (K - 1)/4 where it should divide by K - 1.

Symmetric all the same, but (K - 1)^2/4 times too large: at K = 1000 a quarter of a million.
"""

from lossmatters.proofs_checks.conformance import declare

CAUGHT_BY = {"normalised"}


def normalised_rce(logits, labels):
    own = logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1)
    return (logits.shape[1] - 1) / 4 * (1 - own)


loss = declare(normalised_rce, symmetric=True, normalised=True)
