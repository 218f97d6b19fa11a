"""A3 for any noise: does the vertex of a certain clean label still minimise the noisy risk?

A sample is of class c for certain, and its label becomes j with probability pi_j. With L = f(u_y) + sum over
i != y of g(u_i) its noisy risk is R(u) = sum_i h_i(u_i), h_i = pi_i f + (1 - pi_i) g. The slope of R from e_c
towards e_j is h_j'(0) - h_c'(1).

- A negative slope, for any f and g: R is less beside the vertex, which does not minimise it.
- No negative slope, f and g convex: R lies above its tangents, so the vertex minimises it.
- f and g nowhere below their chords: R is nowhere below the affine function that it equals at the vertices,
  so it is least at one of them.

Under uniform noise this is `lossmatters.theory.risk.tolerance`, which gives the largest rate; here the
question is asked of one row of a transition matrix, such as that of pair noise.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache

import sympy

from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.enclosure.settle import T
from lossmatters.theory.exact import Number, check_num_classes, exact, fail
from lossmatters.theory.losses import Loss
from lossmatters.theory.risk import separable_tolerance
from lossmatters.theory.symbolic.algebra import limit_at_zero


@dataclass(frozen=True)
class VertexVerdict:
    """Whether the vertex of the clean label minimises the noisy risk.

    Attributes
    ----------
    optimal : True or False; None where it is undecided.
    status : "proved", or "undecided".
    detail : a sentence with the slopes or values that decide.
    """

    optimal: bool | None
    status: str
    detail: str


def vertex_verdict(loss: Loss, posterior: Sequence[Number], label: int) -> VertexVerdict:
    """Decide whether e_label minimises the risk of one sample whose noisy labels have this distribution.

    Parameters
    ----------
    posterior : Sequence
        (K,) exact probabilities that sum to 1: row `label` of a transition matrix.
    label : int
        The clean label, in 0..K-1.

    Raises
    ------
    ValueError
        No distribution, or a label out of range.

    >>> from lossmatters.theory.losses import CCE, MAE, TaylorCE
    >>> pair = ["0.8", "0.2", 0, 0]
    >>> [vertex_verdict(loss, pair, 0).optimal for loss in (CCE(), MAE(), TaylorCE())]
    [False, True, True]
    """
    pi = [exact(p, "probability") for p in posterior]
    k = check_num_classes(len(pi))
    if any(p < 0 for p in pi) or sum(pi) != 1:
        fail("posterior", ">= 0 and of sum 1", [str(p) for p in pi])
    if not 0 <= label < k:
        fail("label", f"in 0..{k - 1}", label)
    parts, slopes = _parts_and_slopes(loss, k)
    if parts is None:
        return VertexVerdict(None, "undecided", "not of the form f(u_y) + sum of g(u_i)")
    if not slopes.known:
        return VertexVerdict(None, "undecided", "a slope at 0 or 1 was not found")
    own = _mean(pi[label], slopes.f1, slopes.g1)
    signs = [_sign(_mean(pi[j], slopes.f0, slopes.g0), own) for j in range(k) if j != label]
    if -1 in signs:
        worst = next(j for j, s in zip((j for j in range(k) if j != label), signs, strict=True) if s == -1)
        detail = (
            f"the risk falls from the vertex towards class {worst}, whose share of the labels is {pi[worst]}"
        )
        return VertexVerdict(False, "proved", detail)
    shape = _shape(loss, k)
    if shape == "chords":
        return _least_vertex(parts, pi, label)
    if None in signs:
        return VertexVerdict(None, "undecided", "the sign of a slope at the vertex is not known")
    if shape == "convex":
        return VertexVerdict(True, "proved", "f and g are convex, and the risk falls nowhere from the vertex")
    return VertexVerdict(None, "undecided", "the risk falls nowhere at the vertex, but f or g is not convex")


@lru_cache(maxsize=128)
def _parts_and_slopes(loss: Loss, k: int) -> tuple[sympy.Expr, sympy.Expr]:
    """Return f and g, and their slopes at 0 and 1: limits that take seconds, whatever the noise."""
    parts = separable_tolerance.separable_parts(loss, k) if loss.has_formula else None
    return parts, None if parts is None else separable_tolerance.end_slopes(*parts)


@lru_cache(maxsize=128)
def _shape(loss: Loss, k: int) -> str:
    """Return the shape of f and g that decides."""
    parts, _ = _parts_and_slopes(loss, k)
    shapes = [separable_tolerance.shape_of(function, k) for function in parts]
    if all(
        shape in separable_tolerance.CONCAVE or separable_tolerance.above_chord(function)
        for shape, function in zip(shapes, parts, strict=True)
    ):
        return "chords"
    return "convex" if all(shape in separable_tolerance.CONVEX for shape in shapes) else ""


def _at_zero(function: sympy.Expr) -> sympy.Expr:
    return limit_at_zero(function, T)


def _mean(p: Fraction, on: sympy.Expr, off: sympy.Expr) -> sympy.Expr:
    """Return p on + (1 - p) off, where nothing counts nothing, however large."""
    terms = [const(w) * slope for w, slope in ((p, on), (1 - p, off)) if w]
    return sympy.Add(*terms)


def _sign(towards: sympy.Expr, own: sympy.Expr) -> int | None:
    """Return the sign of the slope towards a vertex; None where unknown, or a difference of infinities."""
    difference = towards - own
    return None if difference is sympy.nan else separable_tolerance.sign_for_all(difference)


def _least_vertex(parts: tuple[sympy.Expr, sympy.Expr], pi: Sequence[Fraction], label: int) -> VertexVerdict:
    f0, f1, g0, g1 = (end(f) for f in parts for end in (_at_zero, separable_tolerance.value_at_one))
    if any(e is sympy.nan or not e.is_finite for e in (f0, f1, g0, g1)):
        return VertexVerdict(None, "undecided", "a value at 0 or 1 is infinite or was not found")
    # R(e_j) - R(e_c) = (pi_c - pi_j)(L(wrong) - L(right))
    gain = separable_tolerance.sign_for_all(f0 + g1 - f1 - g0)
    if gain is None:
        return VertexVerdict(None, "undecided", "the sign of L(e_j, c) - L(e_c, c) is not known")
    optimal = gain == 0 or all((pi[label] - p) * gain >= 0 for p in pi)
    detail = (
        "f and g are nowhere below their chords, so the risk is least at the vertex of the likeliest label"
    )
    return VertexVerdict(bool(optimal), "proved", detail)
