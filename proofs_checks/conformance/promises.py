"""What a loss promises of itself, beyond what every loss must."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from lossmatters.proofs_checks.conformance.adapt import Subject
from lossmatters.proofs_checks.conformance.declared import Declared
from lossmatters.proofs_checks.conformance.load import load
from lossmatters.proofs_checks.conformance.way import way
from lossmatters.theory.exact import check_num_classes, fail
from lossmatters.theory.losses import CallableLoss, Loss, get
from lossmatters.theory.losses.combinators import Normalized


def declare(
    loss: Any,
    *,
    name: str = "",
    num_classes: int | None = None,
    expected_failures: Mapping[str, str] | None = None,
    takes: str = "logits",
    targets: str = "labels",
    dtype: str = "",
    layout: str = "rows",
    batch_of: int = 1,
    ignore_index: int | None = None,
    call: str = "",
    given: Mapping[str, Any] | str | None = None,
    **promises: Any,
) -> Subject:
    """Return a loss together with what it promises, for every function of this package.

    Parameters
    ----------
    loss : a `Loss`, a torch module, or a class of those that can be made without arguments; a callable; or
        text: what `lossmatters.theory.losses.get` knows. Modules and callables are called with (N, K) and
        labels (N,), and with ``num_classes=K`` if they have such a parameter.
    name : what to call it; by default the name it has.
    takes : "logits", "scores" (logits each for itself, as of sigmoids), "log probs", "probs", or "binary
        logits" (one number a sample, of two classes), of torch; with "numpy", "jax" or "keras" before it, of
        that library.
    targets : "labels" (N,), or "onehot" (N, K).
    dtype : "float32" for a loss that refuses float64; such a loss is found out, too.
    layout : "rows" (N, K), or "images" (N, K, 1, 1).
    batch_of : batches must have a multiple of so many samples.
    ignore_index : the label of samples without one.
    call, given : how it is called, ``"loss(y, z, epoch=1)"``, or what else it is given, ``{"epoch": 1}``.
        Text is read, never evaluated.
    num_classes : the only K that the loss is made for; by default any K must do.
    expected_failures : check id -> reason. An expected failure that passes is a failure.
    promises : `formula`: the `Loss` that the code computes, or its text; all that is known of it is then
        checked too. `symmetric`, `normalised` (label sum 1), `convex` and `decreasing` (on lines to the
        label's vertex), `smallest_at_label` and `zero_at_label` (at that vertex), `calibrated`: True, or
        False, which is checked too. `constant` (the label sum) and `bound` (the largest loss): a number, or a
        function of K. `differentiable=False` leaves out what is about gradients.

    Raises
    ------
    TypeError : no loss, an unknown promise. ValueError : an unknown `takes`, K < 2.
    """
    if isinstance(loss, str):
        loaded = load(loss)
        subject = declare(
            loaded.loss,
            name=name or loaded.name,
            num_classes=num_classes,
            expected_failures=expected_failures,
            takes=takes,
            targets=targets,
            dtype=dtype,
            layout=layout,
            batch_of=batch_of,
            ignore_index=ignore_index,
            call=call,
            given=given,
            **promises,
        )
        subject.import_changes = loaded.import_changes
        return subject
    found = way(takes, targets, dtype, layout, batch_of, ignore_index, call, given)
    if isinstance(loss, type):
        loss = get(loss)
    if isinstance(loss, CallableLoss):
        loss = loss.function
    if isinstance(loss, Subject):
        if promises or not found.is_plain or num_classes is not None or expected_failures:
            raise TypeError(f"declarations must be made once, got more of them for {loss!r}")
        loss.name = name or loss.name
        return loss
    if num_classes is not None:
        num_classes = check_num_classes(num_classes)
    if not (callable(loss) or isinstance(loss, Loss)):
        raise TypeError(f"loss must be a Loss, a module or a callable (logits, labels), got loss={loss!r}")
    if isinstance(loss, Loss) and not found.is_plain:
        fail("takes", "'logits' for a Loss, with nothing else declared of how it is called", takes)
    known = Declared.__dataclass_fields__
    for key in promises:
        if key not in known:
            raise TypeError(f"promise must be one of {', '.join(known)}, got promise={key!r}")
    if "formula" in promises:
        promises["formula"] = _formula(promises["formula"])
    said = _declared_by(promises.get("formula", loss)) | promises
    return Subject(loss, name or _name(loss), found, num_classes, expected_failures or {}, Declared(**said))


def _formula(given: Any) -> Loss:
    formula = get(given)
    if not formula.has_formula:
        fail("formula", "a Loss or the text of one", given)
    return formula


def _declared_by(loss: Any) -> dict[str, Any]:
    if not isinstance(loss, Loss):
        return {}
    normalised = True if isinstance(loss, Normalized) else None
    return {
        "symmetric": loss.symmetric if not normalised else True,
        "normalised": normalised,
        "differentiable": loss.differentiable,
    }


def _name(loss: Any) -> str:
    if isinstance(loss, Loss):
        return loss.spec
    return getattr(loss, "__name__", None) or type(loss).__name__
