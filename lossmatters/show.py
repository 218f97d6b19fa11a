"""What the commands print: tables and a line below them, JSON, progress."""

from __future__ import annotations

import json
import math
import sys
from typing import Any

import typer


def console(wide: bool = False) -> Any:
    """Return where things are printed: 80 columns where it is no terminal, 160 for a `wide` table."""
    from rich.console import Console

    return Console(width=160 if wide and not sys.stdout.isatty() else None)


def _console() -> Any:
    return console(wide=True)


def _table(*columns: str) -> Any:
    from rich.table import Table

    table = Table(show_lines=False)
    for column in columns:
        table.add_column(column, overflow="fold")
    return table


def print_json(data: Any) -> None:
    """Print one object as JSON, which has no infinity and no NaN: these are the texts "inf" and "nan"."""
    plain = (sys.stdout.encoding or "").lower().replace("-", "") != "utf8"  # signs may be lacking there
    print(json.dumps(_finite(data), indent=1, ensure_ascii=plain, allow_nan=False))


def _finite(data: Any) -> Any:
    if isinstance(data, dict):
        return {key: _finite(value) for key, value in data.items()}
    if isinstance(data, list | tuple):
        return [_finite(value) for value in data]
    return str(data) if isinstance(data, float) and not math.isfinite(data) else data


def losses_in_full(rows: Any) -> None:
    """Show all of the catalogue, as `lossmatters.theory.catalogue.catalogue` gives it."""
    table = _table(
        "loss",
        "parameters",
        "symmetric",
        "C",
        "label sum S",
        "largest L (K = 10)",
        "excess, eta = 0.4",
        "tolerates eta (K = 10)",
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
            rate(row["noise_tolerance"]),
            row["source"],
        )
    _console().print(table)


def rate(found: dict[str, Any]) -> str:
    """Return the rate that a loss tolerates, in words where there is none."""
    if found["status"] == "undecided":
        return "undecided"
    return "none" if found["rate"] is None else f"{found['rate']:.3g}"


def certificate(rows: Any, title: str) -> None:
    """Show what `lossmatters.theory.certificate.describe` says of a loss."""
    table = _table("what", "verdict")
    for what, verdict in rows:
        table.add_row(what, verdict)
    console = _console()
    console.print(title)
    console.print(table)


def validation(found: dict[str, Any]) -> None:
    """Show what `lossmatters.validate.answers` found."""
    table = _table("what", "estimate", "interval", "method")
    for key, value in found.items():
        if not isinstance(value, dict):
            table.add_row(key.replace("_", " "), str(value), "", "")
        elif "value" in value:
            _estimate(table, key.replace("_", " "), value)
        else:
            _estimate(table, "clean accuracy", value["overall"])
            for part, what in (("classes", "clean accuracy of class"), ("shares", "clean share of class")):
                for i, estimate in enumerate(value[part]):
                    _estimate(table, f"{what} {i}", estimate)
    _console().print(table)


def _estimate(table: Any, what: str, e: dict[str, Any]) -> None:
    useless = "" if e["useful"] else "; as wide as without data: useless"
    span = f"{e['level']:.0%}: [{e['low']:.4f}, {e['high']:.4f}]{useless}"
    table.add_row(what, f"{e['value']:.4f}", span, e["method"])


def skipped(name: str, reason: str) -> None:
    """Say on standard error that a figure is left out, and why."""
    typer.echo(f"figure {name} is left out: {reason}", err=True)


