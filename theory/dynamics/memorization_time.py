"""D2: how long gradient flow on free logits takes to give an altered label more than half of the mass.

A sample gets its own logits z, softmax(z) = u at the start, and follows dz/dt = -grad_z L(softmax(z), label).
Time is in units of one over the step size: one step of full-batch descent at step size 1 is about one unit.
"""

from __future__ import annotations

import itertools
import math
import warnings
from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from functools import lru_cache

import numpy as np
import sympy

from lossmatters.theory.backends.sympy_ops import const
from lossmatters.theory.dynamics.label_only_flow import time_on_path
from lossmatters.theory.dynamics.logit_gradients import CLEAN, LABEL, OTHER, label_factor, reduced_gradient
from lossmatters.theory.dynamics.vertex_gradients import gradient_bounded, gradient_vanishes
from lossmatters.theory.exact import Number, check_num_classes, check_rate, exact, fail
from lossmatters.theory.losses import CCE, CallableLoss, Loss, SeparableLoss, ZeroOne
from lossmatters.theory.losses.structure import is_opaque, is_separable
from lossmatters.theory.minimisers.alike import treats_classes_alike
from lossmatters.theory.minimisers.optimum import NoisyOptimum
from lossmatters.theory.noise import threshold
from lossmatters.theory.risk.noisy_optimum import noisy_optimum
from lossmatters.theory.verdict import Known, Method

TOLERANCES = (1e-10, 1e-8)  # relative, of the solver; the answers of both are compared
AGREE = 1e-4  # three digits are reported: the two answers must agree to more than that
LONGEST = 1e15
MOST_CALLS = 10_000  # of the field by one solution; the catalogue needs fewer than 3000, a pole has no end

FLAT = "piecewise constant in u: the gradient is 0 wherever there is one"

Start = tuple[float, float, float]


@dataclass(frozen=True)
class MemorizationTime:
    """T_mem of a loss from one start.

    Attributes
    ----------
    value : the time; infinite where that is proved; NaN where undecided.
    status : how it is known: PROVED (infinite, zero or a closed form), CERTIFIED (infinite, as the start is a
        vertex by intervals), NUMERICAL or UNDECIDED.
    method : STATIONARY, CLOSED_FORM, QUADRATURE or STIFF_ODE; None where no way led to a number.
    start : probabilities of (altered label, clean class, each other class) at time 0.
    error : how far apart the answers at two tolerances are, or None where exact.
    detail : a sentence.
    """

    value: float
    status: Known
    method: Method | None
    start: Start | None
    error: float | None
    detail: str

    @property
    def decided(self) -> bool:
        return self.status is not Known.UNDECIDED

    def to_json(self) -> float | dict[str, str] | None:
        """Return what ``lossmatters certify --json`` says: a number, or None where infinite."""
        if not self.decided:
            return {"status": "undecided", "reason": self.detail}
        return None if math.isinf(self.value) else self.value

    def to_dict(self) -> dict[str, object]:
        """Return the `memorization` object of ``lossmatters certify --json``: how the time is known."""
        return {
            "status": self.status.value,
            "method": "" if self.method is None else self.method.value,
            "start": self.start,
            "error": self.error,
            "detail": self.detail,
        }


def memorization_time(
    loss: Loss, num_classes: int = 10, noise_rate: Number | None = None, start: Number | None = None
) -> MemorizationTime:
    """Compute T_mem from the noisy optimum of D1 at a noise rate, or from a confidence in the clean class.

    By symmetry three numbers say where the flow is: the altered label, the clean class, each of the K - 2
    others (`reduced_gradient`). Losses of u_y alone run along one path, that of CCE, at their own speeds: a
    closed form for CCE, a quadrature for the others. Else a stiff solver, at two tolerances. Where the
    start is a vertex e_c, the time is infinite (the limit of starts that tend to it) if the logit gradient
    vanishes, or only stays bounded, there, which SymPy shows.

    Parameters
    ----------
    noise_rate : eta in (0, eta*), which sets the start u*; or
    start : the clean class's probability at the start, in (0, 1), the rest spread evenly. One of the two.

    Raises
    ------
    ValueError, TypeError : K < 2, a rate or a start outside its range, neither or both, a loss that tells
        classes apart.

    >>> from lossmatters.theory.losses import CCE, RLL
    >>> round(memorization_time(CCE(), 10, 0.4).value, 3), memorization_time(RLL(), 10, 0.4).value
    (3.174, inf)
    >>> round(memorization_time(RLL(), 10, start=0.9).value, 1)
    10.2
    """
    k = check_num_classes(num_classes)
    if (noise_rate is None) == (start is None):
        raise ValueError(f"noise_rate or start must be given, and not both, got start={start!r}")
    if start is None:
        eta = check_rate(noise_rate)
        if not 0 < eta < threshold(k):
            fail("eta", f"in (0, {threshold(k)}), where labels are altered and still tell", noise_rate)
        return _from_optimum(loss, k, eta)
    confidence = exact(start, "start")
    if not 0 < confidence < 1:
        fail("start", "in (0, 1)", start)
    if not treats_classes_alike(loss, k):
        fail("loss", "the same for all classes", loss.spec)
    return _from_confidence(loss, k, confidence)


