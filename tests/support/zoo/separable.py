"""Separable losses that lure: cases at points, branches on K, poles, literals of every kind."""

from __future__ import annotations

import math
from fractions import Fraction as F

import numpy as np
import sympy

from zoo.case import Case, sep

H = F(1, 2)


def _points() -> list[Case]:
    """Linear but for a point, a vertex, a face: what holds almost everywhere is not symmetric."""
    flat = lambda t, K, o: 1 - t
    return [
        sep("point_half", lambda t, K, o: o.where(t == 0.5, 7, 1 - t), entries=[H]),
        sep("point_third", lambda t, K, o: o.where(t == F(1, 3), 0, 1 - t), entries=[F(1, 3)]),
        sep("point_off", flat, lambda t, K, o: o.where(t == 0.25, 1, 0 * t), [F(1, 4)]),
        sep("not_one", lambda t, K, o: o.where(t < 1, 1 - t, -1)),
        sep("not_zero", lambda t, K, o: o.where(t > 0, 1 - t, 3)),
        sep("is_zero", lambda t, K, o: o.where(t == 0, 2, 1 - t)),
        sep("is_one", lambda t, K, o: o.where(t == 1, 2, 1 - t)),
        sep("off_at_zero", flat, lambda t, K, o: o.where(t == 0, 1, 0 * t)),
        sep("off_positive", flat, lambda t, K, o: o.where(t > 0, 1, 0 * t)),
        sep("at_least_one", lambda t, K, o: o.where(t >= 1, 5, 1 - t)),
        sep("at_most_zero", lambda t, K, o: o.where(t <= 0, 5, 1 - t)),
        sep(
            "two_points",
            lambda t, K, o: o.where((t == 0.2) | (t == 0.8), 0, 1 - t),
            entries=[F(1, 5), F(4, 5)],
        ),
        sep(
            "cancels_at_half",
            lambda t, K, o: o.where(t == 0.5, 3, 1 - t),
            lambda t, K, o: o.where(t == 0.5, (H - 3) / (K - 1), 0),
            [H],
        ),
        sep("never_true", lambda t, K, o: o.where(t == 2, 7, 1 - t)),
        sep("always_true", lambda t, K, o: o.where(t >= 0, 1 - t, 7)),
        sep("jump", lambda t, K, o: o.where(t < 0.5, 1 - t, 2 - t), entries=[H]),
        sep(
            "jump_undone",
            lambda t, K, o: o.where(t < 0.5, 1 - t, 2 - t),
            lambda t, K, o: o.where(t < 0.5, 0 * t, -1 / (K - 1)),
            [H],
        ),
        sep(
            "jump_open_closed",
            lambda t, K, o: o.where(t < 0.5, 1 - t, 2 - t),
            lambda t, K, o: o.where(t <= 0.5, 0 * t, -1 / (K - 1)),
            [H],
        ),
        sep(
            "jump_near_one",
            lambda t, K, o: o.where(t > 1 - F(1, 10**6), 9, 1 - t),
            entries=[1 - F(1, 10**6), 1 - F(1, 10**7)],
        ),
        sep(
            "jump_near_zero",
            lambda t, K, o: o.where(t < F(1, 10**9), 2, 1 - t),
            entries=[F(1, 10**9), F(1, 10**10)],
        ),
        sep(
            "window",
            lambda t, K, o: o.where((t > 0.3) & (t < F(301, 1000)), 2, 1 - t),
            entries=[F(3005, 10000)],
        ),
        sep(
            "at_irrational",
            lambda t, K, o: o.where(o.log(t + 1) < H, 1 - t, 2 - t),
            entries=[F(64, 100), F(65, 100)],
        ),
        sep("at_square", lambda t, K, o: o.where(t * t < 0.5, 1 - t, 2 - t), entries=[F(7, 10), F(71, 100)]),
        sep("at_uniform", lambda t, K, o: o.where(t == 1 / K, 0, 1 - t)),
        sep("above_uniform", lambda t, K, o: o.where(t > 1 / K, 0, 1 - t)),
        sep("half_of_abs", lambda t, K, o: o.abs(t - 0.5)),
        sep("abs_of_positive", lambda t, K, o: 2 - o.abs(t) - t),
        sep("abs_of_negative", lambda t, K, o: o.abs(t - 1)),
        sep("max_with_line", lambda t, K, o: o.maximum(1 - t, 0)),
        sep("min_at_half", lambda t, K, o: o.minimum(t, 1 - t)),
        sep("clip", lambda t, K, o: 1 - o.minimum(t, F(99, 100)), entries=[F(99, 100), F(995, 1000)]),
        sep("clip_beyond", lambda t, K, o: 1 - o.minimum(t, 2)),
        sep(
            "nested_case",
            lambda t, K, o: o.where(t < 0.5, o.where(t < 0.25, 1 - t, 1 - t), 1 - t),
            entries=[H, F(1, 4)],
        ),
        sep(
            "nested_point",
            lambda t, K, o: o.where(t < 0.5, o.where(t == 0.25, 0, 1 - t), 1 - t),
            entries=[F(1, 4)],
        ),
        sep("bool_where", lambda t, K, o: 1 - t + o.where(t > 0.75, 1, 0), entries=[F(3, 4), F(4, 5)]),
        sep("equal_by_difference", lambda t, K, o: o.where(o.abs(t - 0.5) <= 0, 0, 1 - t), entries=[H]),
        sep("sqrt_of_square", lambda t, K, o: o.sqrt((t - 0.5) * (t - 0.5)) - t, entries=[H]),
        sep("power_of_zero", lambda t, K, o: o.power(t, 0) - t),
        sep("removable", lambda t, K, o: 1 - t + (t - 0.5) / (t - 0.5), entries=[H]),
        sep("removable_at_zero", lambda t, K, o: t * t / t),
        sep("zero_times_log", lambda t, K, o: 1 - t + 0 * o.log(t)),
    ]


