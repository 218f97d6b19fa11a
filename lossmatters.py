"""lossmatters: does the loss function decide whether a network memorises wrong labels?

The front door. In Python the public names are loaded when first used::

    import lossmatters as lm
    lm.decide(lm.get("rll"))          # is the sum over labels constant, for every K?
    lm.certify(lm.get("gce"), 10)     # everything known about one loss

On the command line: ``lossmatters --help``.
"""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable
from importlib import import_module
from pathlib import Path
from typing import Annotated, Any

import typer

_NAMES = {
    **dict.fromkeys(("LOSSES", "Loss", "SeparableLoss", "Normalized", "get", "register"), "theory.losses"),
    **dict.fromkeys(("SymmetricNoise", "ClassConditionalNoise", "InstanceDependentNoise"), "theory.noise"),
    **dict.fromkeys(("measure", "flip_epoch", "robustness_verdict"), "theory.memorization"),
    **dict.fromkeys(("label_sum_range", "excess_risk_bound", "loss_maximum"), "theory.bounds"),
    "check_loss": "proofs_checks.conformance",
    "decide": "theory.symmetry",
    "robust_to": "theory.robustness",
    "logit_gradient": "theory.gradients",
    "conditional_minimiser": "theory.minimisers",
    "calibration": "theory.calibration",
    "noisy_optimum": "theory.optimum",
    "memorization_time": "theory.dynamics",
    "order_reversal": "theory.risk",
    "certify": "theory.certificate",
    "verify": "proofs_checks.ledger",
    "CLAIMS": "proofs_checks.claims",
    "read_records": "empirics.records",
    "train": "empirics.experiments.runner",
    "write_figures": "paper.figures",
    "write_report": "paper.report",
}
_RENAMED = {"read_records": "read"}

__all__ = sorted([*_NAMES, "main"])


def __getattr__(name: str) -> Any:
    if name in _NAMES:
        return getattr(import_module(_NAMES[name]), _RENAMED.get(name, name))
    raise AttributeError(f"module 'lossmatters' has no attribute {name!r}")


def __dir__() -> list[str]:
    return __all__


# -- the command line ------------------------------------------------------------------------------

app = typer.Typer(
    name="lossmatters",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Does the loss decide whether a network memorises wrong labels? "
    "State it, prove it, refute it, measure it, draw it.",
)

DEFAULT_OUT = Path("build")
Json = Annotated[bool, typer.Option("--json", help="Print one JSON object and nothing else.")]
RecordsPath = Annotated[
    Path | None,
    typer.Option("--records", metavar="FILE_OR_DIR", help="Training records; by default OUT/records."),
]
Out = Annotated[Path, typer.Option("--out", metavar="DIR", help="Where to write.")]
Workers = Annotated[int | None, typer.Option("--workers", min=1, help="Processes; by default one a CPU.")]
Seeds = Annotated[
    int | None, typer.Option("--seeds", help="Train seeds 0..N-1 instead of the declared ones.")
]
Epochs = Annotated[
    int | None, typer.Option("--epochs", help="Another number of epochs (these are other runs).")
]
Only = Annotated[
    str | None,
    typer.Option(
        "--only",
        metavar="KEY=VALUE,...",
        help="A part of the grid: loss=rll,eta=0.4 (also seed, model, start).",
    ),
]
Device = Annotated[str, typer.Option("--device", help="auto, cpu or cuda.")]


@app.command()
def losses(as_json: Json = False) -> None:
    """All losses with their properties and constants, for every number of classes K at once.

    The first time takes some 10 s; then the table is kept in the user's cache folder (LOSSMATTERS_CACHE).

    Example: `lossmatters losses --json`
    """
    from theory.catalogue import catalogue

    rows = catalogue()
    if as_json:
        _print_json({"losses": rows})
        return
    table = _table(
        "loss",
        "parameters",
        "symmetric",
        "C",
        "label sum S",
        "largest L (K = 10)",
        "excess, eta = 0.4",
        "source",
    )
    for row in rows:
        symmetric = {"proved": "yes", "refuted": "no"}.get(
            row["symmetry"]["status"], row["symmetry"]["status"]
        )
        low, high = row["label_sum"]["low_exact"], row["label_sum"]["high_exact"]
        table.add_row(
            row["title"],
            ", ".join(f"{k} = {v}" for k, v in row["parameters"].items()) or "-",
            symmetric,
            row["symmetry"]["constant"] or "-",
            low if low == high else f"[{low}, {high}{')' if high == 'oo' else ']'}",
            row["loss_max_exact"],
            "oo" if row["excess_risk_bound"] is None else f"{row['excess_risk_bound']:.3g}",
            row["source"],
        )
    _console().print(table)


