"""A softmax by hand, the largest logit not subtracted: infinity over infinity from logits of 89 on."""

CAUGHT_BY = {"finite_value", "finite_gradient", "float16"}


def loss(logits, labels):
    weights = logits.exp()
    return 1 - (weights / weights.sum(dim=1, keepdim=True)).gather(1, labels[:, None]).squeeze(1)