def _classes() -> list[Case]:
    """Another formula at another K."""
    mae = lambda t, K, o: 1 - t
    square = lambda t, K, o: (1 - t) ** 2

    def branch(test):
        return lambda t, K, o: square(t, K, o) if test(K) else mae(t, K, o)

    return [
        sep("k_is_7", branch(lambda K: K == 7)),
        sep("k_is_10", branch(lambda K: K == 10)),
        sep("k_is_not_3", branch(lambda K: K != 3)),
        sep("k_even", branch(lambda K: K % 2 == 0)),
        sep("k_mod_12", branch(lambda K: K % 12 == 11)),
        sep("k_small", branch(lambda K: K < 4)),
        sep("k_large", branch(lambda K: K > 11)),
        sep("k_in", branch(lambda K: K in (7, 9))),
        sep("k_in_set", branch(lambda K: K in {7, 9})),
        sep("k_dict", lambda t, K, o: (1 - t) * (1 + {7: t}.get(K, 0))),
        sep("k_int", branch(lambda K: isinstance(K, int) and K == 5)),
        sep("k_is_int", lambda t, K, o: mae(t, K, o) if isinstance(K, int) else square(t, K, o)),
        sep("k_truth", lambda t, K, o: 1 - t if K else t * t),
        sep("k_min", lambda t, K, o: (1 - t) ** min(K - 1, 2)),
        sep("k_min_5", lambda t, K, o: min(K, 5) * (1 - t)),
        sep("k_range", lambda t, K, o: sum((1 - t) for _ in range(int(K)))),
        sep("k_range_power", lambda t, K, o: sum((1 - t) ** i for i in range(1, int(K)))),
        sep("k_where", lambda t, K, o: o.where(K == 7, (1 - t) ** 2, 1 - t)),
        sep("k_where_large", lambda t, K, o: o.where(K > 20, (1 - t) ** 2, 1 - t)),
        sep("k_pole_5", lambda t, K, o: (1 - t) / (K - 5)),
        sep("k_pole_5_two", lambda t, K, o: (1 - t) / ((K - 5) * (K - 3))),
        sep("k_pole_log", lambda t, K, o: (1 - t) / o.log(K - 1)),
        sep("k_log_negative", lambda t, K, o: (1 - t) * o.log(K - 3)),
        sep("k_sqrt_negative", lambda t, K, o: (1 - t) * o.sqrt(K - 4)),
        sep("k_vanishes_6", lambda t, K, o: 1 - t + (K - 6) * t * t),
        sep("k_vanishes_3", lambda t, K, o: 1 - t + (K - 3) * t * t),
        sep("k_vanishes_2", lambda t, K, o: 1 - t + (K - 2) * t * t),
        sep("k_vanishes_3_8", lambda t, K, o: 1 - t + (K - 3) * (K - 8) * t**3),
        sep("k_vanishes_100", lambda t, K, o: 1 - t + (K - 100) * t * t),
        sep("k_never", lambda t, K, o: 1 - t + (2 * K - 7) * t * t),
        sep("k_abs", lambda t, K, o: 1 - t + (o.abs(K - 4) - (K - 4)) * t * t),
        sep("k_max", lambda t, K, o: 1 - t + o.maximum(K - 6, 0) * t * t),
        sep("k_power", lambda t, K, o: 1 - t + (2**K - 2 * 2 ** (K - 1)) * t * t),
        sep("ten_written", lambda t, K, o: -o.log(0.1 + t), lambda t, K, o: o.log(0.1 + t) / 9),
        sep("rll_by_hand", lambda t, K, o: -o.log(0.1 + t), lambda t, K, o: o.log(0.1 + t) / (K - 1)),
        sep("k_minus_two", lambda t, K, o: -o.log(0.1 + t), lambda t, K, o: o.log(0.1 + t) / (K - 2)),
        sep("k_round", lambda t, K, o: round(K / 4) * (1 - t)),
        sep("k_math_log", lambda t, K, o: math.log(K) * (1 - t)),
        sep("k_np_log", lambda t, K, o: np.log(K) * (1 - t)),
        sep("k_math_sqrt", lambda t, K, o: (1 - t) / math.sqrt(K)),
        sep("k_floor", lambda t, K, o: (1 - t) * (K // 2)),
        sep("only_two", lambda t, K, o: 0.5 - (t - 0.5) - (t - 0.5) ** 3),
        sep("sine_of_k", lambda t, K, o: 1 - t + math.sin(math.pi * int(K) / 3) ** 2 * t * t),
    ]


def _domains() -> list[Case]:
    """Infinite, undefined or complex on a part of the simplex."""
    return [
        sep("pole_half", lambda t, K, o: 1 / (2 * t - 1), lambda t, K, o: -1 / ((K - 1) * (2 * t - 1)), [H]),
        sep("pole_third", lambda t, K, o: 1 / (3 * t - 1), entries=[F(1, 3)]),
        sep(
            "pole_irrational",
            lambda t, K, o: 1 / (2 * t * t - 1),
            lambda t, K, o: -1 / ((K - 1) * (2 * t * t - 1)),
            [F(7, 10), F(71, 100)],
        ),
        sep(
            "log_negative",
            lambda t, K, o: o.log(2 * t - 1),
            lambda t, K, o: -o.log(2 * t - 1) / (K - 1),
            [H, F(1, 4)],
        ),
        sep("log_square", lambda t, K, o: o.log((2 * t - 1) ** 2), entries=[H]),
        sep(
            "sqrt_negative",
            lambda t, K, o: o.sqrt(t - 0.25),
            lambda t, K, o: -o.sqrt(t - 0.25) / (K - 1),
            [F(1, 4), F(1, 8)],
        ),
        sep("power_negative", lambda t, K, o: o.power(t - 0.5, 1.5), entries=[H]),
        sep("inverse", lambda t, K, o: 1 / t),
        sep("inverse_undone", lambda t, K, o: 1 / t, lambda t, K, o: -1 / ((K - 1) * t)),
        sep("log_undone", lambda t, K, o: -o.log(t), lambda t, K, o: o.log(t) / (K - 1)),
        sep("log_one_minus", lambda t, K, o: o.log(1 - t), lambda t, K, o: -o.log(1 - t) / (K - 1)),
        sep("pole_at_one", lambda t, K, o: 1 / (1 - t)),
        sep("pole_beyond", lambda t, K, o: 1 / (t - 1.001)),
        sep("pole_close", lambda t, K, o: 1 / (t + F(1, 10**9))),
        sep(
            "pole_first_cell",
            lambda t, K, o: 1 / (t - F(1, 1000)),
            entries=[F(1, 1000), F(1, 999), F(1, 1001)],
        ),
        sep("tiny_spike", lambda t, K, o: 1 - t + F(1, 10**9) / (F(1, 10**12) + (t - 0.5) ** 2), entries=[H]),
        sep("exp_large", lambda t, K, o: o.exp(50 * t)),
        sep("exp_of_inverse", lambda t, K, o: o.exp(-1 / t)),
        sep("log_log", lambda t, K, o: o.log(-o.log(t))),
        sep("guarded_log", lambda t, K, o: -o.log(o.where(t > 0, t, 1)) + t),
        sep("guarded_xlogx", lambda t, K, o: t * o.log(o.where(t > 0, t, 1))),
        sep("zero_power", lambda t, K, o: 1 - o.power(t, 0)),
        sep("small_power", lambda t, K, o: o.power(t, 0.001)),
        sep("negative_power", lambda t, K, o: o.power(t, -0.5)),
    ]


def _literals() -> list[Case]:
    """Numbers of every kind; most of these are linear if they are read as they are written."""
    return [
        sep("fraction_left", lambda t, K, o: F(1, 2) - t),
        sep("fraction_right", lambda t, K, o: t * F(1, 3) + F(2, 3)),
        sep("tenths", lambda t, K, o: 0.1 * t + 0.2 * t - 0.3 * t),
        sep("tenths_squared", lambda t, K, o: 1 - t + 0.1 * t * t + 0.2 * t * t - 0.3 * t * t),
        sep("near_tenths", lambda t, K, o: 1 - t + 0.1 * t * t + 0.2 * t * t - 0.3000001 * t * t),
        sep("tiny_square", lambda t, K, o: 1 - t + 1e-15 * t * t),
        sep("tinier_square", lambda t, K, o: 1 - t + 1e-40 * t * t),
        sep("thirds", lambda t, K, o: t * t * (1 / 3) + t * t * (2 / 3) - t * t + t),
        sep(
            "float32",
            lambda t, K, o: np.float32(0.1) * t + np.float32(0.2) * t - 0.3 * t,
            plain=lambda t, K, o: 0 * t,
        ),
        sep("float64", lambda t, K, o: np.float64(0.5) - t),
        sep("np_int", lambda t, K, o: np.int64(2) - t),
        sep("np_int_square", lambda t, K, o: np.int64(2) * t * t - 2 * t * t + t),
        sep("np_bool", lambda t, K, o: np.bool_(True) * 1 - t),
        sep("sympy_half", lambda t, K, o: o.const(sympy.Rational(1, 2)) - t),
        sep("sympy_root", lambda t, K, o: t * sympy.sqrt(2) - t),
        sep("sympy_log", lambda t, K, o: t * sympy.log(3)),
        sep("bool_literal", lambda t, K, o: True - t),
        sep("int_division", lambda t, K, o: t * (7 // 2)),
        sep("np_pi", lambda t, K, o: np.pi - math.pi * t),
        sep("np_log_of_t", lambda t, K, o: -np.log(t)),
        sep("np_exp_of_t", lambda t, K, o: np.exp(-t)),
        sep("np_maximum", lambda t, K, o: o.maximum(1 - t, np.float64(0))),
        sep("huge", lambda t, K, o: 1e300 * (1 - t)),
        sep("tiny", lambda t, K, o: 1e-300 * (1 - t)),
        sep("big_square", lambda t, K, o: 1e30 * (1 - t) + t * t),
        sep("constant", lambda t, K, o: 1),
        sep("constant_const", lambda t, K, o: o.const(1)),
        sep("constant_off", lambda t, K, o: 1 - t, lambda t, K, o: 3),
        sep("zero", lambda t, K, o: 0 * t),
        sep("label_free", lambda t, K, o: t * t, lambda t, K, o: t * t),
        sep("label_free_linear", lambda t, K, o: t, lambda t, K, o: t),
        sep("negative", lambda t, K, o: -(1 - t) * 5),
        sep("rising", lambda t, K, o: t),
    ]


SEPARABLE = [
    Case(c.id, kind, c.make, c.losses, c.entries, c.easy)
    for kind, group in (
        ("point", _points()),
        ("classes", _classes()),
        ("domain", _domains()),
        ("literal", _literals()),
    )
    for c in group
]
