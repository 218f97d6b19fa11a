"""Gradients in the logits, and how long gradient flow takes to memorise."""

from __future__ import annotations

from lossmatters.theory.dynamics.logit_gradients import label_factor, logit_gradient, reduced_gradient
from lossmatters.theory.dynamics.mean_field import MemorizationPath, Parameters, memorization_path
from lossmatters.theory.dynamics.mean_field_fit import fit
from lossmatters.theory.dynamics.mean_field_setup import Setup, setup_of
from lossmatters.theory.dynamics.memorization_time import MemorizationTime, memorization_time
from lossmatters.theory.dynamics.prediction import (
    Outcome,
    Prediction,
    RankCorrelation,
    predictions,
    rank_correlation,
)

__all__ = [
    "MemorizationPath",
    "MemorizationTime",
    "Outcome",
    "Parameters",
    "Prediction",
    "RankCorrelation",
    "Setup",
    "fit",
    "label_factor",
    "logit_gradient",
    "memorization_path",
    "memorization_time",
    "predictions",
    "rank_correlation",
    "reduced_gradient",
    "setup_of",
]
