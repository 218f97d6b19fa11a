"""Losses written against the finished checks: poles out of reach, powers in K, ties, overrides, near-symmetry."""

from __future__ import annotations

import math
from dataclasses import dataclass
from dataclasses import replace as changed
from fractions import Fraction as F
from typing import Any

from lossmatters.theory.losses import CCE, MAE, MSE, Normalized
from lossmatters.theory.losses.combinators import ShareLoss
from zoo.case import Case, of, sep, whole
from zoo.numbers import NAN, Dec, Plain, read

TINY, HUGE = F(1, 10**15), F(10**15)


def _domains() -> list[Case]:
    """Poles, roots and logarithms that simple points miss, cancel, or meet at a face."""
    return [
        sep("pole_far_out", lambda t, K, o: 1 / (t - F(17, 53)) ** 2 - t, entries=[F(17, 53)]),
        sep("pole_at_sqrt", lambda t, K, o: 1 / (t * t - F(1, 7)) - 1 / (t * t - F(1, 7)) - t),
        sep("log_at_sqrt", lambda t, K, o: o.log((t * t - F(1, 7)) ** 2)),
        sep("root_of_less", lambda t, K, o: o.sqrt(t - F(1, 20)) - o.sqrt(t - F(1, 20)) - t),
        sep("power_of_less", lambda t, K, o: o.power(t - F(1, 20), 1.5), entries=[F(1, 20), F(1, 40)]),
        sep("bump", lambda t, K, o: 1 - t + o.exp(-1 / (t - F(1, 3)) ** 2), entries=[F(1, 3)]),
        sep("step_of_exp", lambda t, K, o: 1 - t + 1 / (1 + o.exp(1 / (t - F(2, 5)))), entries=[F(2, 5)]),
        sep("one_over_k_t", lambda t, K, o: 1 / (K * t - 60) - t),
        sep("pole_at_uniform", lambda t, K, o: 1 / (t - 1 / K) - t),
        sep("pole_between", lambda t, K, o: 1 / (t - 1 / (K + F(1, 2))) - t),
        sep("log_of_one", lambda t, K, o: 1 / o.log(t) - t),
        sep("guarded_pole", lambda t, K, o: o.where(t < F(1, 4), 1 - t, (t - F(1, 8)) / (t - F(1, 8)) - t)),
        sep(
            "guard_at_pole", lambda t, K, o: o.where(t > F(1, 8), 1 - t, 1 / (t - F(1, 8))), entries=[F(1, 8)]
        ),
        sep("zero_to_zero", lambda t, K, o: o.power(t, t) - o.power(t, t) - t),
        whole(
            "surface_pole",
            lambda p, y, o: 1 - o.dot(p, y) + (lambda a: 1 / a - 1 / a)(o.sum(p * p * p) - F(16, 31)),
        ),
        whole("surface_root", lambda p, y, o: o.dot(p, y) * o.sqrt(o.sum(p * p) - F(16, 31))),
        whole("sphere", lambda p, y, o: (1 - o.dot(p, y)) / (o.sum(p * p) - F(1, 2))),
        whole("log_of_gap", lambda p, y, o: o.log(1 - o.max(p)[..., 0]) * 0 + 1 - o.dot(p, y)),
    ]


def _classes() -> list[Case]:
    """Exponents, coefficients and cases in K."""
    return [
        sep("power_k", lambda t, K, o: (1 - t) ** K),
        sep("power_k_minus_1", lambda t, K, o: t ** (K - 1)),
        sep("power_k_minus_2", lambda t, K, o: t ** (K - 2)),
        sep("root_k", lambda t, K, o: o.power(t, 1 / (K - 1))),
        sep("root_k_minus_2", lambda t, K, o: o.power(t, 3 - K)),
        sep("symmetric_at_5", lambda t, K, o: 1 - t + (K - 5) * t * t),
        sep("symmetric_at_2_and_9", lambda t, K, o: 1 - t + (K - 2) * (K - 9) * t**3),
        sep("symmetric_at_none", lambda t, K, o: 1 - t + (K * K - 2) * t * t * TINY),
        sep("symmetric_from_log", lambda t, K, o: 1 - t + o.log(K / 10) * t * t),
        sep("power_at_3", lambda t, K, o: o.power(t, abs(K - 3) + 1)),
        sep("sign_in_k", lambda t, K, o: (-1) ** K * t * t - t),
        sep("case_in_k_t", lambda t, K, o: o.where(K * t > 2, 1 - t, 1 - t + 0 * K)),
        sep("case_beyond", lambda t, K, o: o.where(t > 2 / K, 0, 1 - t)),
        sep("max_over_k", lambda t, K, o: o.maximum(t, (K - 1) / K)),
        sep("off_in_k", lambda t, K, o: -t * t, lambda t, K, o: t * t / (K - 1) + TINY * t**3),
        sep("k_choose", lambda t, K, o: t * t * (K - 3) * (K - 4) - t),
    ]


