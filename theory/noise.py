"""Label noise: transition matrices, exact and as drawn on a data set.

T[i, j] = P(noisy = j given clean = i), rows sum to 1. The *nominal* rate is the one asked for; the
*realised* rate is the share of labels that a draw did alter. They are kept apart, because independent
draws do not alter exactly the nominal share.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence, Sized
from dataclasses import InitVar, dataclass
from fractions import Fraction
from typing import TYPE_CHECKING, Any, overload

import numpy as np
from jaxtyping import Float, Integer
from numpy.typing import ArrayLike

from lossmatters.theory import exact as numbers
from lossmatters.theory.backends.number import Exact
from lossmatters.theory.exact import check_num_classes, check_rate, fail
from lossmatters.theory.losses.check import check_labels
from lossmatters.theory.noise_inputs import Matrix, Rng, generator, transition_rows, wide_enough

if TYPE_CHECKING:
    import sympy

DRAWS = ("independent", "exact")
# Which class is taken for which by people, as the literature has it since Patrini et al. (CVPR 2017): of
# MNIST 2 for 7, 3 for 8, 5 and 6 for each other, 7 for 1; of CIFAR-10 truck for automobile, bird for
# aeroplane, deer for horse, cat and dog for each other.
CONFUSED = {
    "mnist": {2: 7, 3: 8, 5: 6, 6: 5, 7: 1},
    "cifar10": {9: 1, 2: 0, 4: 7, 3: 5, 5: 3},
}


@overload
def threshold(num_classes: int) -> Fraction: ...
@overload
def threshold(num_classes: sympy.Expr) -> sympy.Expr: ...
def threshold(num_classes: int | sympy.Expr) -> Fraction | sympy.Expr:
    """Return eta* = (K - 1)/K, the uniform-noise rate at which labels carry no information.

    >>> threshold(10)
    Fraction(9, 10)
    """
    return (
        Fraction(num_classes - 1, num_classes)
        if isinstance(num_classes, int)
        else (num_classes - 1) / num_classes
    )


@overload
def risk_slope(rate: Fraction, num_classes: int) -> Fraction: ...
@overload
def risk_slope(rate: Exact, num_classes: int | sympy.Expr) -> sympy.Expr: ...
def risk_slope(rate: Exact, num_classes: int | sympy.Expr) -> Exact:
    """Return a = 1 - eta K/(K - 1), the factor of the clean risk in the noisy one (R1).

    Works on Fractions and on SymPy symbols.

    >>> risk_slope(Fraction(2, 5), 10)
    Fraction(5, 9)
    """
    return 1 - rate * num_classes / (num_classes - 1)


@overload
def flip_probability(rate: Fraction, num_classes: int) -> Fraction: ...
@overload
def flip_probability(rate: Exact, num_classes: int | sympy.Expr) -> sympy.Expr: ...
def flip_probability(rate: Exact, num_classes: int | sympy.Expr) -> Exact:
    """Return b = eta/(K - 1), the probability of each particular wrong label."""
    return rate / (num_classes - 1)


@dataclass(frozen=True)
class NoisyLabels:
    """Clean labels and their altered version.

    Attributes
    ----------
    clean_labels, noisy_labels : (N,) integers.
    nominal_rate : the share asked for, exact.
    """

    clean_labels: Integer[np.ndarray, " n"]
    noisy_labels: Integer[np.ndarray, " n"]
    nominal_rate: Fraction

    @property
    def altered(self) -> np.ndarray:
        """Return (N,) True where the label was altered."""
        return self.noisy_labels != self.clean_labels

    @property
    def realised_rate(self) -> Fraction:
        """Return the share of labels that were altered."""
        return (
            Fraction(int(self.altered.sum()), len(self.clean_labels))
            if len(self.clean_labels)
            else Fraction(0)
        )


class Noise:
    """A noise model over K classes; `transition_matrix` gives its T exactly."""

    def transition_matrix(self, num_classes: int) -> Matrix:
        """Return T as (K, K) exact rationals, whose rows sum to 1."""
        raise NotImplementedError  # each noise model defines it

    def rate(self, num_classes: int) -> Fraction:
        """Return P(noisy != clean) for a clean label drawn evenly from the classes."""
        matrix = self.transition_matrix(num_classes)
        return 1 - sum(matrix[i][i] for i in range(num_classes)) / Fraction(num_classes)

    def apply(
        self,
        labels: ArrayLike,
        num_classes: int,
        rng: Rng,
        draw: str = "independent",
    ) -> NoisyLabels:
        """Alter labels at random.

        Parameters
        ----------
        labels : (N,) clean labels in 0..K-1.
        rng : the only source of randomness: a generator, a seed, or None for another draw each time.
        draw : "independent" (each label on its own, as in the theorems) or "exact" (class by class, the
            counts of each noisy label are the expected ones, rounded so that the total over the data
            set is right within one sample a class).

        Raises
        ------
        TypeError, ValueError : labels that are not integers in 0..K-1; unknown draw; no generator or seed.
        """
        num_classes = check_num_classes(num_classes)
        labels = check_labels(labels, num_classes)
        rng = generator(rng)
        if draw not in DRAWS:
            fail("draw", f"one of {', '.join(DRAWS)}", draw)
        matrix = np.array(self.transition_matrix(num_classes), dtype=object)
        noisy = labels.astype(wide_enough(labels.dtype, num_classes))
        if draw == "independent":
            # Summed exactly, then rounded, and compared with >=: the last sum is 1, above every draw, and a
            # label of probability 0 is never drawn, whatever rounding does.
            cumulative = np.cumsum(matrix, axis=1).astype(float)
            noisy = (rng.random(len(labels))[:, None] >= cumulative[labels]).sum(axis=1).astype(noisy.dtype)
        else:
            for clean in range(num_classes):
                members = rng.permutation(np.flatnonzero(labels == clean))
                counts = _apportion(matrix[clean], len(members), clean)
                noisy[members] = np.repeat(np.arange(num_classes), counts)
        return NoisyLabels(labels, noisy, self.rate(num_classes))


def _apportion(row: Sequence[Fraction], total: int, own: int) -> list[int]:
    """Return whole counts that sum to `total` in the proportions of `row`; remainders go to the largest
    fractions.

    The number kept is rounded first, so that the realised rate is right; the rest is spread evenly.
    """
    kept = round(row[own] * total)
    others = [0 if j == own else p for j, p in enumerate(row)]
    mass = sum(others)
    if mass == 0:
        return [total if j == own else 0 for j in range(len(row))]
    ideal = [p / mass * (total - kept) for p in others]
    counts = [int(x) for x in ideal]
    # Of equal remainders those after the own class come first, cyclically: were it the lowest classes, they
    # would be given more wrong labels than the highest by every class alike, which is not uniform noise.
    order = sorted(range(len(row)), key=lambda j: (counts[j] - ideal[j], (j - own) % len(row)))
    for j in order[: total - kept - sum(counts)]:
        counts[j] += 1
    counts[own] += kept
    return counts


@dataclass(frozen=True)
class SymmetricNoise(Noise):
    """Uniform noise: with probability eta the label becomes one of the K - 1 others, each as likely.

    T = (1 - eta) I + eta/(K-1) (11^T - I). An altered label always differs from the clean one.

    Parameters
    ----------
    noise_rate : eta in [0, 1]; 0.4 means exactly 2/5.

    >>> SymmetricNoise(0.4).transition_matrix(3)[0]
    (Fraction(3, 5), Fraction(1, 5), Fraction(1, 5))
    """

    noise_rate: Fraction

    def __post_init__(self) -> None:
        object.__setattr__(self, "noise_rate", check_rate(self.noise_rate))

    def transition_matrix(self, num_classes: int) -> Matrix:
        k = check_num_classes(num_classes)
        wrong = flip_probability(self.noise_rate, k)
        return tuple(tuple(1 - self.noise_rate if i == j else wrong for j in range(k)) for i in range(k))

    def rate(self, num_classes: int) -> Fraction:
        return self.noise_rate


@dataclass(frozen=True)
class ClassConditionalNoise(Noise):
    """Noise given by any transition matrix.

    Parameters
    ----------
    matrix : (K, K) numbers in [0, 1] whose rows sum to 1, such as nested sequences or an array. Floats are
        read as the simplest rationals that round to them. A row of floats, of a softmax in float32 perhaps,
        may miss 1 by rounding, which its largest entry makes good.
    exact : whether rows of floats too must sum to 1 exactly, once they are read.

    Raises
    ------
    ValueError : not square, an entry outside [0, 1], a row that does not sum to 1.

    >>> ClassConditionalNoise(np.float32([[0.9, 0.1], [0.2, 0.8]])).matrix[0]
    (Fraction(9, 10), Fraction(1, 10))
    """

    matrix: Matrix
    exact: InitVar[bool] = False

    def __post_init__(self, exact: bool) -> None:
        object.__setattr__(self, "matrix", transition_rows(self.matrix, exact))

    @classmethod
    def pair(cls, noise_rate: numbers.Number, num_classes: int) -> ClassConditionalNoise:
        """Pair noise: class i becomes i + 1 (mod K) with probability eta."""
        eta, k = check_rate(noise_rate), check_num_classes(num_classes)
        rows = [[Fraction(0)] * k for _ in range(k)]
        for i in range(k):
            rows[i][i] = 1 - eta
            rows[i][(i + 1) % k] = eta
        return cls(tuple(map(tuple, rows)))

    @classmethod
    def asymmetric(
        cls, noise_rate: numbers.Number, flips: Mapping[int, int], num_classes: int
    ) -> ClassConditionalNoise:
        """Make asymmetric noise: with probability eta class i becomes ``flips[i]``; others stay as they are.

        The rate is that of the classes in `flips`; over all of them it is lower.

        Parameters
        ----------
        flips : clean class -> another one, such as ``CONFUSED["mnist"]``.

        >>> ClassConditionalNoise.asymmetric(0.4, CONFUSED["cifar10"], 10).rate(10)
        Fraction(1, 5)
        """
        eta, k = check_rate(noise_rate), check_num_classes(num_classes)
        rows = [[Fraction(int(i == j)) for j in range(k)] for i in range(k)]
        for i, j in flips.items():
            if not (0 <= i < k and 0 <= j < k and i != j):
                fail("flips", f"from one class in 0..{k - 1} to another", (i, j))
            rows[i][i], rows[i][j] = 1 - eta, eta
        return cls(tuple(map(tuple, rows)))

    def transition_matrix(self, num_classes: int) -> Matrix:
        if num_classes != len(self.matrix):
            fail("num_classes", f"{len(self.matrix)}, the size of the matrix", num_classes)
        return self.matrix

    def is_diagonally_dominant(self) -> bool:
        """Return whether T[i, i] > T[i, j] for all j != i: the condition of R4."""
        return all(row[i] > p for i, row in enumerate(self.matrix) for j, p in enumerate(row) if j != i)


@dataclass(frozen=True)
class InstanceDependentNoise:
    """Uniform noise whose rate depends on the sample: eta(x).

    Parameters
    ----------
    noise_rate : a function from the (N, ...) inputs to (N,) rates in [0, 1].
    """

    noise_rate: Callable[[Any], ArrayLike]

    def rates(self, inputs: Sized) -> Float[np.ndarray, " n"]:
        """Return eta(x) of each sample, checked to lie in [0, 1]."""
        rates = np.asarray(self.noise_rate(inputs), dtype=float)
        if rates.shape != (len(inputs),):
            fail("noise rates", f"of shape ({len(inputs)},)", rates.shape)
        wrong = ~((rates >= 0) & (rates <= 1))
        if wrong.any():
            fail("eta", "in [0, 1]", float(rates[wrong][0]))
        return rates

    def transition_matrices(self, inputs: Sized, num_classes: int) -> Float[np.ndarray, "n k k"]:
        """Return T(x) of each sample, in float64."""
        k = check_num_classes(num_classes)
        wrong = self.rates(inputs)[:, None, None] / (k - 1)
        return np.eye(k) * (1 - wrong * k) + wrong

    def apply(self, inputs: Sized, labels: ArrayLike, num_classes: int, rng: Rng) -> NoisyLabels:
        """Alter labels by independent draws, each at its own rate; the nominal rate is the mean of eta(x).

        `rng` is a generator, a seed, or None for another draw each time.
        """
        k = check_num_classes(num_classes)
        labels = check_labels(labels, k, len(inputs))
        rates, rng = self.rates(inputs), generator(rng)
        shift = rng.integers(1, k, size=len(labels))
        altered = rng.random(len(labels)) < rates
        moved = (labels.astype(np.int64) + shift) % k
        noisy = np.where(altered, moved, labels).astype(wide_enough(labels.dtype, k))
        return NoisyLabels(labels, noisy, numbers.exact(float(rates.mean())) if len(rates) else Fraction(0))