@app.command()
def certify(
    loss: Annotated[
        str, typer.Argument(metavar="LOSS", help="NAME, NAME(alpha=0.5), a sum, or path/to/file.py:object.")
    ],
    num_classes: Annotated[int, typer.Option("-K", "--classes", help="Number of classes.")] = 10,
    noise: Annotated[
        str, typer.Option("--noise", help="Uniform noise rate eta, such as 0.4 or 2/5.")
    ] = "0.4",
    as_json: Json = False,
) -> None:
    """Everything known about one loss: symmetry, label sum, bounds, and what noise can do to it.

    Examples: `lossmatters certify rll` · `lossmatters certify "gce(q=0.5)" -K 100 --noise 0.2` ·
    `lossmatters certify my_losses.py:MyLoss --json`
    """
    from theory.certificate import certify as make
    from theory.certificate import describe
    from theory.losses import get

    certificate = make(get(loss), num_classes, noise)
    if as_json:
        _print_json(certificate)
    else:
        table = _table("what", "verdict")
        for what, verdict in describe(certificate):
            table.add_row(what, verdict)
        _console().print(f"[bold]{certificate['spec']}[/bold], K = {num_classes}, eta = {noise}")
        _console().print(table)


@app.command()
def check(
    loss: Annotated[
        str, typer.Argument(metavar="LOSS", help="path/to/file.py:object, or a loss that `certify` knows.")
    ],
    quick: Annotated[bool, typer.Option("--quick", help="About 3 s.")] = False,
    thorough: Annotated[bool, typer.Option("--thorough", help="For a night.")] = False,
    only: Annotated[
        str | None, typer.Option("--only", metavar="TAG,...", help="Ids and tags of the checks to run.")
    ] = None,
    as_json: Json = False,
) -> None:
    """Does a loss keep the promises that a robust loss should keep? A suite for anyone's loss.

    It may be a Loss, a torch module, or any callable on logits (N, K) and labels (N,). Exit status 1 if a
    promise is broken; each comes with the smallest input found, and the likely cause.

    Examples: `lossmatters check my_losses.py:my_function` · `lossmatters check my_losses.py:MyLoss --quick` ·
    `lossmatters check rll --only symmetry,gradient --json`
    """
    from proofs_checks.conformance import check_loss
    from proofs_checks.conformance.suite import select

    if quick and thorough:
        raise ValueError("quick and thorough must be given one at a time, got both")
    budget = "quick" if quick else "thorough" if thorough else "default"
    chosen = [word.strip() for word in only.split(",") if word.strip()] if only else None
    with _progress("checks", len(select(chosen)), show=not as_json) as step:
        report = check_loss(loss, budget=budget, only=chosen, step=step)
    if as_json:
        _print_json(report.to_dict())
    else:
        _show_conformance(report)
    if not report.ok:
        raise typer.Exit(1)


