"""Anyone's loss as a `Loss` without a formula, called through the suite's adapter."""

from __future__ import annotations

from typing import Any

from lossmatters.proofs_checks.conformance.promises import declare
from lossmatters.theory.losses import CallableLoss, Loss


def as_loss(loss: Any, num_classes: int | None = None, **declarations: Any) -> Loss:
    """Return a loss for `certify` and `decide`, however it reduces and whatever it takes.

    Parameters
    ----------
    loss, declarations : as of `declare`. A `Loss` comes back as it is.
    num_classes : the K that it is asked about, at which it is tried first.

    Raises
    ------
    TypeError, ValueError : as `declare`; a loss that cannot be called.
    """
    subject = declare(loss, **declarations)
    if isinstance(subject.loss, Loss):
        return subject.loss
    if num_classes is not None and subject.only_classes is None:
        subject.only_classes = num_classes
    subject.interface  # noqa: B018 - what cannot be called is refused now, in a sentence
    return CallableLoss(subject.values, subject.name)
