"""A verdict on the symmetry of a loss as a value, and the one that several of them at several K make."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace

import sympy

from lossmatters.theory.losses.base import Loss
from lossmatters.theory.symbolic.algebra import K
from lossmatters.theory.verdict import BySize, Method, Scope, Status, Verdict, Witness, plain

S4_CLASSES = (2, 3, 4, 5)  # which stand for all K where nothing decides for all at once
# Of verdicts at several K the one that says least is told: one refutation refutes "for all of them".
WEAKER = (Status.PROVED, Status.CERTIFIED, Status.SAMPLED, Status.UNDECIDED, Status.REFUTED)


@dataclass(frozen=True)
class SymmetryVerdict(Verdict):
    """What is known of the symmetry of a loss.

    Attributes
    ----------
    constant : sympy.Expr, BySize or None
        C in closed form, in K where the scope holds several, or one for each K; None where it is not known.
    middle : float or None
        Where certified or sampled, a number that S is near to.
    error : float or None
        Where certified, how far apart two values of S can be.
    """

    constant: sympy.Expr | BySize | None = None
    middle: float | None = None
    error: float | None = None

    def constant_at(self, num_classes: int) -> sympy.Expr | None:
        """Return C at one K of the scope, in closed form; None where it is not known."""
        if self.constant is None or num_classes not in self.scope.classes:
            return None
        if isinstance(self.constant, BySize):
            return dict(self.constant.values)[num_classes]
        return self.constant.subs(K, num_classes)

    @property
    def constant_value(self) -> float | None:
        """Return C as a float where it is a number; where certified or sampled, a number near S."""
        if self.constant is None or isinstance(self.constant, BySize):
            return self.middle
        return float(self.constant) if self.constant.is_number else None

    def to_dict(self) -> dict[str, object]:
        """Return the `symmetry` object of ``lossmatters certify --json``."""
        scope = str(self.scope)
        return {
            "status": self.status.value,
            "scope": scope if self.error is None else f"{scope}, to eps = {self.error:.2g}",
            "method": self.method.value,
            "constant": None if self.constant is None else str(self.constant),
            "constant_value": self.constant_value,
            "witness": plain(self.witness),
            "detail": self.detail,
        }


Decide = Callable[[Loss, int | None], SymmetryVerdict]  # `decide`, handed to the steps that stand below it


def proved(
    constant: sympy.Expr | BySize, scope: Scope, method: Method, detail: str, num_classes: int | None = None
) -> SymmetryVerdict:
    """Return the verdict "S is this constant" for a scope, or for the part of it at one K."""
    if num_classes is not None and not isinstance(constant, BySize):
        constant = constant.subs(K, num_classes)
    return SymmetryVerdict(Status.PROVED, scope.narrowed(num_classes), method, detail, constant=constant)


def refuted(witness: Witness, scope: Scope, method: Method, detail: str) -> SymmetryVerdict:
    """Return the verdict "S is not constant", which a witness shows, for a scope."""
    return SymmetryVerdict(Status.REFUTED, scope, method, detail, witness)


def combined(tried: Mapping[int, SymmetryVerdict]) -> SymmetryVerdict:
    """Return the verdict that the weakest of verdicts at several K allow, for those K that share it."""
    if len(tried) == 1:
        return next(iter(tried.values()))
    weakest = max((v.status for v in tried.values()), key=WEAKER.index)
    found = {k: v for k, v in tried.items() if v.status is weakest}
    first = found[min(found)]
    scope = Scope.of(found)
    for verdict in found.values():
        scope = Scope(scope.classes, scope.domain & verdict.scope.domain)
    rest = "".join(f"; {v.scope}: {v.status}" for v in tried.values() if v.status is not weakest)
    constant = None
    if weakest is Status.PROVED:
        constant = by_class_count({k: v.constant_at(k) for k, v in found.items()})
    errors = [v.error for v in found.values() if v.error is not None]
    error = max(errors) if errors else None
    return replace(
        first, scope=scope, constant=constant, middle=None, error=error, detail=first.detail + rest
    )


def by_class_count(constants: Mapping[int, sympy.Expr]) -> sympy.Expr | BySize:
    """Return the one constant if all are the same, else the list of them."""
    first, *others = constants.values()
    return first if all(c == first for c in others) else BySize(tuple(sorted(constants.items())))