@app.command()
def train(
    experiment: Annotated[str, typer.Argument(metavar="EXPERIMENT", help="A profile: quick, cpu or paper.")],
    records: RecordsPath = None,
    out: Out = DEFAULT_OUT,
    device: Device = "auto",
    resume: Annotated[bool, typer.Option(help="Go on with existing records; --no-resume refuses to.")] = True,
    workers: Workers = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    only: Only = None,
    subset: Annotated[
        int | None,
        typer.Option("--subset", metavar="N", help="N training and test samples only, to try things."),
    ] = None,
    precision: Annotated[
        str | None,
        typer.Option("--precision", metavar="TYPE", help="float32 or bfloat16 instead of what is declared."),
    ] = None,
    data_dir: Annotated[
        Path | None,
        typer.Option("--data-dir", metavar="DIR", help="Where MNIST and CIFAR-10 are; see docs/data.md."),
    ] = None,
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget", metavar="TIME", help="Save and stop after 90s, 9m or 2h; the next call goes on."
        ),
    ] = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the runs and estimate the time; train nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train the networks of an experiment; what is recorded already is not trained again.

    Keys of `--only`: loss, eta, model, dataset, variant, seed, start.

    Examples: `lossmatters train quick` · `lossmatters train quick --only loss=rll,eta=0.4 --seeds 2` ·
    `lossmatters train paper --only model=resnet32 --data-dir DIR --budget 9m` ·
    `lossmatters train cpu --dry-run`
    """
    from empirics.experiments import runner

    path = records or out / "records"
    options: dict[str, Any] = {
        "records_path": path,
        "seeds": seeds,
        "epochs": epochs,
        "subset": subset,
        "precision": precision,
        "data_dir": data_dir,
        "only": _parse_only(only),
        "device": device,
        "workers": workers,
        "resume": resume,
    }
    if dry_run:
        _show_plan(runner.plan(experiment, **options), as_json)
        return
    found = runner.train(
        experiment, **options, budget=_parse_time(budget) if budget else None, progress=not as_json
    )
    where = runner.records_file(path, experiment)
    wanted = len(runner.plan(experiment, **{**options, "resume": True}).runs)
    if as_json:
        _print_json({"records": str(where), "runs": [r.run_id for r in found], "asked_for": wanted})
    elif len(found) < wanted:
        typer.echo(f"{len(found)} of {wanted} runs are recorded in {where}; the same command goes on")
    else:
        typer.echo(f"{len(found)} {'run is' if len(found) == 1 else 'runs are'} recorded in {where}")


@app.command()
def verify(
    claims: Annotated[
        list[str] | None, typer.Argument(metavar="[CLAIM]...", help="Ids such as R1 or E; all if none.")
    ] = None,
    records: RecordsPath = None,
    out: Annotated[
        Path | None,
        typer.Option("--out", metavar="DIR", help="Also write ledger.json, figures and the report here."),
    ] = None,
    experiment: Annotated[
        str | None,
        typer.Option("--train", metavar="EXPERIMENT", help="First train what is missing of this experiment."),
    ] = None,
    device: Device = "auto",
    workers: Workers = None,
    seeds: Seeds = None,
    epochs: Epochs = None,
    as_json: Json = False,
) -> None:
    """The ledger: every claim with its evidence. Each check must also reject a known-false twin.

    Exit status 1 if anything in the theory is refuted or undecided. A training claim that is not
    reproduced is a result, not a failure.

    Examples: `lossmatters verify S1 R1` · `lossmatters verify --train quick --out build` ·
    `lossmatters verify E --records build/records --json`
    """
    from proofs_checks import claims as all_claims
    from proofs_checks import ledger as ledgers

    chosen = all_claims.find(claims) if claims else all_claims.CLAIMS
    if out is not None:
        _check_writable(out)
    if experiment is not None:
        from empirics.experiments import runner

        path = records or (out or DEFAULT_OUT) / "records"
        found = runner.train(
            experiment,
            records_path=path,
            seeds=seeds,
            epochs=epochs,
            device=device,
            workers=workers,
            progress=not as_json,
        )
    else:
        found = _read(records, out or DEFAULT_OUT)
    with _progress("claims", len(chosen), show=not as_json) as step:
        ledger = ledgers.verify(chosen, found, step, _workers(workers, len(chosen)))
    if as_json:
        _print_json(ledger)
    else:
        _show_ledger(ledger, ledgers.counts(ledger))
    if out is not None:
        _write_all(ledger, found, out, quiet=as_json)
    if not ledgers.sound(ledger):
        raise typer.Exit(1)


@app.command()
def figures(records: RecordsPath = None, out: Out = DEFAULT_OUT) -> None:
    """The figures, as vector PDF and PNG, from the records.

    Example: `lossmatters figures --records build/records --out build`
    """
    from paper.figures import write_figures

    _check_writable(out)
    for path in write_figures(_need(records, out), out / "figures", _say_skipped):
        typer.echo(path)


@app.command()
def report(
    records: RecordsPath = None,
    out: Out = DEFAULT_OUT,
    ledger: Annotated[
        Path | None,
        typer.Option(
            "--ledger", metavar="FILE", help="A ledger.json of `verify`; by default all is checked anew."
        ),
    ] = None,
) -> None:
    """One self-contained HTML page: the ledger, the losses, the figures, and what does not hold.

    Example: `lossmatters report --ledger build/ledger.json`
    """
    from paper.report import write_report
    from proofs_checks import ledger as ledgers
    from proofs_checks.claims import CLAIMS

    _check_writable(out)
    found = _need(records, out)
    if ledger is not None:
        data = ledgers.read(ledger)
    else:
        with _progress("claims", len(CLAIMS)) as step:
            data = ledgers.verify(CLAIMS, found, step, _workers(None, len(CLAIMS)))
    typer.echo(write_report(data, found, out / "figures", out / "report"))


def main(arguments: list[str] | None = None) -> None:
    """Run the command line; bad input is one clear line on standard error and exit status 2.

    With LOSSMATTERS_DEBUG set, errors keep their traceback.
    """
    try:
        status = app(args=arguments, standalone_mode=False)
    except Exception as error:
        if os.environ.get("LOSSMATTERS_DEBUG"):
            raise
        known = isinstance(error, ValueError | TypeError | OSError | ImportError | RuntimeError)
        if not known and not hasattr(error, "format_message"):
            raise
        message = error.format_message() if hasattr(error, "format_message") else str(error)
        print(f"lossmatters: {' '.join(message.split())}", file=sys.stderr)
        sys.exit(2)
    except KeyboardInterrupt as interrupt:
        print(f"lossmatters: {interrupt or 'interrupted'}", file=sys.stderr)
        sys.exit(130)
    sys.exit(status if isinstance(status, int) else 0)


# -- helpers ---------------------------------------------------------------------------------------


def _console() -> Any:
    from rich.console import Console

    return Console(width=None if sys.stdout.isatty() else 160)


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(show_lines=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def _print_json(data: Any) -> None:
    print(json.dumps(data, indent=1, ensure_ascii=False))


def _parse_only(text: str | None) -> dict[str, str]:
    """``loss=rll(alpha=1/10),eta=0.4`` as a dict; commas inside brackets belong to the value."""
    parts: list[str] = []
    for piece in (text or "").split(","):
        if parts and parts[-1].count("(") > parts[-1].count(")"):
            parts[-1] += "," + piece
        elif piece.strip():
            parts.append(piece)
    chosen = {}
    for part in parts:
        key, equals, value = part.partition("=")
        if not equals or not key.strip() or not value.strip():
            raise ValueError(f"only must be KEY=VALUE,..., got only={text!r}")
        chosen[key.strip()] = value.strip()
    return chosen


def _read(records: Path | None, out: Path) -> Any:
    """The records asked for; without a path, those of OUT if there are any."""
    from empirics.records import read

    if records is None:
        folder = out / "records"
        return read(folder) if any(folder.glob("*.jsonl")) else []
    return read(records)


def _need(records: Path | None, out: Path) -> Any:
    found = _read(records, out)
    if not found:
        where = out / "records"
        raise ValueError(
            f"records must hold a run, got none in {where}; train first: lossmatters train quick"
        )
    return found


def _check_writable(out: Path) -> None:
    try:
        out.mkdir(parents=True, exist_ok=True)
        if not os.access(out, os.W_OK):
            raise PermissionError(13, "Permission denied")
    except OSError as error:
        raise OSError(
            f"out must be a folder that can be written, got out={str(out)!r}: {error.strerror}"
        ) from None


def _write_all(ledger: dict[str, Any], records: Any, out: Path, quiet: bool) -> None:
    from paper.figures import write_figures
    from paper.report import write_report
    from proofs_checks import ledger as ledgers

    written = [("ledger", ledgers.write(ledger, out / "ledger.json"))]
    if records:
        write_figures(records, out / "figures", _say_skipped)
        written.append(("figures", out / "figures"))
    written.append(("report", write_report(ledger, records, out / "figures", out / "report")))
    if not quiet:
        for what, path in written:
            typer.echo(f"{what + ':':<9}{path}")


def _workers(asked: int | None, claims: int) -> int:
    """Processes for `claims`: a few are checked here sooner than a process starts."""
    return asked or (len(os.sched_getaffinity(0)) if claims > 8 else 1)


def _say_skipped(name: str, reason: str) -> None:
    typer.echo(f"figure {name} is left out: {reason}", err=True)


def _show_plan(plan: Any, as_json: bool) -> None:
    recorded = set(plan.recorded)
    rows = [
        {
            "dataset": plan.part(r).dataset,
            "model": plan.part(r).model.name,
            "variant": plan.part(r).variant or None,
            "loss": r.loss,
            "start": r.start,
            "eta": str(r.rate),
            "seed": r.seed,
            "recorded": r in recorded,
        }
        for r in plan.runs
    ]
    if as_json:
        _print_json(
            {"runs": rows, "networks": plan.networks, "seconds": plan.seconds, "records": str(plan.path)}
        )
        return
    table = _table("data", "model", "variant", "loss", "goes on after", "eta", "seed", "recorded")
    for row in rows:
        table.add_row(
            *(row["dataset"], row["model"], row["variant"] or "main", row["loss"], row["start"] or "-"),
            *(row["eta"], str(row["seed"]), "yes" if row["recorded"] else "no"),
        )
    _console().print(table)
    many = f"{plan.workers} worker{'s' * (plan.workers != 1)}"
    time = f"roughly {_duration(plan.seconds)} with {many}"
    if plan.device == "cuda":
        time += " (a guess: nobody has measured this on a GPU)"
    typer.echo(f"{plan.networks} networks to train into {plan.path}, {time}")


def _duration(seconds: float) -> str:
    """In the largest unit of which there are at least two."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def _parse_time(text: str) -> float:
    """90s, 9m or 2h in seconds; a bare number is in seconds."""
    number, unit = (text[:-1], text[-1]) if text[-1:].isalpha() else (text, "s")
    try:
        return float(number) * {"s": 1, "m": 60, "h": 3600}[unit]
    except (ValueError, KeyError):
        raise ValueError(f"budget must be a time like 90s, 9m or 2h, got budget={text!r}") from None


