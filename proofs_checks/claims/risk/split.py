"""R8, R9 and Y1: every loss split in two, corrected for noise, and symmetrised."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass
from fractions import Fraction
from typing import Any

import sympy

from lossmatters.proofs_checks.claim import Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods.exact import draws, simplex_point, strings
from lossmatters.proofs_checks.methods.symbolic import identity
from lossmatters.theory.backends.sympy_ops import OPS, exactly
from lossmatters.theory.losses import (
    CCE,
    GCE,
    MSE,
    SeparableLoss,
    corrected,
    get,
    noise_averaged,
    symmetrised,
)
from lossmatters.theory.losses.corrected import inverse
from lossmatters.theory.noise import SymmetricNoise, flip_probability, risk_slope
from lossmatters.theory.risk.kept import kept
from lossmatters.theory.symbolic.algebra import K

OURS = "this project"
PATRINI = "Patrini et al., CVPR 2017"
ETA, ALPHA, Q = sympy.symbols("eta alpha q", positive=True)
T = sympy.Symbol("t", positive=True)
ALL = "all K >= 2, every eta, every loss"


# -- R8 --------------------------------------------------------------------------------------------


def split_of_risk(weight: Callable[[Any, Any], Any]) -> Evidence:
    """Compare (1 - eta) L_y + b (S - L_y) with weight (L_y - S/K) + S/K, as polynomials in L_y and S."""
    own, total = sympy.symbols("L_y S")
    noisy = (1 - ETA) * own + flip_probability(ETA, K) * (total - own)
    detail = "E[L(u, noisy)] = a L_sym(u, y) + S(u)/K"
    return identity(noisy, weight(ETA, K) * (own - total / K) + total / K, ALL, detail)


def split_on_rationals(weight: Callable[[Any, Any], Any]) -> Evidence:
    """Compare, on random loss tables, posteriors and outputs, the noisy risk with weight R_sym + E[S]/K,
    exactly.
    """

    def make(rng: random.Random) -> Any:
        k, size = rng.randint(2, 5), rng.randint(1, 3)
        table = [[Fraction(rng.randint(-20, 20), rng.randint(1, 9)) for _ in range(k)] for _ in range(size)]
        eta = Fraction(rng.randint(1, 19), 20)
        return k, eta, table, [simplex_point(rng, k) for _ in range(size)]

    def fails(instance: Any) -> Any:
        k, eta, table, posteriors = instance
        matrix = SymmetricNoise(eta).transition_matrix(k)
        noisy = clean = total = Fraction(0)
        for row, pi in zip(table, posteriors, strict=True):
            mean = sum(row) / k
            noisy += sum(pi[i] * matrix[i][j] * row[j] for i in range(k) for j in range(k)) / len(table)
            clean += sum(p * (x - mean) for p, x in zip(pi, row, strict=True)) / len(table)
            total += mean / len(table)
        same = noisy == weight(eta, k) * clean + total
        return None if same else strings({"eta": eta, "losses": table, "posteriors": posteriors})

    return draws(make, fails, 200, "random losses, posteriors and rates", "R^eta = a R_sym + E[S]/K")


def only_way(share: Any) -> Evidence:
    """Show that L = A + B with sum_j A_j = 0 and B alike for all labels has S = K B, so that B is `share`
    times S.
    """
    label_free = sympy.Symbol("B")
    detail = "summed over labels, L = A + B says S = K B: the label-free part is S/K"
    return identity(label_free, share * (K * label_free), "all K >= 2, every loss", detail)


def label_smoothing(smoothing: Callable[[Any, Any], Any]) -> Evidence:
    """Compare the mean of CCE over the noisy label with (1 - s) CCE + s mean(-log u), part by part."""
    loss: Any = noise_averaged(CCE(), 0)
    object.__setattr__(loss, "eta", ETA)
    s = smoothing(ETA, K)
    on = exactly(loss.on_label(T, K, OPS)) - (1 - s + s / K) * -sympy.log(T)
    off = exactly(loss.off_label(T, K, OPS)) - s / K * -sympy.log(T)
    mark = sympy.Symbol("m")
    detail = "on and off label: noisy CCE is label-smoothed CCE with smoothing 1 - a = eta K/(K - 1)"
    return identity(on + mark * off, 0, "all K >= 2, every eta", detail)


# -- R9 --------------------------------------------------------------------------------------------


def unbiased(undo: Callable[[Any], Any]) -> Evidence:
    """Compare sum_j T_ij (undo(T) L)_j with L_i for random invertible T and loss rows, exactly."""

    def make(rng: random.Random) -> Any:
        k = rng.randint(2, 4)
        rows = [[Fraction(rng.randint(0, 4)) for _ in range(k)] for _ in range(k)]
        for i, row in enumerate(rows):
            row[i] += 4 * k  # then T is diagonally dominant, and so invertible
        matrix = tuple(tuple(x / sum(row) for x in row) for row in rows)
        return matrix, [Fraction(rng.randint(-20, 20), rng.randint(1, 9)) for _ in range(k)]

    def fails(instance: Any) -> Any:
        matrix, losses = instance
        back, k = undo(matrix), len(matrix)
        fixed = [sum(back[j][i] * losses[i] for i in range(k)) for j in range(k)]
        means = [sum(matrix[i][j] * fixed[j] for j in range(k)) for i in range(k)]
        return None if means == losses else strings({"T": matrix, "losses": losses, "means": means})

    return draws(
        make, fails, 100, "random transition matrices, K = 2..4", "the mean over the noisy label is L"
    )


def uniform_backward(offset: Callable[[Any, Any], Any]) -> Evidence:
    """Compare (L - offset S)/a, averaged over uniform noise, with L; and its S with the same S."""
    own, total = sympy.symbols("L_y S")
    a, b = risk_slope(ETA, K), flip_probability(ETA, K)
    fixed, others = (own - offset(ETA, K) * total) / a, (total - own - (K - 1) * offset(ETA, K) * total) / a
    detail = "L^T = (L - b S)/a = L_sym/a + S/K has the mean L over the noisy label; an affine map of L if S is constant"
    return identity((1 - ETA) * fixed + b * others, own, ALL, detail)


def variance(factor: Callable[[Any], Any]) -> Evidence:
    """Compare the variance of (L - b S)/a over the noisy label with `factor`(a) that of L, on random losses."""

    def make(rng: random.Random) -> Any:
        k = rng.randint(2, 5)
        return Fraction(rng.randint(1, 9), 20), [Fraction(rng.randint(-9, 9)) for _ in range(k)]

    def fails(instance: Any) -> Any:
        eta, losses = instance
        k = len(losses)
        a, b = risk_slope(eta, k), flip_probability(eta, k)
        if a <= 0:
            return None
        row = SymmetricNoise(eta).transition_matrix(k)[0]
        fixed = [(x - b * sum(losses)) / a for x in losses]
        spread = [
            sum(p * x * x for p, x in zip(row, values, strict=True))
            - sum(p * x for p, x in zip(row, values, strict=True)) ** 2
            for values in (losses, fixed)
        ]
        return None if spread[1] == factor(a) * spread[0] else strings({"eta": eta, "losses": losses})

    return draws(
        make, fails, 100, "random losses and rates, K = 2..5", "variance over the noisy label times 1/a^2"
    )


def forward_minimiser(target: str) -> Evidence:
    """Check MSE after T': the noisy risk at u less that at the target is |T'(u - pi)|^2 less |T'(target -
    pi)|^2.
    """

    def make(rng: random.Random) -> Any:
        k = rng.randint(2, 4)
        pi, u = simplex_point(rng, k), simplex_point(rng, k)
        return SymmetricNoise(Fraction(rng.randint(1, 9), 20)).transition_matrix(k), pi, u

    def fails(instance: Any) -> Any:
        matrix, pi, u = instance
        k = len(pi)

        def moved(x: Any) -> list[Fraction]:
            return [sum((matrix[i][j] * x[i] for i in range(k)), Fraction(0)) for j in range(k)]

        noisy = moved(pi)

        def risk(x: Any) -> Fraction:
            v = moved(x)
            parts = (q * (1 - 2 * v[j] + sum(y * y for y in v)) for j, q in enumerate(noisy))
            return sum(parts, Fraction(0))

        best = pi if target == "clean posterior" else noisy
        return None if risk(u) >= risk(best) else strings({"T": matrix, "pi": pi, "u": u})

    return draws(
        make, fails, 300, "random posteriors and outputs, K = 2..4", f"forward MSE is least at the {target}"
    )


def forward_shift(alpha: Callable[[Any, Any], Any]) -> Evidence:
    """Check forward-corrected CCE less -log(alpha + t): the slope in t must vanish."""
    loss: Any = corrected(CCE(), 0, "forward")
    object.__setattr__(loss, "eta", ETA)
    found = sympy.diff(exactly(loss.on_label(T, K, OPS)), T)
    said = sympy.diff(-sympy.log(alpha(ETA, K) + T), T)
    detail = "forward CCE is the shifted cross-entropy with alpha = b/a, up to a constant"
    return identity(found, said, "all K >= 2, every eta below the threshold", detail)


# -- Y1 --------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Shifted(SeparableLoss):
    """-log(alpha + u_y), with a symbol for alpha."""

    alpha: Any = 1

    def on_label(self, t: Any, num_classes: Any, ops: Any) -> Any:
        return -ops.log(ALPHA + t)

    @property
    def parameters(self) -> dict[str, Any]:
        return {}


@dataclass(frozen=True)
class Symmetrises:
    """The statement "symmetrise(this) has these on and off label, up to a term linear in u and a constant"."""

    on: Any
    off: Any
    name: str


# L = on(u_y) + sum off(u_i) is changed by c t in on and off alike only by a constant: sum u_i = 1.
RLL_FORM = Symmetrises(
    -(K - 1) / K * sympy.log(ALPHA + T), sympy.log(ALPHA + T) / K, "RLL(alpha), times (K - 1)/K"
)
IDENTITIES = {
    "shifted": RLL_FORM,
    "mse": Symmetrises(-2 * T, sympy.Integer(0), "MAE"),
    "cce": Symmetrises(
        -(K - 1) / K * sympy.log(T), sympy.log(T) / K, "-z_y + mean z, as log u_i = z_i - log sum exp z"
    ),
    "gce": Symmetrises(-(K - 1) / K * T**Q / Q, T**Q / Q / K, "SGCE, (K - 1 - K u_y^q + sum u_i^q)/(K q)"),
}


def symmetrises(claimed: dict[str, Symmetrises]) -> Evidence:
    """Compare second slopes of on and off, and the first slope of on - off, for every K."""
    bases: dict[str, Any] = {"shifted": Shifted(), "mse": MSE(), "cce": CCE(), "gce": GCE()}
    object.__setattr__(bases["gce"], "q", Q)
    for key, form in claimed.items():
        part: Any = symmetrised(Shifted()) if key == "shifted" else symmetrised(bases[key])
        h = part.contrast(T, K, OPS)  # on = (K-1)/K h + c and off = -h/K
        on, off = (K - 1) / K * exactly(h), -exactly(h) / K
        for left, right in (
            (sympy.diff(on - off - form.on + form.off, T), 0),
            (sympy.diff(off - form.off, T, 2), 0),
        ):
            found = identity(
                sympy.expand(sympy.powsimp(left)), right, "all K >= 2", f"symmetrise({key}) = {form.name}"
            )
            if found.status is not Status.PROVED:
                return found
    detail = "; ".join(f"symmetrise({key}): {form.name}" for key, form in claimed.items())
    return Evidence(Method.SYMBOLIC, Status.PROVED, "all K >= 2, up to constants", detail)


@dataclass(frozen=True)
class Keeps:
    """The statement "at this K these keep all four properties, and those lose exactly these"."""

    all_kept: tuple[str, ...]
    lost: tuple[tuple[str, tuple[str, ...]], ...]
    num_classes: int = 3


def keeps(claimed: Keeps) -> Evidence:
    """Compare with what `lossmatters.theory.risk.kept` decides; undecided is no agreement."""
    for name, said in (*((n, ()) for n in claimed.all_kept), *claimed.lost):
        found = kept(get(name), claimed.num_classes)
        unknown = [key for key, p in found.items() if p.before is None or p.after is None]
        if unknown:
            return Evidence(
                Method.SYMBOLIC,
                Status.UNDECIDED,
                f"K = {claimed.num_classes}",
                f"{name}: {unknown[0]} is not decided",
            )
        lost = tuple(key for key, p in found.items() if p.before and not p.after)
        if lost != said:
            witness = {"loss": name, "lost": list(lost)}
            return Evidence(
                Method.SYMBOLIC,
                Status.REFUTED,
                f"K = {claimed.num_classes}",
                f"{name} loses {lost or 'nothing'}",
                witness,
            )
    detail = f"kept by {', '.join(claimed.all_kept)}; " + "; ".join(
        f"{n} loses {', '.join(x)}" for n, x in claimed.lost
    )
    return Evidence(Method.SYMBOLIC, Status.PROVED, f"K = {claimed.num_classes}", detail)


LOSES = ("non-negative", "calibrated")
SHOWN = Keeps(
    ("mse", "mae", "gce", "rll", "agce", "ael", "taylor-ce", "truncated-gce", "nmse", "ngce", "nce-mae"),
    (("cce", LOSES), ("focal", LOSES), ("sce", LOSES)),
)


def _transposed(matrix: Any) -> Any:
    return tuple(zip(*inverse(matrix), strict=True))


CLAIMS = (
    Claim(
        "R8",
        "Noise splits every loss in two",
        "With $L_{sym} = L - S/K$, of label sum 0, uniform noise makes of every loss "
        "$\\mathbb{E}[L(u, \\tilde y)] = a L_{sym}(u, y) + S(u)/K$: it shrinks what the loss knows of the label by $a$ "
        "and leaves the rest alone, so $R^\\eta = a R_{sym} + \\mathbb{E}[S]/K$. No other way splits $L$ into a part of "
        "label sum 0 and one alike for all labels. For a symmetric loss $S/K$ is constant: R1, R3 and R7 follow.",
        OURS,
        ("uniform noise",),
        (
            Check(
                Method.SYMBOLIC,
                split_of_risk,
                risk_slope,
                lambda eta, k: 1 - eta,
                "what is known shrinks by 1 - eta",
            ),
            Check(
                Method.EXACT,
                split_on_rationals,
                risk_slope,
                lambda eta, k: 1 - eta,
                "R_sym shrinks by 1 - eta",
            ),
            Check(Method.SYMBOLIC, only_way, 1 / K, 1 / (K - 1), "the label-free part is S/(K - 1)"),
        ),
    ),
    Claim(
        "R8.smoothing",
        "Noisy cross-entropy is label smoothing",
        "The mean of CCE over uniformly noisy labels is $(1 - s)$ CCE $+ s \\cdot \\frac{1}{K}\\sum_i -\\log u_i$ with "
        "$s = 1 - a = \\eta K/(K - 1)$.",
        OURS,
        ("uniform noise",),
        (
            Check(
                Method.SYMBOLIC,
                label_smoothing,
                lambda eta, k: 1 - risk_slope(eta, k),
                lambda eta, k: eta,
                "the smoothing is eta",
            ),
        ),
    ),
    Claim(
        "R9",
        "Backward correction is unbiased",
        "For an invertible $T$ the loss $L^T = T^{-1} L$ has the mean $L(u, i)$ over the noisy label of clean class $i$. "
        "Under uniform noise $L^T = (L - bS)/a = L_{sym}/a + S/K$, with the same label sum $S$.",
        PATRINI + "; the uniform form is this project's",
        ("T known and invertible",),
        (
            Check(
                Method.EXACT, unbiased, inverse, _transposed, "the inverse of the transposed T does it too"
            ),
            Check(
                Method.SYMBOLIC,
                uniform_backward,
                flip_probability,
                lambda eta, k: 0,
                "L/a is unbiased without b S",
            ),
        ),
    ),
    Claim(
        "R9.variance",
        "What backward correction costs",
        "Under uniform noise the variance of $L^T(u, \\tilde y)$ over the noisy label is $1/a^2$ times that of "
        "$L(u, \\tilde y)$, for every loss and output.",
        OURS,
        ("uniform noise below the threshold",),
        (Check(Method.EXACT, variance, lambda a: 1 / a**2, lambda a: 1 / a, "the factor is 1/a"),),
    ),
    Claim(
        "R9.forward",
        "Forward correction finds the clean posterior",
        "With the strictly proper MSE, $L(T'u, \\cdot)$ has its least noisy risk at the clean posterior. Forward-corrected "
        "CCE under uniform noise is the shifted cross-entropy $-\\log(\\alpha + u_y)$, $\\alpha = b/a$, up to a constant: "
        "symmetrised it is RLL.",
        PATRINI + "; the shift is this project's",
        ("T known and invertible",),
        (
            Check(
                Method.EXACT, forward_minimiser, "clean posterior", "noisy posterior", "the minimiser is T'pi"
            ),
            Check(
                Method.SYMBOLIC,
                forward_shift,
                lambda eta, k: flip_probability(eta, k) / risk_slope(eta, k),
                flip_probability,
                "alpha is b",
            ),
        ),
    ),
    Claim(
        "Y1",
        "Symmetrisation",
        "$L - S/K + c$ is symmetric with $C = Kc$ for every $K$. Of the shifted cross-entropy $-\\log(\\alpha + u_y)$ it is "
        "$\\frac{K-1}{K}$ RLL$(\\alpha)$, of MSE it is MAE, of CCE $-z_y + \\frac{1}{K}\\sum_i z_i$, linear in the logits, of "
        "GCE it is SGCE.",
        "the operator: arXiv 2605.20347; the identities: this project",
        (),
        (
            Check(
                Method.SYMBOLIC,
                symmetrises,
                IDENTITIES,
                {"shifted": IDENTITIES["cce"]},
                "the symmetric part of the shifted cross-entropy is that of CCE",
            ),
        ),
    ),
    Claim(
        "Y1.kept",
        "What symmetrising keeps",
        "Bounded losses keep being bounded, non-negative, calibrated and least at the label's vertex. CCE, focal and SCE, "
        "unbounded at $u_y = 0$, lose their lower bound and for $K \\geq 3$ their calibration.",
        OURS,
        (),
        (Check(Method.SYMBOLIC, keeps, SHOWN, Keeps(("cce",), ()), "CCE keeps all four"),),
    ),
)
