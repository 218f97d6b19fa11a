"""The report: one HTML page that needs nothing but itself."""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from markupsafe import Markup

from lossmatters.empirics.records import Record
from lossmatters.paper.ahead import computed_ahead
from lossmatters.paper.figures.formats import FORMATS
from lossmatters.paper.figures.write import MANIFEST, digest, write_figures
from lossmatters.paper.findings import findings
from lossmatters.paper.mathml import prose
from lossmatters.paper.provenance import provenance
from lossmatters.paper.setups import Runs, main_setups
from lossmatters.paper.tables import comparison_table, loss_table, loss_table_asks, results_table
from lossmatters.paper.witness import readable
from lossmatters.proofs_checks.claim import Status
from lossmatters.proofs_checks.formal.theorems import Theorem, theorems
from lossmatters.proofs_checks.statements import places
from lossmatters.theory.files import write_whole

TEMPLATES = "templates"
PAGE = "index.html"

# What is not settled comes first, the worst at the top.
OPEN = (
    Status.REFUTED,
    Status.NOT_REPRODUCED,
    Status.INCONCLUSIVE,
    Status.UNDECIDED,
    Status.ELSEWHERE,
    Status.NOT_CHECKED,
)
ORDER = (Status.PROVED, Status.CERTIFIED, Status.CONFIRMED, Status.SAMPLED, *OPEN)
SECTIONS = {
    "S": "Symmetry of losses",
    "L": "The losses, one by one",
    "R": "Risk under noise",
    "Y": "Symmetrisation",
    "A": "Noise tolerance",
    "V": "Validation with noisy labels",
    "N": "What the theorem does not say",
    "M": "Robustness to memorization",
    "D": "Dynamics",
    "E": "Training",
}
OTHER = "Other claims"
MEANING = {
    Status.PROVED: "shown by proof, for the stated scope",
    Status.CERTIFIED: "shown by interval arithmetic, for the stated scope",
    Status.CONFIRMED: "training runs agree, by a stated interval",
    Status.SAMPLED: "many draws were tried and none failed; not a proof",
    Status.REFUTED: "false as stated, with a witness that can be checked by hand",
    Status.NOT_REPRODUCED: "training runs disagree, by a stated interval",
    Status.INCONCLUSIVE: "the interval from training does not decide",
    Status.UNDECIDED: "no method settled it; this is not a pass",
    Status.ELSEWHERE: "a formal proof was checked on a machine with Coq, from these very sources; not here",
    Status.NOT_CHECKED: "stated, but nothing checks it yet",
}


# What a claim or its evidence may leave out.
_CLAIM = {"title": "", "statement": "", "assumes": [], "source": ""}
_EVIDENCE = {"method": "", "scope": "", "detail": "", "witness": None, "twin": None}


@dataclass(frozen=True)
class Picture:
    """A figure as it stands in the page: all of it inline."""

    name: str
    kind: str
    setup: str
    title: str
    caption: str
    alt: str
    uri: str


def write_report(
    ledger: dict[str, Any],
    records: Sequence[Record],
    figures_dir: str | os.PathLike[str],
    out_dir: str | os.PathLike[str],
    workers: int = 1,
) -> Path:
    """Write ``index.html`` into `out_dir`, whole or not at all, and return its path.

    Parameters
    ----------
    ledger : what ``lossmatters verify --json`` prints: claims and provenance.
    records : the runs that findings, results and figures speak of; there may be none.
    figures_dir : the figures of `lossmatters.paper.figures.write_figures`. Where they are missing, or were
        drawn from other records, they are drawn there first: a page never shows figures of other runs. They
        are drawn as SVG, and in what other formats files are there.
    workers : processes, see `lossmatters.paper.ahead.computed_ahead`.

    Raises
    ------
    ValueError : a ledger without claims, or a claim without an id or with an unknown status.
    OSError : a folder cannot be written.
    """
    claims = _claims(ledger)
    with computed_ahead(workers) as answers:
        answers.begin(loss_table_asks())
        page = _page(ledger, claims, Runs(records), Path(figures_dir))
    return write_whole(Path(out_dir) / PAGE, page.encode())


def _page(ledger: dict[str, Any], claims: list[dict[str, Any]], records: Runs, figures_dir: Path) -> str:
    manifest = _manifest(figures_dir, records)
    pictures = [_picture(figures_dir, entry) for entry in manifest["figures"]]
    groups = main_setups(records)
    counts = {status: sum(c["status"] is status for c in claims) for status in ORDER}
    unsound = [
        (claim["id"], evidence["twin"].get("says", ""))
        for claim in claims
        for evidence in claim["evidence"]
        if evidence["twin"] and not evidence["twin"].get("rejected")
    ]
    page: str = _environment().get_template("report.html.j2").render(
        sections=_sections(claims),
        kinds=_kinds(claims),
        proofs=_proofs(),
        total=len(claims),
        counts={status: n for status, n in counts.items() if n},
        meaning=MEANING,
        unsettled={status: [c for c in claims if c["status"] is status] for status in OPEN if counts[status]},
        unsound=unsound,
        findings={name: findings(group) for name, group in groups.items()},
        headline=next((p for p in pictures if p.kind == "curves"), None),
        pictures=pictures,
        skipped=manifest["skipped"],
        losses=loss_table().to_html(),
        comparison=comparison_table(groups).to_html() if len(groups) > 1 else None,
        results={name: results_table(group).to_html() for name, group in groups.items()},
        runs=len(records),
        diverged=diverged(records),
        diverged_runs=sum(record.diverged is not None for record in records),
        provenance=ledger.get("provenance") or {},
        training={name: provenance(group) for name, group in groups.items()},
    )  # fmt: skip
    return page


