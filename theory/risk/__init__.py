"""Risks under noise: identities, bounds, reversals, conditions, generalization."""

from __future__ import annotations

from lossmatters.theory.risk.excess import excess_risk_bound
from lossmatters.theory.risk.finite import clean_risk, noisy_posterior, noisy_risk, predicted_noisy_risk
from lossmatters.theory.risk.noisy_optimum import noisy_optimum
from lossmatters.theory.risk.reversal import OrderReversal, ReversalSearch
from lossmatters.theory.risk.reversal_search import order_reversal, search_reversal
from lossmatters.theory.risk.robust_to import Finding, Robustness, robust_to
from lossmatters.theory.risk.symmetrising import BeforeAfter, symmetrised_properties
from lossmatters.theory.risk.tolerance import NoiseTolerance, noise_tolerance

__all__ = [
    "BeforeAfter",
    "Finding",
    "NoiseTolerance",
    "OrderReversal",
    "ReversalSearch",
    "Robustness",
    "clean_risk",
    "excess_risk_bound",
    "noise_tolerance",
    "noisy_optimum",
    "noisy_posterior",
    "noisy_risk",
    "order_reversal",
    "predicted_noisy_risk",
    "robust_to",
    "search_reversal",
    "symmetrised_properties",
]