@lru_cache(maxsize=1024)
def _from_confidence(loss: Loss, k: int, confidence: Fraction) -> MemorizationTime:
    rest = float((1 - confidence) / (k - 1))
    return _flow(loss, k, (rest, float(confidence), rest))


@lru_cache(maxsize=1024)
def _from_optimum(loss: Loss, k: int, eta: Fraction) -> MemorizationTime:
    optimum = noisy_optimum(loss, k, eta)
    if isinstance(loss, ZeroOne):
        return _at_rest(optimum.probs, FLAT)
    if optimum.status is Known.UNDECIDED:
        why = "the noisy optimum is undecided"
        return MemorizationTime(math.nan, Known.UNDECIDED, None, optimum.probs, None, why)
    if optimum.vertex:
        return _from_vertex(loss, k, optimum)
    if optimum.other == 0:
        why = "the noisy optimum is next to a vertex, and not shown to be one"
        return MemorizationTime(math.nan, Known.UNDECIDED, None, optimum.probs, None, why)
    found = _flow(loss, k, optimum.probs)
    if found.status is Known.PROVED and optimum.status is Known.NUMERICAL and found.value == 0:
        return replace(found, status=Known.NUMERICAL)  # a start that is not known holds more than half
    return found


def _from_vertex(loss: Loss, k: int, optimum: NoisyOptimum) -> MemorizationTime:
    """Decide T from e_c, whose logits are infinite, as the limit of starts that tend to it.

    Where |dL/dz_k| <= g near e_c, the label's log-odds rise by at most 2 g in a unit of time, so from mass
    eps it takes at least log(d/eps)/(2 g) to come to d: more than any bound as eps -> 0.
    """
    start = (0.0, 1.0, 0.0)
    if gradient_vanishes(loss, k):
        detail = "the noisy optimum is the vertex of the clean class, where the logit gradient vanishes"
        if not optimum.unique:
            detail += " (one of several optima, or not shown to be the only one)"
        return MemorizationTime(math.inf, optimum.status, Method.STATIONARY, start, None, detail)
    if gradient_bounded(loss, k):
        detail = (
            "the noisy optimum is the vertex of the clean class; the logit gradient is bounded there, so "
            "from mass eps the altered label takes a time like log(1/eps)"
        )
        return MemorizationTime(math.inf, optimum.status, Method.BOUNDED_GRADIENT, start, None, detail)
    why = "the noisy optimum is a vertex, and the logit gradient was not shown to be bounded there"
    return MemorizationTime(math.nan, Known.UNDECIDED, None, start, None, why)


def _flow(loss: Loss, k: int, start: Start) -> MemorizationTime:
    if start[0] > 0.5:
        return MemorizationTime(
            0.0, Known.PROVED, Method.CLOSED_FORM, start, None, "it holds more than half already"
        )
    try:
        if is_separable(loss) and label_factor(loss, k) is not None:
            return _along_path(loss, k, start)
        field = _callable_field(loss, k) if is_opaque(loss) else _field(loss, k)
    except TypeError as error:
        if isinstance(loss, ZeroOne):
            return _at_rest(start, FLAT)
        return MemorizationTime(math.nan, Known.UNDECIDED, None, start, None, str(error))
    if not any(field(start)) and _rests(loss, k, start):
        return _at_rest(start, "the logit gradient is 0 at the start")
    fine, coarse = (solve(field, k, start, rtol) for rtol in TOLERANCES)
    if not (np.isfinite(fine) and abs(fine - coarse) <= AGREE * fine):
        why = f"the solver gave {fine:g} and {coarse:g} at two tolerances (NaN: not reached by {LONGEST:g})"
        return MemorizationTime(math.nan, Known.UNDECIDED, Method.STIFF_ODE, start, None, why)
    detail = f"LSODA, relative tolerances {TOLERANCES[0]:g} and {TOLERANCES[1]:g}"
    return MemorizationTime(fine, Known.NUMERICAL, Method.STIFF_ODE, start, abs(fine - coarse), detail)


def _at_rest(start: Start, detail: str) -> MemorizationTime:
    return MemorizationTime(math.inf, Known.PROVED, Method.STATIONARY, start, None, detail)


