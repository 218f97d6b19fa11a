"""The outputs that minimise conditional risks, clean and noisy, and what they find."""

from __future__ import annotations

from lossmatters.theory.minimisers.calibration import calibration
from lossmatters.theory.minimisers.calibration_verdict import Calibration
from lossmatters.theory.minimisers.closed_forms import conditional_minimiser, has_closed_form
from lossmatters.theory.minimisers.optimum import NoisyOptimum

__all__ = [
    "Calibration",
    "NoisyOptimum",
    "calibration",
    "conditional_minimiser",
    "has_closed_form",
]
