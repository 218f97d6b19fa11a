"""What a criterion is given, checked: clear errors for kinds, shapes and ranges.

Ranges are read from the values, so they are looked at only where that costs no wait for a device and breaks
no graph: not while compiling, and not off the CPU, where a label out of range fails in torch's own gather.
"""

from __future__ import annotations

from numbers import Integral

import torch
from torch import Tensor

from lossmatters.theory.criteria.transforms import is_traced, is_transformed, sizes
from lossmatters.theory.exact import check_num_classes, check_rate, fail

REDUCTIONS = ("mean", "sum", "none")


def check_settings(reduction: str, ignore_index: int, label_smoothing: float) -> tuple[int, float]:
    """Refuse an unknown reduction, an index that is no integer, a share outside [0, 1]; return both."""
    if reduction not in REDUCTIONS:
        fail("reduction", "one of mean, sum, none", reduction)
    if isinstance(ignore_index, bool) or not isinstance(ignore_index, Integral):
        raise TypeError(f"ignore_index must be an integer, got ignore_index={ignore_index!r}")
    return int(ignore_index), float(check_rate(label_smoothing, "label_smoothing"))


def check_weight(weight: object) -> Tensor | None:
    """Return a finite, non-negative (K,) tensor, or None."""
    if weight is None:
        return None
    if not isinstance(weight, Tensor) or not weight.is_floating_point():
        raise TypeError(f"weight must be a floating tensor or None, got weight={weight!r}")
    if weight.ndim != 1:
        fail("weight", "of shape (K,)", tuple(weight.shape))
    if not bool(((weight >= 0) & weight.isfinite()).all()):
        fail("weight", "finite and >= 0", weight.tolist())
    return weight


def check_logits(logits: object) -> None:
    """Refuse what is no floating tensor."""
    if not isinstance(logits, Tensor):
        raise TypeError(f"logits must be a tensor, got logits={logits!r}")
    if not logits.is_floating_point():
        raise TypeError(f"logits must be floating, got dtype={logits.dtype}")


def check_batch(logits: Tensor, target: Tensor, ignore_index: int = -100) -> tuple[int, bool]:
    """Refuse all but logits (N, K), (N, K, d1, ...) or (K,), with labels (no K) or probabilities (of all K).

    Return K, and whether it is known that every sample counts.
    """
    check_logits(logits)
    if not isinstance(target, Tensor):
        raise TypeError(f"labels must be a tensor, got labels={target!r}")
    shape = sizes(logits)
    of_labels = shape[:1] + shape[2:] if logits.ndim > 1 else ()
    if target.layout != torch.strided:
        raise TypeError(f"labels must be dense, got layout={target.layout}")
    if target.is_floating_point() and sizes(target) == shape and logits.ndim:
        _check_probabilities(target)
        return _check_num_classes(logits), True
    if target.is_floating_point() or target.is_complex() or target.dtype == torch.bool:
        raise TypeError(f"labels must be integers, got dtype={target.dtype}")
    if not logits.ndim or sizes(target) != of_labels:
        fail("logits and labels", "of shapes (N, K, ...) and (N, ...)", (shape, sizes(target)))
    num_classes = _check_num_classes(logits)
    return num_classes, _check_labels(target.long(), num_classes, ignore_index)  # uint16 has no order


def _check_num_classes(logits: Tensor) -> int:
    size = sizes(logits)[0 if logits.ndim == 1 else 1]
    # K is a constant of what is traced
    return check_num_classes(int(size) if isinstance(size, torch.SymInt) else size)


def _check_labels(labels: Tensor, num_classes: int, ignore_index: int) -> bool:
    if not _readable(labels) or not labels.numel():
        return False
    low, high = (int(end) for end in labels.aminmax())
    if low >= 0 and high < num_classes:
        return not 0 <= ignore_index < num_classes
    outside = ((labels < 0) | (labels >= num_classes)) & (labels != ignore_index)
    if bool(outside.any()):
        fail("labels", f"in 0..{num_classes - 1}", int(labels[outside][0]))
    return False


def _check_probabilities(target: Tensor) -> None:
    if _readable(target) and not bool((target >= 0).all()):
        fail("probabilities", ">= 0", float(target[~(target >= 0)][0]))


def _readable(values: Tensor) -> bool:
    """Return whether the values may be looked at here."""
    inside = torch.compiler.is_compiling() or is_transformed(values) or is_traced(values)
    return values.device.type == "cpu" and not inside
