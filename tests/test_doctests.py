"""The examples in docstrings run, in every module of every package."""

from __future__ import annotations

import doctest
import importlib
import importlib.util
import pkgutil

import pytest

PACKAGES = ("lossmatters",)


def module_names():
    for package in PACKAGES:
        spec = importlib.util.find_spec(package)
        assert spec is not None, f"{package} is not importable"
        yield package
        for module in pkgutil.walk_packages(spec.submodule_search_locations, package + "."):
            yield module.name


MODULES = list(module_names())


@pytest.mark.parametrize("name", MODULES)
def test_examples(name):
    result = doctest.testmod(importlib.import_module(name))
    assert result.failed == 0, f"{result.failed} of {result.attempted} examples fail: python -m doctest -v"


def test_there_are_examples():
    """Were the walk to find nothing, or the finder no docstrings, the tests above would pass."""
    assert {
        "lossmatters.theory.losses.rll",
        "lossmatters.theory.exact",
        "lossmatters.proofs_checks.claim",
    } <= set(MODULES)
    for name in ("lossmatters.theory.losses.rll", "lossmatters.theory.noise", "lossmatters.theory.exact"):
        finder = doctest.DocTestFinder().find(importlib.import_module(name))
        assert sum(len(test.examples) for test in finder) >= 1, name
