"""The last class left out of a sum, by a slice that was right for a background class."""

CAUGHT_BY = {"class_permutation"}


def loss(logits, labels):
    probs = logits.softmax(dim=1)
    return 1 - probs.gather(1, labels[:, None]).squeeze(1) + probs[:, :-1].square().sum(dim=1)
