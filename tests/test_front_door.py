"""What `lossmatters` gives to programs: every name, lazily, typed, whatever lies beside the program."""

from __future__ import annotations

import ast
import importlib
import subprocess
import sys
from importlib import metadata
from pathlib import Path

import pytest

import lossmatters as lm
from lossmatters.theory import losses

STUB = Path(lm.__file__).with_suffix(".pyi")
RELIED_ON = (
    {"Loss", "SeparableLoss", "register", "CCE", "MSE", "MAE", "RLL", "NMSE", "GCE", "LOSSES", "get"}
    | {"decide", "certify", "check_loss", "declare", "parametrize_with_loss_checks"}
    | {"Experiment", "train", "MemorizationMeter"}
    | {"SymmetricNoise", "ClassConditionalNoise", "InstanceDependentNoise"}
    | {"theory", "empirics", "proofs_checks", "paper"}
)


def test_the_theory_of_a_loss_is_within_reach() -> None:
    loss = lm.get("mse")
    optimum = lm.noisy_optimum(loss, 2, "1/4")
    closed = lm.conditional_minimiser(loss, ["3/4", "1/4"]).exact
    assert closed is not None
    assert closed[0] == optimum.clean_exact
    assert lm.calibration(loss).status is lm.Status.PROVED
    assert lm.memorization_time(loss, 10, 0.4).value == pytest.approx(9.32736, rel=1e-5)
    assert lm.logit_gradient(loss, [[0.5, 0.5]], [0]).tolist() == [[-0.5, 0.5]]
    assert lm.robust_to(lm.get("mae"), "pair", 10).zero_risk.status is lm.Status.PROVED


def stub_imports() -> list[tuple[str, str, str | None]]:
    """(module, name, name again) of every import in the stub, which type checkers read."""
    return [
        (node.module or "", alias.name, alias.asname)
        for node in ast.parse(STUB.read_text()).body
        if isinstance(node, ast.ImportFrom)
        for alias in node.names
    ]


@pytest.mark.parametrize(("module", "name", "again"), stub_imports())
def test_every_name_is_what_the_stub_says(module: str, name: str, again: str | None) -> None:
    assert again == name, "only ``import x as x`` is public in a stub"
    home = importlib.import_module(f"lossmatters.{module}" if module else f"lossmatters.{name}")
    assert getattr(lm, name) is (getattr(home, name) if module else home)


def test_nothing_is_missing_under_tab_completion() -> None:
    assert set(dir(lm)) >= RELIED_ON
    assert set(losses.__all__) <= set(dir(lm)), "a loss was added, and not to __init__.pyi"
    assert sorted(name for _, name, _ in stub_imports()) == sorted(lm.__all__) == sorted(dir(lm))
    assert STUB.with_name("py.typed").exists()


def test_the_version_is_that_of_the_package() -> None:
    assert lm.__version__ == metadata.version("lossmatters")


def test_a_name_that_is_not_there() -> None:
    with pytest.raises(AttributeError, match="no_such_name"):
        lm.no_such_name  # noqa: B018


def run(folder: Path, *arguments: str) -> str:
    """What Python prints in a folder."""
    done = subprocess.run(
        [sys.executable, *arguments], cwd=folder, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    return done.stdout.strip()


@pytest.fixture
def crowded(tmp_path: Path) -> Path:
    """A folder with packages of the user's own that bear the names of ours."""
    for name in ("theory", "empirics", "proofs_checks"):
        (tmp_path / name).mkdir()
        (tmp_path / name / "__init__.py").write_text("mine = True\n")
    (tmp_path / "paper.py").write_text("mine = True\n")
    return tmp_path


def test_a_users_own_theory_and_paper_do_not_get_in_the_way(crowded: Path) -> None:
    code = """
import theory, paper, empirics, proofs_checks
from lossmatters import RLL, SymmetricNoise, check_loss, decide, theory as ours, write_report
assert theory.mine and paper.mine and empirics.mine and proofs_checks.mine
assert ours is not theory and ours.__name__ == "lossmatters.theory"
print(decide(RLL()).constant, SymmetricNoise("2/5").transition_matrix(3)[0][0])
"""
    assert run(crowded, "-c", code) == "K*log(11) 3/5"


def test_workers_find_ours_beside_a_users_own(crowded: Path) -> None:
    (crowded / "job.py").write_text("""
import theory
from lossmatters import get

def name(spec):
    assert theory.mine
    return get(spec).name

if __name__ == "__main__":
    from multiprocessing import get_context
    with get_context("spawn").Pool(1) as pool:
        print(*pool.map(name, ["rll", "mse"]))
""")
    done = subprocess.run(
        [sys.executable, "job.py"], cwd=crowded, capture_output=True, text=True, check=False
    )
    assert done.stdout.strip() == "rll mse", done.stderr


def test_the_door_itself_costs_next_to_nothing(tmp_path: Path) -> None:
    code = "import lossmatters, sys; print(sorted({'torch', 'sympy', 'numpy', 'scipy'} & set(sys.modules)))"
    assert run(tmp_path, "-c", code) == "[]"


def test_the_command_line_runs_beside_a_users_own_packages(crowded: Path) -> None:
    assert "certify" in run(crowded, "-m", "lossmatters", "--help")