def _sizes() -> list[Case]:
    """Coefficients far apart, literals that binary numbers miss, differences below any float."""
    return [
        sep("huge_less_huge", lambda t, K, o: (HUGE * t + t) - HUGE * t - 1),
        sep("tiniest_square", lambda t, K, o: 1 - t + F(1, 10**40) * t * t),
        sep("tiny_log", lambda t, K, o: 1 - t - F(1, 10**25) * o.log(t)),
        sep("tenths_apart", lambda t, K, o: (0.1 + 0.2 - 0.3) * t * t - t),
        sep("tenth_cubed", lambda t, K, o: 0.1 * t * t * 10 - t * t - t),
        sep("exp_steep", lambda t, K, o: o.exp(-6 * t)),
        sep("exp_of_exp", lambda t, K, o: o.exp(-o.exp(t))),
        sep("pi_twice", lambda t, K, o: o.const(math.pi) * t * t - math.pi * t * t - t),
        sep("sharp_step", lambda t, K, o: 1 / (1 + o.exp(600 * (t - F(1, 3)))) - t, entries=[F(1, 3)]),
        sep("steep_power", lambda t, K, o: t**60 - t),
        sep("log_product", lambda t, K, o: o.log(t * (2 - t)) - o.log(t) - o.log(2 - t) - t),
        sep("sqrt_two", lambda t, K, o: o.sqrt(2) * o.sqrt(2) * t * t - 2 * t * t - t),
    ]


def _ties() -> list[Case]:
    """Largest entries, ties, jumps at vertices, formulas of whole outputs."""
    return [
        whole("gap_to_largest", lambda p, y, o: o.max(p)[..., 0] - o.dot(p, y)),
        whole("wrong_by_max", lambda p, y, o: o.where(o.dot(p, y) < o.max(p)[..., 0], 1, 0)),
        whole("ties_are_half", lambda p, y, o: o.where(o.dot(p, y) >= o.max(p)[..., 0], 0 * o.dot(p, y), 1)),
        whole("jump_at_vertex", lambda p, y, o: o.where(o.max(p)[..., 0] >= 1, 5, 1) - o.dot(p, y)),
        whole("jump_in_square", lambda p, y, o: o.where(o.sum(p * p) > F(1, 2), 2, 1) - o.dot(p, y)),
        whole("largest_times_mae", lambda p, y, o: o.max(p)[..., 0] * (1 - o.dot(p, y))),
        whole("entropy_less_itself", lambda p, y, o: -o.dot(p, y) + 0 * o.sum(p * o.log(p))),
        whole("label_by_largest", lambda p, y, o: 1 - o.dot(p, y) / o.max(p)[..., 0]),
        whole("log_of_sum", lambda p, y, o: o.log(o.sum(o.exp(p))) - o.dot(p, y)),
        whole("log_of_sum_less", lambda p, y, o: o.log(o.sum(p)) - o.dot(p, y)),
        whole("norm", lambda p, y, o: o.sqrt(o.sum(p * p)) - o.dot(p, y)),
        whole("by_norm", lambda p, y, o: 1 - o.dot(p, y) / o.sqrt(o.sum(p * p))),
        whole("square_of_sum", lambda p, y, o: (o.sum(p) ** 2) * (1 - o.dot(p, y))),
        whole("mse_over_two", lambda p, y, o: o.sum((p - y) ** 2) / 2 - o.sum(p * p) / 2),
    ]


@dataclass(frozen=True)
class MaximumOfParent(MAE):
    """Doubles MAE and keeps what MAE declares."""

    def on_label(self, t, num_classes, ops):
        return 2 * super().on_label(t, num_classes, ops)

    def off_label(self, t, num_classes, ops):
        return 2 * super().off_label(t, num_classes, ops)


@dataclass(frozen=True)
class WholeOverSeparable(MSE):
    """Redefines the formula, and leaves the functions of its parent."""

    def formula(self, probs, onehot, ops):
        return ops.sum((probs - onehot) ** 2) * ops.sum(probs * probs)


