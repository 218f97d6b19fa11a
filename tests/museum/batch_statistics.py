"""A regulariser over the batch added to every loss: that of a sample depends on its neighbours."""

CAUGHT_BY = {"batch"}


def loss(logits, labels):
    values = 1 - logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1)
    return values + 0.1 * values.mean()
