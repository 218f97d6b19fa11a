"""K binary losses of sigmoids: reduction "none" gives (N, K), and the mean is one over all entries."""

from torch.nn import BCEWithLogitsLoss

ONCE_ACCUSED_BY = {"batch"}
DECLARED = {"takes": "scores", "targets": "onehot"}


loss = BCEWithLogitsLoss()
