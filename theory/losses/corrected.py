"""Losses corrected for known noise, backward and forward (R9).

T[i, j] = P(noisy = j given clean = i). *Backward*: T^(-1) applied to the losses of all labels, so that the
mean over the noisy label is the loss of the clean one. *Forward*: the output is made noisy by T before the
loss sees it. Under uniform noise T = a I + b 11', and both are separable where the loss is.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from fractions import Fraction

from lossmatters.theory.backends import N, Ops, Plain
from lossmatters.theory.exact import Number, check_num_classes, check_rate, fail
from lossmatters.theory.formula import is_settled
from lossmatters.theory.losses.averaging import check_eta
from lossmatters.theory.losses.base import Combination, Loss, SeparableLoss
from lossmatters.theory.losses.mixtures import GeneralMixture, SeparableMixture, slope_and_offset, summed

Matrix = tuple[tuple[Fraction, ...], ...]
WAYS = ("backward", "forward")


def inverse(matrix: Matrix) -> Matrix:
    """Return the exact inverse of a square matrix, by elimination.

    Raises
    ------
    ValueError : singular.
    """
    k = len(matrix)
    rows = [[*row, *(Fraction(int(i == j)) for j in range(k))] for i, row in enumerate(matrix)]
    for i in range(k):
        pivot = next((r for r in range(i, k) if rows[r][i] != 0), None)
        if pivot is None:
            fail("transition matrix", "invertible", [[str(x) for x in row] for row in matrix])
        rows[i], rows[pivot] = rows[pivot], rows[i]
        rows[i] = [x / rows[i][i] for x in rows[i]]
        for r in range(k):
            if r != i and rows[r][i] != 0:
                factor = rows[r][i]
                rows[r] = [x - factor * y for x, y in zip(rows[r], rows[i], strict=True)]
    return tuple(tuple(row[k:]) for row in rows)


def check_matrix(matrix: Iterable[Iterable[object]]) -> Matrix:
    """Return exact rows of probabilities that sum to 1, square, K >= 2; refuse anything else."""
    rows = tuple(tuple(check_rate(x, "transition probability") for x in row) for row in matrix)
    if any(len(row) != len(rows) for row in rows):
        fail("transition matrix", "square", [len(row) for row in rows])
    check_num_classes(len(rows))
    wrong = next((row for row in rows if sum(row) != 1), None)
    if wrong is not None:
        fail("rows of the transition matrix", "summing to 1", [str(x) for x in wrong])
    return rows


def uniform_rate(matrix: Matrix) -> Fraction | None:
    """Return eta where the matrix is that of uniform noise, else None."""
    eta, k = 1 - matrix[0][0], len(matrix)
    same = all(
        x == (1 - eta if i == j else eta / (k - 1)) for i, row in enumerate(matrix) for j, x in enumerate(row)
    )
    return eta if same else None


class _Backward:
    """p = 1/a, q = -b/a: a (p L + q S) + b S' = L, with S' = S, the label sum of either."""

    eta: Fraction

    def weights(self, num_classes: N | Plain) -> tuple[N | Plain, N | Plain]:
        a, b = slope_and_offset(self.eta, num_classes)
        if is_settled(a) and a == 0:
            fail("parameter eta", "other than (K-1)/K, where labels carry no information", self.eta)
        return 1 / a, -b / a


@dataclass(frozen=True)
class UniformBackward(_Backward, GeneralMixture):  # type: ignore[override]  # it makes its own name
    """Backward correction of any loss for uniform noise: (L - b S)/a = L_sym/a + S/K.

    Unbiased: its mean over the noisy label is L. It grows with 1/a without bound as eta nears (K-1)/K, and
    is negative where L < b S.
    """

    base: Loss
    eta: Fraction = Fraction(2, 5)

    word = "backward"
    words = "backward-corrected"

    def check_parameters(self) -> None:
        self.check_base()
        check_eta(self.eta)


@dataclass(frozen=True)
class UniformBackwardSeparable(_Backward, SeparableMixture):  # type: ignore[override]  # as above
    """`UniformBackward` of a separable loss, which is separable."""

    base: SeparableLoss
    eta: Fraction = Fraction(2, 5)

    word = "backward"
    words = "backward-corrected"

    def check_parameters(self) -> None:
        super().check_parameters()
        check_eta(self.eta)


class _Forward:
    """Names of the two kinds of forward correction."""

    base: Loss
    eta: Fraction

    @property
    def spec(self) -> str:
        return f"forward({self.base.spec}, eta={self.eta})"

    @property
    def title(self) -> str:
        return f"forward-corrected {self.base.title}"

    def check_parameters(self) -> None:
        """Refuse all but a base with a formula and a rate in [0, 1]."""
        if not isinstance(self.base, Loss) or not self.base.has_formula:
            raise TypeError(f"base must be a loss with a formula, got base={self.base!r}")
        check_eta(self.eta)


@dataclass(frozen=True)
class UniformForward(_Forward, Loss):  # type: ignore[override]  # it makes its own name
    """Forward correction of any loss for uniform noise: L(a u + b, y)."""

    base: Loss
    eta: Fraction = Fraction(2, 5)

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        a, b = slope_and_offset(self.eta, ops.const(probs.shape[-1]))
        return self.base.apply(a * probs + b, onehot, ops)


@dataclass(frozen=True)
class UniformForwardSeparable(_Forward, SeparableLoss):  # type: ignore[override]  # as above
    """Forward correction of a separable loss: on(a t + b) and off(a t + b).

    For CCE it is -log(b/a + u_y) - log a, the shifted cross-entropy with alpha = b/a = eta/((K-1) a).
    """

    base: SeparableLoss
    eta: Fraction = Fraction(2, 5)

    def on_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        a, b = slope_and_offset(self.eta, num_classes)
        return self.base.bound_to(ops).on_label(a * t + b, num_classes, ops)

    def off_label(self, t: N, num_classes: N | Plain, ops: Ops[N]) -> N | Plain:
        if not self.base.has_off_label:
            return ops.const(0)
        a, b = slope_and_offset(self.eta, num_classes)
        return self.base.bound_to(ops).off_label(a * t + b, num_classes, ops)

    @property
    def has_off_label(self) -> bool:
        return self.base.has_off_label


@dataclass(frozen=True)
class Corrected(Loss):
    """A loss corrected for a transition matrix, at the K of the matrix.

    Formula: backward, sum_j (T^(-1))_yj L(u, j); forward, L(T'u, y) with T' the transpose.
    It tells classes apart unless the matrix does not.

    Raises
    ------
    ValueError : a matrix that is not square, whose rows do not sum to 1, or (backward) that is singular.

    >>> from lossmatters.theory.losses import MAE
    >>> T = (("3/4", "1/4"), ("1/2", "1/2"))
    >>> both = Corrected(MAE(), T).values([[0.5, 0.5]] * 2, [0, 1])
    >>> float(0.75 * both[0] + 0.25 * both[1]) == float(MAE().values([[0.5, 0.5]], [0])[0])
    True
    """

    base: Loss
    transition: Matrix = ()
    way: str = "backward"

    @property
    def parameters(self) -> dict[str, Fraction]:
        return {}

    def __post_init__(self) -> None:
        if not isinstance(self.base, Loss) or not self.base.has_formula:
            raise TypeError(f"base must be a loss with a formula, got base={self.base!r}")
        if self.way not in WAYS:
            fail("way", f"one of {', '.join(WAYS)}", self.way)
        object.__setattr__(self, "transition", check_matrix(self.transition))
        object.__setattr__(self, "_inverse", inverse(self.transition) if self.way == "backward" else ())

    @property
    def spec(self) -> str:
        rows = "; ".join(" ".join(map(str, row)) for row in self.transition)
        return f"{self.way}({self.base.spec}, T=[{rows}])"

    @property
    def title(self) -> str:  # type: ignore[override]
        return f"{self.way}-corrected {self.base.title}"

    def label_weights(self, num_classes: int) -> Matrix:
        """Return W with L'(u, y) = sum_j W[y, j] L(u, j), for backward correction."""
        found: Matrix = self._inverse  # type: ignore[attr-defined]
        return found

    def formula(self, probs: N, onehot: N, ops: Ops[N]) -> N:
        k = len(self.transition)
        if probs.shape[-1] != k:
            fail("num_classes", f"{k}, the size of the matrix", probs.shape[-1])
        if self.way == "forward":
            entries = [
                sum(
                    ops.const(self.transition[i][j]) * probs[..., i]
                    for i in range(k)
                    if self.transition[i][j]
                )
                for j in range(k)
            ]
            return self.base.apply(ops.stack(entries), onehot, ops)
        weights = [
            sum(onehot[..., y] * ops.const(self.label_weights(k)[y][j]) for y in range(k)) for j in range(k)
        ]
        return ops.dot(ops.stack(weights), self.base.all_labels(probs, ops))


def corrected(loss: Loss, noise: Number | Iterable[Iterable[Number]], way: str = "backward") -> Loss:
    """Return a loss corrected for known noise.

    Parameters
    ----------
    noise : the rate of uniform noise (the loss is then one for every K), or a transition matrix T with
        T[i, j] = P(noisy = j given clean = i), exact where its numbers are.
    way : "backward" (unbiased, T must be invertible) or "forward".

    Raises
    ------
    TypeError : a callable without a formula.
    ValueError : an unknown way, a rate outside [0, 1], a matrix that is none or (backward) is singular.

    >>> from lossmatters.theory.losses import CCE
    >>> corrected(CCE(), 0.4, "forward").spec
    'forward(cce, eta=2/5)'
    """
    if way not in WAYS:
        fail("way", f"one of {', '.join(WAYS)}", way)
    if not isinstance(noise, list | tuple) and not hasattr(noise, "shape"):
        return _uniform(loss, check_rate(noise), way)
    return Corrected(loss, tuple(map(tuple, noise)), way)  # type: ignore[arg-type]  # it has rows


def _uniform(loss: Loss, eta: Fraction, way: str) -> Loss:
    if isinstance(loss, Combination):
        return summed(loss, lambda term: _uniform(term, eta, way))
    separable = isinstance(loss, SeparableLoss)
    if way == "backward":
        return (UniformBackwardSeparable if separable else UniformBackward)(loss, eta)  # type: ignore[arg-type]
    return (UniformForwardSeparable if separable else UniformForward)(loss, eta)  # type: ignore[arg-type]
