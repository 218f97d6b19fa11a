"""The command line: what a program reads, what a person sees, and one clear line for every bad call."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest

import lossmatters
from lossmatters.empirics import records as record_files
from lossmatters.proofs_checks import fabricated

SMALL = [
    "--epochs",
    "1",
    "--seeds",
    "1",
    "--only",
    "loss=mae,eta=0.4,start=none",
    "--workers",
    "1",
    "--device",
    "cpu",
]


def run(capsys: pytest.CaptureFixture[str], *arguments: object) -> tuple[int, str, str]:
    """Exit status, standard output and standard error of a call."""
    with pytest.raises(SystemExit) as stop:
        lossmatters.main([str(a) for a in arguments])
    out, err = capsys.readouterr()
    return int(stop.value.code or 0), out, err


@pytest.fixture
def records(tmp_path: Path) -> Path:
    """A folder with a file of fabricated records."""
    behaviour = {
        "cce": fabricated.MEMORISES,
        "mse": fabricated.MEMORISES,
        "rll(alpha=1/10)": fabricated.RESISTS,
    }
    record_files.append(tmp_path / "records" / "fabricated.jsonl", fabricated.records(behaviour))
    return tmp_path / "records"


BAD_FILES = {
    "raises.py": "1/0",
    "empty.py": "",
    "number.py": "loss = 3",
    "matrix.py": "def loss(z, y): return z.softmax(1)",
    "declared.py": "import torch\n"
    "from lossmatters.proofs_checks.conformance import declare\nloss = declare(torch.dot)",
    "misshapen.py": "import torch\ndef loss(z, y): return torch.zeros(3, 2)",
}

BAD_CALLS = [
    (["certify", "rl"], "loss must be a known loss, got loss='rl'; did you mean rll"),
    (["certify", "rll(alpha=0)"], "parameter alpha must be > 0, got alpha=0"),
    (["certify", "rll(beta=1)"], "rll has no parameter 'beta'; its parameters are alpha"),
    (["certify", "rll(alpha=nan)"], "loss must be a known loss, got loss='nan'"),
    (["certify", "gce(q=2)"], "parameter q must be in (0, 1], got q=2"),
    (["certify", "rll("], "loss must be a name or NAME(parameter=value), got loss='rll('"),
    (["certify", "rll", "-K", "1"], "num_classes must be an integer >= 2, got num_classes=1"),
    (["certify", "rll", "-K", "two"], "Invalid value for '-K'"),
    (["certify", "rll", "--noise", "1.2"], "eta must be in [0, 1], got eta=1.2"),
    (["certify", "rll", "--noise", "-0.1"], "eta must be in [0, 1], got eta=-0.1"),
    (
        ["certify", "rll", "--noise", "nan"],
        "eta must be a rational number such as 0.1 or 1/10, got eta='nan'",
    ),
    (["certify", "{dir}/none.py:loss"], "loss file must exist, got path="),
    (["certify", "{dir}/raises.py:loss"], "raised ZeroDivisionError: division by zero"),
    (["certify", "{dir}/empty.py:loss"], "has no 'loss'"),
    (["certify", "{dir}/number.py:loss"], "loss must be a Loss, a Loss class or a callable"),
    (
        ["certify", "{dir}/misshapen.py:loss"],
        "loss must return one number, or one a sample (shape (4,) here)",
    ),
    (["certify", "{dir}/raises.py"], "loss file must be given as path/to/file.py:object"),
    (["check", "rl"], "loss must be a known loss, got loss='rl'; did you mean rll"),
    (["check", "{dir}/raises.py:loss"], "raised ZeroDivisionError: division by zero"),
    (["check", "{dir}/number.py:loss"], "loss must be a Loss, a Loss class or a callable"),
    (["check", "{dir}/matrix.py:loss"], "loss must depend on the label, got values of shape (4, 3)"),
    (["check", "rll", "--only", "gradeint"], "check must be an id or a tag, got check='gradeint'; did you"),
    (
        ["check", "rll", "--declare", "symetric"],
        "promise must be one of takes, targets, dtype, layout, num_classes, batch_of, ignore_index, ",
    ),
    (["check", "rll", "--declare", "symmetric=maybe"], "symmetric must be yes or no, got symmetric='maybe'"),
    (["check", "rll", "--declare", "constant=2*J"], "constant must be a number or a formula in K, got"),
    (["check", "rll", "--declare", "num_classes=x"], "num_classes must be an integer >= 2"),
    (["check", "rll", "--declare", "takes=probs"], "takes must be 'logits' for a Loss"),
    (["check", "{dir}/declared.py:loss", "--declare", "symmetric"], "declarations must be made once"),
    (["check", "rll", "--quick", "--thorough"], "quick and thorough must be given one at a time"),
    (["verify", "R99"], "claim must be a known id, got claim='R99'; did you mean"),
    (["verify", "E1", "--records", "{dir}/none"], "records must be a file or a folder of .jsonl files"),
    (["verify", "E1", "--records", "{dir}/cut.jsonl"], "cut.jsonl, line 1: not a whole record"),
    (["verify", "E1", "--records", "{dir}/foreign.jsonl"], "foreign.jsonl, line 1: schema must be 2"),
    (["verify", "S1", "--out", "{dir}/cut.jsonl"], "out must be a folder that can be written"),
    (["train", "quck"], "must be one of quick, cpu, cifar, short, pair, paper, own, got experiment='quck'"),
    (["train", "quick", "--seeds", "0"], "seeds"),
    (["train", "quick", "--epochs", "0"], "epochs must be"),
    (["train", "quick", "--only", "loss"], "only must be KEY=VALUE,..., got only='loss'"),
    (["train", "quick", "--only", "lost=rll"], "lost"),
    (["train", "quick", "--only", "eta=0.3"], "eta"),
    (["train", "quick", "--device", "tpu"], "device must be"),
    (["train", "quick", "--budget", "9x"], "budget must be a time like 90s, 9m or 2h, got budget='9x'"),
    (["train", "quick", "--budget", "0s"], "budget must be > 0 seconds"),
    (
        ["train", "quick", "--executor", "slurm"],
        "executor must be local, tcp://HOST:PORT, dask:SCHEDULER_FILE",
    ),
    (["train", "quick", "--precision", "half"], "precision must be one of float32, bfloat16, got precision="),
    (["train", "quick", "--subset", "7"], "train must be a multiple of 10"),
    (["train", "paper", "--only", "model=resnet"], "model must be one of resnet32, inception-lite, resnet18"),
    (["train", "quick", *SMALL, "--records", "{dir}/cut.jsonl"], "cut.jsonl, line 1: not a whole record"),
    (["train", "quick", *SMALL, "--records", "{dir}/raises.py/x.jsonl"], "records_path must be writable"),
    (["figures", "--records", "{dir}/none"], "records must be a file or a folder of .jsonl files"),
    (["figures", "--out", "{dir}"], "records must hold a run, got none in"),
    (
        ["report", "--ledger", "{dir}/foreign.jsonl", "--records", "{dir}/none"],
        "records must be a file or a folder",
    ),
    (["no-such-command"], "No such command"),
    (["losses", "--no-such-option"], "No such option"),
]


@pytest.mark.parametrize(
    ("arguments", "message"), BAD_CALLS, ids=lambda v: " ".join(v) if isinstance(v, list) else ""
)
def test_bad_input_is_one_clear_line(
    arguments: list[str], message: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    files = {**BAD_FILES, "cut.jsonl": '{"schema": 1, "experim', "foreign.jsonl": '{"schema": 99}\n'}
    for name, text in files.items():
        (tmp_path / name).write_text(text)
    status, _, err = run(capsys, *(a.replace("{dir}", str(tmp_path)) for a in arguments))
    assert status == 2
    assert message in err
    assert err.startswith("lossmatters: ")
    assert err.count("\n") == 1, "one line"
    assert "Traceback" not in err
    for name, text in files.items():
        assert (tmp_path / name).read_text() == text, "nothing is lost"


def test_losses_as_data_and_as_a_table(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "losses", "--json")
    rows = {row["name"]: row for row in json.loads(out)["losses"]}
    assert status == 0
    assert set(rows) == set(lossmatters.LOSSES)
    assert rows["rll"]["symmetry"]["constant"] == "K*log(11)"
    status, out, _ = run(capsys, "losses")
    assert status == 0
    for name in rows:
        assert f"\n{name} " in out
    status, out, _ = run(capsys, "losses", "--long")
    assert status == 0
    for row in rows.values():
        assert row["title"] in out


def test_certify_prints_what_programs_rely_on(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    status, out, err = run(capsys, "certify", "RLL(alpha=1/10)", "-K", "10", "--noise", "0.4", "--json")
    found = json.loads(out)
    assert (status, err) == (0, "")
    assert (found["loss"], found["parameters"], found["noise_rate"]) == ("rll", {"alpha": "1/10"}, "2/5")
    assert found["symmetry"]["scope"] == "all K >= 2", "what is proved, in full"
    assert (found["symmetry"]["constant"], found["symmetry"]["constant_in_K"]) == ("10*log(11)", "K*log(11)")
    assert found["excess_risk_bound"] == 0.0
    (tmp_path / "mine.py").write_text(
        "import torch\ndef loss(z, y): return torch.nn.functional.cross_entropy(z, y, reduction='none')"
    )
    status, out, _ = run(capsys, "certify", f"{tmp_path}/mine.py:loss", "-K", "3")
    assert status == 0
    assert "refuted for K = 3" in out


def test_check_tells_what_is_broken(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.py").write_text("def loss(z, y): return 1 - z.softmax(1)[range(len(y)), y]")
    mine, only = f"{tmp_path}/mine.py:loss", ["--quick", "--only", "labels,batch"]
    status, out, _ = run(capsys, "check", mine, *only, "--json")
    report = json.loads(out)
    assert (status, report["ok"], report["loss"]) == (1, False, "mine")
    broken = next(result for result in report["results"] if result["status"] == "failed")
    assert broken["check"] == "bad_labels"
    assert broken["cause"] == "a negative index counts from the end"
    status, out, _ = run(capsys, "check", mine, *only)
    assert status == 1
    for words in ("bad_labels", "a label of -1 is taken without an error", "likely cause", "1 failed"):
        assert words in out
    status, out, _ = run(capsys, "check", "mae", *only)
    assert status == 0
    assert "failed" not in out


def test_json_is_json_where_numbers_are_not_finite(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "mine.py").write_text(
        "def loss(z, y): return z.softmax(1).gather(1, y[:, None])[:, 0] ** 0.5"
    )
    _, out, _ = run(capsys, "check", f"{tmp_path}/mine.py:loss", "--only", "finite_gradient", "--json")

    def refuse(constant: str) -> None:
        raise AssertionError(f"{constant} is no JSON")

    found = json.loads(out, parse_constant=refuse)["results"][0]
    assert "nan" in found["counterexample"]["value"]


def test_check_takes_promises_from_the_command_line(capsys: pytest.CaptureFixture[str]) -> None:
    def statuses(loss: str, said: str) -> dict[str, str]:
        checks = "formula,label_sum,label_sum_value,bounded,zero_at_label"
        _, out, _ = run(capsys, "check", loss, "--quick", "--only", checks, "--declare", said, "--json")
        return {result["check"]: result["status"] for result in json.loads(out)["results"]}

    found = statuses("torch.nn:CrossEntropyLoss", "symmetric=no,zero_at_label,bound=100")
    assert found == {
        "formula": "skipped",
        "label_sum": "passed",
        "label_sum_value": "skipped",
        "bounded": "failed",
        "zero_at_label": "passed",
    }
    assert statuses("mae", "constant=2*(K - 1),bound=1")["label_sum_value"] == "passed"
    assert statuses("mae", "constant=2*(K - 1),bound=1")["bounded"] == "failed"
    assert statuses("mae", "constant=K + 1,num_classes=3")["label_sum_value"] == "passed"
    assert statuses("mae", "constant=K + 1")["label_sum_value"] == "failed"
    assert statuses("mae", "symmetric=false")["label_sum"] == "failed"
    assert statuses("torch.nn:CrossEntropyLoss", "formula=cce")["formula"] == "passed"
    assert statuses("torch.nn:CrossEntropyLoss", "formula=gce(q=1/2)")["formula"] == "failed"


def test_verify_some_claims(capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, "verify", "S1", "--json")
    ledger = json.loads(out)
    assert status == 0
    assert [c["id"] for c in ledger["claims"]] == ["S1", "S1.binary", "S1.converse", "S1.near"]
    for claim in ledger["claims"]:
        assert {"id", "statement", "assumes", "source", "status", "evidence"} <= set(claim)
        assert claim["status"] == "proved"
        for row in claim["evidence"]:
            assert {"method", "status", "scope", "detail", "witness"} <= set(row)
            if row["status"] not in (
                "not yet checked",
                "checked elsewhere",
            ):  # of the Coq proofs, where they were not compiled
                assert row["twin"]["rejected"]


def test_verify_fails_where_nothing_was_decided(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], monkeypatch
) -> None:
    monkeypatch.chdir(tmp_path)  # no records here
    status, out, _ = run(capsys, "verify", "E1.cce")
    assert status == 1
    assert "undecided" in out


def test_what_is_not_reproduced_is_a_result(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    reversed_roles = {"cce": fabricated.RESISTS, "rll(alpha=1/10)": fabricated.MEMORISES}
    path = records.parent / "other.jsonl"
    record_files.append(path, fabricated.records(reversed_roles))
    status, out, _ = run(capsys, "verify", "E1.cce", "E8", "--records", path)
    assert status == 0
    assert "not reproduced" in out


def test_from_records_to_figures_and_report(records: Path, capsys: pytest.CaptureFixture[str]) -> None:
    out_dir = records.parent
    status, out, _ = run(capsys, "verify", "M1", "E1.cce", "--out", out_dir)
    assert status == 0
    for path in ("ledger.json", "report/index.html", "figures"):
        assert (out_dir / path).exists()
        assert path.split("/")[0] in out
    status, out, _ = run(capsys, "figures", "--out", out_dir)
    assert status == 0
    assert any(line.endswith(".pdf") for line in out.splitlines())
    status, out, _ = run(capsys, "report", "--out", out_dir, "--ledger", out_dir / "ledger.json")
    assert (status, out.strip()) == (0, str(out_dir / "report" / "index.html"))


@pytest.mark.parametrize(
    ("says", "shown"),
    [
        ("interrupted; finished stacks are in r.jsonl", "interrupted; finished stacks are in r.jsonl"),
        ("", "interrupted"),
        ("\n", "interrupted"),  # as it comes from some libraries
    ],
)
def test_an_interrupt_says_what_is_kept(
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
    monkeypatch: pytest.MonkeyPatch,
    says: str,
    shown: str,
) -> None:
    def interrupted(*arguments: object, **options: object) -> None:
        raise KeyboardInterrupt(says)

    monkeypatch.setattr("lossmatters.empirics.experiments.runner.train", interrupted)
    expected = (130, "", f"lossmatters: {shown}\n")
    assert run(capsys, "train", "quick", "--out", tmp_path) == expected


def test_train_then_train_again(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    where = ["--records", tmp_path]
    status, out, _ = run(capsys, "train", "quick", *SMALL, *where, "--dry-run", "--json")
    plan = json.loads(out)
    assert (status, len(plan["runs"]), list(tmp_path.iterdir())) == (0, 1, [])
    status, out, _ = run(capsys, "train", "quick", *SMALL, *where, "--json")
    assert status == 0
    first = (tmp_path / "quick.jsonl").read_bytes()
    assert [r.run_id for r in record_files.read(tmp_path)] == json.loads(out)["runs"]
    status, out, _ = run(capsys, "train", "quick", *SMALL, *where, "--budget", "9m")
    assert "1 run is recorded" in out
    assert (tmp_path / "quick.jsonl").read_bytes() == first
    status, _, err = run(capsys, "train", "quick", *SMALL, *where, "--no-resume")
    assert status == 2
    assert "resume is off" in err


@pytest.mark.parametrize(
    "command", [[], *([c] for c in ("losses", "certify", "check", "train", "verify", "figures", "report"))]
)
def test_help(command: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    status, out, _ = run(capsys, *command, "--help")
    assert status == 0
    assert "Usage" in out
    assert not command or "Example" in out


def test_public_names_load_when_first_used() -> None:
    code = "import lossmatters, sys; assert 'torch' not in sys.modules and 'sympy' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
    for name in lossmatters.__all__:
        assert getattr(lossmatters, name) is not None
    with pytest.raises(AttributeError, match="attribute nothing"):
        lossmatters.nothing  # noqa: B018 - the access is the test
