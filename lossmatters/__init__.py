"""lossmatters: does the loss function decide whether a network memorises wrong labels?

The front door. In Python the public names are loaded when first used::

    import lossmatters as lm
    lm.decide(lm.get("rll"))          # is the sum over labels constant, for every K?
    lm.certify(lm.get("gce"), 10)     # everything known about one loss

On the command line: ``lossmatters --help``.
"""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

# In a checkout the packages are links to the folders beside this one. Where links are not to be had (a
# checkout on Windows) the folders themselves are looked in; installed, they are ordinary folders in here.
if not (Path(__file__).parent / "theory" / "__init__.py").is_file():
    __path__.append(str(Path(__file__).resolve().parent.parent))

_NAMES = {
    **dict.fromkeys(
        ("LOSSES", "Loss", "SeparableLoss", "Normalized", "get", "register"), "lossmatters.theory.losses"
    ),
    **dict.fromkeys(
        ("SymmetricNoise", "ClassConditionalNoise", "InstanceDependentNoise"), "lossmatters.theory.noise"
    ),
    **dict.fromkeys(("measure", "flip_epoch", "robustness_verdict"), "lossmatters.theory.memorization"),
    **dict.fromkeys(
        ("decide", "label_sum_range", "loss_maximum", "split", "symmetrise"), "lossmatters.theory.symmetry"
    ),
    **dict.fromkeys(
        ("excess_risk_bound", "noise_tolerance", "order_reversal", "robust_to"), "lossmatters.theory.risk"
    ),
    "corrected": "lossmatters.theory.losses",
    "check_loss": "lossmatters.proofs_checks.conformance",
    "logit_gradient": "lossmatters.theory.dynamics",
    "conditional_minimiser": "lossmatters.theory.minimisers",
    "calibration": "lossmatters.theory.minimisers",
    "noisy_optimum": "lossmatters.theory.minimisers",
    "memorization_time": "lossmatters.theory.dynamics",
    "certify": "lossmatters.theory.certificate",
    "verify": "lossmatters.proofs_checks.ledger",
    "CLAIMS": "lossmatters.proofs_checks.claims",
    "read_records": "lossmatters.empirics.records",
    "MemorizationMeter": "lossmatters.empirics.meter",
    "Experiment": "lossmatters.empirics.experiments",
    "train": "lossmatters.empirics.experiments.runner",
    "write_figures": "lossmatters.paper.figures",
    "write_report": "lossmatters.paper.report",
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
