"""A seed set at import: whoever imports the loss gets the same "random" numbers from there on."""

import numpy as np
import torch

torch.manual_seed(123)
np.random.seed(123)  # noqa: NPY002 - the defect

CAUGHT_BY = {"state_at_import"}


def loss(logits, labels):
    return torch.nn.functional.cross_entropy(logits, labels, reduction="none")
