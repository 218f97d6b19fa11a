"""The suite as pytest sees it: three lines in a test file, options on the command line, no disturbance."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from lossmatters.proofs_checks.conformance import declare, parametrize_with_loss_checks
from lossmatters.theory.losses import MAE

MUSEUM = Path(__file__).parents[2] / "museum"


def error_rate(logits: torch.Tensor, labels: torch.Tensor) -> torch.Tensor:
    return 1 - logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1)


@parametrize_with_loss_checks(
    [
        MAE(),
        torch.nn.CrossEntropyLoss(reduction="none"),
        declare(error_rate, symmetric=False, expected_failures={"label_sum": "it is symmetric"}),
    ],
    budget="quick",
    only=["symmetry", "batch"],
)
def test_three_lines_in_a_test_file(loss, check):
    check(loss)


def run_pytest(folder: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """pytest in a process and a folder of its own."""
    environment = {**os.environ, "CI": "1", "OMP_NUM_THREADS": "1"}
    command = [sys.executable, "-m", "pytest", "-p", "no:cacheprovider", "-q", *arguments]
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


def test_the_plugin_checks_a_loss_from_another_folder(tmp_path: Path) -> None:
    loss = (MUSEUM / "nrce_factor.py").read_text()
    (tmp_path / "mine.py").write_text(loss)
    options = [
        "--loss-budget",
        "quick",
        "--loss-only",
        "symmetry,batch",
        "--pyargs",
        "lossmatters.proofs_checks.conformance",
    ]
    done = run_pytest(tmp_path, "--loss", "mine.py:loss", "--loss", "mae", *options)
    assert "1 failed" in done.stdout, done.stdout + done.stderr
    assert "test_loss[normalised_rce-normalised]" in done.stdout
    for words in ("the promise: The sum of a normalised loss", "(K - 1)^2/4", "likely cause"):
        assert words in done.stdout
    assert "trial.py" not in done.stdout, "how it was searched for is not shown"


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--loss", "none.py:loss"], "loss file must exist, got path='none.py'"),
        (["--loss", "mae", "--loss-budget", "slow"], "budget must be one of quick, default, thorough"),
        (["--loss", "mae", "--loss-only", "gradeint"], "did you mean gradient?"),
    ],
)
def test_bad_options_are_one_line(arguments: list[str], message: str, tmp_path: Path) -> None:
    done = run_pytest(tmp_path, *arguments, "--pyargs", "lossmatters.proofs_checks.conformance")
    assert done.returncode != 0
    assert message in done.stdout + done.stderr
    assert "Traceback" not in done.stdout + done.stderr


def test_other_projects_are_not_disturbed(tmp_path: Path) -> None:
    """A project with a --loss of its own, in which the plugin is installed, and torch must stay away."""
    (tmp_path / "conftest.py").write_text("def pytest_addoption(parser): parser.addoption('--loss')")
    (tmp_path / "test_it.py").write_text(
        "import sys\n"
        "def test(request):\n"
        "    assert request.config.getoption('--loss') == 'hinge'\n"
        "    assert request.config.pluginmanager.hasplugin('lossmatters')\n"
        "    assert not {'torch', 'theory', 'sympy', 'hypothesis.strategies'} & set(sys.modules)\n"
    )
    done = run_pytest(tmp_path, "--loss", "hinge", "-p", "no:hypothesispytest")
    assert "1 passed" in done.stdout, done.stdout + done.stderr
