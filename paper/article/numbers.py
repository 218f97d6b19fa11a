r"""Every number of the paper under a key: ``\val{quick/cce/0.4/J1}`` stands for what the records say."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from lossmatters.empirics.records import Record
from lossmatters.paper.article.latex import escaped, prose
from lossmatters.paper.names import number
from lossmatters.paper.setups import setups
from lossmatters.paper.statistics import Estimate, grid

METRICS = {
    "J1": "noisy_train_accuracy",
    "J2": "clean_train_accuracy",
    "M": "memorization_rate",
    "recovery": "recovery_rate",
    "test": "test_accuracy",
}
MISSING = "--"


def values(ledger: dict[str, Any], records: Sequence[Record]) -> dict[str, str]:
    """Return LaTeX by key.

    Keys: ``SET-UP/LOSS/RATE/METRIC`` (in percent, with half the width of the interval), ``SET-UP/n``,
    ``SET-UP/epochs``, ``claims``, ``claims/STATUS``, ``status/ID``, ``statement/ID``, ``runs``,
    ``diverged``.
    """
    found: dict[str, str] = {
        "runs": str(len(records)),
        "diverged": str(sum(r.diverged is not None for r in records)),
    }
    for name, group in setups(records).items():
        cells = grid(group)
        found[f"{name}/n"] = str(max((cell.n for cell in cells.values()), default=0))
        found[f"{name}/epochs"] = str(group[0].epochs)
        for (loss, rate), cell in cells.items():
            short = loss.partition("(")[0] if _is_main(loss) else loss
            for symbol, metric in METRICS.items():
                found[f"{name}/{short}/{number(rate)}/{symbol}"] = share(cell.final(metric))
    claims = ledger["claims"]
    found["claims"] = str(len(claims))
    for claim in claims:
        status = str(claim["status"])
        found[f"claims/{status}"] = str(int(found.get(f"claims/{status}", "0")) + 1)
        found[f"status/{claim['id']}"] = escaped(status)
        found[f"statement/{claim['id']}"] = prose(claim["statement"])
    return found


def share(estimate: Estimate | None) -> str:
    """Return a share in percent as LaTeX."""
    if estimate is None:
        return MISSING
    mean = f"{100 * estimate.mean:.1f}"
    if not estimate.has_interval:
        return mean
    beyond = "^*" if estimate.low < 0 or estimate.high > 1 else ""  # no share is there
    return rf"\ensuremath{{{mean}\scriptstyle\,\pm {50 * (estimate.high - estimate.low):.1f}{beyond}}}"


def macros(found: Mapping[str, str]) -> str:
    r"""Return ``numbers.tex``: a definition for each key, and ``\val``, a dash where a key is missing."""
    lines = [
        "% Made from records and the ledger; edit neither this file nor the numbers in it.",
        rf"\newcommand{{\val}}[1]{{\ifcsname val:#1\endcsname\csname val:#1\endcsname\else{MISSING}\fi}}",
    ]
    for key, text in sorted(found.items()):
        lines.append(rf"\expandafter\def\csname val:{key}\endcsname{{{text}}}")
    return "\n".join(lines) + "\n"


def _is_main(loss: str) -> bool:
    from lossmatters.paper.names import main_losses

    return loss in main_losses()