def diverged(records: Sequence[Record]) -> list[str]:
    """Return a line for each loss and noise rate of which a run diverged: which seeds, and in which epoch."""
    found: dict[tuple[str, str, str], list[Record]] = {}
    for record in records:
        if record.diverged is not None:
            rate = record.noise["rate"]
            found.setdefault(
                (record.experiment, record.loss, "unknown" if rate is None else rate), []
            ).append(record)
    return [
        f"{experiment}: {loss} at eta = {rate}, "
        + ", ".join(f"seed {r.seed} in epoch {r.diverged}" for r in group)
        for (experiment, loss, rate), group in found.items()
    ]


def _claims(ledger: dict[str, Any]) -> list[dict[str, Any]]:
    """Return the claims with their statuses as `Status`, missing optional parts filled in."""
    if not isinstance(ledger, dict) or not isinstance(ledger.get("claims"), list):
        raise ValueError(f"ledger must be an object with a list of claims, got ledger={_short(ledger)}")
    out = []
    for claim in ledger["claims"]:
        if not isinstance(claim, dict) or not claim.get("id"):
            raise ValueError(f"claim must be an object with an id, got claim={_short(claim)}")
        status = _status(claim.get("status"), claim["id"])
        evidence = [
            {**_EVIDENCE, **e, "status": _status(e.get("status"), claim["id"])}
            for e in claim.get("evidence") or []
        ]
        why = next((e["detail"] for e in evidence if e["status"] is status and e["detail"]), "")
        out.append(
            {
                **_CLAIM,
                **claim,
                "status": status,
                "evidence": evidence,
                "why": why,
                "places": places(str(claim["id"])),
            }
        )
    return out


def _sections(claims: list[dict[str, Any]]) -> dict[str, list[dict[str, Any]]]:
    """Return the claims under the headings of the mathematics, by the first letter of their ids."""
    out: dict[str, list[dict[str, Any]]] = {heading: [] for heading in (*SECTIONS.values(), OTHER)}
    for claim in claims:
        out[SECTIONS.get(str(claim["id"])[0], OTHER)].append(claim)
    return {heading: found for heading, found in out.items() if found}


def _kinds(claims: list[dict[str, Any]]) -> dict[str, tuple[str, int]]:
    """Return the headings of the ledger and how many claims stand under each, by the name of its filter."""
    return {_kind(heading): (heading, len(found)) for heading, found in _sections(claims).items()}


def _kind(heading: str) -> str:
    return f"kind-{_anchor(heading.lower())}"


def _proofs() -> dict[str, list[Theorem]]:
    """Return the Coq theorems about each claim, by its id."""
    found: dict[str, list[Theorem]] = {}
    for theorem in theorems():
        for claim in theorem.claims:
            found.setdefault(claim, []).append(theorem)
    return found


def _status(value: Any, claim: str) -> Status:
    try:
        return Status(value)
    except ValueError:
        known = ", ".join(s.value for s in Status)
        raise ValueError(f"status of {claim} must be one of {known}, got status={value!r}") from None


def _short(value: Any) -> str:
    text = repr(value)
    return text if len(text) <= 80 else f"{text[:77]}..."


def _manifest(folder: Path, records: Sequence[Record]) -> dict[str, Any]:
    """Return what was drawn into `folder`, after drawing it anew where it is not of these records."""
    path = folder / MANIFEST
    try:
        manifest = json.loads(path.read_text(encoding="utf-8"))
        fresh = manifest["records"] == digest(records) and all(
            (folder / f"{entry['name']}.svg").is_file() for entry in manifest["figures"]
        )
    except (OSError, ValueError, KeyError, TypeError):
        fresh = False
    if not fresh:
        # The page needs SVG alone, a third of the work. What else is there must not stay that of other runs.
        there = {file.suffix[1:] for file in folder.glob("*.*")}
        write_figures(records, folder, formats=[k for k in FORMATS if k == "svg" or k in there])
        manifest = json.loads(path.read_text(encoding="utf-8"))
    return manifest


def _picture(folder: Path, entry: dict[str, str]) -> Picture:
    # As an image, not as inline SVG: ids of several SVGs in one page would collide.
    data = base64.b64encode((folder / f"{entry['name']}.svg").read_bytes()).decode()
    uri = f"data:image/svg+xml;base64,{data}"
    keys = ("name", "setup", "title", "caption", "alt")
    return Picture(kind=entry["figure"], uri=uri, **{key: entry[key] for key in keys})


def _environment() -> Any:
    from jinja2 import Environment, PackageLoader, StrictUndefined

    environment = Environment(
        loader=PackageLoader("lossmatters.paper", TEMPLATES),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters |= {
        "prose": lambda text: prose(str(text)),
        "readable": readable,
        "anchor": _anchor,
        "kind": _kind,
    }
    environment.globals |= {"Markup": Markup}
    return environment


def _anchor(identity: object) -> str:
    """Return an id for an HTML element: letters, digits, dots and dashes only."""
    return "".join(c if c.isalnum() or c in ".-" else "-" for c in str(identity))
