"""K written into the code: it works on MNIST and CIFAR-10, and nowhere else."""

from torch.nn.functional import one_hot

CAUGHT_BY = {"class_counts"}


def loss(logits, labels):
    return (logits.softmax(dim=1) - one_hot(labels, 10)).abs().sum(dim=1)
