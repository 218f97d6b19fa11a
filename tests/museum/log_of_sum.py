"""A small number added to keep a logarithm finite: log(u + 1e-7) ends at 16.1, however wrong the output."""

from lossmatters.proofs_checks.conformance import declare

CAUGHT_BY = {"formula"}


def log_of_sum(logits, labels):
    return -(logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1) + 1e-7).log()


loss = declare(log_of_sum, formula="cce")
