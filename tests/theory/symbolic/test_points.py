"""What a search works with: losses at simple points."""

from __future__ import annotations

import numpy as np
import pytest

from lossmatters.theory.backends import backend
from lossmatters.theory.losses import LOSSES, SeparableLoss
from lossmatters.theory.symbolic.points import losses_at, small_points

SEPARABLE = [name for name, cls in LOSSES.items() if isinstance(cls(), SeparableLoss)]


@pytest.mark.parametrize("name", SEPARABLE)
@pytest.mark.parametrize("k", [2, 5])
def test_losses_of_a_separable_loss_are_those_of_its_formula(name: str, k: int) -> None:
    """They are put together from K terms a point; the formula sums K terms for each label."""
    loss, points = LOSSES[name](), small_points(k)
    floats = backend("numpy")
    with np.errstate(invalid="ignore"):  # infinity less infinity, where the row has no losses
        by_formula = loss.all_labels(floats.array(points), floats)
    for row, wanted in zip(losses_at(loss, points), by_formula, strict=True):
        assert (row is None) == (not np.isfinite(wanted).all())
        if row is not None:
            assert [float(x) for x in row] == pytest.approx(wanted.tolist(), rel=1e-12, abs=1e-12)
