"""Hold the plain data of a certificate against values of the loss, and say what they contradict."""

from __future__ import annotations

import copy
import time
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

from lossmatters.proofs_checks.checker.closed_form import value_of
from lossmatters.theory.formula import FormulaError, direct
from lossmatters.theory.formula.battery import Values
from lossmatters.theory.losses import LOSSES, CallableLoss, Loss, SeparableLoss, get
from lossmatters.theory.losses.open_parameters import at_values, with_values
from lossmatters.theory.scope import OPEN_SIMPLEX, Scope
from lossmatters.theory.verdict import Status

CTX = direct.CONTEXT
SEED = 20  # not that of the points at which the verdicts themselves were tried
DRAWS = 6
SIZES = (2, 3, 5, 4, 7, 10, 6, 12, 8, 9, 11, 50, 100)  # the most telling first, as long as there is time
BUDGET = 0.5  # seconds a loss; the K asked for and every witness are checked whatever they take
EXACT, FLOAT = (
    CTX.mpf(10) ** -40,
    CTX.mpf(10) ** -9,
)  # relative: of values to 60 digits, of ends that are floats
LEAST = CTX.mpf(10) ** -12  # what cancels within L leaves roundings of its parts
REPORT = "please report this: a verdict and the values of the formula contradict each other"


@dataclass(frozen=True)
class Contradiction:
    """A verdict that values contradict.

    Attributes
    ----------
    key : str
        Which verdict of the certificate.
    says : str
        What it says, and the numbers that speak against it.
    """

    key: str
    says: str

    def to_dict(self) -> dict[str, str]:
        """Return plain JSON."""
        return {"verdict": self.key, "says": self.says, "report": REPORT}


class Opinion:
    """The values of one loss, at each K worked out once."""

    def __init__(self, loss: Loss) -> None:
        self.loss = loss
        self.started = time.monotonic()
        self._known: dict[int, Values] = {}

    @property
    def late(self) -> bool:
        return time.monotonic() - self.started > BUDGET

    def at(self, k: int) -> Values:
        if k not in self._known:
            self._known[k] = Values(self.loss, k, isinstance(self.loss, SeparableLoss), SEED, DRAWS)
        return self._known[k]

    def sums(self, k: int, inside: bool = False) -> list[tuple[Any, Any, Any]]:
        """Return (S, the size of its terms, the point) where every L is finite."""
        found = []
        for point, row in self.at(k).rows():
            if (not inside or min(point) > 0) and all(map(direct.is_finite, row)):
                found.append((direct.to_float(direct.total(row)), direct.scale(row), point))
        return found


def shown(point: Iterable[Fraction]) -> str:
    """Return a point in brackets, long ones cut."""
    entries = [str(x) for x in point]
    return f"({', '.join(entries[:4])}{', ...' if len(entries) > 4 else ''})"


def amount(x: Any) -> str:
    """Return a number to twelve digits."""
    return str(CTX.nstr(x, 12))


def symmetry(opinion: Opinion, found: Mapping[str, Any], scope: Scope, asked: int | None) -> str | None:
    """Return what is wrong with a verdict on symmetry, or None."""
    status = found["status"]
    if status == Status.REFUTED.value and found["witness"]:
        return _witness(opinion, found["witness"])
    if status not in (Status.PROVED.value, Status.CERTIFIED.value):
        return None
    inside = scope.domain <= OPEN_SIMPLEX
    partly = bool(scope.domain.conditions - OPEN_SIMPLEX.conditions)
    sizes = [asked] if asked else [k for k in SIZES if k in scope.classes]
    for k in sizes:
        if opinion.late and k != asked:
            break
        if not partly:
            for point, row in opinion.at(k).rows():
                if (not inside or min(point) > 0) and not all(map(direct.is_finite, row)):
                    return f"{status} for {scope}, but at {shown(point)} the loss has no finite value"
        wrong = _spread(opinion.sums(k, inside), found, k)
        if wrong:
            return f"{status} for {scope}, but for K = {k} {wrong}"
    return None


def _spread(sums: list[tuple[Any, Any, Any]], found: Mapping[str, Any], k: int) -> str | None:
    if not sums:
        return None
    low, high = min(sums, key=lambda s: s[0]), max(sums, key=lambda s: s[0])
    size = max(low[1], high[1], LEAST)
    proved = found["status"] == Status.PROVED.value
    if high[0] - low[0] > (EXACT if proved else CTX.mpf(10) ** -5) * size:
        return f"S = {amount(low[0])} at {shown(low[2])} and {amount(high[0])} at {shown(high[2])}"
    said = value_of(found["constant"], k) if proved and found["constant"] else None
    if said is not None and abs(said - low[0]) > CTX.mpf(10) ** -25 * max(size, abs(said)):
        return f"S = {amount(low[0])}, not {found['constant']}"
    return None


