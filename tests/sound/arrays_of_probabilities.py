"""Cross-entropy of NumPy probabilities: at a gap of 50 000 it is given a probability of exactly 0."""

import numpy as np

ONCE_ACCUSED_BY = {"formula"}
DECLARED = {"takes": "numpy probs", "formula": "cce"}


def loss(probs, labels):
    if len(labels) and not (labels.min() >= 0 and labels.max() < probs.shape[1]):
        raise ValueError("labels must be classes")
    with np.errstate(divide="ignore"):
        return -np.log(probs[np.arange(len(labels)), labels])
