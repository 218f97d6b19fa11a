"""The ledger: every claim with all its evidence, as data."""

from __future__ import annotations

import json
import os
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ProcessPoolExecutor
from contextlib import contextmanager
from importlib import metadata
from multiprocessing import get_context
from pathlib import Path
from typing import Any

from lossmatters.empirics.records import Record
from lossmatters.proofs_checks.claim import FAILS, Check, Claim, Evidence, Method, Status
from lossmatters.proofs_checks.methods import formal
from lossmatters.proofs_checks.methods.empirical import by_experiment
from lossmatters.theory.files import write_whole

# Strongest first; a claim shows the strongest of its evidence unless something speaks against it.
STRENGTH = (
    Status.PROVED,
    Status.CERTIFIED,
    Status.CONFIRMED,
    Status.SAMPLED,
    Status.INCONCLUSIVE,
    Status.UNDECIDED,
    Status.ELSEWHERE,
    Status.NOT_CHECKED,
)

Progress = Callable[[str], None]


def verify(
    claims: Iterable[Claim],
    records: Sequence[Record] = (),
    progress: Progress | None = None,
    workers: int = 1,
) -> dict[str, Any]:
    """Check claims and return the ledger, as ``lossmatters verify --json`` prints it.

    Each check is also run on its known-false twin. Where the twin is not rejected the check proves
    nothing, and its evidence is turned into `undecided`.

    Parameters
    ----------
    records : training records for the claims about training; they are judged experiment by experiment.
    progress : called with the id of each claim before its turn.
    workers : processes that share the project's own claims about theory; the ledger does not depend on it.
    """
    claims = list(claims)
    entries = []
    with _elsewhere(claims, workers) as checked:
        for claim in claims:
            if progress:
                progress(claim.id)
            if claim.id in checked:
                evidence = checked[claim.id].result()
            else:
                evidence = [row for check in claim.checks for row in _rows(check, records)]
            evidence = [*evidence, *formal.rows(claim.id)]
            entries.append(
                {
                    "id": claim.id,
                    "title": claim.title,
                    "statement": claim.statement,
                    "assumes": list(claim.assumes),
                    "source": claim.source,
                    "status": overall([Status(row["status"]) for row in evidence]).value,
                    "evidence": evidence,
                }
            )
    return {"claims": entries, "provenance": provenance(records)}


@contextmanager
def _elsewhere(claims: Sequence[Claim], workers: int) -> Iterator[dict[str, Future[list[dict[str, Any]]]]]:
    """Check the claims about theory, by id, in other processes; none for one worker.

    A check is code and cannot be sent; the other process finds it by the claim's id, so a claim that is
    not the project's own stays here.
    """
    if workers == 1:
        yield {}
        return
    from lossmatters.proofs_checks.claims import CLAIMS

    own = [c for c in claims if c in CLAIMS and c.checks and not any(k.needs_records for k in c.checks)]
    with ProcessPoolExecutor(workers, mp_context=get_context("spawn")) as pool:
        try:
            yield {c.id: pool.submit(_check_by_id, c.id) for c in own}
        except BaseException:
            pool.shutdown(wait=False, cancel_futures=True)
            raise


def _check_by_id(id: str) -> list[dict[str, Any]]:
    from lossmatters.proofs_checks.claims import CLAIMS

    claim = next(c for c in CLAIMS if c.id == id)
    return [row for check in claim.checks for row in _rows(check, ())]


def _rows(check: Check, records: Sequence[Record]) -> list[dict[str, Any]]:
    if not check.needs_records:
        return [_row(check, check.run(check.subject), check.run(check.twin))]
    twin = check.run(*check.twin)
    groups = by_experiment(r for r in records if r.noise["kind"] == check.noise) or [[]]
    rows = [_row(check, check.run(check.subject, group), twin) for group in groups]
    # experiments that are about something else need not say so where one speaks
    return [row for row in rows if row["status"] != Status.NOT_CHECKED.value] or rows[:1]


def _row(check: Check, found: Evidence, twin: Evidence) -> dict[str, Any]:
    rejected = twin.status in FAILS
    row = found.to_dict()
    if not rejected:
        row["status"] = Status.UNDECIDED.value
        row["detail"] = f"the same check does not reject its known-false twin; {row['detail']}"
    row["twin"] = {"says": check.twin_says, "rejected": rejected, "witness": twin.witness}
    return row


def overall(statuses: Sequence[Status]) -> Status:
    """Return the strongest status, except that `refuted` and `not reproduced` always show."""
    for status in (*FAILS, *STRENGTH):
        if status in statuses:
            return status
    return Status.NOT_CHECKED


def sound(ledger: dict[str, Any]) -> bool:
    """Tell whether all that was checked came to a verdict, with nothing in the theory refuted.

    A training claim that is not reproduced, or inconclusive, is a result and not a failure. Nor is it one
    where a small set-up lacks the runs for a claim that another set-up decides.
    """
    return all(_sound(claim["evidence"]) for claim in ledger["claims"])


def _sound(rows: Sequence[dict[str, Any]]) -> bool:
    results = {Status.CONFIRMED.value, Status.NOT_REPRODUCED.value, Status.INCONCLUSIVE.value}
    elsewhere = any(row["status"] in results for row in rows)

    def is_bad(row: dict[str, Any]) -> bool:
        if row["status"] == Status.UNDECIDED.value:
            rejected = row.get("twin", {}).get("rejected", True)
            return not (row["method"] == Method.EMPIRICAL.value and elsewhere and rejected)
        return bool(row["status"] == Status.REFUTED.value)

    return not any(map(is_bad, rows))


def counts(ledger: dict[str, Any]) -> dict[str, int]:
    """Return how many claims have each status, in the order of `Status`."""
    found = [claim["status"] for claim in ledger["claims"]]
    return {s.value: found.count(s.value) for s in Status if s.value in found}


def provenance(records: Sequence[Record]) -> dict[str, Any]:
    """Return versions, and what the records say of where they came from."""
    versions: dict[str, str | None] = {}
    for name in ("lossmatters", "sympy", "mpmath", "numpy", "scipy", "python-flint"):
        try:
            versions[name] = metadata.version(name)
        except metadata.PackageNotFoundError:
            versions[name] = None
    datasets = {r.dataset["name"]: r.dataset["sha256"] for r in records}
    experiments = {f"{r.experiment}, {r.epochs} epochs" for r in records}
    return {
        "versions": versions,
        "records": len(records),
        "diverged": sum(r.diverged is not None for r in records),
        "datasets": datasets,
        "experiments": sorted(experiments),
        "training": records[0].provenance if records else None,
    }


def write(ledger: dict[str, Any], path: str | os.PathLike[str]) -> Path:
    """Write the ledger as JSON, whole or not at all."""
    return write_whole(path, json.dumps(ledger, indent=1) + "\n")


def read(path: str | os.PathLike[str]) -> dict[str, Any]:
    """Return a ledger that `write` wrote.

    Raises
    ------
    ValueError : no JSON, or JSON of something else.
    OSError : the file cannot be read.
    """
    try:
        ledger = json.loads(Path(path).read_text(encoding="utf-8"))
    except (json.JSONDecodeError, UnicodeDecodeError):
        raise ValueError(f"ledger must be a JSON file, got ledger={str(path)!r}") from None
    if not isinstance(ledger, dict) or not isinstance(ledger.get("claims"), list):
        raise ValueError(f"ledger must hold claims, got ledger={str(path)!r}")
    return ledger