def _witness(opinion: Opinion, witness: Mapping[str, Any]) -> str | None:
    if witness.get("how") == "float64":
        return None
    points = [tuple(map(Fraction, witness[x])) for x in ("u", "v")]
    if any(sum(p) != 1 or min(p) < 0 for p in points):
        return "the witness is no pair of points of the simplex"
    first, second = (direct.total(opinion.at(len(p)).row(p)) for p in points)
    if direct.is_finite(first) and direct.is_finite(second) and first != second:
        return None
    a, b = direct.to_float(first), direct.to_float(second)
    return f"the witness gives S = {amount(a)} at {shown(points[0])} and {amount(b)} at {shown(points[1])}"


def label_sum(opinion: Opinion, found: Mapping[str, Any], k: int) -> str | None:
    """Return a value of S that a rigorous range leaves out, or None."""
    if not found["rigorous"]:
        return None
    low, high = (value_of(found[f"{end}_exact"], k) for end in ("low", "high"))
    slack = FLOAT if "interval" in found["method"] else EXACT
    for value, size, point in opinion.sums(k):
        margin = slack * max(size, abs(value), LEAST)
        if low is None or high is None or not low - margin <= value <= high + margin:
            ends = f"[{found['low_exact']}, {found['high_exact']}]"
            return f"S lies in {ends}, but is {amount(value)} at {shown(point)}"
    return None


def bounds(opinion: Opinion, found: Mapping[str, Any], k: int) -> str | None:
    """Return a value of L above a stated maximum, or None."""
    if "status" in found or found["loss_max"] is None:
        return None
    most = value_of(found["loss_max_exact"], k)
    for point, row in opinion.at(k).rows():
        for x in row:
            if (
                most is not None
                and direct.is_finite(x)
                and direct.to_float(x) > most + FLOAT * max(abs(most), 1)
            ):
                value = amount(direct.to_float(x))
                return f"L is at most {found['loss_max_exact']}, but {value} at {shown(point)}"
    return None


def _gap(opinion: Opinion, weights: Iterable[Fraction], u: Any, v: Any) -> Any:
    first, second = (opinion.at(len(p)).row(p) for p in (u, v))
    parts = [
        direct.times(w, x) - direct.times(w, y)
        if isinstance(x, Fraction) and isinstance(y, Fraction)
        else direct.to_float(direct.times(w, x)) - direct.to_float(direct.times(w, y))
        for w, x, y in zip(weights, first, second, strict=True)
        if w
    ]
    return direct.to_float(direct.total(parts))


def reversal(opinion: Opinion, found: Any, k: int, eta: Fraction) -> str | None:
    """Return the gaps of a stated order reversal where they do not have opposite signs, or None."""
    if not isinstance(found, Mapping) or "status" in found or found.get("how") == "float64":
        return None
    inputs = [(Fraction(1), found)]
    if found.get("second_input"):
        weight = Fraction(found["second_input"]["weight"])
        inputs = [(1 - weight, found), (weight, found["second_input"])]
    slope, flip = 1 - eta * k / Fraction(k - 1), eta / (k - 1)
    clean = noisy = CTX.mpf(0)
    for weight, at in inputs:
        pi, u, v = (tuple(map(Fraction, at[key])) for key in ("posterior", "u", "v"))
        clean += direct.to_float(weight) * _gap(opinion, pi, u, v)
        noisy += direct.to_float(weight) * _gap(opinion, [slope * p + flip for p in pi], u, v)
    return None if clean < 0 < noisy else f"the gaps are {amount(clean)} and {amount(noisy)}, not < 0 and > 0"


def optimum(opinion: Opinion, found: Mapping[str, Any], k: int, eta: Fraction) -> str | None:
    """Return an output of smaller noisy risk than the vertex that is said to be the best, or None."""
    if found.get("status") not in (Status.PROVED.value, Status.CERTIFIED.value) or not found["vertex"]:
        return None
    pi = [1 - eta, *[eta / (k - 1)] * (k - 1)]
    vertex = (Fraction(1), *[Fraction(0)] * (k - 1))
    if not all(map(direct.is_finite, opinion.at(k).row(vertex))):
        return None
    for point, row in opinion.at(k).rows():
        if all(map(direct.is_finite, row)):
            gap = _gap(opinion, pi, point, vertex)
            if gap < -EXACT * max(direct.scale(row), 1):
                return f"the vertex is the best output, but {shown(point)} is better by {amount(-gap)}"
    return None


