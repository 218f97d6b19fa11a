"""Lists that fit 80 columns: the ledger, a line a claim, and the catalogue, a line a loss."""

from __future__ import annotations

import textwrap
from collections.abc import Iterable, Sequence
from typing import Any

from lossmatters.show import STYLES, console, losses_in_full, rate

# what a reader came for stands last, where the terminal stops
LAST = ("inconclusive", "undecided", "not reproduced", "refuted")


def losses(rows: Sequence[dict[str, Any]], full: bool = False) -> None:
    """Show the catalogue, as `lossmatters.theory.catalogue.catalogue` gives it; all of it if `full`."""
    if full:
        losses_in_full(rows)
        return
    header = ("loss", "symmetric, C", "bounded", "excess", "tolerates", "parameters")
    table = [header]
    for row in rows:
        status = row["symmetry"]["status"]
        excess = row["excess_risk_bound"]
        table.append(
            (
                row["name"],
                {"proved": f"yes, {row['symmetry']['constant']}", "refuted": "no"}.get(status, status),
                {True: "yes", False: "no", None: "unknown"}[row["bounded"]],
                "oo" if excess is None else f"{excess:.3g}",
                rate(row["noise_tolerance"]),
                ", ".join(f"{k}={v}" for k, v in row["parameters"].items()) or "-",
            )
        )
    out = console()
    for line in aligned(table, out.width):
        out.print(line, markup=False, highlight=False)
    out.print(
        "\nC is the constant label sum of a symmetric loss. At K = 10: the largest excess risk at eta = 0.4, "
        "and the rate of uniform noise that the loss tolerates. More: lossmatters losses --long; all that is "
        "known of one: lossmatters certify LOSS",
        highlight=False,
    )


def aligned(rows: Sequence[Sequence[str]], columns: int) -> list[str]:
    """Return rows as lines of aligned cells, none longer than `columns`; the last cell is cut to fit."""
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]) - 1)]
    lines = []
    for row in rows:
        line = "  ".join([*(cell.ljust(width) for cell, width in zip(row, widths, strict=False)), row[-1]])
        lines.append(cut(line, columns).rstrip())
    return lines


def cut(text: str, columns: int) -> str:
    """Return text that is no longer than `columns`, with an ellipsis where some is left out."""
    return text if len(text) <= columns else text[: columns - 1] + "\N{HORIZONTAL ELLIPSIS}"


def ledger(found: dict[str, Any], counts: dict[str, int], full: bool = False) -> None:
    """Show the claims, those that fail or stay open last, and how many there are of each status.

    Parameters
    ----------
    found : dict
        A ledger, as `lossmatters.proofs_checks.ledger.verify` gives it.
    counts : dict
        How many claims have each status.
    full : bool
        All evidence of each claim, in place of a line.
    """
    out = console()
    claims = sorted(found["claims"], key=lambda claim: _place(claim["status"]))
    ids = max((len(claim["id"]) for claim in claims), default=0)
    before = False
    for claim in claims:
        status, last = claim["status"], claim["status"] in LAST
        if full or (last and not before):
            out.print()
        before = last
        if full:
            _claim(out, claim)
            continue
        room = out.width - ids - len(status) - 4
        title = cut(claim["title"], room)
        out.print(f"{claim['id']:<{ids}}  {title:<{room}}  ", end="", markup=False, highlight=False)
        out.print(status, style=STYLES[status], highlight=False)
    out.print()
    out.print(", ".join(f"{n} {status}" for status, n in counts.items()), highlight=False)
    failing = [claim["id"] for claim in claims if claim["status"] in LAST]
    if failing and not full:
        out.print(f"why: lossmatters verify {failing[-1]}, or --long for all", markup=False, highlight=False)


def tuned(found: dict[str, Any]) -> None:
    """Show what `lossmatters.tuning.tuned` found: a line a loss, the choice, and how sure it is."""
    header = ["loss", "noisy", "clean, estimated", "behind by", "clean"]
    rows = [header]
    for row in found["losses"]:
        clean = row["with_clean_labels"]
        rows.append(
            [
                row["loss"],
                f"{row['noisy_accuracy']:.3f}",
                _interval(row["clean_accuracy"], "none fits"),
                _interval(row["behind_the_best"], "-"),
                "" if clean is None else f"{clean:.3f}",
            ]
        )
    out = console()
    for line in aligned(rows, out.width):
        out.print(line, markup=False, highlight=False)
    others = [r["loss"] for r in found["losses"] if r["may_be_as_good"] and r["loss"] != found["best"]]
    sure = f"; may be as good: {', '.join(others)}" if others else ", shown to be better than the others"
    _indented(out, [f"choice: {found['best']}{sure} (95 % intervals of V1, all leads at once)"], 0)
    if found["clean_choice"] is not None:
        right = found["best"] in found["clean_choice"]
        said = "the same" if right else f"{', '.join(found['clean_choice'])}, better by {found['cost']:.3f}"
        _indented(out, [f"clean labels choose: {said}"], 0)
    labels = "labels as annotated" if found["annotated"] else "labels altered here"
    about = f"{found['validation_samples']} held out, {labels}, eta = {found['noise_rate']}"
    network = f"{found['dataset']}, {found['model']}, {found['epochs']} epochs, seed {found['seed']}"
    _indented(out, [f"{network}; {about}"], 0)


def _interval(found: dict[str, float] | None, otherwise: str) -> str:
    if found is None:
        return otherwise
    return f"{found['value']:.3f} [{found['low']:.3f}, {found['high']:.3f}]"


def _place(status: str) -> int:
    return LAST.index(status) + 1 if status in LAST else 0


def _claim(out: Any, claim: dict[str, Any]) -> None:
    """Show one claim with all that speaks for or against it."""
    out.print(claim["id"], style="bold", end="  ", markup=False, highlight=False)
    out.print(claim["status"], style=STYLES[claim["status"]], highlight=False)
    _indented(out, [claim["title"], claim["statement"]], 2)
    if not claim["evidence"]:
        _indented(out, ["no evidence yet"], 2)
    for row in claim["evidence"]:
        _indented(out, [f"{row['method']}, {row['status']}: {row['scope']}"], 2, "- ")
        _indented(out, _said(row), 4)


def _said(row: dict[str, Any]) -> Iterable[str]:
    """Return what a row of evidence says: each condition by itself, those that fail last; else its detail."""
    conditions = (row.get("data") or {}).get("conditions")
    if not conditions or any("must" not in c for c in conditions):
        return [row["detail"]] if row["detail"] else []
    order = ("yes", "open", "no")
    told = [
        f"{c['holds']:<4} {c['quantity']}: {c['shown']}, {c['must']}"
        for c in sorted(conditions, key=lambda c: order.index(c["holds"]))
    ]
    # the end of the detail says of what level the intervals are
    return [*told, row["detail"][row["detail"].rindex("(") :]]


def _indented(out: Any, paragraphs: Iterable[str], indent: int, first: str = "") -> None:
    for text in paragraphs:
        start = " " * indent
        lines = textwrap.wrap(
            text,
            out.width,
            initial_indent=start + first,
            subsequent_indent=start + " " * len(first),
            break_long_words=False,
            break_on_hyphens=False,
        )
        for line in lines:
            out.print(line, markup=False, highlight=False, soft_wrap=True)
