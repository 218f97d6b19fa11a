"""What the suite says is true, short and of use, also where a loss or a run goes wrong altogether."""

from __future__ import annotations

import re
import sys
from pathlib import Path

import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from simple_losses import error, of_label
from torch import Tensor
from torch.nn.functional import cross_entropy

from lossmatters import cli
from lossmatters.proofs_checks.conformance import check_loss
from lossmatters.proofs_checks.conformance.imports import changes_by_import
from lossmatters.proofs_checks.conformance.report import told_apart
from lossmatters.proofs_checks.conformance.suite import CHECKS, Interrupted
from lossmatters.proofs_checks.conformance.trial import LossCheck, Trial


def test_a_loss_that_is_always_nan_is_called_that() -> None:
    report = check_loss(lambda z, y: cross_entropy(z, y) * float("nan"), budget="quick")
    assert [result.check for result in report.failures] == ["finite_value"]
    assert report["finite_value"].detail == "the loss is not finite at moderate logits"
    assert report["label_sum"].detail.startswith("the loss is not finite at moderate logits: see")


def test_a_fault_of_a_check_is_not_blamed_on_the_loss(monkeypatch: pytest.MonkeyPatch) -> None:
    def faulty(trial: Trial) -> None:
        ", ".join([1])  # type: ignore[list-item]

    monkeypatch.setitem(CHECKS, "faulty", LossCheck("faulty", "It is run.", ("hygiene",), faulty))
    result = check_loss(error, budget="quick", only=["faulty"])["faulty"]
    assert result.status == "undecided"
    assert not result.ok, "undecided is never a pass"
    assert "a fault of the suite, not of the loss" in result.detail


def test_a_loss_that_fails_at_some_outputs_does_not_crash_the_label_sum() -> None:
    def picky(logits: Tensor, labels: Tensor) -> Tensor:
        if logits.min() < -700:
            raise ValueError("no such logits")
        return error(logits, labels)

    result = check_loss(picky, budget="quick", only=["label_sum"])["label_sum"]
    assert result.status == "skipped"
    assert "the loss raised ValueError: no such logits" in result.detail


@pytest.mark.parametrize(
    ("numbers", "shown"),
    [
        ((82.89310001, 82.89310002), ["82.89310001", "82.89310002"]),
        ((1.0, 2.0), ["1", "2"]),
        ((1.5, 1.5), ["1.5", "1.5"]),
    ],
)
def test_numbers_are_shown_with_the_digits_that_differ(numbers: tuple[float, ...], shown: list[str]) -> None:
    assert told_apart(*numbers) == shown


def test_the_label_sums_found_are_told_apart() -> None:
    nearly = of_label(lambda u: 1 - u + 1e-9 * u**2)
    detail = check_loss(nearly, budget="quick", only=["label_sum"])["label_sum"].detail
    first, second = re.findall(r"S_[uv] = ([0-9.]+)", detail)
    assert first != second


def overflowing(logits: Tensor, labels: Tensor) -> Tensor:
    powers = logits.exp()
    return 1 - powers.gather(1, labels[:, None]).squeeze(1) / powers.sum(dim=1)


def underflowing(logits: Tensor, labels: Tensor) -> Tensor:
    return -logits.softmax(dim=1).gather(1, labels[:, None]).squeeze(1).log()


def overflowing_late(logits: Tensor, labels: Tensor) -> Tensor:
    norms = logits.square().sum(dim=1)
    return cross_entropy(logits, labels, reduction="none") + norms / (1 + norms)


@pytest.mark.parametrize(
    ("loss", "size", "severity", "cause"),
    [
        (overflowing, 88.7, "defect", "an exponential overflows"),
        (underflowing, 104.0, "defect", "a power, logarithm or ratio of a probability that has underflowed"),
        (overflowing_late, 1.8e19, "note", ""),
    ],
)
def test_the_smallest_logits_that_break_it_are_found(
    loss: object, size: float, severity: str, cause: str
) -> None:
    result = check_loss(loss, budget="quick", only=["finite_value"])["finite_value"]
    stated = re.search(r"from logits of ([0-9.e+]+) on", result.detail)
    assert stated is not None, result.detail
    assert float(stated[1]) == pytest.approx(size, rel=0.05)
    assert result.severity == severity
    assert result.status == ("noted" if severity == "note" else "failed")
    assert result.cause.startswith(cause)
    assert bool(cause) == bool(result.cause)


def test_a_factor_is_seen_in_float32_too() -> None:
    def half(logits: Tensor, labels: Tensor) -> Tensor:
        return cross_entropy(logits.float(), labels, reduction="none").to(logits.dtype) / 2

    result = check_loss(half, budget="quick", only=["formula"], formula="cce")["formula"]
    assert result.cause.startswith("a factor: the loss is 0.5 times the formula")


@settings(max_examples=2, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.integers(1, 3))
def test_it_runs_inside_a_property_test(factor: int) -> None:
    report = check_loss(lambda z, y: factor * error(z, y), budget="quick", only=["gradient", "batch"])
    assert report.ok, str(report)


