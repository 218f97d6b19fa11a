"""What an import costs: neither torch nor SymPy nor SciPy until they are used."""

from __future__ import annotations

import subprocess
import sys

import pytest


def loaded_after(code: str) -> set[str]:
    """The top-level modules of a fresh interpreter after running `code`."""
    end = "import sys; print(*sorted({m.split('.')[0] for m in sys.modules}))"
    result = subprocess.run(
        [sys.executable, "-c", f"{code}\n{end}"], check=True, capture_output=True, text=True
    )
    return set(result.stdout.split())


LIGHT = [
    "import lossmatters.theory",
    "from lossmatters.theory import losses, noise, memorization, exact",
    "from lossmatters.theory.losses import get; get('rll(alpha=0.1) + nmse').values([[0.5, 0.5]], [0])",
    "from lossmatters.theory.noise import SymmetricNoise; SymmetricNoise(0.4).transition_matrix(10)",
    "import lossmatters.proofs_checks.claim, lossmatters.empirics.records",
]


@pytest.mark.parametrize("code", LIGHT)
def test_heavy_libraries_are_not_loaded(code):
    assert not loaded_after(code) & {
        "torch",
        "sympy",
        "scipy",
        "flint",
        "sklearn",
        "matplotlib",
        "hypothesis",
    }


def test_they_are_loaded_when_used():
    assert "sympy" in loaded_after("from lossmatters.theory.backends import backend; backend('sympy')")
    assert "torch" in loaded_after("from lossmatters.theory.losses import RLL; RLL().criterion()")
