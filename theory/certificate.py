"""Everything known about one loss at one K and noise rate, as verdicts."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.theory.dynamics.memorization_time import MemorizationTime, memorization_time
from lossmatters.theory.exact import Number, check_num_classes, check_rate
from lossmatters.theory.formula import FormulaError
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.minimisers.calibration import calibration
from lossmatters.theory.minimisers.calibration_verdict import Calibration
from lossmatters.theory.minimisers.optimum import NoisyOptimum
from lossmatters.theory.noise import threshold
from lossmatters.theory.risk.excess import excess_risk_bound
from lossmatters.theory.risk.noisy_optimum import noisy_optimum
from lossmatters.theory.risk.reversal import OrderReversal
from lossmatters.theory.risk.reversal_search import search_reversal
from lossmatters.theory.risk.tolerance import NoiseTolerance, noise_tolerance
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.label_sum_range import label_sum_range
from lossmatters.theory.symmetry.loss_maximum import LossMaximum, loss_maximum
from lossmatters.theory.symmetry.sum_range import LabelSumRange, digits_or_form
from lossmatters.theory.symmetry.symmetry_verdict import SymmetryVerdict
from lossmatters.theory.verdict import Status


@dataclass(frozen=True)
class Undecided:
    """What stands where nothing is known, with the reason; never left out."""

    reason: str

    def to_dict(self) -> dict[str, str]:
        """Return plain JSON."""
        return {"status": Status.UNDECIDED.value, "reason": self.reason}


@dataclass(frozen=True)
class Certificate:
    """All that is known of one loss at one K and noise rate.

    Attributes
    ----------
    loss, spec, source : str
        The loss: its name, how `get` finds it again, where it is from.
    parameters : mapping
        Its parameters, exact.
    num_classes : int
        K.
    noise_rate : Fraction
        eta, of uniform noise.
    symmetry : SymmetryVerdict
        Whether the label sum is constant at K. Its scope is all that was shown, its constant the one at K.
    symmetry_all_classes : SymmetryVerdict or Undecided
        The same question for all K at once.
    label_sum : LabelSumRange
        The range of S at K.
    loss_maximum : LossMaximum or Undecided
        The largest loss at K.
    meets_class_conditional_bound : bool or None
        Is L <= C/(K - 1), as R4 needs? None for a loss that is not symmetric.
    excess_risk_bound : sympy.Expr or Undecided
        R3's bound on what noise can cost.
    order_reversal : OrderReversal, Undecided or None
        Two risks that noise puts in another order (R2); None where R1 keeps all in order.
    calibrated : Calibration
        Whether the conditional risk finds the likeliest class (N3).
    noise_tolerance : NoiseTolerance
        The largest rate at which a certain label's vertex is best (A2).
    noisy_optimum : NoisyOptimum or Undecided
        Where training on noisy labels leads (D1).
    memorization_time : MemorizationTime or Undecided
        How long the flow on free logits takes to memorise an altered label (D2).
    """

    loss: str
    spec: str
    source: str
    parameters: Mapping[str, Fraction | sympy.Expr]
    num_classes: int
    noise_rate: Fraction
    symmetry: SymmetryVerdict
    symmetry_all_classes: SymmetryVerdict | Undecided
    label_sum: LabelSumRange
    loss_maximum: LossMaximum | Undecided
    meets_class_conditional_bound: bool | None
    excess_risk_bound: sympy.Expr | Undecided
    order_reversal: OrderReversal | Undecided | None
    calibrated: Calibration
    noise_tolerance: NoiseTolerance
    noisy_optimum: NoisyOptimum | Undecided
    memorization_time: MemorizationTime | Undecided

    @property
    def constant_in_k(self) -> sympy.Expr | None:
        """Return C in closed form in K, where it is proved for all K at once; None where it is not."""
        everywhere = self.symmetry_all_classes
        if isinstance(everywhere, Undecided) or not everywhere.holds_at(self.num_classes):
            return None
        return everywhere.constant

    def to_json(self) -> dict[str, Any]:
        """Return the object of ``lossmatters certify --json``: exact numbers are strings beside their floats.

        What is not settled is ``{"status": "undecided", "reason": ...}``.
        """
        constant, time, bound = self.constant_in_k, self.memorization_time, self.excess_risk_bound
        return {
            "loss": self.loss,
            "spec": self.spec,
            "parameters": {key: str(value) for key, value in self.parameters.items()},
            "source": self.source,
            "num_classes": self.num_classes,
            "noise_rate": str(self.noise_rate),
            "symmetry": {
                **self.symmetry.to_dict(),
                "constant_in_K": None if constant is None else str(constant),
            },
            "symmetry_all_classes": self.symmetry_all_classes.to_dict(),
            "label_sum": self.label_sum.to_dict(),
            "bounds": self._bounds(),
            "excess_risk_bound": bound.to_dict() if isinstance(bound, Undecided) else _finite(bound),
            "order_reversal": None if self.order_reversal is None else self.order_reversal.to_dict(),
            "calibrated": self.calibrated.to_dict(),
            "noise_tolerance": self.noise_tolerance.to_dict(),
            "noisy_optimum": self.noisy_optimum.to_dict(),
            "memorization_time": time.to_dict() if isinstance(time, Undecided) else time.to_json(),
            "memorization": time.to_dict(),
        }

    def _bounds(self) -> Mapping[str, object]:
        largest = self.loss_maximum
        if isinstance(largest, Undecided):
            return largest.to_dict()
        return {
            "loss_max": _finite(largest.value),
            "loss_max_exact": digits_or_form(largest.value),
            "at": largest.where,
            "method": largest.how,
            "meets_class_conditional_bound": self.meets_class_conditional_bound,
        }


def _finite(value: sympy.Expr) -> float | None:
    return float(value) if value.is_finite else None


def certify(loss: Loss, num_classes: int = 10, noise_rate: Number = "2/5") -> Certificate:
    """Find out all that is known of a loss at one K and one rate of uniform noise.

    Raises
    ------
    ValueError, TypeError
        K < 2, a rate outside [0, 1].

    >>> from lossmatters.theory.losses import RLL
    >>> found = certify(RLL(), 10)
    >>> str(found.symmetry.scope), found.symmetry.constant, found.constant_in_k
    ('all K >= 2', 10*log(11), K*log(11))
    """
    k, eta = check_num_classes(num_classes), check_rate(noise_rate)
    at_k = decide(loss, k)
    everywhere = _for_every_size(loss)
    largest = _largest(loss, k)
    optimum, time = _dynamics(loss, k, eta)
    return Certificate(
        loss=loss.name or loss.spec,
        spec=loss.spec,
        source=loss.source,
        parameters=dict(loss.parameters),
        num_classes=k,
        noise_rate=eta,
        symmetry=at_k if isinstance(everywhere, Undecided) else in_full(at_k, everywhere),
        symmetry_all_classes=everywhere,
        label_sum=label_sum_range(loss, k),
        loss_maximum=largest,
        meets_class_conditional_bound=_meets(largest, at_k, k),
        excess_risk_bound=_excess(loss, k, eta),
        order_reversal=_reversal(loss, k, eta),
        calibrated=calibration(loss, k),
        noise_tolerance=noise_tolerance(loss, k),
        noisy_optimum=optimum,
        memorization_time=time,
    )


def _for_every_size(loss: Loss) -> SymmetryVerdict | Undecided:
    """Decide for all K at once; undecided for a loss that has a formula at the K asked alone."""
    if not loss.has_formula:
        return Undecided("no formula")
    try:
        return decide(loss)
    except FormulaError as error:
        return Undecided(f"not for every K: {error}")


def in_full(at_k: SymmetryVerdict, everywhere: SymmetryVerdict) -> SymmetryVerdict:
    """Return the verdict at one K with all that was shown as its scope; C and the witness stay those at K."""
    wider = at_k.status is everywhere.status and at_k.scope <= everywhere.scope
    if not wider or at_k.status not in (Status.PROVED, Status.REFUTED):
        return at_k
    return replace(at_k, scope=everywhere.scope)


def _dynamics(
    loss: Loss, k: int, eta: Fraction
) -> tuple[NoisyOptimum, MemorizationTime] | tuple[Undecided, Undecided]:
    """Return D1's optimum (of the noisy risk) and D2's memorization time."""
    if not 0 < eta < threshold(k):
        nothing = Undecided(f"D1 and D2 are about rates in (0, {threshold(k)})")
        return nothing, nothing
    try:
        return noisy_optimum(loss, k, eta), memorization_time(loss, k, eta)
    except ValueError as error:  # the loss tells classes apart
        nothing = Undecided(str(error))
        return nothing, nothing


def _largest(loss: Loss, k: int) -> LossMaximum | Undecided:
    if not loss.has_formula:
        return Undecided("no formula")
    largest = loss_maximum(loss, k)
    if largest.value is None:
        return Undecided("the maximum of the loss is neither derived nor declared")
    return largest


def _meets(largest: LossMaximum | Undecided, verdict: SymmetryVerdict, k: int) -> bool | None:
    """Decide whether L <= C/(K - 1); None where R4's bound, of symmetric losses, does not apply."""
    constant = verdict.constant_at(k)
    if isinstance(largest, Undecided) or verdict.status is not Status.PROVED or constant is None:
        return None
    assert largest.value is not None
    return bool(largest.value.is_finite) and bool(sympy.N(largest.value - constant / (k - 1), 30) <= 0)


def _excess(loss: Loss, k: int, eta: Fraction) -> sympy.Expr | Undecided:
    if eta >= threshold(k):
        return Undecided(f"R3 needs eta below the threshold {threshold(k)}")
    if not label_sum_range(loss, k).rigorous:
        return Undecided("the range of the label sum is only sampled")
    return excess_risk_bound(loss, k, eta)


def _reversal(loss: Loss, k: int, eta: Fraction) -> OrderReversal | Undecided | None:
    if not 0 < eta < threshold(k):
        return Undecided(f"R2 is about rates in (0, {threshold(k)})")
    search = search_reversal(loss, k, eta)
    if search.reversal is not None:
        return search.reversal
    return None if decide(loss, k).status is Status.PROVED else Undecided(search.reason)
