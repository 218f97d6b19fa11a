"""E1 to E10 and N6: what training does, decided from records."""

from __future__ import annotations

from lossmatters.proofs_checks import fabricated
from lossmatters.proofs_checks.claim import Claim
from lossmatters.proofs_checks.claims.training.training_rules import (
    CCE,
    CLOSE,
    LARGE,
    MSE,
    NEAR_ONE,
    NMSE,
    RLL,
    SYMMETRIC,
    Memorises,
    alpha_matters_little,
    better_test_accuracy,
    close_to_clean,
    early_stopping_matches,
    fails_near_threshold,
    flips_only_with_cce,
    forgets_clean_labels,
    resists,
    same_as_rll,
    symmetric_losses_fit,
    symmetric_losses_resist,
    training_claim,
)
from lossmatters.proofs_checks.fabricated import LEARNS_NOTHING, MEMORISES, RESISTS
from lossmatters.proofs_checks.methods.empirical import Rule


def _claim(
    id: str, title: str, statement: str, rule: Rule, source: str, behaviour: dict[str, str], twin_says: str
) -> Claim:
    return training_claim(id, title, statement, rule, source, fabricated.records(behaviour), twin_says)


PAPER, OURS = "Patel & Sastry 2021", "this project"
WELL = {CCE: MEMORISES, MSE: MEMORISES, RLL: RESISTS, NMSE: RESISTS}
ALPHAS = {f"rll(alpha={a})": RESISTS for a in ("1/100", "1/2", "1")}

CLAIMS = (
    _claim(
        "E1",
        "CCE and MSE memorise",
        f"CCE and MSE reach $J_1 \\geq {NEAR_ONE}$ on altered labels at $\\eta = 0.2, 0.4, 0.6$.",
        Memorises((CCE, MSE)),
        PAPER,
        {**WELL, MSE: RESISTS},
        "in fabricated records MSE resists",
    ),
    _claim(
        "E1.cce",
        "CCE memorises",
        f"CCE reaches $J_1 \\geq {NEAR_ONE}$ on altered labels at $\\eta = 0.2, 0.4, 0.6$.",
        Memorises((CCE,)),
        PAPER,
        {**WELL, CCE: RESISTS},
        "in fabricated records CCE resists",
    ),
    _claim(
        "E1.mse",
        "MSE memorises",
        f"MSE reaches $J_1 \\geq {NEAR_ONE}$ on altered labels at $\\eta = 0.2, 0.4, 0.6$.",
        Memorises((MSE,)),
        PAPER,
        {**WELL, MSE: RESISTS},
        "in fabricated records MSE resists",
    ),
    _claim(
        "E2",
        "CCE and MSE forget the clean labels",
        "With CCE and MSE, $J_2$ ends far below $J_1$: $J_1 - J_2 \\geq f/2$ at $\\eta = 0.2, 0.4, 0.6$.",
        forgets_clean_labels,
        PAPER,
        {**WELL, CCE: RESISTS},
        "in fabricated records CCE resists",
    ),
    _claim(
        "E3",
        "RLL resists",
        "With RLL, $J_1$ stays below its clean-label value and $J_2 > J_1$ for every $\\eta > 0$; and it learns "
        "(the $\\eta = 0$ control) and loses no class.",
        resists,
        PAPER,
        {**WELL, RLL: LEARNS_NOTHING},
        "in fabricated records RLL learns nothing, and so has a low J1",
    ),
    _claim(
        "E4",
        "RLL keeps the clean accuracy",
        f"With RLL at $\\eta = 0.2$ and $0.4$, $J_2$ is within {CLOSE} of training on clean labels.",
        close_to_clean,
        PAPER,
        {**WELL, RLL: MEMORISES},
        "in fabricated records RLL memorises",
    ),
    _claim(
        "E5",
        "NMSE behaves as RLL",
        f"$J_1$ and $J_2$ of NMSE are within {CLOSE} of RLL's at $\\eta = 0.2, 0.4, 0.6$.",
        same_as_rll,
        PAPER,
        {**WELL, NMSE: MEMORISES},
        "in fabricated records NMSE memorises",
    ),
    _claim(
        "E6",
        "CCE shows a flip, RLL none",
        "Under CCE $J_2 > J_1$ first and $J_1 > J_2$ at the end; under RLL $J_2 > J_1$ at the end, and it learns and "
        "loses no class.",
        flips_only_with_cce,
        PAPER,
        {**WELL, RLL: MEMORISES},
        "in fabricated records RLL flips",
    ),
    _claim(
        "E7",
        "RLL's resistance fails near the threshold",
        f"As $\\eta \\to (K-1)/K$ RLL's resistance fails: at $\\eta = 0.85$ it loses more than {LARGE} of $J_2$.",
        fails_near_threshold,
        PAPER,
        {**WELL, RLL: "resists for ever"},
        "in fabricated records RLL resists at 0.85",
    ),
    _claim(
        "E8",
        "RLL generalises better than CCE under noise",
        "Test accuracy under noise is higher with RLL than with CCE, at the last epoch, $\\eta = 0.2, 0.4, 0.6$.",
        better_test_accuracy,
        PAPER,
        {**WELL, RLL: MEMORISES, CCE: RESISTS},
        "in fabricated records CCE resists and RLL memorises",
    ),
    _claim(
        "E10.alpha",
        "RLL's alpha matters little",
        f"For $\\alpha$ in $\\frac1{{100}}, \\frac12, 1$, $J_2$ at $\\eta = 0.4$ is within {CLOSE} of that at "
        "$\\alpha = \\frac1{10}$.",
        alpha_matters_little,
        OURS,
        {**WELL, **ALPHAS, "rll(alpha=1/100)": MEMORISES},
        "in fabricated records RLL(1/100) memorises",
    ),
    _claim(
        "E10.symmetric",
        "Every symmetric loss resists",
        "Under every symmetric loss of the catalogue (up to a factor) $J_2 > J_1$ at the end of "
        "training at $\\eta = 0.4$, and it learns (the $\\eta = 0$ control) and loses no class.",
        symmetric_losses_resist,
        OURS,
        {**WELL, **dict.fromkeys(SYMMETRIC, RESISTS), "nce": MEMORISES},
        "in fabricated records NCE memorises",
    ),
    _claim(
        "N6",
        "Early-stopped CCE can match RLL",
        f"At its best epoch, chosen with the clean labels in hand, CCE's $J_2$ is within {CLOSE} of RLL's at the "
        "last epoch, at $\\eta = 0.2$ and $0.4$: the honest baseline of every advantage of RLL.",
        early_stopping_matches,
        OURS,
        {**WELL, CCE: LEARNS_NOTHING},
        "in fabricated records CCE learns nothing",
    ),
    _claim(
        "E10",
        "Symmetric losses do not underfit",
        f"On clean labels every symmetric loss of the catalogue (up to a factor) reaches a $J_2$ within {CLOSE} of CCE's.",
        symmetric_losses_fit,
        OURS,
        {**WELL, **dict.fromkeys(SYMMETRIC, RESISTS), NMSE: LEARNS_NOTHING},
        "in fabricated records NMSE learns nothing",
    ),
)
