"""The pytest plugin: ``pytest --loss path/to/file.py:object --pyargs lossmatters.proofs_checks.conformance``.

pytest loads it in every project where lossmatters is installed, so it imports nothing and adds nothing, until
this package is among the arguments. Not even its options: a project may have a ``--loss`` of its own.
"""

from __future__ import annotations

from typing import Any

PACKAGE = "lossmatters.proofs_checks.conformance"


def pytest_load_initial_conftests(parser: Any, args: list[str]) -> None:
    """Add the options, when they are about to be used."""
    if not any(PACKAGE in arg.replace("/", ".") for arg in args):
        return
    group = parser.getgroup("lossmatters", "conformance of a loss")
    group.addoption(
        "--loss",
        action="append",
        default=[],
        metavar="LOSS",
        help="A loss to check: path/to/file.py:object, package.module:object or a name; may be repeated.",
    )
    group.addoption(
        "--loss-budget",
        default="default",
        metavar="BUDGET",
        help="quick (about 3 s a loss), default (under 20 s) or thorough (hours).",
    )
    group.addoption(
        "--loss-only",
        default=None,
        metavar="TAG,...",
        help="Ids and tags of the checks to run; by default all.",
    )
