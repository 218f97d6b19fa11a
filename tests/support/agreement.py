"""Do the backends agree on a loss? One comparison, used for every loss and for known-false ones.

The reference is mpmath with 50 digits. All backends are given the same numbers: a float64 point is a
dyadic rational, which every backend but torch in float32 holds exactly, so that no error of the input is
magnified by the formula and the tolerances speak of the arithmetic alone.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from fractions import Fraction
from typing import Any

import flint
import mpmath
import numpy as np

from lossmatters.theory.backends import backend
from lossmatters.theory.backends.ball_ops import precision
from lossmatters.theory.backends.mpmath_ops import MpmathOps
from lossmatters.theory.backends.rational_ops import IrrationalError
from lossmatters.theory.losses import Loss

# The formulas take at most some 10 K operations, each within an ulp (2^-53 = 1.1e-16) or two of its
# result; K <= 12 and sums of terms of one size give a few hundred ulps.
FLOAT64_TOLERANCE = 1e-12
# 50 digits are computed; 1e-40 leaves room for the cancellation of 1 - u_y near a vertex.
MPMATH_TOLERANCE = mpmath.mpf(10) ** -40
BALL_BITS = 256  # a radius of about 1e-75, far below what is compared

REFERENCE = MpmathOps(60)


def reference(loss: Loss, point: Sequence[Fraction]) -> list[Any]:
    """L(u, j) for all j, then S(u), as mpmath numbers; NaN and infinities where there is no value."""
    return evaluate(loss, point, REFERENCE)


def evaluate(loss: Loss, point: Sequence[Fraction], ops: Any) -> list[Any]:
    """L(u, j) for all j, then S(u) by `label_sum`, as numbers of the backend."""
    probs = ops.array([list(point)])
    try:
        with np.errstate(invalid="ignore", over="ignore"):  # 0/0 outside the domain is compared, as NaN
            return [*loss.all_labels(probs, ops)[0], loss.label_sum(probs, ops)[0]]
    except ZeroDivisionError:  # mpmath and SymPy raise where float64 has NaN or an infinity
        return [mpmath.nan] * (len(point) + 1)


def is_within(loss: Loss, name: str) -> bool:
    """Can the backend hold the values of this loss? Rationals may not: no logarithms or roots."""
    try:
        evaluate(loss, (Fraction(1, 2), Fraction(1, 4), Fraction(1, 4)), backend(name))
    except IrrationalError:
        return False
    return True


def assert_agrees(loss: Loss, point: Sequence[Fraction], name: str) -> None:
    """The backend `name` gives the reference's values and label sum at `point`, if it can hold them."""
    if not is_within(loss, name):
        return
    if name == "balls":
        with precision(BALL_BITS):
            values = evaluate(loss, point, backend(name))
    else:
        values = evaluate(loss, point, backend(name))
    expected = reference(loss, point)
    outside = not all(map(mpmath.isfinite, expected))
    for j, (value, wanted) in enumerate(zip(values, expected, strict=True)):
        what = f"S(u) of {loss.spec}" if j == len(point) else f"L(u, {j}) of {loss.spec}"
        says = f"{what} by {name}: {value}, not {wanted}, at u={point}"
        if name in ("balls", "sympy") and outside and not FINITE[name](value):
            continue  # a ball that met an infinity on its way claims nothing, and SymPy's have no direction
        if mpmath.isfinite(wanted):
            assert CLOSE[name](value, wanted), says
        else:
            assert not FINITE[name](value), says


def close_in_float64(value: Any, wanted: Any) -> bool:
    return abs(float(value) - float(wanted)) <= FLOAT64_TOLERANCE * max(1.0, abs(float(wanted)))


def close_in_mpmath(value: Any, wanted: Any) -> bool:
    return abs(value - wanted) <= MPMATH_TOLERANCE * max(1, abs(wanted))


def encloses(value: Any, wanted: Any) -> bool:
    """Does the ball meet the reference and its error, and is it small enough to mean anything?"""
    with precision(BALL_BITS):
        man, exp = wanted.man_exp
        exact = (-1) ** int(wanted < 0) * flint.arb(int(man)) * flint.arb(2) ** exp  # man has no sign
        slack = flint.arb(0, 1) * flint.arb(10) ** -50 * max(flint.arb(1), abs(exact))
        return bool(
            value.overlaps(exact + slack) and float(value.rad()) <= 1e-40 * max(1.0, abs(float(wanted)))
        )


def close_to_exact(value: Any, wanted: Any) -> bool:
    return close_in_mpmath(REFERENCE.context.mpmathify(value.evalf(60)), wanted)


CLOSE: dict[str, Callable[[Any, Any], bool]] = {
    "numpy": close_in_float64,
    "torch": close_in_float64,
    "mpmath": close_in_mpmath,
    "balls": encloses,
    "sympy": close_to_exact,
    "rational": lambda value, wanted: close_in_mpmath(REFERENCE.const(value), wanted),
}
FINITE: dict[str, Callable[[Any], bool]] = {
    "numpy": lambda v: bool(np.isfinite(v)),
    "torch": lambda v: bool(np.isfinite(float(v))),
    "mpmath": lambda v: bool(mpmath.isfinite(v)),
    "balls": lambda v: bool(v.is_finite()),
    "rational": lambda v: isinstance(v, Fraction),
    "sympy": lambda v: v.is_finite is True if hasattr(v, "is_finite") else False,
}
