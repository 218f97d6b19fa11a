"""Labels one-hot encoded on the CPU whatever the device: an error on a GPU, which no test on a CPU sees."""

from torch.nn.functional import one_hot

CAUGHT_BY = {"device"}


def loss(logits, labels):
    onehot = one_hot(labels.cpu(), logits.shape[1])
    return (logits.softmax(dim=1) - onehot).abs().sum(dim=1)
