"""The command line: each command is a function that reads its options, calls the library and prints."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Annotated, Any

import typer
from typer.core import TyperGroup

from lossmatters import show
from lossmatters.arguments import (
    DEFAULT_OUT,
    Call,
    Declare,
    Device,
    Epochs,
    Json,
    NoisyLabels,
    Only,
    Out,
    OwnData,
    OwnModel,
    OwnNoise,
    RecordsPath,
    Seeds,
    Workers,
    check_writable,
    need_records,
    own_noise,
    parse_declarations,
    parse_only,
    parse_time,
    read_records,
    words,
    workers_for,
)

MOST_CLASSES = 10_000  # beyond, exact points of that many entries take minutes and gigabytes


class _Commands(TyperGroup):
    def invoke(self, ctx: Any) -> Any:
        try:
            return super().invoke(ctx)
        except KeyboardInterrupt as interrupt:
            # here, because typer makes a bare exit status of it and what it says would be lost
            print(f"lossmatters: {interrupt or 'interrupted'}", file=sys.stderr)
            sys.exit(130)


app = typer.Typer(
    name="lossmatters",
    cls=_Commands,
    no_args_is_help=True,
    add_completion=True,
    rich_markup_mode="markdown",
    context_settings={"help_option_names": ["-h", "--help"]},
    help="Does the loss decide whether a network memorises wrong labels? "
    "State it, prove it, refute it, measure it, draw it.",
)


@app.command()
def losses(as_json: Json = False) -> None:
    """List all losses with their properties and constants, for every number of classes K at once.

    The first time takes some 10 s; then the table is kept in the user's cache folder (LOSSMATTERS_CACHE).

    Example: `lossmatters losses --json`
    """
    from lossmatters.proofs_checks.checker import check_rows
    from lossmatters.theory.catalogue import catalogue

    rows = catalogue()
    wrong = check_rows(rows)
    if as_json:
        found = {"contradictions": [w.to_dict() for w in wrong]} if wrong else {}
        show.print_json({"losses": rows, **found})
    else:
        show.losses(rows)
    if wrong:
        for contradiction in wrong:
            print(f"lossmatters: {contradiction.key}: {contradiction.says}", file=sys.stderr)
        raise typer.Exit(1)


@app.command()
def certify(
    loss: Annotated[
        str,
        typer.Argument(
            metavar="LOSS",
            help="NAME, NAME(alpha=0.5), a sum, path/to/file.py:object or package.module:object.",
        ),
    ],
    num_classes: Annotated[
        int, typer.Option("-K", "--classes", help="Number of classes, 10000 at most.")
    ] = 10,
    noise: Annotated[
        str, typer.Option("--noise", help="Uniform noise rate eta, such as 0.4 or 2/5.")
    ] = "0.4",
    formal: Annotated[
        Path | None,
        typer.Option(
            "--formal",
            metavar="DIR",
            help="Write a Coq file on the loss's symmetry there, and have Coq check it.",
        ),
    ] = None,
    promises: Declare = None,
    call: Call = None,
    as_json: Json = False,
) -> None:
    """Show everything known about one loss: symmetry, label sum, bounds, and what noise can do to it.

    Examples: `lossmatters certify rll` · `lossmatters certify "gce(q=0.5)" -K 100 --noise 0.2` ·
    `lossmatters certify my_losses.py:MyLoss --json` · `lossmatters certify rll --formal proofs/`
    """
    from lossmatters.proofs_checks.checker import check_certificate
    from lossmatters.proofs_checks.checker.check import with_contradictions
    from lossmatters.theory.certificate import certify as make
    from lossmatters.theory.certificate_text import describe
    from lossmatters.theory.losses import CallableLoss, get

    if num_classes > MOST_CLASSES:
        raise ValueError(f"num_classes must be at most {MOST_CLASSES} here, got num_classes={num_classes}")
    subject = get(loss)
    if isinstance(subject, CallableLoss) or promises or call:
        from lossmatters.proofs_checks.conformance.adapted import as_loss

        subject = as_loss(loss, num_classes, call=call or "", **parse_declarations(promises))
    certificate = make(subject, num_classes, noise)
    said, wrong = check_certificate(subject, certificate)
    rows = with_contradictions(describe(certificate), wrong)
    if formal is not None:
        from lossmatters.proofs_checks.formal.own_loss import formal_evidence

        found = formal_evidence(subject, formal)
        said = {**said, "formal": found.to_dict()}
        rows.append(("formal proof", found.sentence))
    if as_json:
        show.print_json(said)
    else:
        show.certificate(rows, f"[bold]{certificate.spec}[/bold], K = {num_classes}, eta = {noise}")
    if wrong:
        raise typer.Exit(1)


@app.command()
def check(
    loss: Annotated[
        str,
        typer.Argument(
            metavar="LOSS", help="path/to/file.py:object, package.module:object, or what `certify` knows."
        ),
    ],
    quick: Annotated[bool, typer.Option("--quick", help="About 3 s.")] = False,
    thorough: Annotated[bool, typer.Option("--thorough", help="For a night.")] = False,
    only: Annotated[
        str | None, typer.Option("--only", metavar="TAG,...", help="Ids and tags of the checks to run.")
    ] = None,
    promises: Declare = None,
    call: Call = None,
    as_json: Json = False,
) -> None:
    """Check the promises that a robust loss should keep, of anyone's loss.

    It may be a Loss, a torch module, or any callable on logits (N, K) and labels (N,); one that wants other
    arguments says how by --declare and --call. Exit status 1 if a promise is broken, 2 if the loss cannot be
    made or called, 130 if interrupted, with what was found until then.

    Examples: `lossmatters check my_losses.py:my_function` · `lossmatters check my_losses.py:MyLoss --quick` ·
    `lossmatters check torch.nn:CrossEntropyLoss --declare symmetric=no,zero_at_label` ·
    `lossmatters check "my_losses.py:Focal(10, gamma=2)" --declare targets=onehot --call "loss(y, z)"` ·
    `lossmatters check rll --only symmetry,gradient --json`
    """
    from lossmatters.proofs_checks.conformance import check_loss
    from lossmatters.proofs_checks.conformance.suite import Interrupted, select

    if quick and thorough:
        raise ValueError("quick and thorough must be given one at a time, got both")
    budget = "quick" if quick else "thorough" if thorough else "default"
    chosen = words(only) or None
    said = parse_declarations(promises)
    with show.progress("checks", len(select(chosen)), show=not as_json) as step:
        try:
            report = check_loss(loss, budget=budget, only=chosen, step=step, call=call or "", **said)
        except Interrupted as interrupted:
            report = interrupted.report
    if as_json:
        show.print_json(report.to_dict())
    else:
        show.conformance(report)
    if not report.complete:
        raise KeyboardInterrupt(f"interrupted after {len(report.results)} checks")
    if not report.ok:
        raise typer.Exit(1)


@app.command()
def validate(
    noisy_accuracy: Annotated[
        str | None,
        typer.Option("--noisy-accuracy", metavar="SHARE", help="Share of noisy labels that were predicted."),
    ] = None,
    n: Annotated[int | None, typer.Option("--n", help="Number of validation samples.")] = None,
    num_classes: Annotated[int, typer.Option("-K", "--classes", help="Number of classes.")] = 10,
    noise: Annotated[str, typer.Option("--noise", help="Uniform noise rate eta of the labels.")] = "0.4",
    first_only: Annotated[
        int | None, typer.Option("--first-only", help="Noisy labels that only a first classifier predicts.")
    ] = None,
    second_only: Annotated[
        int | None, typer.Option("--second-only", help="Noisy labels that only a second one predicts.")
    ] = None,
    delta: Annotated[
        float | None, typer.Option("--delta", help="Clean accuracies this far apart are to be told apart.")
    ] = None,
    disagreement: Annotated[
        float, typer.Option("--disagreement", help="Share of samples on which two classifiers differ.")
    ] = 1.0,
    counts: Annotated[
        Path | None,
        typer.Option(
            "--counts", metavar="FILE", help="JSON: K rows (predictions) of K counts (noisy labels)."
        ),
    ] = None,
    matrix: Annotated[
        Path | None,
        typer.Option("--matrix", metavar="FILE", help="JSON: K rows (clean) of K probabilities (noisy)."),
    ] = None,
    level: Annotated[float, typer.Option("--level", help="Coverage of the intervals.")] = 0.95,
    as_json: Json = False,
) -> None:
    """Estimate clean accuracy from noisy validation labels, with an interval; compare two classifiers.

    Noise must not depend on the prediction given the clean label. With a known matrix T also by class.

    Examples: `lossmatters validate --noisy-accuracy 0.58 --n 5000 -K 10 --noise 0.4` ·
    `lossmatters validate --first-only 420 --second-only 300 --n 5000 --noise 0.4` ·
    `lossmatters validate --delta 0.01 --disagreement 0.1 --noise 0.4` ·
    `lossmatters validate --counts counts.json --matrix T.json`
    """
    from lossmatters.validate import answers

    found = answers(
        noisy_accuracy=noisy_accuracy,
        n=n,
        num_classes=num_classes,
        noise=noise,
        first_only=first_only,
        second_only=second_only,
        delta=delta,
        disagreement=disagreement,
        counts=counts,
        matrix=matrix,
        level=level,
    )
    if as_json:
        show.print_json(found)
    else:
        show.validation(found)


@app.command("try")
def try_loss(
    loss: Annotated[str, typer.Argument(metavar="LOSS", help="What `certify` takes.")],
    dataset: OwnData = "digits",
    model: OwnModel = "mlp",
    noise: OwnNoise = None,
    noisy_labels: NoisyLabels = None,
    seeds: Annotated[int, typer.Option("--seeds", help="Networks of each loss.")] = 1,
    epochs: Epochs = None,
    device: Device = "auto",
    workers: Workers = None,
    data_dir: Annotated[
        Path | None, typer.Option("--data-dir", metavar="DIR", help="Where MNIST and CIFAR-10 are.")
    ] = None,
    records: Annotated[
        Path | None, typer.Option("--records", metavar="FILE", help="Keep the records here.")
    ] = None,
    figure: Annotated[
        Path | None,
        typer.Option(
            "--figure", metavar="FILE", help="Draw the (J1, J2) plane here: pdf, png, svg, eps or pgf."
        ),
    ] = None,
    as_json: Json = False,
) -> None:
    """Try a suspicion: does this loss memorise wrong labels? What is known, then a short training to see.

    Trains it beside CCE and RLL, on digits unless told otherwise. One seed is an illustration, not evidence.

    Examples: `lossmatters try gce` · `lossmatters try my_losses.py:MyLoss --noise pair:0.4 --seeds 3` ·
    `lossmatters try rll --dataset mine.npz --model nets.py:make --noisy-labels labels.npy --json`
    """
    from lossmatters.trial import NOISE, trial

    labels = own_noise(noise, noisy_labels)
    found = trial(
        loss,
        dataset=dataset or "digits",
        model=model or "mlp",
        noise=NOISE if labels is None else labels,
        seeds=seeds,
        epochs=epochs,
        device=device,
        workers=workers,
        data_dir=data_dir,
        records=records,
        figure=figure,
        progress=not as_json,
    )
    if as_json:
        show.print_json(found)
    else:
        show.trial(found)


@app.command()
def train(
    experiment: Annotated[
        str, typer.Argument(metavar="EXPERIMENT", help="A profile: quick, cpu, ..., or own.")
    ],
    dataset: OwnData = None,
    model: OwnModel = None,
    noise: OwnNoise = None,
    noisy_labels: NoisyLabels = None,
    losses: Annotated[
        list[str] | None,
        typer.Option("--loss", metavar="LOSS", help="In place of the profile's losses; more than once."),
    ] = None,
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
    executor: Annotated[
        str,
        typer.Option(
            "--executor",
            metavar="WHERE",
            help="local, or a running Dask cluster: tcp://HOST:PORT or dask:SCHEDULER_FILE; see README.md.",
        ),
    ] = "local",
    budget: Annotated[
        str | None,
        typer.Option(
            "--budget", metavar="TIME", help="Save and stop after 90s, 9m or 2h; the next call goes on."
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Fetch nothing; fail at once where files of data are missing.")
    ] = False,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="List the runs and estimate the time; train nothing.")
    ] = False,
    as_json: Json = False,
) -> None:
    """Train the networks of an experiment; what is recorded already is not trained again.

    Keys of `--only`: loss, eta, model, dataset, variant, seed, start. Your own data, network, noise and
    losses take the place of a profile's; `own` has CCE and RLL at eta = 0.4 to begin with.

    Examples: `lossmatters train own --dataset mine.npz --model nets.py:make --noise pair:0.4 --loss cce
    --loss rll` · `lossmatters train quick` · `lossmatters train quick --only loss=rll,eta=0.4 --seeds 2` ·
    `lossmatters train paper --only model=resnet32 --data-dir DIR --budget 9m` ·
    `lossmatters train cpu --dry-run` · `lossmatters train paper --executor dask:scheduler.json --device cuda`
    """
    from lossmatters.empirics.experiments import get_experiment, planning, runner, with_own

    if offline:
        from lossmatters.empirics.data.files import OFFLINE

        os.environ[OFFLINE] = "1"  # worker processes inherit it
    asked_for = with_own(
        get_experiment(experiment),
        dataset=dataset,
        model=model,
        noise=own_noise(noise, noisy_labels),
        losses=losses or (),
    )
    path = records or out / "records"
    options: dict[str, Any] = {
        "records_path": path,
        "seeds": seeds,
        "epochs": epochs,
        "subset": subset,
        "precision": precision,
        "data_dir": data_dir,
        "only": parse_only(only),
        "device": device,
        "workers": workers,
        "resume": resume,
        "executor": executor,
    }
    if dry_run:
        show.plan(planning.plan(asked_for, **options), as_json)
        return
    found = runner.train(
        asked_for,
        **options,
        budget=parse_time(budget) if budget else None,
        progress=not as_json,
    )
    where = planning.records_file(path, experiment)
    wanted = len(planning.plan(asked_for, **{**options, "resume": True}).runs)
    if as_json:
        show.print_json({"records": str(where), "runs": [r.run_id for r in found], "asked_for": wanted})
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
    """Check every claim and show its evidence: the ledger. Each check must also reject a known-false twin.

    Exit status 1 if anything in the theory is refuted or undecided. A training claim that is not
    reproduced is a result, not a failure.

    Examples: `lossmatters verify S1 R1` · `lossmatters verify --train quick --out build` ·
    `lossmatters verify E --records build/records --json`
    """
    from lossmatters.proofs_checks import claims as all_claims
    from lossmatters.proofs_checks import ledger as ledgers

    chosen = all_claims.find(claims) if claims else all_claims.CLAIMS
    if out is not None:
        check_writable(out)
    if experiment is not None:
        from lossmatters.empirics.experiments import runner

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
        found = read_records(records, out or DEFAULT_OUT)
    with show.progress("claims", len(chosen), show=not as_json) as step:
        ledger = ledgers.verify(chosen, found, step, workers_for(workers, len(chosen)))
    if as_json:
        show.print_json(ledger)
    else:
        show.ledger(ledger, ledgers.counts(ledger))
    if out is not None:
        _write_all(ledger, found, out, quiet=as_json)
    if not ledgers.sound(ledger):
        raise typer.Exit(1)


@app.command()
def figures(
    records: RecordsPath = None,
    out: Out = DEFAULT_OUT,
    only: Annotated[
        str | None,
        typer.Option("--only", metavar="NAME,...", help="curves, plane, final, ...; by default all."),
    ] = None,
    width: Annotated[
        float | None,
        typer.Option("--width", metavar="INCHES", help="Of each figure, such as 3.25 for a column."),
    ] = None,
    style: Annotated[
        Path | None,
        typer.Option("--style", metavar="FILE", help="Settings on top of the house's: my.mplstyle."),
    ] = None,
    formats: Annotated[
        str | None,
        typer.Option("--format", metavar="FORMAT,...", help="pdf, png, svg, eps or pgf (which needs LaTeX)."),
    ] = None,
) -> None:
    """Draw the figures, as PDF, PNG and SVG unless told otherwise, from the records.

    Examples: `lossmatters figures --records build/records --out build` · `lossmatters figures
    --records mine.jsonl --only curves,plane --width 3.25 --style my.mplstyle --format pdf,pgf`
    """
    from lossmatters.paper.figures import write_figures

    check_writable(out)
    for path in write_figures(
        need_records(records, out),
        out / "figures",
        show.skipped,
        only=words(only),
        formats=words(formats),
        width=width,
        style=style,
    ):
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
    """Write one self-contained HTML page: the ledger, the losses, the figures, and what does not hold.

    Example: `lossmatters report --ledger build/ledger.json`
    """
    from lossmatters.paper.report import write_report
    from lossmatters.proofs_checks import ledger as ledgers
    from lossmatters.proofs_checks.claims import CLAIMS

    check_writable(out)
    found = need_records(records, out)
    if ledger is not None:
        data = ledgers.read(ledger)
    else:
        with show.progress("claims", len(CLAIMS)) as step:
            data = ledgers.verify(CLAIMS, found, step, workers_for(None, len(CLAIMS)))
    typer.echo(write_report(data, found, out / "figures", out / "report"))


@app.command()
def paper(
    records: RecordsPath = None,
    out: Out = DEFAULT_OUT,
    ledger: Annotated[
        Path | None,
        typer.Option(
            "--ledger", metavar="FILE", help="A ledger.json of `verify`; by default all is checked anew."
        ),
    ] = None,
) -> None:
    """Write the article, every number from records and ledger: OUT/paper/paper.pdf where there is LaTeX.

    Without LaTeX it leaves the sources, and says what to install.

    Example: `lossmatters paper --records build/records --ledger build/ledger.json`
    """
    from lossmatters.paper.article import build_article
    from lossmatters.proofs_checks import ledger as ledgers
    from lossmatters.proofs_checks.claims import CLAIMS

    check_writable(out)
    found = need_records(records, out)
    if ledger is not None:
        data = ledgers.read(ledger)
    else:
        with show.progress("claims", len(CLAIMS)) as step:
            data = ledgers.verify(CLAIMS, found, step, workers_for(None, len(CLAIMS)))
    article = build_article(data, found, out / "paper")
    typer.echo(article.folder)
    typer.echo(article.archive)
    typer.echo(article.pdf or article.problem)


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
    sys.exit(status if isinstance(status, int) else 0)


def _write_all(ledger: dict[str, Any], records: Any, out: Path, quiet: bool) -> None:
    from lossmatters.paper.figures import write_figures
    from lossmatters.paper.report import write_report
    from lossmatters.proofs_checks import ledger as ledgers

    written = [("ledger", ledgers.write(ledger, out / "ledger.json"))]
    if records:
        write_figures(records, out / "figures", show.skipped)
        written.append(("figures", out / "figures"))
    written.append(("report", write_report(ledger, records, out / "figures", out / "report")))
    if not quiet:
        for what, path in written:
            typer.echo(f"{what + ':':<9}{path}")
