"""Exact numbers: how a parameter, a rate or a float typed by a person becomes a rational."""

from __future__ import annotations

import math
import re
from fractions import Fraction
from numbers import Integral, Rational
from typing import Any, NoReturn

import numpy as np

LONGEST = 2000  # characters of a number

Number = int | float | str | Fraction


def fail(name: str, condition: str, value: object, kind: type[Exception] = ValueError) -> NoReturn:
    """Raise the house's error: ``<name> must be <condition>, got <name>=<value>``.

    The name after "got" is the last word of `name`, so that "parameter alpha" reads
    "parameter alpha must be > 0, got alpha=0".
    """
    shown = str(value) if isinstance(value, Fraction) else repr(value)
    raise kind(f"{name} must be {condition}, got {name.split()[-1]}={shown}")


def exact(value: object, name: str = "value") -> Fraction:
    """Return the rational that a number or string means.

    A float becomes the *simplest* rational that rounds to it, so that ``exact(0.1) == 1/10`` and
    ``exact(1/9) == Fraction(1, 9)``: what was typed, not the binary neighbour of it. A number of another
    precision, a NumPy scalar or a tensor of one number, is read in its own: float32's 0.4 is 2/5 too.

    Parameters
    ----------
    value : int, float, Fraction or str ("1/10", "0.1", "1e-9"), a scalar of NumPy or torch.
    name : how the value is called in an error.

    Raises
    ------
    TypeError : not a number or a numeric string (bool counts as neither).
    ValueError : NaN, infinite, or a string that is no number.

    >>> exact(0.1), exact("2/5"), exact(1e-9), exact(np.float32(0.4))
    (Fraction(1, 10), Fraction(2, 5), Fraction(1, 1000000000), Fraction(2, 5))
    """
    value = _scalar(value)
    if isinstance(value, bool | np.bool_):
        fail(name, "a number", value, TypeError)
    if isinstance(value, Fraction):
        return value
    if isinstance(value, Integral):
        return Fraction(int(value))
    if isinstance(value, str):
        exponent = re.search(r"[eE][+-]?0*(\d+)", value)  # 1e999999999 would be a number of as many digits
        if len(value) > LONGEST or (exponent and len(exponent[1]) > 4):
            fail(name, f"a number of at most {LONGEST} characters and 9999 digits", value[:80])
        try:
            return Fraction(value.replace(" ", ""))
        except (ValueError, ZeroDivisionError):
            fail(name, "a rational number such as 0.1 or 1/10", value)
    if isinstance(value, Rational):
        return Fraction(int(value.numerator), int(value.denominator))
    try:
        number = float(value)  # type: ignore[arg-type]
    except (TypeError, ValueError):
        fail(name, "a number", value, TypeError)
    if not math.isfinite(number):
        fail(name, "finite", value)
    if isinstance(value, np.float16 | np.float32):
        return _simplest_narrow(value)
    return simplest(number)


def simplest(number: float) -> Fraction:
    """Return the rational of least denominator (up to 10^6) that rounds to a float, or its decimal.

    >>> simplest(1 / 3), simplest(1e-9)
    (Fraction(1, 3), Fraction(1, 1000000000))
    """
    if abs(number) < 2**53:  # beyond, floats are integers further apart than 1: 1e23 means 10^23
        guess = Fraction(number).limit_denominator(10**6)
        if float(guess) == number:
            return guess
    return Fraction(repr(number))


# Two fractions of denominators up to D are 1/D^2 apart at least, and so are two floats near 1 by eps / 2:
# up to eps^(-1/2), halved for good measure, no two of them round to the same float in [0, 1].
_DENOMINATORS = {np.float16: 16, np.float32: 1448}


def _simplest_narrow(value: np.float16 | np.float32) -> Fraction:
    """Return the rational that a float of fewer bits means, as `simplest` does for a double."""
    guess = Fraction(float(value)).limit_denominator(_DENOMINATORS[type(value)])
    if abs(float(value)) < 1 / float(np.finfo(type(value)).eps) and type(value)(float(guess)) == value:
        return guess
    return Fraction(str(value))  # the shortest decimal of those to which this float is the nearest


def _scalar(value: Any) -> Any:
    """Return the one number of a tensor or an array; anything else as it is."""
    if hasattr(value, "detach") and getattr(value, "ndim", None) == 0:
        if str(value.dtype) == "torch.bfloat16":
            return value.item()  # NumPy has no such type: read as the double that it is
        value = value.detach().cpu().numpy()
    return value[()] if isinstance(value, np.ndarray) and value.ndim == 0 else value


def check_num_classes(num_classes: object) -> int:
    """Return `num_classes` as an int >= 2, or raise the house's error."""
    if isinstance(num_classes, bool) or not isinstance(num_classes, Integral):
        fail("num_classes", "an integer >= 2", num_classes, TypeError)
    if num_classes < 2:
        fail("num_classes", "an integer >= 2", int(num_classes))
    return int(num_classes)


def check_rate(rate: object, name: str = "eta") -> Fraction:
    """Return a noise rate as an exact rational in [0, 1], or the house's error."""
    value = exact(rate, name)
    if not 0 <= value <= 1:
        raise ValueError(f"{name} must be in [0, 1], got {name.split()[-1]}={rate}")
    return value
