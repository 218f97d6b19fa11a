"""Does a loss keep the promises that a robust loss should keep?  A suite for anyone's loss.

::

    from lossmatters.proofs_checks.conformance import parametrize_with_loss_checks

    @parametrize_with_loss_checks([MyLoss(), torch.nn.CrossEntropyLoss(reduction="none"), my_function])
    def test_my_losses(loss, check):
        check(loss)

`check_loss` returns the same as plain results; ``lossmatters check path/to/file.py:obj`` prints them, and
``pytest --loss path/to/file.py:obj --pyargs lossmatters.proofs_checks.conformance`` makes each check a
test. `declare` says what a loss promises beyond what every loss must, and which failures are expected.

Nothing is imported before it is used: pytest loads the plugin of this package in every project that has
lossmatters installed.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_NAMES = {
    "CHECKS": "lossmatters.proofs_checks.conformance.suite",
    "Report": "lossmatters.proofs_checks.conformance.report",
    "Result": "lossmatters.proofs_checks.conformance.report",
    "Subject": "lossmatters.proofs_checks.conformance.adapt",
    "check_loss": "lossmatters.proofs_checks.conformance.suite",
    "declare": "lossmatters.proofs_checks.conformance.promises",
    "parametrize_with_loss_checks": "lossmatters.proofs_checks.conformance.parametrize",
}

__all__ = sorted(_NAMES)


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), name)
    raise AttributeError(f"module 'lossmatters.proofs_checks.conformance' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__
