"""Statements of the reference that nothing checks yet: in the ledger, so that it is complete."""

from __future__ import annotations

from proofs_checks.claim import Claim

OURS, GHOSH = "this project", "Ghosh, Kumar & Sastry 2017"

CLAIMS = (
    Claim(
        "N1",
        "Interpolation",
        "If the class can fit any labelling and $L(u,j)$ is smallest at $u = e_j$, the minimiser of the "
        "empirical noisy risk has $J_1 = 1$ under every loss.",
        OURS,
    ),
    Claim(
        "N2",
        "The Bayes classifier stays",
        "For $\\eta < \\eta^*$ uniform noise does not move the Bayes classifier.",
        OURS,
    ),
    Claim(
        "E9",
        "Regularisers do not stop CCE",
        "Weight decay, dropout, batch normalisation and augmentation do not stop CCE from memorising.",
        "Zhang et al. 2017",
    ),
)
