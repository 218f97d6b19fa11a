"""Generalised cross-entropy without its division by q: the same optimum, another step size for every q."""

from lossmatters.proofs_checks.conformance import declare

CAUGHT_BY = {"formula"}


def forgotten_divisor(logits, labels, q=0.7):
    own = logits.log_softmax(dim=1).gather(1, labels[:, None]).squeeze(1)
    return 1 - (q * own).exp()


loss = declare(forgotten_divisor, formula="gce(q=7/10)")
