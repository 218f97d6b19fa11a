"""Labels compared with each class, so that -1 is none of them, and not the last one."""

import numpy as np

ONCE_ACCUSED_BY = {"bad_labels"}
DECLARED = {"takes": "numpy probs", "symmetric": True}


def loss(probs, labels):
    if len(labels) and labels.max() >= probs.shape[1]:
        raise ValueError("labels must be classes")
    onehot = labels[:, None] == np.arange(probs.shape[1])
    return np.abs(probs - onehot).sum(axis=1)
