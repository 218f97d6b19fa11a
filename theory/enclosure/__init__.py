"""Rigorous enclosures over the whole simplex: of S, of L, and the sign of an expression (S4 with balls)."""

from lossmatters.theory.enclosure.ranges import (
    CONSTANCY,
    Enclosure,
    constant_by_algebra,
    enclose_label_sum,
    enclose_loss,
)
from lossmatters.theory.enclosure.search import Sign, certify_sign
from lossmatters.theory.enclosure.structure import NotTracedError
from lossmatters.theory.enclosure.tracing import trace

__all__ = [
    "CONSTANCY",
    "Enclosure",
    "NotTracedError",
    "Sign",
    "certify_sign",
    "constant_by_algebra",
    "enclose_label_sum",
    "enclose_loss",
    "trace",
]
