"""Combinators of losses with values of both signs, with poles, or with no value at some K."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace as changed
from fractions import Fraction as F
from typing import Any

import numpy as np

from lossmatters.theory.losses import Normalized, label_mean, noise_averaged
from lossmatters.theory.losses.combinators import ShareLoss
from lossmatters.theory.losses.corrected import corrected
from zoo.case import Case, of, sep, whole
from zoo.numbers import NAN, Dec, Plain, read

Losses = Callable[[Any], list[Any]]
ETA = F(2, 5)


def share(id: str, weights: Any, entries: Any = ()) -> Case:
    """A share loss by its weights of (probs, ops)."""

    def losses(point: Any) -> list[Any]:
        row = weights(np.array([Dec(p) for p in point], dtype=object), Plain)
        values = [read(x) for x in np.broadcast_to(np.asarray(row, dtype=object), len(point))]
        return over_the_sum(values, lambda x, total: 1 - x / total)

    body = {"weights": lambda self, p, o: weights(p, o), "name": id}
    return of(id, lambda: type("Zoo_" + id, (ShareLoss,), body)(), losses, tuple(entries))


def over_the_sum(values: list[Any], function: Any) -> list[Any]:
    total = sum(values)
    return [function(x, total) if total else NAN for x in values]


def normal(case: Case) -> Case:
    return of(
        f"normal_{case.id}",
        lambda: Normalized(case.make()),
        lambda point: over_the_sum(case.losses(point), lambda x, total: x / total),
        case.entries,
    )


def mixed(case: Case, word: str, make: Any, weights: Any) -> Case:
    """p L + q S of a case, (p, q) by K."""

    def losses(point: Any) -> list[Any]:
        row = case.losses(point)
        p, q = map(read, weights(len(point)))
        return [p * x + q * sum(row) for x in row]

    return of(f"{word}_{case.id}", lambda: make(case.make()), losses, case.entries)


def total(first: Case, second: Case) -> Case:
    return of(
        f"{first.id}_and_{second.id}",
        lambda: first.make() + second.make(),
        lambda point: [x + y for x, y in zip(first.losses(point), second.losses(point), strict=True)],
        first.entries + second.entries,
    )


def _a(k: int) -> F:
    return 1 - ETA * k / (k - 1)


def _b(k: int) -> F:
    return ETA / (k - 1)


NARROW = share("narrow", lambda u, o: u * (u - F(3, 1000)) * (u - F(4, 1000)), [F(35, 10000)])
ABOVE = sep("above", lambda t, K, o: t * t - F(1, 20))
BELOW = sep("below", lambda t, K, o: F(1, 20) - t * t)
FEW_K = sep("eight_less_k", lambda t, K, o: 8 - K + 0 * t)
AT_VERTEX = sep("at_vertex", lambda t, K, o: o.where(t >= 1, 1, -t))
SIGNED = sep("third_less", lambda t, K, o: F(1, 3) - t)
POLE = sep("pole_at_third", lambda t, K, o: 1 / (t - F(1, 3)), entries=[F(1, 3)])
FLAT = sep("label_free", lambda t, K, o: t * t, lambda t, K, o: t * t)

CASES = [
    NARROW,
    share("below_a_thousandth", lambda u, o: u * (u - F(1, 1000)), [F(1, 2000)]),
    share("eight_less_k_times", lambda u, o: (8 - u.shape[-1]) * u),
    share("less_of_square", lambda u, o: u - o.sum(u * u)),
    share("left_over", lambda u, o: 1 - u),
    share("reciprocal", lambda u, o: 1 / u),
    total(NARROW, sep("half_mae", lambda t, K, o: 1 - t)),
    normal(FEW_K),
    normal(AT_VERTEX),
    normal(SIGNED),
    normal(POLE),
    normal(FLAT),
    normal(NARROW),
    total(normal(ABOVE), normal(BELOW)),
    *(mixed(c, "mean", label_mean, lambda k: (0, F(1, k))) for c in (SIGNED, POLE, FLAT, NARROW)),
    *(
        mixed(c, "noisy", lambda x: noise_averaged(x, ETA), lambda k: (_a(k), _b(k)))
        for c in (SIGNED, POLE, FLAT, normal(ABOVE), normal(FEW_K), normal(normal(ABOVE)))
    ),
    *(
        mixed(c, "back", lambda x: corrected(x, ETA), lambda k: (1 / _a(k), -_b(k) / _a(k)))
        for c in (SIGNED, POLE, FLAT, NARROW)
    ),
]

# For all K, but at K = 8, or beyond, of no output at all.
CASES += [
    whole(
        "eight_less_k_divides", lambda p, y, o: (8 - p.shape[-1]) * o.dot(p, y) / o.sum((8 - p.shape[-1]) * p)
    ),
    whole("log_of_eight_less_k", lambda p, y, o: o.dot(p, y) * o.log(8 - p.shape[-1] + 0 * o.sum(p))),
    # Cases that compare what has no value at t = 0.
    sep("case_of_reciprocal", lambda t, K, o: o.where(1 / t >= 2, 1, t), entries=[F(1, 2)]),
    sep("jump_of_reciprocal", lambda t, K, o: o.where(1 / t <= 2, 0, 1), entries=[F(1, 2)]),
    sep(
        "root_of_seventh_less",
        lambda t, K, o: (K - 1) * o.sqrt(t - F(1, 7)),
        lambda t, K, o: -o.sqrt(t - F(1, 7)),
        [F(1, 7)],
    ),
]

COMBINATORS = [changed(case, kind="combinators") for case in CASES]
