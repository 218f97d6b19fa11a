"""Verdicts as values: what is known (`Status`), for what (`Scope`), how (`Method`), by what (`Witness`).

Text is made where a verdict is shown: `to_dict` for JSON, `str` of a scope for a line. It is never read back.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from fractions import Fraction
from typing import TYPE_CHECKING, Any

from lossmatters.theory.scope import (
    OPEN_SIMPLEX,
    SIMPLEX,
    ClassCounts,
    Condition,
    Domain,
    Scope,
    where,
)

if TYPE_CHECKING:
    import sympy

__all__ = [
    "OPEN_SIMPLEX",
    "SIMPLEX",
    "BySize",
    "ClassCounts",
    "Condition",
    "Domain",
    "How",
    "Known",
    "Method",
    "Place",
    "Point",
    "Scope",
    "Status",
    "Verdict",
    "Witness",
    "plain",
    "where",
]

Point = tuple[Fraction, ...]


class Status(StrEnum):
    """What may be said of a statement. Undecided is never a pass."""

    PROVED = "proved"  # for the stated scope
    CERTIFIED = "certified"  # by ball arithmetic
    SAMPLED = "sampled"  # n draws, none failed
    CONFIRMED = "confirmed"  # training, by a stated interval
    REFUTED = "refuted"  # with a witness that can be checked by hand
    NOT_REPRODUCED = "not reproduced"  # training, by a stated interval
    INCONCLUSIVE = "inconclusive"  # training: the interval does not decide
    UNDECIDED = "undecided"
    ELSEWHERE = "checked elsewhere"  # a formal proof, of these very sources, on a machine that has Coq
    NOT_CHECKED = "not yet checked"

    @property
    def holds(self) -> bool:
        """Tell whether the statement holds, as far as this status goes."""
        return self in HOLDS

    @property
    def fails(self) -> bool:
        """Tell whether the statement is false, as far as this status goes."""
        return self in FAILS


HOLDS = (Status.PROVED, Status.CERTIFIED, Status.CONFIRMED, Status.SAMPLED)
FAILS = (Status.REFUTED, Status.NOT_REPRODUCED)


class Known(StrEnum):
    """How a number is known."""

    PROVED = "proved"
    CERTIFIED = "certified"  # a sign by intervals
    NUMERICAL = "numerical"  # by floating point, with an estimate of the error
    UNDECIDED = "undecided"


class Method(StrEnum):
    """What a verdict rests on."""

    S1 = "S1"  # an affine generator
    S2 = "S2"  # the curvature of the generator
    S3 = "S3"  # a share of the label sum, or a sum of symmetric losses
    S4 = "S4"  # algebra in the formula
    INTERVALS = "intervals"
    SAMPLING = "sampling"
    CURVATURE = "curvature"
    SHARE = "share"  # at most 1, as a share of a sum of terms >= 0, or 1 less a share
    TERMS = "terms"  # term by term
    DECLARED_CERTIFIED = "declared, certified"  # the class says so, and intervals enclose it
    DECLARED_SAMPLED = "declared, sampled"  # the class says so, and no sample contradicts it
    EXCHANGE = "exchange"  # of two entries of an output
    LIMIT = "limit"
    EXACT = "exact"
    SEARCH = "search"  # for a counterexample
    SYMMETRIC = "symmetric"  # the loss is, so R1, R4 or R5 apply
    CONCAVITY = "concavity"  # of the conditional risk
    CONVEX = "convex"  # its slopes at the vertex decide
    CHORD = "chord"  # it lies above its chord
    FLAT = "flat"  # constant up to 1/2, and never rising
    SUM = "sum"  # of a loss that decides and losses that do not
    CLOSED_FORM = "closed form"
    NUMERICAL = "numerical"
    STATIONARY = "stationary"  # the gradient vanishes at the start
    BOUNDED_GRADIENT = "bounded gradient"
    QUADRATURE = "quadrature"
    STIFF_ODE = "stiff ODE"
    NONE = "undecided"


class How(StrEnum):
    """How two numbers are known to differ."""

    EXACT = "exact"  # as rationals
    BALLS = "balls"  # their difference is enclosed away from 0
    FLOAT64 = "float64"  # by more than the rounding of a loss without a formula


class Place(StrEnum):
    """An output, or a kind of outputs, at which something is attained or approached."""

    EVERYWHERE = "everywhere"
    UNIFORM = "uniform output"
    VERTICES = "vertices"
    WRONG_VERTEX = "a wrong vertex"
    LABELS_VERTEX = "the label's vertex"
    LABEL_ZERO = "u_y = 0"
    LABEL_ZERO_EVEN = "u_y = 0, the rest even"
    UNKNOWN = "not derived and not declared"


@dataclass(frozen=True)
class BySize:
    """A constant in closed form for each of finitely many K, where no one formula in K is known.

    Attributes
    ----------
    values : tuple of (int, sympy.Expr)
        K and the constant there, by increasing K.
    """

    values: tuple[tuple[int, sympy.Expr], ...]

    def __str__(self) -> str:
        return ", ".join(f"K = {k}: {value}" for k, value in self.values)


@dataclass(frozen=True)
class Witness:
    """Points u, v of the simplex with S(u) != S(v).

    Attributes
    ----------
    u, v : tuple of Fraction
        The points.
    sum_u, sum_v : sympy.Expr
        S(u) and S(v), in closed form where there is a formula, else as floats.
    how : How
        How S(u) and S(v) are known to differ.
    """

    u: Point
    v: Point
    sum_u: sympy.Expr
    sum_v: sympy.Expr
    how: How

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON: exact numbers as strings beside their floats."""
        measured = self.how is How.FLOAT64
        return {
            "u": plain(self.u),
            "v": plain(self.v),
            "S_u": repr(float(self.sum_u)) if measured else str(self.sum_u),
            "S_v": repr(float(self.sum_v)) if measured else str(self.sum_v),
            "S_u_value": float(self.sum_u),
            "S_v_value": float(self.sum_v),
            "how": self.how.value,
        }


@dataclass(frozen=True)
class Verdict:
    """What is known of one statement about a loss.

    Attributes
    ----------
    status : Status
        What may be said of it.
    scope : Scope
        For which K, and where on the simplex, the status holds.
    method : Method
        What it rests on.
    detail : str
        A sentence for a reader; nothing depends on it.
    witness : mapping or None
        For a refutation, exact numbers that a reader can put in.
    """

    status: Status
    scope: Scope
    method: Method
    detail: str = ""
    witness: Any = field(default=None, hash=False)

    def holds_at(self, num_classes: int) -> bool:
        """Tell whether the statement is proved or certified at this K."""
        return self.status in (Status.PROVED, Status.CERTIFIED) and num_classes in self.scope.classes

    def to_dict(self) -> dict[str, object]:
        """Return plain JSON."""
        return {
            "status": self.status.value,
            "scope": str(self.scope),
            "method": self.method.value,
            "detail": self.detail,
            "witness": plain(self.witness),
        }


def plain(value: object) -> Any:
    """Return a value as plain JSON: exact numbers and closed forms as strings, objects by their `to_dict`.

    >>> plain({"u": (Fraction(1, 2), Fraction(1, 2)), "gap": 0.5})
    {'u': ['1/2', '1/2'], 'gap': 0.5}
    """
    if isinstance(value, StrEnum):
        return value.value
    if value is None or isinstance(value, str | bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(key): plain(v) for key, v in value.items()}
    if isinstance(value, list | tuple):
        return [plain(v) for v in value]
    return value.to_dict() if hasattr(value, "to_dict") else str(value)
