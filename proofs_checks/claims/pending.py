"""Statements of the reference that nothing checks yet: in the ledger, so that it is complete."""

from __future__ import annotations

from proofs_checks.claim import Claim

OURS, GHOSH = "this project", "Ghosh, Kumar & Sastry 2017"

CLAIMS = (
    Claim(
        "E9",
        "Regularisers do not stop CCE",
        "Weight decay, dropout, batch normalisation and augmentation do not stop CCE from memorising.",
        "Zhang et al. 2017",
    ),
)
