"""Formulas of whole outputs that lure: cases on K, ties, poles inside, maxima over classes, single classes."""

from __future__ import annotations

from fractions import Fraction as F

import numpy as np

from zoo.case import Case, whole


def _p(probs, onehot, o):
    return o.dot(probs, onehot)


def _s(probs, o):
    return o.dot(probs, probs)


def _n(probs):
    return probs.shape[-1]


def _quotient(offset):
    def formula(u, e, o):
        k, s = _n(u), _s(u, o)
        return (1 - 2 * _p(u, e, o) + s) / (k * s + k + offset(k))

    return formula


def _listed(u, e, o):
    k = _n(u)
    s = sum(u[..., i] ** 2 for i in range(k))
    return (1 - 2 * _p(u, e, o) + s) / (k * s + k - 2)


FORMULAS = [
    Case(c.id, kind, c.make, c.losses, c.entries, c.easy)
    for kind, group in {
        "classes": [
            whole("shape_above_5", lambda u, e, o: 1 - _p(u, e, o) + (_s(u, o) if _n(u) > 5 else 0)),
            whole("shape_is_7", lambda u, e, o: 1 - _p(u, e, o) + (_s(u, o) if _n(u) == 7 else 0)),
            whole("shape_in", lambda u, e, o: (1 - _p(u, e, o)) * (_s(u, o) if _n(u) in (7, 9) else 1)),
            whole("offset_k", _quotient(lambda k: -2)),
            whole("offset_wrong", _quotient(lambda k: -1)),
            whole("offset_by_k", _quotient(lambda k: -2 if k < 6 else -3)),
            whole("listed", _listed, easy=False),
            whole("first_class", lambda u, e, o: 1 - _p(u, e, o) + u[..., 0]),
            whole("first_class_only", lambda u, e, o: u[..., 0] * _p(u, e, o)),
            whole("class_weights", lambda u, e, o: o.dot(e, 1 - u) + o.sum(u) - 1),
            whole("last_class_square", lambda u, e, o: 1 - _p(u, e, o) + u[..., -1] ** 2),
        ],
        "ties": [
            whole("zero_one", lambda u, e, o: 1 - o.dot(o.where(u >= o.max(u), 1 + 0 * u, 0 * u), e)),
            whole("zero_one_strict", lambda u, e, o: o.dot(o.where(u < o.max(u), 1 + 0 * u, 0 * u), e)),
            whole("mine_is_largest", lambda u, e, o: o.where(_p(u, e, o) == o.max(u)[..., 0], 0, 1)),
            whole("max_gap", lambda u, e, o: o.max(u)[..., 0] - _p(u, e, o)),
            whole("max_alone", lambda u, e, o: 1 - _p(u, e, o) + o.max(u)[..., 0] - o.max(u)[..., 0]),
            whole("sum_of_max", lambda u, e, o: 1 - _p(u, e, o) + o.sum(o.max(u)) - o.max(u)[..., 0]),
            whole(
                "max_times_k",
                lambda u, e, o: _n(u) * o.max(u)[..., 0] - o.sum(0 * u + o.max(u)) + 1 - _p(u, e, o),
            ),
            whole("tie_penalty", lambda u, e, o: 1 - _p(u, e, o) + o.where(_s(u, o) * _n(u) == 1, 1, 0)),
            whole("equal_to_other", lambda u, e, o: 1 - _p(u, e, o) + o.where(u[..., 0] == u[..., 1], 1, 0)),
            whole(
                "count_of_largest",
                lambda u, e, o: o.sum(o.where(u == o.max(u), 1 + 0 * u, 0 * u)) - _p(u, e, o),
            ),
            whole("support", lambda u, e, o: o.sum(o.where(u > 0, 1 + 0 * u, 0 * u)) - _p(u, e, o)),
            whole("sure", lambda u, e, o: o.where(o.max(u)[..., 0] == 1, 0, 1 - _p(u, e, o))),
            whole("confident", lambda u, e, o: 1 - _p(u, e, o) + o.where(o.max(u)[..., 0] > F(9, 10), 1, 0)),
        ],
        "domain": [
            whole("pole_inside", lambda u, e, o: _p(u, e, o) / (_s(u, o) - 0.5), [F(1, 2)]),
            whole(
                "pole_undone", lambda u, e, o: 1 - _p(u, e, o) + 1 / (_s(u, o) - 0.5) - 1 / (_s(u, o) - 0.5)
            ),
            whole("half_square", lambda u, e, o: 1 - _p(u, e, o) + o.where(_s(u, o) == 0.5, 1, 0)),
            whole("log_of_difference", lambda u, e, o: o.log(_p(u, e, o) - 0.3) - o.log(_p(u, e, o) - 0.3)),
            whole("entropy", lambda u, e, o: 1 - _p(u, e, o) + o.sum(u * o.log(u)) - o.sum(u * o.log(u))),
            whole("normal_log", lambda u, e, o: o.log(_p(u, e, o)) / o.sum(o.log(u))),
            whole("share_of_signed", lambda u, e, o: (_p(u, e, o) - 0.4) / (o.sum(u) - 0.4 * _n(u))),
            whole("share_of_zero", lambda u, e, o: (_n(u) * _p(u, e, o) - 1) / o.sum(_n(u) * u - 1)),
            whole("square_gap_root", lambda u, e, o: o.sqrt(_s(u, o) - 0.6) * 0 + 1 - _p(u, e, o)),
            whole("normalised_by_first", lambda u, e, o: 1 - _p(u, e, o) * u[..., 0] / u[..., 0]),
        ],
        "sums": [
            whole("sum_is_one", lambda u, e, o: o.sum(u) - _p(u, e, o)),
            whole("mse", lambda u, e, o: o.sum((u - e) * (u - e))),
            whole("mse_mean", lambda u, e, o: o.sum((u - e) * (u - e)) / _n(u)),
            whole("mae_abs", lambda u, e, o: o.sum(o.abs(u - e))),
            whole("mae_near", lambda u, e, o: o.sum(o.abs(u - e)) + F(1, 10**12) * _s(u, o)),
            whole("cubic_sum", lambda u, e, o: o.dot(u, u * u) - _p(u, e, o)),
            whole("centred", lambda u, e, o: _s(u, o) - _n(u) * _p(u, e, o) * _s(u, o)),
            whole("centred_near", lambda u, e, o: _s(u, o) - (_n(u) + F(1, 10**9)) * _p(u, e, o) * _s(u, o)),
            whole("log_ratio", lambda u, e, o: o.sum(o.log(u)) / _n(u) - o.log(_p(u, e, o))),
            whole("log_ratio_wrong", lambda u, e, o: o.sum(o.log(u)) / (_n(u) - 1) - o.log(_p(u, e, o))),
            whole("label_free_square", lambda u, e, o: _s(u, o)),
            whole("plain_one", lambda u, e, o: 1),
            whole("weights_of_lists", lambda u, e, o: 1 - _p(u, e, o) + 0 * o.sum(u)),
            whole("np_sum", lambda u, e, o: 1 - (u * e).sum(axis=-1)),
            whole("np_square", lambda u, e, o: (1 - _p(u, e, o)) ** np.int64(2)),
            whole("keeps_axis", lambda u, e, o: o.sum(u / o.max(u) * (1 - e))),
            whole("others", lambda u, e, o: o.sum(u * (1 - e))),
            whole("product_of_sums", lambda u, e, o: o.sum(u) * o.sum(u) * (1 - _p(u, e, o))),
            whole("power_means", lambda u, e, o: 1 - _p(u, e, o) + o.sum(o.power(u, 2)) - _s(u, o)),
        ],
    }.items()
    for c in group
]
