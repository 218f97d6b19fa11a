"""Subclasses that redefine a part, combinations, normalised losses and shares of weights of any sign."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction as F
from typing import Any

import numpy as np

from lossmatters.theory.losses import (
    CCE,
    GCE,
    MAE,
    MSE,
    NMSE,
    RLL,
    Loss,
    Normalized,
    SeparableLoss,
    get,
)
from lossmatters.theory.losses.combinators import ShareLoss
from zoo.case import Case, of, sep
from zoo.numbers import CTX, NAN, Dec, Plain, read
from zoo.separable import SEPARABLE

BY_ID = {c.id: c for c in SEPARABLE}
ONE = CTX.mpf(1)


@dataclass(frozen=True)
class FormulaOverMAE(MAE):
    def formula(self, probs, onehot, ops):
        return 1 - ops.dot(probs, onehot) ** 2


@dataclass(frozen=True)
class OnLabelOverMAE(MAE):
    def on_label(self, t, num_classes, ops):
        return (1 - t) ** 2


@dataclass(frozen=True)
class OffLabelOverCCE(CCE):
    def off_label(self, t, num_classes, ops):
        return ops.log(t) / (num_classes - 1)


@dataclass(frozen=True)
class LargerRLL(RLL):
    def on_label(self, t, num_classes, ops):
        return 5 * super().on_label(t, num_classes, ops)

    def off_label(self, t, num_classes, ops):
        return 5 * super().off_label(t, num_classes, ops)


@dataclass(frozen=True)
class LargerGCE(GCE):
    def on_label(self, t, num_classes, ops):
        return 10 * (1 - t)


@dataclass(frozen=True)
class FormulaOverNMSE(NMSE):
    def formula(self, probs, onehot, ops):
        return (1 - ops.dot(probs, onehot)) ** 2


@dataclass(frozen=True)
class FormulaOverZeroOne(type(get("zero-one"))):
    def formula(self, probs, onehot, ops):
        return (1 - ops.dot(probs, onehot)) ** 2


@dataclass(frozen=True)
class WeightsOverZeroOne(type(get("zero-one"))):
    def weights(self, probs, ops):
        return probs - ops.const(F(1, 4))


@dataclass(frozen=True)
class SumOverMSE(MSE):
    def label_sum(self, probs, ops):
        return ops.const(1) + 0 * ops.sum(probs)


@dataclass(frozen=True)
class GeneratorOverMSE(MSE):
    def generator(self, t, num_classes, ops):
        return 1 - t


@dataclass(frozen=True)
class TermsOfItsOwn(type(get("mae + nmse"))):
    def formula(self, probs, onehot, ops):
        return (1 - ops.dot(probs, onehot)) ** 2


@dataclass(frozen=True)
class BoundTooSmall(SeparableLoss):
    name = "bound-too-small"

    def on_label(self, t, num_classes, ops):
        return 1 - t * t

    def off_label(self, t, num_classes, ops):
        return ops.where(t > 0.5, t - 0.5, 0 * t) * ops.where(t < F(51, 100), 0, 1)

    def upper_bound(self, num_classes, ops):
        return ops.const(F(3, 2))


@dataclass(frozen=True)
class BaseOfRLL(Loss):
    """A formula, where super() is a separable loss: nothing of it is used."""

    name = "mixed"

    def formula(self, probs, onehot, ops):
        return MAE().apply(probs, onehot, ops) * ops.dot(probs, probs)


def _square_loss(point):
    return [(ONE - read(p)) ** 2 for p in point]


def _per_entry(on, off=lambda t, k: CTX.mpf(0)):
    def losses(point):
        k, u = len(point), [read(p) for p in point]
        return [on(u[j], k) + sum((off(u[i], k) for i in range(k) if i != j), CTX.mpf(0)) for j in range(k)]

    return losses


def _log(x):
    return CTX.log(x) if x > 0 else -CTX.inf if x == 0 else NAN


def _mse(point):
    u, s = [read(p) for p in point], sum(read(p) ** 2 for p in point)
    return [1 - 2 * x + s for x in u]


def _share(weight):
    def losses(point):
        u = np.array([Dec(p) for p in point], dtype=object)
        w = [read(x) for x in np.broadcast_to(weight(u, Plain), len(point))]
        total = sum(w)
        return [ONE - x / total if abs(total) > CTX.mpf(10) ** -50 else NAN for x in w]

    return losses


def share(id: str, weight: Any, entries: Any = (), easy: bool = True) -> Case:
    body = {"weights": lambda self, probs, ops: weight(probs, ops), "name": id}
    return of(id, lambda: type("Share_" + id, (ShareLoss,), body)(), _share(weight), entries, easy)


def normal(id: str, base: Case, easy: bool = True) -> Case:
    def losses(point):
        row = base.losses(point)
        total = sum(row)
        return [x / total if CTX.mpf(10) ** -50 < abs(total) < CTX.inf else NAN for x in row]

    return of(id, lambda: Normalized(base.make()), losses, base.entries, easy)


def total(id: str, *parts: tuple[int, Case], easy: bool = True) -> Case:
    def make():
        (a, first), *rest = parts
        out = a * first.make()
        for b, other in rest:
            out = out + b * other.make()
        return out

    def losses(point):
        rows = [(a, c.losses(point)) for a, c in parts]
        return [sum((a * row[j] for a, row in rows), CTX.mpf(0)) for j in range(len(point))]

    return of(id, make, losses, [e for _, c in parts for e in c.entries], easy)


def _nmse(point):
    row = _mse(point)
    return [x / sum(row) for x in row]


NMSE_CASE = of("nmse", NMSE, _nmse)
MSE_CASE = of("mse", MSE, _mse)
MAE_CASE = of("mae", MAE, lambda point: [2 * (1 - read(p)) for p in point])
CCE_CASE = of("cce", CCE, lambda point: [-_log(read(p)) for p in point])

GROUPS = {
    "override": [
        of("formula_over_mae", FormulaOverMAE, _per_entry(lambda t, k: 1 - t * t)),
        of("on_label_over_mae", OnLabelOverMAE, _square_loss)
        if MAE.off_label is SeparableLoss.off_label
        else of("on_label_over_mae", OnLabelOverMAE, _per_entry(lambda t, k: (1 - t) ** 2, lambda t, k: t)),
        of(
            "off_label_over_cce",
            OffLabelOverCCE,
            _per_entry(lambda t, k: -_log(t), lambda t, k: _log(t) / (k - 1)),
        ),
        of(
            "larger_rll",
            LargerRLL,
            _per_entry(
                lambda t, k: -5 * _log(t + CTX.mpf(1) / 10) + 5 * _log(CTX.mpf(11) / 10),
                lambda t, k: 5 * (_log(t + CTX.mpf(1) / 10) - _log(CTX.mpf(1) / 10)) / (k - 1),
            ),
        ),
        of("larger_gce", LargerGCE, _per_entry(lambda t, k: 10 * (1 - t))),
        of("formula_over_nmse", FormulaOverNMSE, _square_loss),
        of("formula_over_zero_one", FormulaOverZeroOne, _square_loss),
        of("weights_over_zero_one", WeightsOverZeroOne, _share(lambda u, o: u - F(1, 4)), [F(1, 4)]),
        of("sum_over_mse", SumOverMSE, _mse),
        of("generator_over_mse", GeneratorOverMSE, _mse),
        of("terms_of_its_own", lambda: TermsOfItsOwn(get("mae + nmse").terms), _square_loss),
        of(
            "bound_too_small",
            BoundTooSmall,
            _per_entry(
                lambda t, k: 1 - t * t,
                lambda t, k: t - CTX.mpf(1) / 2 if t >= read(F(51, 100)) else CTX.mpf(0),
            ),
            [F(51, 100)],
        ),
        of(
            "mixed",
            BaseOfRLL,
            lambda point: [2 * (1 - read(p)) * sum(read(q) ** 2 for q in point) for p in point],
        ),
    ],
    "share": [
        share("share_probs", lambda u, o: u),
        share("share_square", lambda u, o: u * u),
        share("share_signed", lambda u, o: u - 0.25, [F(1, 4)]),
        share("share_sum_zero", lambda u, o: u - 1 / u.shape[-1]),
        share("share_all_zero", lambda u, o: 0 * u),
        share("share_log", lambda u, o: -o.log(u)),
        share("share_negative", lambda u, o: -u),
        share("share_above_half", lambda u, o: o.maximum(u - 0.5, 0), [F(1, 2)]),
        share("share_above_uniform", lambda u, o: o.maximum(u - 1 / u.shape[-1], 0)),
        share("share_large", lambda u, o: 3 * u - 1 / 2, [F(1, 6)]),
        share("share_pole", lambda u, o: 1 / (2 * u - 1), [F(1, 2)]),
        share("share_max", lambda u, o: o.where(u >= o.max(u), 1 + 0 * u, 0 * u)),
    ],
    "normal": [
        normal("normal_negative", BY_ID["negative"]),
        normal("normal_signed", sep("n1", lambda t, K, o: t * t - 0.4, entries=[F(2, 5)])),
        normal("normal_point", BY_ID["point_half"]),
        normal("normal_mse", MSE_CASE),
        normal("normal_cce", CCE_CASE),
        normal("normal_branch", BY_ID["k_is_7"]),
        normal("normal_pole", BY_ID["pole_third"]),
    ],
    "sum": [
        total("mae_and_point", (1, MAE_CASE), (1, BY_ID["point_half"])),
        total("some_k", (1, NMSE_CASE), (1, BY_ID["k_vanishes_3"])),
        total("some_k_two", (1, NMSE_CASE), (1, BY_ID["k_vanishes_3"]), (1, BY_ID["k_vanishes_6"])),
        total("only_two_nmse", (1, NMSE_CASE), (1, BY_ID["only_two"])),
        total("k_is_7_nmse", (1, NMSE_CASE), (1, BY_ID["k_is_7"])),
        total("ten_nmse", (1, NMSE_CASE), (2, BY_ID["ten_written"])),
        total("vertex_nmse", (1, NMSE_CASE), (1, BY_ID["is_one"])),
        total(
            "two_refuted_cancel",
            (1, BY_ID["is_zero"]),
            (1, sep("s1", lambda t, K, o: o.where(t == 0, -1, 0 * t))),
        ),
        total("nmse_mse", (1, NMSE_CASE), (1, MSE_CASE)),
        total("nmse_mse_cancel", (1, NMSE_CASE), (1, MSE_CASE), (1, sep("s2", lambda t, K, o: -K * t * t))),
        total("two_varying", (1, NMSE_CASE), (1, MSE_CASE), (3, sep("s3", lambda t, K, o: -(t * t)))),
        total("pole_nmse", (1, NMSE_CASE), (1, BY_ID["k_pole_5"])),
    ],
}

CLASSES = [
    Case(c.id, kind, c.make, c.losses, c.entries, c.easy) for kind, group in GROUPS.items() for c in group
]
