"""What a loss is: one exact formula, from which every other form is derived; and what a sum of losses is.

Sums stand here because ``a + b`` is a `Loss` that every `Loss` can make.
"""

from __future__ import annotations

import copy
import dataclasses
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np
from jaxtyping import Float
from numpy.typing import ArrayLike

from lossmatters.theory.backends import N, Ops, Plain, backend
from lossmatters.theory.exact import exact, fail
from lossmatters.theory.formula import classes_of, evaluate, trace_formula
from lossmatters.theory.formula.subject import Value
from lossmatters.theory.losses.bound import WRITTEN_OUT, Bound
from lossmatters.theory.losses.check import check_probs_and_labels
from lossmatters.theory.losses.identity import LossClass, drop_what_was_declared

if TYPE_CHECKING:
    import sympy
    from torch import Tensor, nn


class Loss(metaclass=LossClass):
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
    has_formula : can it be proved? Not what is only a function of tensors (`CallableLoss`).
    """

    _any: ClassVar[bool] = True  # whatever it computes, it is a loss

    name: ClassVar[str] = ""
    title: ClassVar[str] = ""
    latex: ClassVar[str] = ""
    source: ClassVar[str] = ""
    symmetric: ClassVar[bool | None] = None
    bounded: ClassVar[bool | None] = None
    differentiable: ClassVar[bool] = True
    has_formula: ClassVar[bool] = True

    def __init_subclass__(cls, **kwargs: object) -> None:
        """Drop what was declared for another formula, and what a class says of sums that follow from it."""
        super().__init_subclass__(**kwargs)
        drop_what_was_declared(cls, Loss)

    def __post_init__(self) -> None:
        for key, value in self.parameters.items():
            object.__setattr__(self, key, exact(value, f"parameter {key}"))
        self.check_parameters()

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N | Plain:
        """Return the loss of each row: (..., K) probabilities and (..., K) one-hot labels -> (...).

        Parameters are already numbers of the backend: write ``self.alpha``, not ``float(self.alpha)``.
        """
        raise NotImplementedError(f"{type(self).__name__} has no formula")

    def check_parameters(self) -> None:
        """Raise ValueError where a parameter is out of its domain."""

    def upper_bound(self, num_classes: N | Plain, ops: Ops[N]) -> N | Plain | None:
        """Return the declared maximum of L over the simplex, or None where none is declared."""
        return None

    @property
    def parameters(self) -> dict[str, Fraction | sympy.Expr]:
        """Return the parameters by name: every dataclass field that is a number (not a loss)."""
        fields = {name: getattr(self, name) for name in _given(type(self))}
        return {k: v for k, v in fields.items() if not isinstance(v, Loss | tuple)}

    @property
    def spec(self) -> str:
        """Return the text that `get` turns into this loss again: ``rll(alpha=1/10)``.

        >>> from lossmatters.theory.losses import RLL
        >>> RLL(alpha=0.1).spec
        'rll(alpha=1/10)'
        """
        inner = ", ".join(f"{k}={v}" for k, v in self.parameters.items())
        return f"{self.name or type(self).__name__}({inner})" if inner else self.name or type(self).__name__

    def apply(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        """Compute `formula`, traced once for this K, by the backend: what other code calls."""
        if ops.name in WRITTEN_OUT:  # within the formula of another loss
            return self.raw(ops).formula(probs, onehot, ops)  # type: ignore[return-value]  # or a plain number
        classes = classes_of(probs.shape[-1])
        return evaluate(
            trace_formula(self, classes), ops, probs=probs, onehot=onehot, classes=probs.shape[-1]
        )

    def bound_to(self, ops: Ops[N]) -> Any:
        """Return a view of this loss whose functions are traced and computed by the backend."""
        return self.raw(ops) if ops.name in WRITTEN_OUT else Bound(self, ops)

    def raw(self, ops: Ops[N]) -> Self:
        """Return a copy with the user's own functions, and parameters as numbers of the backend."""
        view = copy.copy(self)
        for key, value in self.parameters.items():
            if isinstance(value, Fraction) or hasattr(value, "free_symbols"):  # or left open, for SymPy alone
                object.__setattr__(view, key, ops.const(value))
        return view

    def all_labels(self, probs: N, ops: Ops[N]) -> N:
        """Return the loss matrix: (..., K) -> (..., K), entry j the loss of label j."""
        columns = [self.apply(probs, ops.onehot(probs, j), ops) for j in range(probs.shape[-1])]
        return ops.stack(columns)

    def label_sum(self, probs: N, ops: Ops[N]) -> N:
        """Return S(u), the sum of the loss over all labels: (..., K) -> (...)."""
        return ops.sum(self.all_labels(probs, ops))

    def written(self, point: Sequence[Fraction]) -> list[Value]:
        """Return L(u, j) of all labels at an exact point, by the formula as written: exact or 60 digits."""
        from lossmatters.theory.formula import direct

        return direct.losses(self, point)

    def run_at(self, point: Sequence[Fraction], labels: Sequence[int]) -> None:
        """Run the formula as written at an exact point, for the comparisons that `formula.direct` notes."""
        from lossmatters.theory.formula import direct

        direct.losses(self, point, labels)

    def values(self, probs: ArrayLike, labels: ArrayLike) -> Float[np.ndarray, " n"]:
        """Return per-sample losses in float64: (N, K) probabilities and (N,) labels -> (N,).

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
        self,
        weight: Tensor | str | None = None,
        ignore_index: int = -100,
        reduction: str = "mean",
        label_smoothing: float = 0.0,
    ) -> nn.Module:
        """Return a ``torch.nn.Module`` called like ``CrossEntropyLoss``: (logits (N, K), labels) -> loss.

        Parameters
        ----------
        weight : (K,) factor of each label's class, or None. A text in its place is the reduction.
        ignore_index : samples with this label count for nothing.
        reduction : "mean", "sum" or "none". The scale is the same under each: the mean divides by the
            number of samples (of summed weights, with `weight`), never by K.
        label_smoothing : s in [0, 1]: the expected loss if the label were drawn evenly with probability s.
        """
        from lossmatters.theory.criteria.criterion import Criterion

        if isinstance(weight, str):
            return Criterion(self, None, ignore_index, weight, label_smoothing)
        return Criterion(self, weight, ignore_index, reduction, label_smoothing)

    def matrix(self, logits: Tensor) -> Tensor:
        """Return the loss matrix of (N, K) logits, (N, K): entry [n, j] is L(softmax(logits[n]), j)."""
        from lossmatters.theory.criteria.criterion import loss_matrix

        return loss_matrix(self, logits)

    def __add__(self, other: object) -> Loss:
        return combine(self, other) if isinstance(other, Loss) else NotImplemented

    def __mul__(self, factor: object) -> Loss:
        return NotImplemented if isinstance(factor, Loss) else scale(factor, self)

    __rmul__ = __mul__


@lru_cache(maxsize=512)
def _given(cls: type) -> tuple[str, ...]:
    """Return the names of the fields that a loss of this class is made with."""
    return tuple(f.name for f in dataclasses.fields(cls) if f.init) if dataclasses.is_dataclass(cls) else ()


class SeparableLoss(Loss):
    """L(u, y) = on_label(u_y) + sum over i != y of off_label(u_i).

    Two scalar functions define it, and decide its symmetry for every K at once (S1). They receive
    ``num_classes`` as a number of the backend: an integer, or SymPy's symbol K.
    """

    _any: ClassVar[bool] = False
    _open: ClassVar[tuple[str, ...]] = ("on_label", "off_label", "has_off_label", "raw")

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        """Return the term of the label's own probability."""
        raise NotImplementedError(f"{type(self).__name__} has no on_label")

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        """Return the term of each other class; 0 if not given."""
        return ops.const(0)

    @property
    def has_off_label(self) -> bool:
        return type(self).off_label is not SeparableLoss.off_label

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N | Plain:
        num_classes = ops.const(probs.shape[-1])
        value = self.on_label(ops.dot(probs, onehot), num_classes, ops)
        if self.has_off_label:
            off = self.off_label(probs, num_classes, ops)
            # The other classes are summed, not all classes less one: no cancellation.
            value = value + ops.sum(ops.where(onehot == 1, ops.const(0), off))
        return value

    def generator(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N:
        """Return G(t) = on_label(t) + (K - 1) off_label(t), so that S(u) = sum of G(u_i)  (S1)."""
        view = self.bound_to(ops)
        value = view.on_label(t, num_classes, ops)
        if self.has_off_label:
            value = value + (num_classes - 1) * view.off_label(t, num_classes, ops)
        return value

    def label_sum(self, probs: N, ops: Ops[N]) -> N:
        return ops.sum(self.generator(probs, ops.const(probs.shape[-1]), ops))

    def written(self, point: Sequence[Fraction]) -> list[Value]:
        from lossmatters.theory.formula import direct

        if not isinstance(self, SeparableLoss):
            return Loss.written(self, point)
        counts = Counter(point)
        entries = direct.entries(self, len(point))
        on, off = ([entries.at(name, t) for t in counts] for name in ("on_label", "off_label"))
        values = dict(zip(counts, direct.sums(on, off, list(counts.values())), strict=True))
        return [values[t] for t in point]

    def run_at(self, point: Sequence[Fraction], labels: Sequence[int]) -> None:
        from lossmatters.theory.formula import direct

        if not isinstance(self, SeparableLoss):
            return Loss.run_at(self, point, labels)
        entries = direct.entries(self, len(point))
        for name, at in (("on_label", [point[j] for j in labels]), ("off_label", point)):
            for t in at:
                entries.note(name, t)
        return None


Terms = tuple[tuple[Fraction, Loss], ...]


class _Terms:
    """What the two kinds of sum share: a text, a title and the terms."""

    terms: Terms

    @property
    def spec(self) -> str:
        return " + ".join(term.spec if c == 1 else f"{c}*{term.spec}" for c, term in self.terms)

    @property
    def title(self) -> str:
        return " + ".join(term.title if c == 1 else f"{c} {term.title}" for c, term in self.terms)


@dataclass(frozen=True)
class Combination(_Terms, Loss):  # type: ignore[override]  # a sum makes its own title
    """A sum of positive multiples of losses, not all of them separable."""

    terms: Terms = ()
    _any: ClassVar[bool] = False
    _open: ClassVar[tuple[str, ...]] = ("active", "passive", "raw")

    def __post_init__(self) -> None:
        """Check nothing: terms are checked by `combine` and `scale`, and it has no parameters of its own."""

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N | Plain:
        return sum(ops.const(c) * term.apply(probs, onehot, ops) for c, term in self.terms)

    def label_sum(self, probs: N, ops: Ops[N]) -> N:
        return sum(ops.const(c) * term.label_sum(probs, ops) for c, term in self.terms)  # type: ignore[return-value]

    def written(self, point: Sequence[Fraction]) -> list[Value]:
        from lossmatters.theory.formula import direct

        if not isinstance(self, Combination):
            return super().written(point)
        rows = [[direct.times(c, x) for x in term.written(point)] for c, term in self.terms]
        return [direct.total(column) for column in zip(*rows, strict=True)]

    def run_at(self, point: Sequence[Fraction], labels: Sequence[int]) -> None:
        from lossmatters.theory.formula import direct

        if not isinstance(self, Combination):
            return super().run_at(point, labels)
        for c, term in self.terms:
            direct.OPS.const(c)  # a number of the formula, too
            term.run_at(point, labels)
        return None


@dataclass(frozen=True)
class SeparableCombination(_Terms, SeparableLoss):  # type: ignore[override]  # as above
    """A sum of positive multiples of separable losses: separable, with the sums of their functions."""

    terms: Terms = ()

    def __post_init__(self) -> None:
        """Check nothing, as for `Combination`."""

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return sum(ops.const(c) * term.bound_to(ops).on_label(t, num_classes, ops) for c, term in self.terms)

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        return sum(ops.const(c) * term.bound_to(ops).off_label(t, num_classes, ops) for c, term in self.terms)


def scale(factor: object, loss: Loss) -> Loss:
    """Return `factor` times `loss`, the factor exact and > 0."""
    number = exact(factor, "factor")
    if number <= 0:
        fail("factor", "> 0", factor)
    return _combination(tuple((number * c, term) for c, term in _terms(loss)))


def combine(first: Loss, second: Loss) -> Loss:
    """Return the sum of two losses."""
    return _combination(_terms(first) + _terms(second))


def _terms(loss: Loss) -> Terms:
    if not loss.has_formula:
        raise TypeError(f"loss must have a formula to be combined, got loss={loss.name!r}")
    return loss.terms if isinstance(loss, Combination | SeparableCombination) else ((Fraction(1), loss),)


def _combination(terms: Terms) -> Loss:
    if len(terms) == 1 and terms[0][0] == 1:  # once a loss is that loss, as its text says
        return terms[0][1]
    separable = all(isinstance(term, SeparableLoss) for _, term in terms)
    return SeparableCombination(terms) if separable else Combination(terms)
