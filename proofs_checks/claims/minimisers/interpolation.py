"""N1 and N2: what symmetry does not change. A class that fits all labels memorises; the Bayes classifier stays."""

from __future__ import annotations

import itertools
import random
from collections.abc import Callable
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.claims.minimisers.minimisers import finds_argmax
from lossmatters.proofs_checks.claims.risk.risk import Sign, sign_of_slope
from lossmatters.proofs_checks.methods import exact
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.losses import CCE, GCE, LOSSES, MAE, MSE, RLL, Loss, get
from lossmatters.theory.minimisers.closed_forms import conditional_minimiser
from lossmatters.theory.noise import SymmetricNoise, flip_probability, risk_slope, threshold
from lossmatters.theory.risk.finite import noisy_posterior
from lossmatters.theory.symbolic.algebra import K, exact_losses
from lossmatters.theory.symbolic.points import sign_of

OURS = "this project"
ETA, PI = sympy.symbols("eta pi_j", positive=True)
Labels = tuple[int, ...]
Class = tuple[Labels, ...]

CLASSES = 3
CLEAN, NOISY = (0, 0, 1, 2), (0, 1, 1, 0)  # of four inputs, two of them altered
CONFIDENT = (
    Fraction(98, 100),
    Fraction(1, 100),
    Fraction(1, 100),
)  # nearly e_j, where every loss has a value


def everything() -> Class:
    """Return every labelling of the four inputs."""
    return tuple(itertools.product(range(CLASSES), repeat=len(CLEAN)))


def coarse() -> Class:
    """Return the labellings that do not tell the first input from the second: they cannot fit the noisy
    labels.
    """
    return tuple(h for h in everything() if h[0] == h[1])


def margin(loss: Loss) -> tuple[int | None, str]:
    """Return the sign of L(wrong label) - L(right label) at a confident output, and how it is known.

    By symmetry between classes an empirical risk is L(right) plus this difference for every miss.
    """
    values = exact_losses(loss, CONFIDENT)
    return sign_of(values[1] - values[0])


def interpolates(hypotheses: Callable[[], Class]) -> Evidence:
    """Decide whether J1 = 1 for every minimiser of the empirical risk on the noisy labels, for the whole
    catalogue.
    """
    scope = f"K = {CLASSES}, four inputs, {len(hypotheses())} classifiers, {len(LOSSES)} losses"
    for name in LOSSES:
        sign, _ = margin(get(name))
        if sign != 1:
            return Evidence(
                Method.EXACT, Status.UNDECIDED, scope, f"{name}: the right label is not shown to be best"
            )
    misses = {h: sum(a != b for a, b in zip(h, NOISY, strict=True)) for h in hypotheses()}
    best = [h for h, m in misses.items() if m == min(misses.values())]
    clean = sum(a == b for a, b in zip(best[0], CLEAN, strict=True))
    if any(misses[h] for h in best):
        witness = {
            "minimisers": [list(h) for h in best],
            "noisy labels": list(NOISY),
            "J1": f"{4 - misses[best[0]]}/4",
        }
        return Evidence(Method.EXACT, Status.REFUTED, scope, "a minimiser misses a noisy label", witness)
    detail = f"the only minimiser is the noisy labelling: J1 = 1, J2 = {clean}/4, under {', '.join(LOSSES)}"
    return Evidence(Method.EXACT, Status.PROVED, scope, detail)


def expected_minimisers(rate: Fraction) -> Evidence:
    """Decide whether the clean labelling alone minimises the risk averaged over noise at this rate, for every
    loss.

    It is 4 L(right) plus the difference times the expected number of misses.
    """
    scope = (
        f"K = {CLASSES}, four inputs, all {len(everything())} classifiers, {len(LOSSES)} losses, eta = {rate}"
    )
    matrix = SymmetricNoise(rate).transition_matrix(CLASSES)
    for name in LOSSES:
        if margin(get(name))[0] != 1:
            return Evidence(
                Method.EXACT, Status.UNDECIDED, scope, f"{name}: the right label is not shown to be best"
            )
    misses = {h: sum(1 - matrix[c][guess] for c, guess in zip(CLEAN, h, strict=True)) for h in everything()}
    best = [h for h, m in misses.items() if m == min(misses.values())]
    if best != [CLEAN]:
        witness = {"clean labels": list(CLEAN), "a minimiser": list(best[0]), "minimisers": len(best)}
        return Evidence(Method.EXACT, Status.REFUTED, scope, "another labelling minimises", witness)
    return Evidence(Method.EXACT, Status.PROVED, scope, "the clean labelling is the only minimiser: J2 = 1")


def posterior_under_noise(slope: Callable[[Any, Any], Any]) -> Evidence:
    """Compare (1 - eta) pi_j + b (1 - pi_j) with slope pi_j + b."""
    noisy = (1 - ETA) * PI + flip_probability(ETA, K) * (1 - PI)
    detail = "the noisy posterior is a pi_j + b: the same order of classes where a > 0"
    return identity(noisy, slope(ETA, K) * PI + flip_probability(ETA, K), "all K >= 2, every eta", detail)


