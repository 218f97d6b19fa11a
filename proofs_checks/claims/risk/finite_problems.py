"""Exactly solvable problems: finitely many inputs and hypotheses, rational posteriors, every risk exact."""

from __future__ import annotations

import random
from collections.abc import Sequence
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

from lossmatters.proofs_checks.methods import exact
from lossmatters.theory.backends import backend
from lossmatters.theory.losses import MAE, NMSE, RCE, Loss, Unhinged, get
from lossmatters.theory.noise import Matrix, SymmetricNoise
from lossmatters.theory.risk.finite import clean_risk, noisy_posterior
from lossmatters.theory.symbolic.points import Point

RATIONAL_SYMMETRIC: tuple[Loss, ...] = (MAE(), Unhinged(), RCE(), NMSE(), get("ngce", q=1), get("zero-one"))


def rational_losses(loss: Loss, point: Point) -> list[Fraction]:
    """Return L(u, j) for all j of a loss whose values at rational points are rational (else IrrationalError)."""
    ops = backend("rational")
    return list(loss.all_labels(ops.array(point), ops))


@dataclass(frozen=True)
class FiniteProblem:
    """A distribution on m inputs, and hypotheses as their exact outputs, (H, m, K)."""

    num_classes: int
    weights: tuple[Fraction, ...]
    posteriors: tuple[Point, ...]
    hypotheses: tuple[tuple[Point, ...], ...]
    noise_rate: Fraction

    def risks(self, loss: Loss, noise: Sequence[Matrix] | None = None) -> tuple[list[Any], list[Any]]:
        """Return the exact clean and noisy risk of every hypothesis under a loss of rational values.

        `noise` is one transition matrix for each input; by default uniform noise of this problem's rate.
        """
        uniform = SymmetricNoise(self.noise_rate).transition_matrix(self.num_classes)
        matrices = noise or [uniform] * len(self.weights)
        noisy_labels = [noisy_posterior(pi, t) for pi, t in zip(self.posteriors, matrices, strict=True)]
        clean, noisy = [], []
        for outputs in self.hypotheses:
            rows = [rational_losses(loss, u) for u in outputs]
            clean.append(clean_risk(self.weights, self.posteriors, rows))
            noisy.append(clean_risk(self.weights, noisy_labels, rows))
        return clean, noisy

    def show(self) -> Any:
        """Return the problem as plain JSON data."""
        return exact.strings(vars(self))


def draw_problem(
    rng: random.Random, below_threshold: bool = False, hypotheses: int = 3, certain: bool = False
) -> FiniteProblem:
    """Draw a random exact problem with K = 2..5 classes on 1..3 inputs.

    `certain` makes each input's label certain and the first hypothesis right everywhere: its risk is 0
    under a loss that vanishes at the label's vertex.
    """
    k, m = rng.randint(2, 5), rng.randint(1, 3)
    labels = [vertex(k, rng.randrange(k)) for _ in range(m)]
    others = (tuple(exact.simplex_point(rng, k) for _ in range(m)) for _ in range(hypotheses - certain))
    return FiniteProblem(
        k,
        positive_weights(rng, m),
        tuple(labels) if certain else tuple(exact.simplex_point(rng, k) for _ in range(m)),
        (*((tuple(labels),) if certain else ()), *others),
        exact.noise_rate(rng, k, below_threshold),
    )


def positive_weights(rng: random.Random, size: int) -> Point:
    """Draw a random exact distribution on `size` inputs, none of them of probability 0."""
    weights = [rng.randint(1, 9) for _ in range(size)]
    return tuple(Fraction(w, sum(weights)) for w in weights)


def vertex(num_classes: int, label: int = 0) -> Point:
    """Return the vertex of a label; S there is C if the loss is symmetric."""
    return tuple(Fraction(int(j == label)) for j in range(num_classes))


def dominant_matrix(rng: random.Random, num_classes: int) -> Matrix:
    """Draw a random exact transition matrix with T[i, i] > T[i, j] for all j != i."""
    rows = []
    for i in range(num_classes):
        weights = [rng.choice((0, 0, rng.randint(0, 6))) for _ in range(num_classes)]
        weights[i] = max(weights) + rng.randint(1, 4)
        rows.append(tuple(Fraction(w, sum(weights)) for w in weights))
    return tuple(rows)