def _rests(loss: Loss, k: int, start: Start) -> bool:
    """Decide whether the gradient is exactly 0 there, and not only in floating point."""
    if not loss.has_formula:
        return False
    at = dict(zip((LABEL, CLEAN, OTHER), (const(Fraction(x)) for x in start), strict=True))
    return all(g.subs(at) == 0 for g in reduced_gradient(loss, k))


def _along_path(loss: SeparableLoss, k: int, start: Start) -> MemorizationTime:
    try:
        value, error = time_on_path(loss, k, start)
    except ZeroDivisionError:
        why = "the gradient vanishes on the way"
        return MemorizationTime(math.nan, Known.UNDECIDED, Method.QUADRATURE, start, None, why)
    if math.isinf(value):
        return _at_rest(start, "the logit gradient is 0 at the start")
    if isinstance(loss, CCE):
        detail = "conserved: the sum of z, and exp(-z_i) - exp(-z_j) of two classes that are not the label"
        return MemorizationTime(value, Known.PROVED, Method.CLOSED_FORM, start, None, detail)
    if error > AGREE * value:
        why = f"the quadrature gave {value:g} with an estimated error of {error:.1g}"
        return MemorizationTime(math.nan, Known.UNDECIDED, Method.QUADRATURE, start, None, why)
    detail = "the path of CCE, run at the speed w(u_y) of its gradient w(u_y)(u - e_y)"
    return MemorizationTime(value, Known.NUMERICAL, Method.QUADRATURE, start, error, detail)


Field = Callable[[Start], tuple[float, float, float]]


@lru_cache(maxsize=256)
def _field(loss: Loss, k: int) -> Field:
    """Return dL/dz of (label, clean, other) in float64."""
    compiled = sympy.lambdify((LABEL, CLEAN, OTHER), reduced_gradient(loss, k), "numpy", cse=True)
    return lambda u: compiled(*u)


def _callable_field(loss: CallableLoss, k: int) -> Field:
    """Return the same by autograd for a callable on logits; label is class 0, the clean class is class 1.

    Raises
    ------
    TypeError : the callable is not differentiable.
    """
    import torch

    label = torch.zeros(1, dtype=torch.long)

    def field(u: Start) -> tuple[float, float, float]:
        row = np.log(np.array([u[0], u[1], *[u[2]] * (k - 2)]))
        logits = torch.from_numpy(row[None]).requires_grad_()
        value = loss.function(logits, label).sum()
        if not value.requires_grad:
            raise TypeError(f"{loss.name} has no gradient in the logits")
        (gradient,) = torch.autograd.grad(value, logits)
        found = gradient[0].double().numpy()
        return float(found[0]), float(found[1]), float(found[2:].mean()) if k > 2 else 0.0

    field((0.25, 0.25, 0.5 / max(k - 2, 1)))  # raises here rather than inside the solver
    return field


def solve(field: Field, k: int, start: Start, rtol: float) -> float:
    """Return when the label passes one half on the flow of `field`, in float64; NaN if not by `LONGEST`.

    The state is z_label - z_clean and z_other - z_clean: the sum of z does not move.
    """
    from scipy.integrate import solve_ivp

    def probs(x: np.ndarray) -> Start:
        z = np.array([x[0], 0.0, x[1] if k > 2 else -math.inf])
        e = np.exp(z - z.max())
        label, clean, other = (e / (e[0] + e[1] + (k - 2) * e[2])).tolist()
        return label, clean, other

    calls = itertools.count(1)

    def velocity(t: float, x: np.ndarray) -> list[float]:
        if next(calls) > MOST_CALLS:
            raise OverflowError("the path does not settle")
        label, clean, other = field(probs(x))
        return [clean - label, clean - other if k > 2 else 0.0]

    def ahead(t: float, x: np.ndarray) -> float:
        """Return the label's log-odds: 0 where it holds one half."""
        label, _, _ = probs(x)
        return math.log(label) - math.log1p(-label)

    ahead.terminal = True  # type: ignore[attr-defined]  # solve_ivp reads it off the function
    first = [math.log(start[0] / start[1]), math.log(start[2] / start[1]) if k > 2 else 0.0]
    with np.errstate(all="ignore"), warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # of a kink that it does not get past: NaN says so
        try:
            found = solve_ivp(
                velocity, (0.0, LONGEST), first, method="LSODA", rtol=rtol, atol=rtol / 10, events=ahead
            )
        except (ZeroDivisionError, OverflowError, ValueError):  # a pole on the way, or no end of steps
            return math.nan
    return float(found.t_events[0][0]) if len(found.t_events[0]) else math.nan