STYLES = {
    "proved": "green",
    "certified": "green",
    "sampled": "cyan",
    "confirmed": "green",
    "refuted": "bold red",
    "not reproduced": "bold red",
    "inconclusive": "yellow",
    "undecided": "yellow",
    "not yet checked": "dim",
    "passed": "green",
    "failed": "bold red",
    "unexpected pass": "bold red",
    "expected failure": "yellow",
    "skipped": "dim",
}


def _show_ledger(ledger: dict[str, Any], counts: dict[str, int]) -> None:
    table = _table("id", "claim", "status", "evidence")
    for claim in ledger["claims"]:
        rows = claim["evidence"]
        shown = "\n".join(f"{r['method']}, {r['status']}: {r['scope']}" for r in rows)
        failing = [
            r["detail"]
            for r in rows
            if r["status"] in ("refuted", "not reproduced", "inconclusive", "undecided")
        ]
        status = claim["status"]
        table.add_row(
            claim["id"],
            claim["title"],
            f"[{STYLES[status]}]{status}[/]",
            "\n".join([shown, *failing]) if rows else "-",
        )
    console = _console()
    console.print(table)
    console.print(", ".join(f"{n} {status}" for status, n in counts.items()))


def _show_conformance(report: Any) -> None:
    from rich.markup import escape

    from proofs_checks.conformance.report import details

    table = _table("check", "status", "promise", "what was found")
    for result in report.results:
        lines = [result.reason, *details(result)] if not result.ok else [result.reason, result.detail]
        shown = "\n".join(line for line in lines if line)
        table.add_row(
            result.check, f"[{STYLES[result.status]}]{result.status}[/]", result.promise, escape(shown)
        )
    console = _console()
    console.print(f"[bold]{escape(report.loss)}[/bold], K = {report.num_classes}, {report.budget} run")
    console.print(table)
    console.print(", ".join(f"{n} {status}" for status, n in report.counts().items()))


class _progress:
    """A progress bar on standard error, gone when done; `step` is called with the name of each item."""

    def __init__(self, what: str, total: int, show: bool = True) -> None:
        self.what, self.total, self.show = what, total, show

    def __enter__(self) -> Callable[[str], None]:
        from tqdm import tqdm

        self.bar = tqdm(
            total=self.total,
            desc=self.what,
            leave=False,
            disable=not (self.show and sys.stderr.isatty()),
            file=sys.stderr,
        )
        self.started = False

        def step(name: str) -> None:
            if self.started:
                self.bar.update()
            self.started = True
            self.bar.set_postfix_str(name)

        return step

    def __exit__(self, *_: object) -> None:
        self.bar.close()


if __name__ == "__main__":
    main()