def test_it_runs_under_settings_of_its_caller() -> None:
    only = ["gradient", "label_sum", "float32", "device", "state_at_call"]
    with torch.no_grad():
        assert check_loss(error, budget="quick", only=only).ok
    with torch.inference_mode():
        assert check_loss(error, budget="quick", only=only).ok
    with torch.device("meta"):
        assert check_loss(error, budget="quick", only=only).ok
    before = torch.get_default_dtype()
    torch.set_default_dtype(torch.float64)
    try:
        assert check_loss(error, budget="quick", only=only).ok
        assert torch.get_default_dtype() == torch.float64
    finally:
        torch.set_default_dtype(before)


def test_it_computes_in_one_thread_and_sees_a_loss_that_sets_so_many() -> None:
    seen = set()

    def counting(logits: Tensor, labels: Tensor) -> Tensor:
        seen.add(torch.get_num_threads())
        return error(logits, labels)

    def in_one(logits: Tensor, labels: Tensor) -> Tensor:
        torch.set_num_threads(1)
        return error(logits, labels)

    before = torch.get_num_threads()
    torch.set_num_threads(3)
    try:
        assert check_loss(counting, budget="quick", only=["gradient", "batch"]).ok
        assert seen == {1}
        report = check_loss(in_one, budget="quick", only=["gradient", "state_at_call"])
        assert torch.get_num_threads() == 3
    finally:
        torch.set_num_threads(before)
    assert [result.check for result in report.failures] == ["state_at_call"]
    assert "torch's number of threads" in report["state_at_call"].detail


def stop_at(check: str) -> object:
    def step(name: str) -> None:
        if name == check:
            raise KeyboardInterrupt

    return step


def test_an_interrupted_run_has_what_it_found() -> None:
    with pytest.raises(Interrupted) as stopped:
        check_loss(error, budget="quick", only=["label_sum", "batch"], step=stop_at("batch"))
    report = stopped.value.report
    assert [result.check for result in report.results] == ["label_sum"]
    assert not report.complete
    assert "interrupted" in str(report)
    assert report.to_dict()["complete"] is False


def test_an_interrupted_command_prints_what_it_found(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stopped(trial: Trial) -> None:
        raise KeyboardInterrupt

    monkeypatch.setitem(CHECKS, "batch", LossCheck("batch", "It is run.", ("hygiene",), stopped))
    with pytest.raises(SystemExit) as status:
        cli.main(["check", "mae", "--quick", "--only", "label_sum,batch", "--json"])
    out, err = capsys.readouterr()
    assert status.value.code == 130
    assert '"complete": false' in out
    assert "interrupted after 1 checks" in err


def test_the_module_that_changes_the_process_is_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = tmp_path / "elsewhere"
    folder.mkdir()
    (folder / "third_party_of_mine.py").write_text("import os\nos.environ['MINE_IS_SET'] = '1'\n")
    monkeypatch.syspath_prepend(str(folder))
    user = tmp_path / "user" / "mine.py"
    user.parent.mkdir()
    user.write_text(
        "import third_party_of_mine\nimport torch\ntorch.set_num_threads(torch.get_num_threads() + 1)\n"
    )
    found = {change.name: (change.module, change.own) for change in changes_by_import(str(user))}
    assert found == {
        "the environment variable MINE_IS_SET": ("third_party_of_mine", False),
        "torch's number of threads": ("mine.py", True),
    }
    sys.modules.pop("third_party_of_mine", None)


def test_a_package_installed_below_the_folder_of_a_file_is_a_third_party(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As in a virtual environment that lies in the folder of the project, beside the loss."""
    sets = "import os\nos.environ['{}_IS_SET'] = '1'\n"
    site, own = tmp_path / ".venv" / "site-packages", tmp_path / "helpers"
    for folder, name in ((site / "package_of_theirs", "THEIRS"), (own / "package_of_ours", "OURS")):
        folder.mkdir(parents=True)
        (folder / "__init__.py").write_text(sets.format(name))
        monkeypatch.syspath_prepend(str(folder.parent))
    facts = site / "package_of_theirs-1.0.dist-info"
    facts.mkdir()
    (facts / "METADATA").write_text("Metadata-Version: 2.1\nName: package-of-theirs\nVersion: 1.0\n")
    (facts / "top_level.txt").write_text("package_of_theirs\n")
    user = tmp_path / "loss_beside_both.py"
    user.write_text("import package_of_theirs\nimport package_of_ours\n")
    found = {change.module: change.own for change in changes_by_import(str(user))}
    assert found == {"package_of_theirs": False, "package_of_ours": True}
    for name in found:
        sys.modules.pop(name, None)


def test_what_a_third_party_sets_is_a_note(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "third_party_of_yours.py").write_text("import os\nos.environ['YOURS_IS_SET'] = '1'\n")
    monkeypatch.syspath_prepend(str(tmp_path))
    folder = tmp_path / "user"
    folder.mkdir()
    (folder / "yours.py").write_text(
        "import third_party_of_yours\n"
        "def loss(z, y):\n    return 1 - z.softmax(1).gather(1, y[:, None]).squeeze(1)\n"
    )
    yours, check = f"{folder / 'yours.py'}:loss", "state_at_import"
    result = check_loss(yours, budget="quick", only=[check])[check]
    assert (result.status, result.severity) == ("noted", "note")
    assert "third_party_of_yours changes the environment variable YOURS_IS_SET" in result.detail
    sys.modules.pop("third_party_of_yours", None)
