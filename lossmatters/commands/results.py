"""Commands that make something of records: the ledger, figures, the report and the paper."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any

import typer

from lossmatters import listing, show
from lossmatters.arguments import (
    DEFAULT_OUT,
    Device,
    Epochs,
    Json,
    Long,
    Out,
    RecordsPath,
    Seeds,
    Workers,
    check_not_kept,
    check_writable,
    need_records,
    processes,
    read_records,
    words,
    workers_for,
)
from lossmatters.theory.progress import progress, steps

LedgerFile = Annotated[
    Path | None,
    typer.Option(
        "--ledger", metavar="FILE", help="A ledger.json of `verify`; by default all is checked anew."
    ),
]


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
    long: Long = False,
    as_json: Json = False,
) -> None:
    """Check every claim: the ledger. Each check must also reject a known-false twin.

    It shows a line a claim, what fails or is open last; all evidence of claims that are named, or `--long`.

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

        check_not_kept(records)
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
    with steps("claims", len(chosen), show=not as_json) as step:
        ledger = ledgers.verify(chosen, found, step, workers_for(workers, len(chosen)))
    if as_json:
        show.print_json(ledger)
    else:
        listing.ledger(ledger, ledgers.counts(ledger), full=long or bool(claims))
    if out is not None:
        _write_all(ledger, found, out, quiet=as_json)
    if not ledgers.sound(ledger):
        raise typer.Exit(1)


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
        workers=processes(),
    ):
        typer.echo(path)


def report(
    records: RecordsPath = None,
    out: Out = DEFAULT_OUT,
    ledger: LedgerFile = None,
) -> None:
    """Write one self-contained HTML page: the ledger, the losses, the figures, and what does not hold.

    Example: `lossmatters report --ledger build/ledger.json`
    """
    from lossmatters.paper.ahead import computed_ahead
    from lossmatters.paper.report import write_report
    from lossmatters.paper.tables import loss_table_asks

    check_writable(out)
    with computed_ahead(processes()) as answers:
        answers.begin(loss_table_asks())  # while records are read
        found = need_records(records, out)
        data = _ledger(ledger, found)
        with progress("report"):
            path = write_report(data, found, out / "figures", out / "report")
    typer.echo(path)


def paper(
    records: RecordsPath = None,
    out: Out = DEFAULT_OUT,
    ledger: LedgerFile = None,
) -> None:
    """Write the article, every number from records and ledger: OUT/paper/paper.pdf where there is LaTeX.

    Without LaTeX it leaves the sources, and says what to install.

    Example: `lossmatters paper --records build/records --ledger build/ledger.json`
    """
    from lossmatters.paper.article import build_article

    check_writable(out)
    found = need_records(records, out)
    data = _ledger(ledger, found)
    with progress("article"):
        article = build_article(data, found, out / "paper")
    typer.echo(article.folder)
    typer.echo(article.archive)
    typer.echo(article.pdf or article.problem)


def _ledger(path: Path | None, records: Any) -> dict[str, Any]:
    """Return the ledger of a file, or that of all claims checked anew."""
    from lossmatters.proofs_checks import ledger as ledgers
    from lossmatters.proofs_checks.claims import CLAIMS

    if path is not None:
        return ledgers.read(path)
    with steps("claims", len(CLAIMS)) as step:
        return ledgers.verify(CLAIMS, records, step, workers_for(None, len(CLAIMS)))


def _write_all(ledger: dict[str, Any], records: Any, out: Path, quiet: bool) -> None:
    from lossmatters.paper.ahead import computed_ahead
    from lossmatters.paper.figures import write_figures
    from lossmatters.paper.report import write_report
    from lossmatters.proofs_checks import ledger as ledgers

    written = [("ledger", ledgers.write(ledger, out / "ledger.json"))]
    with progress("figures and report", show=not quiet), computed_ahead(processes()):
        if records:
            write_figures(records, out / "figures", show.skipped)
            written.append(("figures", out / "figures"))
        written.append(("report", write_report(ledger, records, out / "figures", out / "report")))
    if not quiet:
        for what, path in written:
            typer.echo(f"{what + ':':<9}{path}")
