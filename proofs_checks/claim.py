"""Claims, the evidence for them, and the words that may be used of either."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from enum import Enum
from typing import Any

from lossmatters.theory.verdict import FAILS, HOLDS, Scope, Status

__all__ = ["FAILS", "HOLDS", "UNIFORM", "Check", "Claim", "Evidence", "Method", "Status"]

UNIFORM = "symmetric"  # what records call uniform noise


class Method(str, Enum):
    """How evidence was obtained, strongest first."""

    FORMAL = "formal"
    SYMBOLIC = "symbolic"
    EXACT = "exact"
    INTERVAL = "interval"
    SAMPLING = "sampling"
    EMPIRICAL = "empirical"


@dataclass(frozen=True)
class Evidence:
    """What one method says of one claim.

    Attributes
    ----------
    scope : for what it was shown: a `Scope`, or words such as "1000 draws".
    detail : one or two sentences with the numbers.
    witness : for a refutation, what a reader can check by hand; plain JSON data.
    data : further numbers behind the detail; plain JSON data.
    """

    method: Method
    status: Status
    scope: Scope | str = ""
    detail: str = ""
    witness: Any = None
    data: dict[str, Any] = field(default_factory=dict)

    def to_dict(self) -> dict[str, Any]:
        out: dict[str, Any] = {
            "method": self.method.value,
            "status": self.status.value,
            "scope": str(self.scope),
            "detail": self.detail,
            "witness": self.witness,
        }
        if self.data:
            out["data"] = self.data
        return out


@dataclass(frozen=True)
class Check:
    """One way of checking a claim, with a false statement that the same code must reject.

    Attributes
    ----------
    method : which kind of evidence it gives.
    run : a function of `subject` (and of the records, where `needs_records`) that returns Evidence.
    subject : what the claim says, as data: a loss, a formula, a rule.
    twin : the same data made false in one place. `run` must refute it.
    twin_says : that false statement, in words.
    needs_records : `run` takes (subject, records); the twin then brings its own records and `run` is
        called as ``run(*twin)``.
    noise : the kind of noise of the records that it speaks of; others it is not given.
    """

    method: Method
    run: Callable[..., Evidence]
    subject: Any
    twin: Any
    twin_says: str
    needs_records: bool = False
    noise: str = UNIFORM


@dataclass(frozen=True)
class Claim:
    """A statement with its id (as in the reference of statements), assumptions and source.

    Attributes
    ----------
    statement : prose with LaTeX between dollar signs.
    assumes : what it takes for granted.
    checks : how it is checked; none means "not yet checked".
    """

    id: str
    title: str
    statement: str
    source: str
    assumes: tuple[str, ...] = ()
    checks: tuple[Check, ...] = ()
