"""Does a loss have finite values everywhere inside the simplex? Read off its formula, divisor by divisor.

Algebra takes poles away, 1/(t - a) less itself, and rational points may miss one at an irrational place. So
every divisor, logarithm and root of the traced formula is looked at, each as it stands, by intervals. A
verdict on the whole simplex rests on the answer; without it holds "wherever every L(u, j) is finite".
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import lru_cache

import numpy as np
import sympy

from lossmatters.theory.backends.sympy_ops import OPS as SYMPY
from lossmatters.theory.backends.sympy_ops import exactly
from lossmatters.theory.enclosure import NotTracedError
from lossmatters.theory.enclosure.domain import all_hold
from lossmatters.theory.enclosure.interval import Interval
from lossmatters.theory.enclosure.ranges import aggregate_ranges
from lossmatters.theory.enclosure.rows import Row, TraceOps
from lossmatters.theory.enclosure.settle import T, X
from lossmatters.theory.enclosure.structure import Trace
from lossmatters.theory.formula import (
    FormulaError,
    evaluate_all,
    trace_formula,
    trace_function,
    trace_weights,
)
from lossmatters.theory.formula.nodes import Node
from lossmatters.theory.losses.base import Loss, SeparableLoss
from lossmatters.theory.losses.combinators import Normalized, ShareLoss
from lossmatters.theory.losses.structure import by_structure, is_separable
from lossmatters.theory.symbolic.algebra import K
from lossmatters.theory.symbolic.domain import NON_NEGATIVE, NON_ZERO, POSITIVE, Need, needed_of_base

SHARE = sympy.Symbol("kappa", positive=True)  # 1/K, where K is open
CELLS = 600  # into which the range of the probabilities is cut at most, for one divisor
Raw = tuple[Node, str, tuple[tuple[Node, bool], ...]]


@lru_cache(maxsize=512)
def finite_inside(loss: Loss, num_classes: int | None = None, divisors: bool = False) -> bool:
    """Return True only if every L(u, j) is shown to be finite everywhere inside the simplex.

    For one K, or (None) for all. A share of weights also needs weights whose sum is not 0, a normalised loss
    an S that is not 0: asked with `divisors`, for verdicts whose scope does not say so itself.

    >>> from lossmatters.theory.losses import CCE
    >>> finite_inside(CCE())
    True
    """

    def separable(loss: SeparableLoss) -> bool:
        names = ("on_label", "off_label") if loss.has_off_label else ("on_label",)
        return all(_of_entry(trace_function(loss, name, num_classes), num_classes) for name in names)

    def formula(loss: Loss) -> bool:
        return _of_rows(trace_formula(loss, num_classes), num_classes)

    def share(loss: ShareLoss) -> bool:
        return formula(loss) if divisors else _of_rows(trace_weights(loss, num_classes), num_classes)

    def normalised(loss: Normalized) -> bool:
        return finite_inside(loss.base, num_classes, divisors) and (not divisors or formula(loss))

    try:
        return by_structure(
            loss,
            separable=separable,
            total=lambda loss: all(finite_inside(term, num_classes, divisors) for _, term in loss.terms),
            normalised=normalised,
            share=share,
            mixture=formula,
            unbounded=lambda loss: True,
            formula=formula,
            opaque=lambda loss: False,
        )
    except (FormulaError, NotTracedError, TypeError, ValueError, ZeroDivisionError, NotImplementedError):
        return False  # a branch, or nothing that intervals know


@lru_cache(maxsize=256)
def weights_never_negative(loss: ShareLoss, num_classes: int) -> bool:
    """Return True only if every weight of a share is shown to be >= 0 inside the simplex, at one K.

    Without that 1 - w_y/sum w is no share of a whole: it may exceed 1, and may be negative.
    """
    found = Trace(num_classes)
    try:
        root = trace_weights(loss, num_classes)
        weight = traced_weight(root, found)
        ranges = {X: (0.0, 1.0), T: (0.0, 1.0), **aggregate_ranges(found, num_classes)}
        # finite first: a need takes for granted that those of its own parts are met, and so sees no pole
        return _of_rows(root, num_classes) and _holds(Need(weight, NON_NEGATIVE, ()), ranges, num_classes)
    except (FormulaError, NotTracedError, TypeError, ValueError, ZeroDivisionError, NotImplementedError):
        return False  # as above


def traced_weight(root: Node, found: Trace) -> sympy.Expr:
    """Return the weight of a class of probability `X` among others of `T`, as the trace writes it."""
    row = evaluate_all([root], TraceOps(found), probs=Row(found, X, T, False), classes=found.classes)[0]
    return exactly(row.on if isinstance(row, Row) else row)


def needs_at_uniform(loss: Loss) -> list[tuple[str, sympy.Expr]]:
    """Return what the operations of a loss ask for, as a kind and a closed form in K at the uniform output.

    Of a separable loss a quantity that is a polynomial of the entry alone, and so vanishes at few of them, is
    left out: next to the uniform output it does not vanish, at any K. So is what K alone decides: see
    `formula.classes.special_classes`.

    Raises
    ------
    NotTracedError, FormulaError, TypeError : the formula is none for every K, or no sums over classes.
    """
    if is_separable(loss):
        names = ("on_label", "off_label") if loss.has_off_label else ("on_label",)
        entries = [n for name in names for n in _entry_needs(trace_function(loss, name, None), K, True)]
        asked = [n for n in entries if not (n.kind == NON_ZERO and _vanishes_seldom(n.quantity))]
        return [(n.kind, sympy.sympify(n.quantity).subs(T, 1 / K)) for n in asked]
    found = Trace(K)
    return [
        (n.kind, found.at_uniform(sympy.sympify(n.quantity).subs(T, 1 / K)))
        for n in _row_needs(trace_formula(loss, None), found, True)
    ]


def _vanishes_seldom(quantity: sympy.Expr) -> bool:
    quantity = sympy.sympify(quantity)
    return quantity.free_symbols == {T} and bool(quantity.is_polynomial(T)) and sympy.expand(quantity) != 0


def _of_entry(root: Node, k: int | None) -> bool:
    needs = _entry_needs(root, K if k is None else sympy.Integer(k))
    return all(_holds(need, {T: (0.0, 1.0)}, k) for need in needs)


def _entry_needs(root: Node, classes: int | sympy.Expr, by_outputs: bool = False) -> list[Need]:
    def read(nodes: list[Node]) -> list[sympy.Expr]:
        return [exactly(x) for x in evaluate_all(nodes, SYMPY, entry=T, classes=classes)]

    return list(_needs(root, read, by_outputs))


def _of_rows(root: Node, k: int | None) -> bool:
    found = Trace(K if k is None else k)
    asked = _row_needs(root, found)
    if k is None and any(found.symbols & _symbols(need) for need in asked):
        return False
    inner = aggregate_ranges(found, k) if k is not None else {}
    return all(_holds(need, {X: (0.0, 1.0), T: (0.0, 1.0), **inner}, k) for need in asked)


def _row_needs(root: Node, found: Trace, by_outputs: bool = False) -> list[Need]:
    """Return the needs at the label and at another class; the trace gains the aggregates in them."""
    ops = TraceOps(found)
    probs, onehot = Row(found, X, T, False), Row(found, sympy.Integer(1), sympy.Integer(0), False)

    def at(which: str) -> Callable[[list[Node]], list[sympy.Expr]]:
        def read(nodes: list[Node]) -> list[sympy.Expr]:
            values = evaluate_all(nodes, ops, probs=probs, onehot=onehot, classes=found.classes)
            return [exactly(getattr(v, which)) if isinstance(v, Row) else exactly(v) for v in values]

        return read

    return [need for which in ("on", "off") for need in _needs(root, at(which), by_outputs)]


def _needs(
    root: Node, read: Callable[[list[Node]], list[sympy.Expr]], by_outputs: bool = False
) -> Iterator[Need]:
    """Yield what the operations of a formula ask for, as `read` writes them; `by_outputs`: not of K alone."""
    found = [raw for raw in dict.fromkeys(_raw(root)) if not by_outputs or raw[0].uses != {"classes"}]
    if not found:
        return  # finite wherever it is anything, whatever intervals know of it
    nodes = list(dict.fromkeys(n for node, _, guards in found for n in (node, *(g for g, _ in guards))))
    written = dict(zip(nodes, read(nodes), strict=True))
    for node, kind, guards in found:
        held = (written[g] if holds else sympy.Not(written[g]) for g, holds in guards)
        yield Need(written[node], kind, tuple(held))


def _raw(root: Node) -> Iterator[Raw]:
    """Yield each divisor, argument of a logarithm or base of a power, with the cases that it is in."""
    seen: set[sympy.Symbol] = set()
    todo: list[tuple[Node, tuple[tuple[Node, bool], ...]]] = [(root, ())]
    while todo:
        node, guards = todo.pop()
        if (node, guards) in seen:
            continue
        seen.add((node, guards))
        match node.op:
            case "div":
                yield node.args[1], NON_ZERO, guards
            case "log":
                yield node.args[0], POSITIVE, guards
            case "sqrt":
                yield node.args[0], NON_NEGATIVE, guards
            case "power":
                kind = _of_power(*node.args)
                if kind is not None:
                    yield node.args[0], kind, guards
            case "where":
                condition, first, second = node.args
                todo += [
                    (condition, guards),
                    (first, (*guards, (condition, True))),
                    (second, (*guards, (condition, False))),
                ]
                continue
        todo += [(a, guards) for a in node.args]


def _of_power(base: Node, exponent: Node) -> str | None:
    if base.op == "const" and base.value > 0:
        return None
    return needed_of_base(exactly(exponent.value)) if exponent.op == "const" else POSITIVE


def _symbols(need: Need) -> set[sympy.Symbol]:
    return set().union(*(sympy.sympify(e).free_symbols for e in (need.quantity, *need.guards)))


def _holds(need: Need, ranges: dict[sympy.Symbol, tuple[float, float]], k: int | None) -> bool:
    """Decide a need on all of the ranges, cut into cells where one interval is too wide."""
    if k is None and K in _symbols(need):
        ranges = {**ranges, SHARE: (0.0, 0.5)}
        quantity, *guards = (sympy.sympify(e).subs(K, 1 / SHARE) for e in (need.quantity, *need.guards))
        need = Need(quantity, need.kind, tuple(guards))
    symbols = sorted(_symbols(need), key=str)
    if any(s not in ranges for s in symbols):
        return False  # a parameter that is left open
    if not symbols:
        return bool(np.all(all_hold((need,), {}, {})))
    domain = {s: ranges[s] for s in symbols}
    excused = {s: ends for s, ends in domain.items() if s in (X, T, SHARE)}
    lo, hi = (np.array([[domain[s][i] for s in symbols]]) for i in (0, 1))
    if not (np.isfinite(lo).all() and np.isfinite(hi).all()):
        return False
    used = 0
    while len(lo) and used <= CELLS:
        used += len(lo)
        box = {s: Interval(lo[:, i], hi[:, i]) for i, s in enumerate(symbols)}
        fine = np.broadcast_to(all_hold((need,), box, excused), len(lo))
        lo, hi = lo[~fine], hi[~fine]
        if len(lo) and float((hi - lo).max()) < 1e-9:
            return False
        widest, rows = np.argmax(hi - lo, axis=1), np.arange(len(lo))
        middle = (lo[rows, widest] + hi[rows, widest]) / 2
        left, right = hi.copy(), lo.copy()
        left[rows, widest], right[rows, widest] = middle, middle
        lo, hi = np.concatenate([lo, right]), np.concatenate([left, hi])
    return not len(lo)