@dataclass(frozen=True)
class ClippedCCE(CCE):
    def on_label(self, t, num_classes, ops):
        return ops.minimum(super().on_label(t, num_classes, ops), 2)


def _share(id: str, weights: Any, entries: Any = ()) -> Case:
    def losses(point: Any) -> list[Any]:
        import numpy as np

        row = weights(np.array([Dec(p) for p in point], dtype=object), Plain)
        values = [read(x) for x in np.broadcast_to(np.asarray(row, dtype=object), len(point))]
        total = sum(values)
        return [1 - v / total if total else NAN for v in values]

    body = {"weights": lambda self, p, o: weights(p, o), "name": id}
    return of(id, lambda: type("Zoo_" + id, (ShareLoss,), body)(), losses, tuple(entries))


def _normalised(id: str, on: Any, entries: Any = ()) -> Case:
    base = sep(id, on, entries=entries)

    def losses(point: Any) -> list[Any]:
        row = base.losses(point)
        total = sum(row)
        return [v / total if total else NAN for v in row]

    return of(id, lambda: Normalized(base.make()), losses, tuple(entries))


def _combined() -> list[Case]:
    half = F(1, 2)
    square = lambda row: sum(p * p for p in row)

    def dec(point: Any) -> list[Any]:
        return [read(p) for p in point]

    def doubled(point: Any) -> list[Any]:
        row = dec(point)
        return [2 * (sum(row) - p + 1 - p) for p in row]

    def over(point: Any) -> list[Any]:
        row = dec(point)
        return [(square(row) - p * p + (1 - p) ** 2) * square(row) for p in row]

    def clipped(point: Any) -> list[Any]:
        return [read(2) if p == 0 else min(-Dec(p).log().x, read(2)) for p in point]

    def parts(first: Case, second: Case, a: Any, b: Any) -> Any:
        return lambda point: [
            read(a) * x + read(b) * y for x, y in zip(first.losses(point), second.losses(point), strict=True)
        ]

    bent = sep("bent", lambda t, K, o: t * t)
    back = sep("back", lambda t, K, o: 1 - t * t - t)
    jump = sep("jump", lambda t, K, o: o.where(t >= half, 1, 0), entries=[half])
    rest = sep("rest", lambda t, K, o: o.where(t >= half, 0, 1) - t, entries=[half])
    pole = sep("first_pole", lambda t, K, o: 1 / (t - F(1, 3)) + 2, entries=[F(1, 3)])
    anti = sep("second_pole", lambda t, K, o: 1 - t - 1 / (t - F(1, 3)), entries=[F(1, 3)])
    return [
        of("doubled_mae", MaximumOfParent, doubled),
        of("whole_over_mse", WholeOverSeparable, over),
        of("clipped_cce", ClippedCCE, clipped),
        of("bends_cancel", lambda: bent.make() + back.make(), parts(bent, back, 1, 1)),
        of(
            "bends_nearly_cancel",
            lambda: F(101, 100) * bent.make() + back.make(),
            parts(bent, back, F(101, 100), 1),
        ),
        of("jumps_cancel", lambda: jump.make() + rest.make(), parts(jump, rest, 1, 1), [half]),
        of("poles_cancel", lambda: pole.make() + anti.make(), parts(pole, anti, 1, 1), [F(1, 3)]),
        _share("signed_weights", lambda p, o: p - F(1, 5)),
        _share("squared_gap", lambda p, o: (p - F(1, 2)) ** 2, [half]),
        _share("pole_in_weight", lambda p, o: 1 / (p - F(17, 53)) ** 2, [F(17, 53)]),
        _share("weights_of_case", lambda p, o: o.where(p > half, p, 0 * p), [half]),
        _share("weights_of_square", lambda p, o: p * p),
        _normalised("over_signed_sum", lambda t, K, o: t - F(2, 5)),
        _normalised("over_pole", lambda t, K, o: 1 / (t - F(17, 53)) ** 2, [F(17, 53)]),
        _normalised("over_flat", lambda t, K, o: o.where(t > half, 1 - t, half), [half]),
    ]


def _named(kind: str, cases: list[Case]) -> list[Case]:
    return [changed(case, kind=kind) for case in cases]


FRESH = [
    *_named("domains", _domains()),
    *_named("powers of K", _classes()),
    *_named("sizes", _sizes()),
    *_named("ties", _ties()),
    *_named("combined", _combined()),
]
