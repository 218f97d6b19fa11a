"""Logits shifted in place: the caller's tensor is another one after the call."""

CAUGHT_BY = {"input_unchanged"}


def loss(logits, labels):
    logits -= logits.detach().amax(dim=1, keepdim=True)
    return logits.exp().sum(dim=1).log() - logits.gather(1, labels[:, None]).squeeze(1)
