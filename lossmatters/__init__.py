"""lossmatters: does the loss function decide whether a network memorises wrong labels?

The front door. In Python the public names are loaded when first used::

    import lossmatters as lm
    lm.decide(lm.get("rll"))          # is the sum over labels constant, for every K?
    lm.certify(lm.get("gce"), 10)     # everything known about one loss

On the command line: ``lossmatters --help``.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {
    **dict.fromkeys(("LOSSES", "Loss", "SeparableLoss", "Normalized", "get", "register"), "theory.losses"),
    **dict.fromkeys(("SymmetricNoise", "ClassConditionalNoise", "InstanceDependentNoise"), "theory.noise"),
    **dict.fromkeys(("measure", "flip_epoch", "robustness_verdict"), "theory.memorization"),
    **dict.fromkeys(("label_sum_range", "excess_risk_bound", "loss_maximum"), "theory.bounds"),
    "check_loss": "proofs_checks.conformance",
    "decide": "theory.symmetry",
    "robust_to": "theory.robustness",
    "logit_gradient": "theory.gradients",
    "conditional_minimiser": "theory.minimisers",
    "calibration": "theory.calibration",
    "noisy_optimum": "theory.optimum",
    "memorization_time": "theory.dynamics",
    "order_reversal": "theory.risk",
    "certify": "theory.certificate",
    "verify": "proofs_checks.ledger",
    "CLAIMS": "proofs_checks.claims",
    "read_records": "empirics.records",
    "train": "empirics.experiments.runner",
    "write_figures": "paper.figures",
    "write_report": "paper.report",
    "main": "lossmatters.cli",
}
_RENAMED = {"read_records": "read"}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), _RENAMED.get(name, name))
    raise AttributeError(f"module 'lossmatters' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
