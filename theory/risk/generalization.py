r"""R6: what finitely many noisy samples cost, and a class in which every term of it can be computed.

For a symmetric loss, n samples with uniform noise of rate eta below the threshold, and h_hat the minimiser
of the empirical noisy risk over H: with probability at least 1 - delta

    R(h_hat) - R(h*) <= (2/a) (Rad_n + B sqrt(log(2/delta)/(2n))),

a = 1 - eta K/(K - 1), B the length of an interval that holds all losses, and
Rad_n = E sup_h (1/n) sum_i s_i L_i (random signs s_i) of the loss class on noisy samples.

Derivation: R1 divides the noisy excess by a; the
noisy excess is at most [R^eta - R_n](h_hat) + [R_n - R^eta](h*). The first is at most 2 Rad_n +
B sqrt(log(2/delta)/(2n)) with probability 1 - delta/2 (symmetrisation and McDiarmid), the second at most
B sqrt(log(2/delta)/(2n)) with probability 1 - delta/2 (Hoeffding, for the one h*). The usual form bounds
both by the supremum and has 4 Rad_n instead of 2 Rad_n: true, and twice as loose there.

`LinearClass` maps x to u = 1/K + W x, with W of Frobenius norm at most rho and columns that sum to 0;
where rho max |x| <= 1/K these are points of the simplex. Under the unhinged loss 1 - u_y everything is
linear in W: risks, empirical minimisers and Rademacher suprema have closed forms.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from math import log, sqrt

import numpy as np
from jaxtyping import Float, Integer

from lossmatters.theory.exact import Number, check_rate, fail
from lossmatters.theory.noise import risk_slope, threshold


def risk_bound(rademacher: float, size: int, length: float, delta: float, slope: float) -> float:
    """Return R6's bound (2/a) (Rad_n + B sqrt(log(2/delta)/(2n))).

    Parameters
    ----------
    rademacher : Rad_n of the loss class on noisy samples.
    size : n.
    length : B, of an interval that holds all losses.
    delta : in (0, 1).
    slope : a in (0, 1].

    Raises
    ------
    ValueError : n < 1, delta outside (0, 1), a outside (0, 1], or negative Rad_n or B.

    >>> round(risk_bound(0.05, 1000, 1.0, 0.05, 0.5), 4)
    0.3718
    """
    for name, value, low in (("rademacher", rademacher, 0), ("length", length, 0), ("size", size, 1)):
        if not value >= low:
            fail(name, f">= {low}", value)
    if not 0 < delta < 1:
        fail("delta", "in (0, 1)", delta)
    if not 0 < slope <= 1:
        fail("slope", "in (0, 1]", slope)
    return 2 / slope * (rademacher + length * sqrt(log(2 / delta) / (2 * size)))


@dataclass(frozen=True)
class LinearClass:
    """Outputs u = 1/K + W x, |W| <= rho = 1/(K max |x|), columns of W summing to 0, on a finite population.

    The population is the distribution: every input and clean label with probability 1/m. Labels of a
    sample pass through uniform noise.

    Attributes
    ----------
    inputs : (m, d) float64.
    labels : (m,) clean labels.
    num_classes : K.
    """

    inputs: Float[np.ndarray, "m d"]
    labels: Integer[np.ndarray, " m"]
    num_classes: int

    @property
    def radius(self) -> float:
        """Return the largest norm rho of W with which all outputs are points of the simplex."""
        return 1 / (self.num_classes * float(np.linalg.norm(self.inputs, axis=1).max()))

    @property
    def length(self) -> float:
        """Return B, the length of the losses' range: every loss 1 - u_y lies within 1/K of 1 - 1/K."""
        return 2 / self.num_classes

    def moment(
        self,
        inputs: Float[np.ndarray, "n d"],
        labels: Integer[np.ndarray, " n"],
        weights: np.ndarray | None = None,
    ) -> Float[np.ndarray, "k d"]:
        """Compute M = (1/n) sum_i w_i (e_{y_i} - 1/K) x_i^T: the empirical risk of W is 1 - 1/K - <W, M>."""
        # Class by class rather than by one product: small products in threads that wait for one another
        # can take a hundred times as long on a busy machine.
        weighted = inputs if weights is None else inputs * weights[:, None]
        sums = np.stack([weighted[labels == k].sum(axis=0) for k in range(self.num_classes)])
        return (sums - sums.sum(axis=0) / self.num_classes) / len(labels)

    @cached_property
    def population_moment(self) -> Float[np.ndarray, "k d"]:
        """Return M of the whole population with its clean labels."""
        return self.moment(self.inputs, self.labels)

    def risk(self, matrix: Float[np.ndarray, "k d"]) -> float:
        """Return the clean risk of W on the population."""
        return float(1 - 1 / self.num_classes - np.sum(matrix * self.population_moment))

    def minimiser(self, moment: Float[np.ndarray, "k d"]) -> Float[np.ndarray, "k d"]:
        """Return the W of least risk for a moment matrix: rho M/|M|."""
        return self.radius * moment / np.linalg.norm(moment)

    def rademacher(
        self,
        inputs: Float[np.ndarray, "n d"],
        labels: Integer[np.ndarray, " n"],
        rng: np.random.Generator,
        draws: int,
    ) -> tuple[float, float]:
        """Estimate the empirical Rademacher complexity of the loss class, and the standard error of that.

        Each supremum is exact: sup over W of (1/n) sum_i s_i L_i = rho |M(s)| plus a term of mean 0.
        """
        values = [
            self.radius * np.linalg.norm(self.moment(inputs, labels, rng.choice((-1.0, 1.0), len(labels))))
            for _ in range(draws)
        ]
        return float(np.mean(values)), float(np.std(values, ddof=1) / sqrt(draws))

    def rademacher_bound(self, inputs: Float[np.ndarray, "n d"], labels: Integer[np.ndarray, " n"]) -> float:
        """Return an upper bound by Jensen, rho sqrt(sum_i |x_i|^2 (1 - 1/K))/n, whatever the labels."""
        squares = np.sum(inputs**2) * (1 - 1 / self.num_classes)
        return float(self.radius * sqrt(squares) / len(labels))

    def excess(self, size: int, noise_rate: Number, rng: np.random.Generator) -> NoisySample:
        """Draw a noisy sample with replacement, minimise its empirical risk exactly, return the clean excess.

        Raises
        ------
        ValueError : a rate outside [0, (K - 1)/K).
        """
        rate = check_rate(noise_rate)
        if rate >= threshold(self.num_classes):
            fail("eta", f"below the threshold {threshold(self.num_classes)}", noise_rate)
        chosen = rng.integers(0, len(self.labels), size)
        clean = self.labels[chosen]
        shift = np.where(rng.random(size) < float(rate), rng.integers(1, self.num_classes, size), 0)
        inputs, noisy = self.inputs[chosen], (clean + shift) % self.num_classes
        best = self.minimiser(self.population_moment)
        found = self.minimiser(self.moment(inputs, noisy))
        slope = float(risk_slope(rate, self.num_classes))
        return NoisySample(inputs, noisy, self.risk(found) - self.risk(best), slope)


@dataclass(frozen=True)
class NoisySample:
    """A sample with noisy labels and what minimising its risk cost.

    Attributes
    ----------
    inputs, labels : (n, d) and (n,) noisy.
    excess : R(h_hat) - R(h*) >= 0, on clean labels, up to rounding.
    slope : a at the rate of the noise.
    """

    inputs: Float[np.ndarray, "n d"]
    labels: Integer[np.ndarray, " n"]
    excess: float
    slope: float