def draw_case(beyond: bool) -> Callable[[random.Random], tuple[Any, Fraction]]:
    """Return a draw of a random posterior and a rate below the threshold, or beyond it."""

    def make(rng: random.Random) -> tuple[Any, Fraction]:
        k = rng.randint(2, 5)
        star = threshold(k)
        eta = exact.noise_rate(rng, k, below_threshold=True)
        return exact.simplex_point(rng, k), (
            star + (1 - star) * Fraction(rng.randint(1, 9), 9) if beyond else eta
        )

    return make


def bayes_kept(beyond: bool) -> Evidence:
    """Decide whether the noisy posterior has the argmax of the clean one, ties included."""

    def fails(case: tuple[Any, Fraction]) -> Any:
        pi, eta = case
        noisy = noisy_posterior(pi, SymmetricNoise(eta).transition_matrix(len(pi)))
        if [p == max(pi) for p in pi] == [p == max(noisy) for p in noisy]:
            return None
        return {"pi": exact.strings(pi), "eta": str(eta), "noisy": exact.strings(noisy)}

    scope = f"K = 2..5, eta {'beyond' if beyond else 'below'} the threshold, rational posteriors"
    return exact.draws(draw_case(beyond), fails, 200, scope, "the argmax is that of the clean posterior")


def calibrated_find_it(beyond: bool) -> Evidence:
    """Decide whether the minimiser of the noisy conditional risk has the argmax of the clean posterior."""

    def fails(case: tuple[Any, Fraction]) -> Any:
        pi, eta = case
        if sorted(pi)[-1] == sorted(pi)[-2]:
            return None
        noisy = noisy_posterior(pi, SymmetricNoise(eta).transition_matrix(len(pi)))
        for loss in (CCE(), MSE(), MAE(), GCE(), RLL()):
            found = conditional_minimiser(loss, noisy)
            assert found.exact is not None
            if not finds_argmax(pi, found.exact):
                shown = {"pi": exact.strings(pi), "eta": str(eta), "u": exact.strings(found.exact)}
                return {"loss": loss.spec, **shown}
        return None

    scope = f"K = 2..5, eta {'beyond' if beyond else 'below'} the threshold, rational posteriors"
    detail = "the minimisers under CCE, MSE, MAE, GCE and RLL have the argmax of the clean posterior"
    return exact.draws(draw_case(beyond), fails, 40, scope, detail)


CLAIMS = (
    Claim(
        "N1",
        "Interpolation",
        "If the class can give every input any output, the inputs are distinct and $L(u,j)$ is least at $u = e_j$ alone, "
        "the minimiser of the empirical noisy risk has $J_1 = 1$: it is least term by term. Symmetry is a statement "
        "about the expected risk.",
        OURS,
        assumes=(
            "NCE and NFL come as close to their infimum 0 elsewhere: wherever some other output tends to 0",
        ),
        checks=(
            Check(
                Method.EXACT,
                interpolates,
                everything,
                coarse,
                "so it is with a class that cannot tell two inputs apart",
            ),
        ),
    ),
    Claim(
        "N1.expected",
        "The same class, the expected risk",
        "On the example of N1 the risk averaged over uniform noise at $\\eta = 2/5$ is least at the clean labels alone, "
        "under every loss: what memorises is the minimiser on one draw of the labels.",
        OURS,
        checks=(
            Check(
                Method.EXACT,
                expected_minimisers,
                Fraction(2, 5),
                Fraction(4, 5),
                "the clean labels minimise at eta = 4/5 too, beyond the threshold",
            ),
        ),
    ),
    Claim(
        "N2",
        "The Bayes classifier stays",
        "Uniform noise turns a posterior $\\pi$ into $a \\pi + b$ with $a = 1 - \\frac{\\eta K}{K-1}$. For "
        "$\\eta < (K-1)/K$ it has the argmax of $\\pi$, ties included: the Bayes classifier does not move.",
        OURS,
        checks=(
            Check(
                Method.SYMBOLIC,
                posterior_under_noise,
                risk_slope,
                lambda eta, k: 1 - eta,
                "the factor of the posterior is 1 - eta",
            ),
            Check(
                Method.SYMBOLIC,
                sign_of_slope,
                Sign(-1, 1),
                Sign(1, 1),
                "the factor is positive beyond the threshold too",
            ),
            Check(
                Method.EXACT,
                bayes_kept,
                False,
                True,
                "the Bayes classifier stays beyond the threshold as well",
            ),
        ),
    ),
    Claim(
        "N2.calibrated",
        "Calibrated losses find the Bayes classifier under noise",
        "For $\\eta < (K-1)/K$ and an unrestricted class the minimiser of the noisy risk of a calibrated loss has, input "
        "by input, the argmax of the clean posterior; CCE and MSE as well as RLL.",
        OURS,
        assumes=("N3.calibration",),
        checks=(
            Check(Method.EXACT, calibrated_find_it, False, True, "they find it beyond the threshold as well"),
        ),
    ),
)