def plan(todo: Any, as_json: bool) -> None:
    """Show what `lossmatters.empirics.experiments.planning.plan` says would be trained."""
    recorded = set(todo.recorded)
    rows = [
        {
            "dataset": str(todo.part(r).dataset),
            "model": todo.part(r).model.name,
            "variant": todo.part(r).variant or None,
            "loss": r.loss,
            "start": r.start,
            "eta": None if r.rate is None else str(r.rate),
            "seed": r.seed,
            "recorded": r in recorded,
        }
        for r in todo.runs
    ]
    if as_json:
        print_json(
            {"runs": rows, "networks": todo.networks, "seconds": todo.seconds, "records": str(todo.path)}
        )
        return
    table = _table("data", "model", "variant", "loss", "goes on after", "eta", "seed", "recorded")
    for row in rows:
        table.add_row(
            *(row["dataset"], row["model"], row["variant"] or "main", row["loss"], row["start"] or "-"),
            *(row["eta"] or "its own", str(row["seed"]), "yes" if row["recorded"] else "no"),
        )
    _console().print(table)
    many = f"{todo.workers} worker{'s' * (todo.workers != 1)}"
    time = f"roughly {_duration(todo.seconds)} with {many}"
    if todo.device == "cuda":
        time += " (by what an NVIDIA H200 did; a guess for most networks)"
    typer.echo(f"{todo.networks} networks to train into {todo.path}, {time}")
    if todo.warning:
        typer.echo(todo.warning)


def _duration(seconds: float) -> str:
    """Return a duration in the largest unit of which there are at least two."""
    for size, unit in ((86400, "days"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


STYLES = {
    "proved": "green",
    "certified": "green",
    "sampled": "cyan",
    "confirmed": "green",
    "refuted": "bold red",
    "not reproduced": "bold red",
    "inconclusive": "yellow",
    "undecided": "yellow",
    "checked elsewhere": "cyan",
    "not yet checked": "dim",
    "passed": "green",
    "noted": "cyan",
    "failed": "bold red",
    "unexpected pass": "bold red",
    "expected failure": "yellow",
    "skipped": "dim",
}


def conformance(report: Any) -> None:
    """Show what `lossmatters.proofs_checks.conformance.check_loss` found."""
    from rich.markup import escape

    from lossmatters.proofs_checks.conformance.report import NOTED, details

    table = _table("check", "status", "promise", "what was found")
    for result in report.results:
        told = not result.ok or result.status == NOTED
        lines = [result.reason, *details(result)] if told else [result.reason, result.detail]
        shown = "\n".join(line for line in lines if line)
        table.add_row(
            result.check, f"[{STYLES[result.status]}]{result.status}[/]", result.promise, escape(shown)
        )
    console = _console()
    console.print(f"[bold]{escape(report.loss)}[/bold], K = {report.num_classes}, {report.budget} run")
    console.print(table)
    console.print(", ".join(f"{n} {status}" for status, n in report.counts().items()))


def trial(found: dict[str, Any]) -> None:
    """Print what `lossmatters.trial.trial` found: what is known, a table, the (J1, J2) plane, an answer."""
    from rich.markup import escape

    from lossmatters.trial import COLUMNS, picture

    known, console = found["known"], _console()
    tolerance = known["noise_tolerance"]
    shown = "undecided" if tolerance is None else f"up to eta = {tolerance:.3g}"
    console.print(f"[bold]{escape(found['loss'])}[/bold]: symmetric: {known['symmetric']}; ", end="")
    console.print(f"a clean vertex stays optimal under uniform noise: {shown}", end="")
    time = known["memorization_time"]
    console.print("" if time is None else f"; memorization time (D2) {float(time):.3g}")
    table = _table("loss", "J1", "J2", "M", "A_f", "test", "flip at epoch", "answer")
    for row in found["runs"]:
        numbers = ["-" if row[name] is None else f"{row[name]:.3f}" for name in COLUMNS]
        flips = ", ".join("-" if f is None else str(f + 1) for f in row["flip_epochs"])
        table.add_row(escape(row["loss"]), *numbers, flips, row["answer"])
    console.print(table)
    typer.echo(picture(found["runs"]))
    noise, many = found["noise"], found["seeds"]
    rate = "unknown" if noise["rate"] is None else noise["rate"]
    setup = f"{found['dataset']}, {found['model']}, {noise['kind']} noise (rate {rate})"
    length = f"{found['epochs']} epochs, {many} seed{'s' * (many != 1)}"
    typer.echo(f"{setup}, {length}: {found['loss']} {found['answer']}")
