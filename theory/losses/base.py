"""What a loss is: one exact formula, from which every other form is derived."""

from __future__ import annotations

import copy
import dataclasses
from fractions import Fraction
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from lossmatters.theory.backends import Ops, backend
from lossmatters.theory.exact import check_num_classes, exact, fail

if TYPE_CHECKING:
    from torch import Tensor, nn

PROBS_TOLERANCE = 1e-6  # rows given as probabilities may come from a float32 softmax: K ulps of 6e-8


class Loss:
    """A loss L(u, y) of a point u of the simplex and a label y.

    Subclass it, decorate the class with ``@dataclass(frozen=True)`` (and ``@register`` to give it a
    name on the command line), and write `formula`. Fields of the dataclass are parameters; numbers
    become exact rationals (``alpha=0.1`` means 1/10) and `check_parameters` may reject them.

    A subclass may *declare* properties. They are verified by the test suite and by
    ``lossmatters certify``, never trusted:

    Attributes
    ----------
    name : the key in the registry, lower case.
    title : the name in tables and figures.
    latex : the formula in LaTeX.
    source : where it was published, with the equation where known.
    symmetric : is the sum over labels constant, for every K?
    bounded : is the loss bounded on the whole simplex?
    differentiable : differentiable in u on the open simplex, but for kinks that the docstring names?
    """

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    latex: ClassVar[str] = ""
    source: ClassVar[str] = ""
    symmetric: ClassVar[bool | None] = None
    bounded: ClassVar[bool | None] = None
    differentiable: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for key, value in self.parameters.items():
            object.__setattr__(self, key, exact(value, f"parameter {key}"))
        self.check_parameters()

    # -- to be written by a subclass -----------------------------------------------------------

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        """The loss of each row: (..., K) probabilities and (..., K) one-hot labels -> (...).

        Parameters are already numbers of the backend: write ``self.alpha``, not ``float(self.alpha)``.
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula")

    def check_parameters(self) -> None:
        """Raise ValueError where a parameter is out of its domain."""

    def upper_bound(self, num_classes: Any, ops: Ops) -> Any:
        """The declared maximum of L over the simplex, or None where none is declared."""
        return None

    # -- derived -------------------------------------------------------------------------------

    @property
    def parameters(self) -> dict[str, Any]:
        """The parameters by name: every dataclass field that is a number (not a loss)."""
        if not dataclasses.is_dataclass(self):
            return {}
        fields = {f.name: getattr(self, f.name) for f in dataclasses.fields(self) if f.init}
        return {k: v for k, v in fields.items() if not isinstance(v, Loss | tuple)}

    @property
    def spec(self) -> str:
        """The text that `get` turns into this loss again: ``rll(alpha=1/10)``.

        >>> from lossmatters.theory.losses import RLL
        >>> RLL(alpha=0.1).spec
        'rll(alpha=1/10)'
        """
        inner = ", ".join(f"{k}={v}" for k, v in self.parameters.items())
        return f"{self.name or type(self).__name__}({inner})" if inner else self.name or type(self).__name__

    def apply(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        """`formula` with the parameters as numbers of the backend: what other code calls."""
        return self.bound_to(ops).formula(probs, onehot, ops)

    def bound_to(self, ops: Ops) -> Any:
        """A view of this loss whose parameters are numbers of the backend."""
        view = copy.copy(self)
        for key, value in self.parameters.items():
            if isinstance(value, Fraction):
                object.__setattr__(view, key, ops.const(value))
        return view

    def all_labels(self, probs: Any, ops: Ops) -> Any:
        """The loss matrix: (..., K) -> (..., K), entry j the loss of label j."""
        columns = [self.apply(probs, ops.onehot(probs, j), ops) for j in range(probs.shape[-1])]
        return ops.stack(columns)

    def label_sum(self, probs: Any, ops: Ops) -> Any:
        """S(u), the sum of the loss over all labels: (..., K) -> (...)."""
        return ops.sum(self.all_labels(probs, ops))

    def values(self, probs: ArrayLike, labels: ArrayLike) -> Float[np.ndarray, " n"]:
        """Per-sample losses in float64: (N, K) probabilities and (N,) labels -> (N,).

        Raises
        ------
        TypeError : labels that are not integers, or probabilities that are not numbers.
        ValueError : rows that are no probabilities, labels out of range, unequal lengths, K < 2.

        >>> from lossmatters.theory.losses import MAE
        >>> MAE().values([[0.75, 0.25]], [1])
        array([1.5])
        """
        probs, onehot = check_probs_and_labels(probs, labels)
        return np.asarray(self.apply(probs, onehot, backend("numpy")), dtype=float)

    def criterion(
        self, reduction: str = "mean", weight: Tensor | None = None, ignore_index: int = -100
    ) -> nn.Module:
        """A ``torch.nn.Module`` called like ``CrossEntropyLoss``: (logits (N, K), labels (N,)) -> loss.

        Parameters
        ----------
        reduction : "mean", "sum" or "none". The scale is the same under each: the mean divides by the
            number of samples (of summed weights, with `weight`), never by K.
        weight : (K,) factor of each label's class, or None.
        ignore_index : samples with this label count for nothing.
        """
        from lossmatters.theory.criteria.criterion import Criterion

        return Criterion(self, reduction=reduction, weight=weight, ignore_index=ignore_index)

    def matrix(self, logits: Tensor) -> Tensor:
        """The loss matrix of a batch, (N, K) logits -> (N, K): entry [n, j] is L(softmax(logits[n]), j)."""
        from lossmatters.theory.criteria.criterion import loss_matrix

        return loss_matrix(self, logits)

    # -- arithmetic ----------------------------------------------------------------------------

    def __add__(self, other: Any) -> Loss:
        from lossmatters.theory.losses.combinators import combine

        return combine(self, other) if isinstance(other, Loss) else NotImplemented

    def __mul__(self, factor: Any) -> Loss:
        from lossmatters.theory.losses.combinators import scale

        return NotImplemented if isinstance(factor, Loss) else scale(factor, self)

    __rmul__ = __mul__


class SeparableLoss(Loss):
    """L(u, y) = on_label(u_y) + sum over i != y of off_label(u_i).

    Two scalar functions define it, and decide its symmetry for every K at once (S1). They receive
    ``num_classes`` as a number of the backend: an integer, or SymPy's symbol K.
    """

    def on_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        """The term of the label's own probability."""
        raise NotImplementedError(f"{type(self).__name__} has no on_label")

    def off_label(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        """The term of each other class; 0 if not given."""
        return ops.const(0)

    @property
    def has_off_label(self) -> bool:
        return type(self).off_label is not SeparableLoss.off_label

    def formula(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        num_classes = ops.const(probs.shape[-1])
        value = self.on_label(ops.dot(probs, onehot), num_classes, ops)
        if self.has_off_label:
            off = self.off_label(probs, num_classes, ops)
            # The other classes are summed, not all classes less one: no cancellation.
            value = value + ops.sum(ops.where(onehot == 1, ops.const(0), off))
        return value

    def generator(self, t: Any, num_classes: Any, ops: Ops) -> Any:
        """G(t) = on_label(t) + (K - 1) off_label(t), so that S(u) = sum of G(u_i)  (S1)."""
        view = self.bound_to(ops)
        value = view.on_label(t, num_classes, ops)
        if self.has_off_label:
            value = value + (num_classes - 1) * view.off_label(t, num_classes, ops)
        return value

    def label_sum(self, probs: Any, ops: Ops) -> Any:
        return ops.sum(self.generator(probs, ops.const(probs.shape[-1]), ops))


class CallableLoss(Loss):
    """A plain callable ``(logits (N, K), labels (N,)) -> (N,)`` of torch tensors, with no formula.

    It can be sampled, not proved. Probabilities are given to it as their logarithms.
    """

    def __init__(self, function: Any, name: str = "") -> None:
        if not callable(function):
            raise TypeError(f"loss must be callable, got loss={function!r}")
        self.function = function
        self.name = name or getattr(function, "__name__", type(function).__name__)  # type: ignore[misc]
        self.title = self.name  # type: ignore[misc]

    def apply(self, probs: Any, onehot: Any, ops: Ops) -> Any:
        """Only under NumPy: (..., K) float64 -> (...)."""
        if ops.name != "numpy":
            raise TypeError(f"{self.name} has no formula: it can only be evaluated on numbers")
        values = self._call(np.asarray(probs, dtype=float), np.argmax(onehot, axis=-1))
        return values.double().numpy().reshape(np.shape(probs)[:-1])

    def precision(self, num_classes: int) -> str:
        """The floating type of the values for float64 logits: "float64", "float32", ..."""
        values = self._call(np.full((1, num_classes), 1 / num_classes), np.zeros(1, dtype=int))
        return str(values.dtype).removeprefix("torch.")

    def _call(self, probs: np.ndarray, labels: np.ndarray) -> Any:
        import torch

        with np.errstate(divide="ignore"):
            logits = torch.from_numpy(np.log(probs).reshape(-1, probs.shape[-1]))
        flat = torch.from_numpy(labels.reshape(-1))
        try:
            with torch.no_grad():
                values = self.function(logits, flat)
        except Exception as error:
            raise ValueError(f"{self.name} raised {type(error).__name__}: {error}") from error
        if getattr(values, "shape", None) != flat.shape:
            got = tuple(getattr(values, "shape", ())) if hasattr(values, "shape") else type(values).__name__
            raise ValueError(
                f"{self.name} must return one loss a sample, shape ({len(flat)},), got shape={got}"
            )
        return values


def check_probs_and_labels(probs: Any, labels: Any) -> tuple[np.ndarray, np.ndarray]:
    """Probabilities (N, K) as float64 and labels (N,) as one-hot rows (N, K), or a clear error."""
    try:
        probs = np.asarray(probs, dtype=float)
    except (TypeError, ValueError):
        raise TypeError(f"probs must be an array of numbers, got probs={probs!r}") from None
    labels = np.asarray(labels)
    if probs.ndim != 2:
        fail("probs", "of shape (N, K)", probs.shape)
    num_classes = check_num_classes(probs.shape[1])
    if not np.isfinite(probs).all():
        fail("probs", "finite", probs[~np.isfinite(probs).all(axis=1)][0].tolist())
    wrong = (probs < 0).any(axis=1) | (np.abs(probs.sum(axis=1) - 1) > PROBS_TOLERANCE)
    if wrong.any():
        fail(
            "probs",
            "rows of the simplex (non-negative, summing to 1; logits go to matrix())",
            probs[wrong][0].tolist(),
        )
    return probs, np.eye(num_classes)[check_labels(labels, num_classes, len(probs))]


def check_labels(labels: Any, num_classes: int, length: int | None = None) -> np.ndarray:
    """Labels as an integer array of values in 0..K-1, or a clear error."""
    labels = np.asarray(labels)
    if not np.issubdtype(labels.dtype, np.integer):
        raise TypeError(f"labels must be integers, got dtype={labels.dtype}")
    if labels.ndim != 1 or (length is not None and len(labels) != length):
        fail("labels", f"of shape ({'N' if length is None else length},)", labels.shape)
    outside = (labels < 0) | (labels >= num_classes)
    if outside.any():
        fail("labels", f"in 0..{num_classes - 1}", int(labels[outside][0]))
    return labels
