"""R2: risks whose order uniform noise reverses, found for every loss that is not symmetric.

Two hypotheses differ at an input by d_j = L(u, j) - L(v, j); under uniform noise a posterior pi there
sees a pi.d + b sum_j d_j instead of pi.d. So an *atom* (an input with a certain label and a pair of
outputs) contributes (d_j, sum d) to (clean gap, sum gap), and distributions mix atoms. The achievable
pairs form a convex set, symmetric under swapping the hypotheses: either it lies on a line through 0, or
it is a neighbourhood of 0 and contains a reversal for every rate. On a line, sum d = kappa d_j for every
pair and label, so kappa = 0 (L is symmetric) or d is constant in j (L(u, j) = c(u) + r(j), where noise
changes no difference of risks at all). Two atoms always suffice; one input does if some d has both signs.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from fractions import Fraction

import numpy as np
import sympy

from lossmatters.theory.backends.sympy_ops import OPS
from lossmatters.theory.exact import Number, check_num_classes, check_rate, fail
from lossmatters.theory.formula.subject import Value
from lossmatters.theory.losses.base import Loss
from lossmatters.theory.losses.callable_loss import precision_of
from lossmatters.theory.noise import flip_probability, risk_slope, threshold
from lossmatters.theory.risk.reversal import OrderReversal, ReversalSearch, SecondInput
from lossmatters.theory.symbolic.algebra import exact_losses
from lossmatters.theory.symbolic.points import Point, cost, losses_at, sign_of, simplest_between, small_points
from lossmatters.theory.symmetry.decide import decide
from lossmatters.theory.symmetry.one_size import SAMPLING_TOLERANCE

ATTEMPTS = 12  # proposals verified before a way of searching gives up
WIDEST = 40  # pairs tried for a posterior of their own
PAIRED = 16  # points that atoms on two inputs are made of
# Search values are exact or within 2^-200: differences below this share of the largest value are rounding.
RESOLUTION = Fraction(1, 10**55)
FLOAT_MARGIN = 1e-12  # differences of float64 copies that are not rounding: thousands of ulps of the largest
CLEAR = (1e-2, 1e-4, 0.0)  # shares of the largest loss: gaps that show on a pocket calculator come first

Inputs = list[tuple[Fraction, Point, int, int]]  # of each: its weight, its posterior, the places of u and v
Gap = tuple[Fraction, Fraction]  # of the risks, and of the label sums


def order_reversal(loss: Loss, num_classes: int, noise_rate: Number) -> OrderReversal | None:
    """Return an exact order reversal under uniform noise, or None: `search_reversal` without its reason.

    Raises
    ------
    ValueError : a rate that is not in (0, (K - 1)/K).

    >>> from lossmatters.theory.losses import MSE, MAE
    >>> order_reversal(MSE(), 3, "2/5").clean_gap, order_reversal(MAE(), 3, "2/5")
    (-1/2, None)
    """
    return search_reversal(loss, num_classes, noise_rate).reversal


def search_reversal(loss: Loss, num_classes: int, noise_rate: Number) -> ReversalSearch:
    """Search for a distribution and two hypotheses whose order of risk uniform noise reverses.

    The same search whatever is known of the loss: simple outputs against simple posteriors; then, for
    a loss that nearly is symmetric, outputs whose clean risks nearly tie; then, for each pair of outputs,
    the simplest posterior in the window in which the order is reversed; last two inputs. What is
    found is verified from the closed forms, exactly or by balls. For a callable without a formula the
    gaps are in float64 and must exceed its rounding.

    Raises
    ------
    ValueError : a rate that is not in (0, (K - 1)/K).
    """
    k, eta = check_num_classes(num_classes), check_rate(noise_rate)
    if not 0 < eta < threshold(k):
        fail("eta", f"in (0, {threshold(k)}), below the threshold", noise_rate)
    points = small_points(k)
    witness = decide(loss, k).witness
    if witness is not None:  # points known to have different label sums
        points += [p for p in (witness.u, witness.v) if p not in points]
    rows = losses_at(loss, points)
    known = [(p, row) for p, row in zip(points, rows, strict=True) if row is not None]
    return _Search(loss, eta, [p for p, _ in known], [row for _, row in known]).run()


class _Search:
    def __init__(self, loss: Loss, eta: Fraction, points: list[Point], rows: list[list[Fraction]]) -> None:
        self.loss, self.eta, self.points, self.rows = loss, eta, points, rows
        self.k = len(points[0]) if points else 0
        self.slope, self.flip = risk_slope(eta, self.k or 2), flip_probability(eta, self.k or 2)
        self.sums = [sum(row, Fraction(0)) for row in rows]
        self.scale = max((abs(x) for row in rows for x in row), default=Fraction(0)) or Fraction(1)
        self.floor = RESOLUTION * self.scale
        if not loss.has_formula:
            # A gap adds 2 K values, each a few roundings off; the tolerance for a label sum covers K of them.
            relative = SAMPLING_TOLERANCE.get(precision_of(loss, self.k or 2), SAMPLING_TOLERANCE["float16"])
            self.floor = 2 * Fraction(relative) * self.scale

    def run(self) -> ReversalSearch:
        """Search each way in turn; the first verified proposal is the answer."""
        tried = len(self.points)
        if self.sums and max(self.sums) - min(self.sums) <= self.floor:
            # noisy gap = slope * gap + flip * (difference of sums) <= floor wherever gap < 0
            return ReversalSearch(None, self._why_none(), tried)
        for name, ways in (
            ("simple outputs and posteriors", self._simple),
            ("outputs whose clean risks nearly tie", self._near_ties),
            ("a posterior made for a pair of outputs", self._one_input),
            ("two inputs", self._two_inputs),
        ):
            for inputs in itertools.islice(ways(), ATTEMPTS):
                found = self._verified(inputs)
                if found is not None:
                    return ReversalSearch(found, name, tried)
        return ReversalSearch(None, self._why_none(), tried)

    def _why_none(self) -> str:
        if len(self.points) < 2:
            return "the loss is not finite at two of the points tried"
        where = f"the {len(self.points)} points tried"
        if max(self.sums) - min(self.sums) <= self.floor:
            return f"the label sum is the same at {where}, and with sum d = 0 noise only scales a gap"
        if all(
            max(self._gap(i, 0)) - min(self._gap(i, 0)) <= 2 * self.floor for i in range(len(self.points))
        ):
            return f"at {where} the loss is c(u) + r(y), and noise leaves all differences of risk as they are"
        return f"{where} gave none that could be verified"

    def _gap(self, i: int, j: int) -> list[Fraction]:
        return [x - y for x, y in zip(self.rows[i], self.rows[j], strict=True)]

    def _posteriors(self) -> list[Point]:
        return small_points(self.k, spread=False) if self.points else []

    def _simple(self) -> Iterator[Inputs]:
        """Yield triples of simple points, by float64 copies; clear gaps first, then small denominators."""
        if not self.points:
            return
        posteriors = self._posteriors()
        table = np.array([[float(x) for x in row] for row in self.rows])
        clean = table @ np.array(posteriors, dtype=object).astype(float).T  # (points, posteriors)
        noisy = float(self.slope) * clean + float(self.flip) * table.sum(axis=1, keepdims=True)
        better = clean[:, None, :] - clean[None, :, :]
        worse = noisy[:, None, :] - noisy[None, :, :]
        margin = max(float(self.floor), FLOAT_MARGIN * float(self.scale))
        size = np.minimum(-better, worse)
        i, j, m = np.nonzero(size > margin)
        costs, posterior_costs = (np.array([cost(p) for p in ps]) for ps in (self.points, posteriors))
        clarity = np.digitize(-size[i, j, m] / float(self.scale), [-c for c in CLEAR])
        for n in np.lexsort((costs[i] + costs[j] + posterior_costs[m], clarity))[:ATTEMPTS]:
            yield [(Fraction(1), posteriors[m[n]], i[n], j[n])]

    def _near_ties(self) -> Iterator[Inputs]:
        """Yield, by posterior, neighbours by clean risk that the noisy risk has the other way."""
        for posterior in self._posteriors():
            support = [(j, p) for j, p in enumerate(posterior) if p]
            clean = [sum((p * row[j] for j, p in support), Fraction(0)) for row in self.rows]
            order = sorted(range(len(clean)), key=lambda i: clean[i])
            for i, j in itertools.pairwise(order):
                gap = clean[i] - clean[j]
                noisy = self.slope * gap + self.flip * (self.sums[i] - self.sums[j])
                if gap < -self.floor and noisy > self.floor:
                    yield [(Fraction(1), posterior, i, j)]

    def _one_input(self) -> Iterator[Inputs]:
        """Yield pairs with both signs in d: the widest windows for a posterior on two labels, its middle
        half.
        """
        windows = []
        for i, j in itertools.permutations(range(len(self.points)), 2):
            total = self.sums[i] - self.sums[j]
            if total <= self.floor:
                continue
            gap = self._gap(i, j)
            low, high = (pick(range(self.k), key=gap.__getitem__) for pick in (min, max))
            window = self._window((gap[high], total), (gap[low], total))
            if window is not None:
                windows.append((window[1] - window[0], i, j, high, low, window))
        windows.sort(key=lambda w: -w[0])
        for _, i, j, high, low, window in windows[:WIDEST]:
            weight = _inside(*window)
            posterior = [Fraction(0)] * self.k
            posterior[high], posterior[low] = weight, 1 - weight
            yield [(Fraction(1), tuple(posterior), i, j)]

    def _two_inputs(self) -> Iterator[Inputs]:
        """Yield two atoms whose gaps and sum gaps are not on one line through 0."""
        count = len(self.points)
        some = sorted({*range(min(PAIRED, count)), *range(max(0, count - 2), count)})  # the witness is last
        atoms = []
        for i, j in itertools.permutations(some, 2):
            gap, total = self._gap(i, j), self.sums[i] - self.sums[j]
            atoms += [
                (label, i, j, gap[label], total) for label in {gap.index(min(gap)), gap.index(max(gap))}
            ]
        rising = [a for a in atoms if a[4] > self.floor]
        for first, second in itertools.product(rising, atoms):
            window = self._window(first[3:], second[3:])
            if window is not None:
                weight = _inside(*window)
                yield [
                    (w, self._vertex(a[0]), a[1], a[2]) for w, a in ((weight, first), (1 - weight, second))
                ]

    def _vertex(self, label: int) -> Point:
        return tuple(Fraction(int(j == label)) for j in range(self.k))

    def _window(self, first: Gap, second: Gap) -> tuple[Fraction, Fraction] | None:
        """Return the weights of `first` (the rest is `second`'s) with a clean gap < 0 and a noisy gap > 0."""
        low, high = Fraction(0), Fraction(1)
        noisy = [self.slope * g + self.flip * s for g, s in (first, second)]
        # each condition is w x + (1 - w) y > 0
        for x, y in ((-first[0], -second[0]), noisy):
            if abs(x - y) <= self.floor:
                if x <= self.floor:
                    return None
            elif x > y:
                low = max(low, -y / (x - y))
            else:
                high = min(high, y / (y - x))
        return (low, high) if low < high and self._opens(first, second, noisy, (low + high) / 2) else None

    def _opens(self, first: Gap, second: Gap, noisy: Sequence[Fraction], weight: Fraction) -> bool:
        """Return whether both gaps at the middle of a window are more than rounding."""
        clean_gap = weight * first[0] + (1 - weight) * second[0]
        return clean_gap < -self.floor and weight * noisy[0] + (1 - weight) * noisy[1] > self.floor

    def _verified(self, inputs: Inputs) -> OrderReversal | None:
        shown = [(w, pi, self.points[i], self.points[j]) for w, pi, i, j in inputs if w]
        if not self.loss.has_formula:
            gaps = [(w, pi, self._gap(i, j)) for w, pi, i, j in inputs]
        else:
            exact = {p: exact_losses(self.loss, p) for _, _, u, v in shown for p in (u, v)}
            gaps = [
                (w, pi, [x - y for x, y in zip(exact[u], exact[v], strict=True)]) for w, pi, u, v in shown
            ]
        clean: Value | sympy.Expr = sum(
            _times(w, sum(_times(p, g) for p, g in zip(pi, gap, strict=True))) for w, pi, gap in gaps
        )
        total: Value | sympy.Expr = sum(_times(w, sum(gap)) for w, _, gap in gaps)
        noisy = _times(self.slope, clean) + _times(self.flip, total)
        if not self.loss.has_formula:
            if not (clean < -self.floor and noisy > self.floor):
                return None
            how, clean, noisy = "float64", sympy.Float(float(clean)), sympy.Float(float(noisy))
        else:
            clean, noisy = sympy.expand(clean), sympy.expand(noisy)
            signs = sign_of(clean), sign_of(noisy)
            if [s for s, _ in signs] != [-1, 1]:
                return None
            how = "exact" if all(h == "exact" for _, h in signs) else "balls"
        first, *others = shown
        second = SecondInput(*others[0]) if others else None
        return OrderReversal(*first[1:], self.eta, clean, noisy, how, second)


def _times(factor: Fraction, value: Value | sympy.Expr) -> Value | sympy.Expr:
    return OPS.const(factor) * value if isinstance(value, sympy.Basic) else factor * value


def _inside(low: Fraction, high: Fraction) -> Fraction:
    """Return the simplest fraction in the middle half of a window, so that neither gap nearly vanishes."""
    quarter = (high - low) / 4
    return simplest_between(low + quarter, high - quarter)
