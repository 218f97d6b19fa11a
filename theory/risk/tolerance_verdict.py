"""The verdict on how much noise a loss tolerates."""

from __future__ import annotations

from dataclasses import dataclass, replace

import sympy

from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.exact import fail
from lossmatters.theory.noise import threshold
from lossmatters.theory.symbolic.algebra import K, tidy
from lossmatters.theory.verdict import Method, Scope, Status


@dataclass(frozen=True)
class NoiseTolerance:
    """The largest uniform rate at which a certain clean label's vertex minimises the noisy risk.

    Attributes
    ----------
    rate : eta_L in closed form (in K where no K was given), or None where there is none or it is not known.
    status : PROVED, CERTIFIED (a sign by intervals) or UNDECIDED.
    scope : for which K.
    method : SYMMETRIC, CONVEX, CHORD, FLAT, SUM, LIMIT, or None where undecided.
    clean_vertex : is the vertex optimal at rate 0? None where not known; False leaves no rate.
    asymmetry : rho of A1 where the loss is f(u_y), else None.
    detail : a sentence.
    """

    rate: sympy.Expr | None
    status: Status
    scope: Scope
    method: Method | None
    clean_vertex: bool | None
    asymmetry: sympy.Expr | None
    detail: str

    @property
    def value(self) -> float | None:
        """Return eta_L as a float, where K is a number and it is known."""
        return None if self.rate is None or self.rate.free_symbols else float(self.rate)

    def at(self, num_classes: int) -> NoiseTolerance:
        """Return what is known for many K, said of one of them.

        Raises
        ------
        ValueError : it is undecided, or not known at this K.
        """
        if not self.holds_at(num_classes):
            fail("num_classes", f"in the scope, {self.scope}, of what is decided", num_classes)
        rate, rho = (None if x is None else tidy(x.subs(K, num_classes)) for x in (self.rate, self.asymmetry))
        return replace(self, rate=rate, asymmetry=rho, scope=Scope.at(num_classes, self.scope.domain))

    def holds_at(self, num_classes: int) -> bool:
        """Tell whether it is decided at this K."""
        return self.status != "undecided" and num_classes in self.scope.classes

    def to_dict(self) -> dict[str, object]:
        """Return the `noise_tolerance` object of ``lossmatters certify --json``."""
        return {
            "status": self.status.value,
            "scope": str(self.scope),
            "method": "" if self.method is None else self.method.value,
            "rate": self.value,
            "rate_exact": None if self.rate is None else str(self.rate),
            "asymmetry": None if self.asymmetry is None else str(self.asymmetry),
            "clean_vertex": self.clean_vertex,
            "detail": self.detail,
        }


def undecided(scope: Scope, why: str, clean: bool | None = None) -> NoiseTolerance:
    """Return the verdict that nothing is decided, and why; `clean` where rate 0 alone is."""
    return NoiseTolerance(None, Status.UNDECIDED, scope, None, clean, None, why)


def threshold_at(k: int | None) -> sympy.Expr:
    """Return eta* = (K - 1)/K at this K, or in K."""
    return tidy((K - 1) / K) if k is None else const(threshold(k))
