"""squeeze() without an axis: the last batch of an epoch may hold one sample, and then loses its axis."""

CAUGHT_BY = {"one_sample"}


def loss(logits, labels):
    return -logits.log_softmax(dim=1).gather(1, labels[:, None]).squeeze()
