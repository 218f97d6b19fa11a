"""One answer to what a loss is robust to."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from lossmatters.theory.verdict import Method, Status, plain


@dataclass(frozen=True)
class Finding:
    """One answer: proved, refuted (with a witness in exact numbers) or undecided, and why.

    Attributes
    ----------
    status : Status
        What may be said.
    reason : str
        Why, for a reader.
    witness : mapping or None
        For a refutation, exact numbers that a reader can put in.
    method : Method or None
        What a proof rests on.
    """

    status: Status
    reason: str
    witness: Mapping[str, object] | None = None
    method: Method | None = None

    def to_dict(self) -> dict[str, object]:
        """Return the answer as plain JSON data."""
        return {"status": self.status.value, "reason": self.reason, "witness": plain(self.witness)}
