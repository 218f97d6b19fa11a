"""A power of a probability that has underflowed: 0^0.7 is 0, its slope infinite, and 0 times that NaN."""

CAUGHT_BY = {"finite_gradient"}


def loss(logits, labels):
    own = logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1)
    return (1 - own**0.7) / 0.7
