"""R7: under a symmetric loss noise scales the gradient, and nothing else."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from fractions import Fraction
from typing import Any

import numpy as np
import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.losses import Loss, get
from lossmatters.theory.noise import SymmetricNoise, flip_probability, risk_slope
from lossmatters.theory.symbolic.algebra import K

OURS = "this project"
ETA = sympy.Symbol("eta", positive=True)

SAMPLES, HIDDEN, STEPS, RATE = 60, 12, 200, Fraction(2, 5)
STEP_SIZE = 0.5  # moves every loss but the flattest (NMSE, 1/K^2) far; the ratio of the two steps is exact
# In exact arithmetic the two paths of a symmetric loss are one. In float64 each step rounds at 2^-53 of
# the parameters, and 200 steps of a smooth descent magnify that by far less than 10^8.
SAME, DIFFERENT = 1e-4, 1e-2


def averaged(slope: Callable[[Any, Any], Any]) -> Evidence:
    """Compare (1 - eta) D L_y + b sum over j != y of D L_j with slope D L_y + b D C, D a linear map of the
    losses.
    """
    own, constant = sympy.symbols("DL_y DC")
    others = constant - own  # sum_j L_j = C and D is linear; for a gradient D C = 0
    noisy = (1 - ETA) * own + flip_probability(ETA, K) * others
    scope = "all K >= 2, every eta, every linear map D"
    detail = "E[D L(., noisy)] = a D L(., y) + b D C; a gradient has D C = 0, an expectation gives R1"
    return identity(noisy, slope(ETA, K) * own + flip_probability(ETA, K) * constant, scope, detail)


def not_symmetric(extra: Callable[[Any, Any], Any]) -> Evidence:
    """Compare the averaged gradient of any loss with a grad L_y + b grad S: the paths part where grad S != 0."""
    own, total = sympy.symbols("DL_y DS")
    noisy = (1 - ETA) * own + flip_probability(ETA, K) * (total - own)
    said = risk_slope(ETA, K) * own + extra(ETA, K) * total
    return identity(noisy, said, "all K >= 2, every eta, every loss", "E[grad L] = a grad L_y + b grad S")


@dataclass(frozen=True)
class Paths:
    """The statement "descent on the noise-averaged loss at lr/a follows clean descent at lr", per loss.

    Attributes
    ----------
    follows : loss specs for which it does.
    parts : loss specs for which it clearly does not.
    """

    follows: tuple[str, ...]
    parts: tuple[str, ...] = ()


def digits() -> tuple[np.ndarray, np.ndarray]:
    """Return the first `SAMPLES` of scikit-learn's digits: inputs in [0, 1] and labels."""
    from sklearn.datasets import load_digits

    data, target = load_digits(return_X_y=True)
    return data[:SAMPLES] / 16, target[:SAMPLES]


def path_distance(loss: Loss, steps: int = STEPS) -> float:
    """Measure how far the two descents end apart, as a share of how far clean descent moved.

    A perceptron with one hidden layer in float64, full batch. The noise-averaged loss of a sample is
    sum_j T[y, j] L(h(x), j), its exact expectation over the noisy label.
    """
    import torch

    inputs, labels = (torch.from_numpy(x) for x in digits())
    matrix = np.array(SymmetricNoise(RATE).transition_matrix(10), dtype=object).astype(float)
    noisy_posteriors, criterion = torch.from_numpy(matrix)[labels], loss.criterion()

    def clean(logits: Any) -> Any:
        return criterion(logits, labels)

    def averaged_over_noise(logits: Any) -> Any:
        return (noisy_posteriors * loss.matrix(logits)).sum(dim=1).mean()

    generator = torch.Generator().manual_seed(0)
    shapes = ((inputs.shape[1], HIDDEN), (HIDDEN,), (HIDDEN, 10), (10,))
    start = [torch.randn(s, generator=generator, dtype=torch.float64) / 4 for s in shapes]

    def descend(objective: Callable[[Any], Any], step_size: float) -> Any:
        parameters = [p.clone().requires_grad_() for p in start]
        for _ in range(steps):
            w1, b1, w2, b2 = parameters
            value = objective(torch.tanh(inputs @ w1 + b1) @ w2 + b2)
            gradients = torch.autograd.grad(value, parameters)
            parameters = [
                (p - step_size * g).detach().requires_grad_()
                for p, g in zip(parameters, gradients, strict=True)
            ]
        return torch.cat([p.detach().reshape(-1) for p in parameters])

    first = torch.cat([p.reshape(-1) for p in start])
    end = descend(clean, STEP_SIZE)
    other = descend(averaged_over_noise, STEP_SIZE / float(risk_slope(RATE, 10)))
    return float((other - end).norm() / (end - first).norm())


def paths(claimed: Paths) -> Evidence:
    """Run both descents for each loss; the limits are `SAME` and `DIFFERENT`."""
    distances = {spec: path_distance(get(spec)) for spec in (*claimed.follows, *claimed.parts)}
    wrong = {s: d for s, d in distances.items() if (d >= SAME if s in claimed.follows else d <= DIFFERENT)}
    scope = f"digits, {SAMPLES} samples, 64-{HIDDEN}-10, {STEPS} full-batch steps, float64, eta = {RATE}"
    detail = "distance of the paths as a share of the way: " + ", ".join(
        f"{s} {d:.1e}" for s, d in distances.items()
    )
    status = Status.REFUTED if wrong else Status.SAMPLED
    return Evidence(Method.SAMPLING, status, scope, detail, wrong or None, {"distances": distances})


SHOWN = Paths(("rll", "nmse", "mae"), ("cce", "mse", "gce"))

CLAIMS = (
    Claim(
        "R7",
        "Gradients",
        "For a symmetric loss $\\mathbb{E}_{\\mathrm{noise}}[D L(h(x), \\tilde y)] = a\\,D L(h(x), y) + b\\,D C$ "
        "under uniform noise for every linear map $D$. The gradient of the constant $C$ is $0$, so full-batch "
        "descent on the noise-averaged loss with step $\\frac{\\ell}{a}$ follows clean descent with step $\\ell$.",
        OURS,
        assumes=("L symmetric and differentiable", "uniform noise, eta < (K-1)/K for the descent"),
        checks=(
            Check(
                Method.SYMBOLIC,
                averaged,
                risk_slope,
                lambda eta, k: 1 - eta,
                "the factor of the clean gradient is 1 - eta",
            ),
            Check(
                Method.SYMBOLIC,
                not_symmetric,
                flip_probability,
                lambda eta, k: 0,
                "without symmetry the averaged gradient is a times the clean one too",
            ),
        ),
    ),
    Claim(
        "R7.network",
        "Two descents, one path",
        "On a network in float64, 200 full-batch steps on the noise-averaged loss at $\\frac{\\ell}{a}$ end within "
        "$10^{-4}$ of clean descent at $\\ell$ (relative to the way) under RLL, NMSE and MAE, and more than "
        "$10^{-2}$ away under CCE, MSE and GCE.",
        OURS,
        assumes=("R7",),
        checks=(
            Check(
                Method.SAMPLING,
                paths,
                SHOWN,
                replace(SHOWN, follows=("mse",), parts=()),
                "the paths of MSE are one",
            ),
        ),
    ),
)