def contradictions(loss: Loss, certificate: Any) -> list[Contradiction]:
    """Return what the values of a loss contradict in a certificate (`theory.certificate.Certificate`)."""
    if isinstance(loss, CallableLoss):
        return []
    said, k, eta = certificate.to_json(), certificate.num_classes, certificate.noise_rate
    opinion = Opinion(loss)
    every = getattr(certificate.symmetry_all_classes, "scope", None)
    checks = {
        "symmetry": lambda: symmetry(opinion, said["symmetry"], certificate.symmetry.scope, k),
        "label_sum": lambda: label_sum(opinion, said["label_sum"], k),
        "bounds": lambda: bounds(opinion, said["bounds"], k),
        "order_reversal": lambda: reversal(opinion, said["order_reversal"], k, eta),
        "noisy_optimum": lambda: optimum(opinion, said["noisy_optimum"], k, eta),
        "symmetry_all_classes": lambda: (
            every and symmetry(opinion, said["symmetry_all_classes"], every, None)
        ),
    }
    found = []
    for key, check in checks.items():
        try:
            wrong = check()
        except FormulaError as error:
            wrong = str(error)
        if wrong:
            found.append(Contradiction(key, wrong))
    return found


def check_certificate(loss: Loss, certificate: Any) -> tuple[dict[str, Any], list[Contradiction]]:
    """Return a certificate as plain data, every contradicted verdict made undecided, and the contradictions.

    Parameters
    ----------
    loss : Loss
        What it is about.
    certificate : Certificate
        As `theory.certificate.certify` returns it.
    """
    found, out = contradictions(loss, certificate), copy.deepcopy(certificate.to_json())
    for wrong in found:
        out[wrong.key] = undecided(out[wrong.key], wrong)
    if found:
        out["contradictions"] = [wrong.to_dict() for wrong in found]
    return out, found


QUESTIONS = {  # how `theory.certificate_text.describe` begins the answer to each
    "symmetry": "symmetric?",
    "symmetry_all_classes": "for every K?",
    "label_sum": "label sum",
    "bounds": "largest loss",
    "order_reversal": "order reversal",
    "noisy_optimum": "noisy optimum",
}


def with_contradictions(
    rows: Iterable[tuple[str, str]], found: Iterable[Contradiction]
) -> list[tuple[str, str]]:
    """Return the answers of a certificate in words, those that are contradicted as undecided."""
    wrong = {QUESTIONS[c.key]: f"undecided: {c.says}; {REPORT}" for c in found}
    return [
        (question, next((says for start, says in wrong.items() if question.startswith(start)), answer))
        for question, answer in rows
    ]


def undecided(said: Any, wrong: Contradiction) -> dict[str, Any]:
    """Return a verdict with its status gone and the numbers that speak against it in its place."""
    kept = {"scope", "method"} & set(said or ())
    reason = f"{wrong.says}; {REPORT}"
    return {
        "status": Status.UNDECIDED.value,
        "reason": reason,
        "detail": reason,
        **{key: said[key] for key in kept},
    }


def check_symmetry(loss: Loss, verdict: Any, num_classes: int | None = None) -> str | None:
    """Return what values contradict in a verdict of `decide`, or None."""
    if isinstance(loss, CallableLoss):
        return None
    for one, values in with_values(loss):  # parameters that are left open are tried at a few values
        said = replace(verdict, constant=at_values(verdict.constant, values))
        wrong = symmetry(Opinion(one), said.to_dict(), said.scope, num_classes)
        if wrong:
            return wrong
    return None


def check_rows(rows: Iterable[Mapping[str, Any]], num_classes: int = 10) -> list[Contradiction]:
    """Return what values contradict in rows of the catalogue (`theory.catalogue.catalogue`)."""
    found = []
    for row in rows:
        loss = get(row["name"]) if row["name"] in LOSSES else None
        if loss is None:
            continue
        opinion, said = Opinion(loss), row["symmetry"]
        wrong = None
        if said["status"] == Status.REFUTED.value and said["witness"]:
            wrong = _witness(opinion, said["witness"])
        elif said["status"] == Status.PROVED.value:
            wrong = _spread(opinion.sums(num_classes, inside=True), said, num_classes)
        wrong = wrong or label_sum(opinion, row["label_sum"], num_classes)
        if wrong:
            found.append(Contradiction(row["name"], wrong))
    return found
