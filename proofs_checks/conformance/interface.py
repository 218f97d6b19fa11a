"""How a loss answers: found out by calling it, not guessed."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any, Protocol

from lossmatters.proofs_checks.conformance.probing import one_line, probe
from lossmatters.proofs_checks.conformance.way import Way

if TYPE_CHECKING:
    from torch import Tensor

REDUCTIONS = ("none", "mean", "sum")
SIZES = (3, 5, 4, 10, 2, 6, 7, 8, 9, 100, 1000)  # the first that works is used where one K is enough


class Callee(Protocol):
    """What is asked of a loss to find out how it answers."""

    name: str
    way: Way
    only_classes: int | None

    @property
    def takes(self) -> str: ...
    @property
    def missing(self) -> list[str]: ...
    @property
    def asks_by_name(self) -> bool: ...
    def raw(self, logits: Tensor, labels: Tensor, reduction: str | None = None) -> Any: ...
    def called(self, way: Way) -> Callee: ...


@dataclass(frozen=True)
class Interface:
    """How a loss answers.

    Attributes
    ----------
    num_classes : the K that is used where one is enough.
    refused : K -> the error, for each K tried without success before one worked.
    reduction : of a plain call: "none", "mean", "sum", or "unknown" (a number that is neither the mean nor
        the sum of the samples').
    askable : the reductions that it gives when asked, by attribute or keyword; all found to work.
    ignored : reductions that it accepts by keyword and does not give -> the shape that it gives.
    axes : what each sample's value has beside its number: () for (N,), (1,) for (N, 1), (K,) for (N, K), and
        (1,) of a mean or sum that is no plain number.
    entries : whether reduction "none" gives (N, K).
    """

    num_classes: int
    refused: dict[int, str]
    reduction: str
    askable: tuple[str, ...]
    ignored: dict[str, tuple[int, ...]] = field(default_factory=dict)
    axes: tuple[str, ...] = ()
    entries: bool = False

    @property
    def per_class(self) -> bool:
        """Tell whether it gives one number for each class of a sample, when it gives one for each sample."""
        return "K" in self.axes or self.entries

    def shape(self, size: int, num_classes: int) -> tuple[int, ...]:
        """Return the shape of a plain call's answer for so many samples."""
        own = tuple(num_classes if axis == "K" else 1 for axis in self.axes)
        return ((size,) if self.reduction == "none" else ()) + own


def found_out(subject: Callee) -> Interface:
    """Return how a loss answers, with the first of some numbers of classes at which it does.

    Raises
    ------
    TypeError : it could not be called at any K, or gives no number or one loss a sample.
    """
    refused: dict[int, str] = {}
    sizes = (subject.only_classes,) if subject.only_classes else SIZES
    for size in sizes:
        try:
            found = subject.raw(*probe(size))
        except Exception as error:
            refused[size] = f"{type(error).__name__}: {one_line(error)}"
            continue
        axes = _axes(subject, found, size)
        _need_any_batch(subject, size)
        reduction = _reduction(subject, found, size)
        askable, ignored, entries = _askable(subject, size)
        return Interface(size, refused, reduction, askable, ignored, axes, entries)
    if not subject.way.dtype and not subject.way.library:  # a loss for float32 alone is checked in float32
        narrow = subject.called(replace(subject.way, dtype="float32"))
        if _works(narrow, sizes[0]):
            subject.way = narrow.way
            return found_out(subject)
    shown = next(iter(refused.items()))
    raise TypeError(
        f"loss must be callable on {subject.takes} (N, K) and {subject.way.targets} "
        f"{'(N,)' if subject.way.targets == 'labels' else '(N, K)'}, got loss={subject.name!r}, which at "
        f"K = {shown[0]} raised {shown[1]}{_suggestion(subject, sizes)}"
    )


def _need_any_batch(subject: Callee, size: int) -> None:
    """Refuse a loss that takes some sizes of batches alone, and say which, if that is not declared.

    A single sample that is refused is the business of `one_sample`.
    """

    def refuses(samples: int) -> bool:
        try:
            subject.raw(*probe(size, samples))
        except Exception:
            return True
        return False

    if subject.way.batch_of == 1 and refuses(1) and refuses(3):
        multiple = next((m for m in (2, 4) if not refuses(m)), 4)
        raise TypeError(
            f"loss must take batches of any size, got loss={subject.name!r}, which refuses 1 and 3 samples; "
            f"it can be called with batch_of={multiple}, which is then to be declared"
        )


def _suggestion(subject: Callee, sizes: tuple[int, ...]) -> str:
    """Return what to declare, where one declaration is found with which the loss can be called."""
    way = subject.way
    tries: list[tuple[str, Way, tuple[int, ...]]] = [
        ("targets='onehot'", replace(way, targets="onehot"), sizes),
        ("call='loss(y, z)'", replace(way, slots=("y", "z")), sizes),
        (
            "targets='onehot', call='loss(y, z)'",
            replace(way, targets="onehot", slots=("y", "z")),
            sizes,
        ),
        ("layout='images'", replace(way, layout="images"), sizes),
        (
            "layout='images', targets='onehot'",
            replace(way, layout="images", targets="onehot"),
            sizes,
        ),
        ("takes='binary logits'", replace(way, kind="binary logits"), (2,)),
        ("takes='numpy probs'", replace(way, kind="probs", library="numpy"), sizes),
        *((f"batch_of={m}", replace(way, batch_of=m), sizes) for m in (2, 3, 8)),
    ]
    if not way.library:
        for text, tried, some in tries:
            if any(_works(subject.called(tried), size) for size in some[:2]):
                return f"; it can be called with {text}, which is then to be declared"
    missing = subject.missing
    if missing:
        names = ", ".join(f"{name!r}: ..." for name in missing)
        return f"; give it what else it needs: given={{{names}}}"
    return ""


def _works(subject: Callee, size: int) -> bool:
    """Tell whether a call gives one number, or one a sample, or one an entry."""
    logits, labels = probe(size)
    try:
        shape = tuple(subject.raw(logits, labels).shape)
    except Exception:
        return False
    n = len(labels)
    return shape in ((), (1,), (n,), (n, 1), (n, size))


def _axes(subject: Callee, found: Any, size: int) -> tuple[str, ...]:
    n = len(probe(size)[1])
    shape = tuple(found.shape) if hasattr(found, "shape") else None
    known = {(): (), (n,): (), (1,): ("1",), (n, 1): ("1",), (n, size): ("K",)}
    if shape == (n, size):
        _need_the_label(subject, size)
    if shape in known:
        return known[shape]
    got = type(found).__name__ if shape is None else f"shape {shape}"
    raise TypeError(f"loss must return one number, or one a sample (shape ({n},) here), got {got}")


def _need_the_label(subject: Callee, size: int) -> None:
    """Refuse values (N, K) that no label changes: those of all labels, of which none was taken."""
    import torch

    logits, labels = probe(size)
    one, other = (subject.raw(logits.clone(), y) for y in (labels, (labels + 1) % size))
    if torch.equal(one, other):
        raise TypeError(
            f"loss must depend on the label, got values of shape ({len(labels)}, {size}), the same for every "
            f"label: take the label's, as by values.gather(1, labels[:, None])"
        )


def _reduction(subject: Callee, found: Any, size: int) -> str:
    import torch

    logits, labels = probe(size)
    if found.ndim and len(found) == len(labels):
        return "none"
    each = torch.stack(
        [
            subject.raw(logits[i : i + 1].clone(), labels[i : i + 1].clone()).reshape(())
            for i in range(len(labels))
        ]
    )
    # two orders of summation of a few numbers, perhaps in float32: some units of 2^-23
    atol = 1e-6 * float(each.abs().nan_to_num(posinf=0.0).max())
    for reduction, total in (("mean", each.mean()), ("sum", each.sum())):
        one = found.double().reshape(())
        if torch.allclose(one, total.double(), atol=atol, rtol=1e-5, equal_nan=True):
            return reduction
    return "unknown"


def _askable(subject: Callee, size: int) -> tuple[tuple[str, ...], dict[str, tuple[int, ...]], bool]:
    logits, labels = probe(size)
    shapes: dict[str, tuple[int, ...]] = {}
    answers = {}
    for reduction in REDUCTIONS:
        try:
            answers[reduction] = subject.raw(logits, labels, reduction)
            shapes[reduction] = tuple(answers[reduction].shape)
        except Exception:
            shapes.pop(reduction, None)
    n = len(labels)
    wanted = {"none": ((n,), (n, 1), (n, size)), "mean": ((), (1,)), "sum": ((), (1,))}
    given = tuple(reduction for reduction in shapes if shapes[reduction] in wanted[reduction])
    if not subject.asks_by_name and _all_alike([answers[reduction] for reduction in shapes]):
        return (), {}, False  # an attribute that says how it was made, and is not read again
    ignored = {reduction: shape for reduction, shape in shapes.items() if reduction not in given}
    return given, ignored, shapes.get("none") == (n, size)


def _all_alike(answers: list[Any]) -> bool:
    import torch

    return all(a.shape == answers[0].shape and torch.equal(a, answers[0]) for a in answers)
