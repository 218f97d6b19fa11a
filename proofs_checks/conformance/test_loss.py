"""What ``pytest --loss LOSS --pyargs lossmatters.proofs_checks.conformance`` collects: one test a check."""

from __future__ import annotations

from typing import Any

import pytest

from lossmatters.proofs_checks.conformance.parametrize import parametrize_with_loss_checks


def pytest_generate_tests(metafunc: Any) -> None:
    """Make the checks of the losses on the command line parameters."""
    losses = metafunc.config.getoption("loss", default=[])
    if not losses:
        why = f"no loss is given: pytest --loss path/to/file.py:object --pyargs {__name__.rpartition('.')[0]}"
        metafunc.parametrize(
            ("loss", "check"), [pytest.param(None, None, marks=pytest.mark.skip(reason=why))]
        )
        return
    only = metafunc.config.getoption("loss_only")
    try:
        mark = parametrize_with_loss_checks(
            losses,
            budget=metafunc.config.getoption("loss_budget"),
            only=only.split(",") if only else None,
        )
    except (ValueError, TypeError, ImportError, OSError) as error:
        raise pytest.UsageError(str(error)) from error
    metafunc.parametrize(*mark.args, **mark.kwargs)


def test_loss(loss: Any, check: Any) -> None:
    """Run one check of one loss."""
    check(loss)
