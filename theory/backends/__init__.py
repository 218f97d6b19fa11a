"""One formula, several arithmetics: SymPy, Fractions, NumPy, mpmath, balls (Arb) and torch.

A loss is written once against the `Ops` protocol. Each backend is imported only when asked for, so
that ``import lossmatters.theory`` loads neither SymPy nor torch.
"""

from __future__ import annotations

from functools import cache
from importlib import import_module
from typing import Any

from lossmatters.theory.backends.base import Ops
from lossmatters.theory.backends.number import Condition, Exact, N, Number, Plain, Truths

BACKENDS = {
    "sympy": "lossmatters.theory.backends.sympy_ops",
    "rational": "lossmatters.theory.backends.rational_ops",
    "numpy": "lossmatters.theory.backends.numpy_ops",
    "mpmath": "lossmatters.theory.backends.mpmath_ops",
    "balls": "lossmatters.theory.backends.ball_ops",
    "torch": "lossmatters.theory.backends.torch_ops",
}

__all__ = ["BACKENDS", "Condition", "Exact", "N", "Number", "Ops", "Plain", "Truths", "backend"]


@cache
def backend(name: str) -> Ops[Any]:
    """Return the operations of the backend `name` (a key of `BACKENDS`).

    Raises
    ------
    ValueError : unknown name.
    ImportError : the library behind it is not installed.
    """
    if name not in BACKENDS:
        raise ValueError(f"backend must be one of {', '.join(BACKENDS)}, got backend={name!r}")
    return import_module(BACKENDS[name]).OPS
