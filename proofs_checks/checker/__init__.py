"""A small second opinion on verdicts: the formula as it is written, at many points, in 60 digits.

It uses nothing of the decision procedures (`theory.symmetry`, `theory.enclosure`, `theory.symbolic`) and
nothing of the trace: a verdict that is wrong because those are wrong is contradicted here.
"""

from lossmatters.proofs_checks.checker.catalogue import checked_catalogue
from lossmatters.proofs_checks.checker.check import (
    Contradiction,
    check_certificate,
    check_rows,
    check_symmetry,
    contradictions,
)

__all__ = [
    "Contradiction",
    "check_certificate",
    "check_rows",
    "check_symmetry",
    "checked_catalogue",
    "contradictions",
]
