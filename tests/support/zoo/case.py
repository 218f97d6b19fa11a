"""One loss of the zoo, and its losses at a point by its plain formula."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import numpy as np

from lossmatters.theory.losses import Loss, SeparableLoss
from zoo.numbers import NAN, Dec, Plain, read


@dataclass(frozen=True)
class Case:
    """A loss and the truth about it.

    Attributes
    ----------
    kind : the kind of fault that it lures into.
    make : the loss.
    losses : (point, K) -> L(u, j) for all j, as 60-digit numbers.
    entries : values of a probability at which it changes, beside the usual ones.
    easy : would a mathematician decide its symmetry within a minute?
    """

    id: str
    kind: str
    make: Callable[[], Loss]
    losses: Callable[[Any], list[Any]]
    entries: tuple[Any, ...] = ()
    easy: bool = True


def sep(id: str, on: Any, off: Any = None, entries: Any = (), easy: bool = True, plain: Any = None) -> Case:
    """A separable loss from two functions of (t, K, ops)."""
    body: dict[str, Any] = {"on_label": lambda self, t, k, ops: on(t, k, ops), "name": id}
    if off is not None:
        body["off_label"] = lambda self, t, k, ops: off(t, k, ops)

    def losses(point: Any) -> list[Any]:
        k = len(point)
        ons = {p: _plain(plain or on, p, k) for p in set(point)}
        offs = {p: _plain(off, p, k) if off is not None else Dec(0).x for p in set(point)}
        everything = sum(offs[p] for p in point)
        # not all less one: infinity less infinity
        finite = all(abs(offs[p]) < 10**400 for p in point)
        rest = (
            [everything - offs[p] for p in point]
            if finite
            else [sum(offs[q] for j, q in enumerate(point) if j != i) for i in range(k)]
        )
        return [ons[p] + r for p, r in zip(point, rest, strict=True)]

    return Case(id, "", lambda: type("Zoo_" + id, (SeparableLoss,), body)(), losses, tuple(entries), easy)


def _plain(function: Any, t: Fraction, k: int) -> Any:
    try:
        return read(_one(function(Dec(t), k, Plain)))
    except (ZeroDivisionError, OverflowError):
        return NAN


def _one(value: Any) -> Any:
    return np.asarray(value, dtype=object).reshape(-1)[0]


def whole(id: str, formula: Any, entries: Any = (), easy: bool = True, kind: str = "") -> Case:
    """A loss from a formula of (probs, onehot, ops)."""
    body = {"formula": lambda self, probs, onehot, ops: formula(probs, onehot, ops), "name": id}

    def losses(point: Any) -> list[Any]:
        probs = np.array([Dec(p) for p in point], dtype=object)
        found = []
        for j in range(len(point)):
            try:
                found.append(read(_one(formula(probs, Plain.onehot(point, j), Plain))))
            except (ZeroDivisionError, OverflowError):
                found.append(NAN)
        return found

    return Case(id, kind, lambda: type("Zoo_" + id, (Loss,), body)(), losses, tuple(entries), easy)


def of(id: str, make: Any, losses: Any, entries: Any = (), easy: bool = True, kind: str = "") -> Case:
    """Any loss, with a plain formula of (point) of its own, in 60 digits."""
    return Case(id, kind, make, losses, tuple(entries), easy)
