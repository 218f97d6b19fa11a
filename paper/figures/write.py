"""Write the declared figures as PDF, PNG and SVG, with a manifest of what was drawn and from what."""

from __future__ import annotations

import difflib
import hashlib
import json
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path

from lossmatters.empirics.records import Record
from lossmatters.empirics.records.canonical import canonical_text
from lossmatters.paper.ahead import Answers, computed_ahead
from lossmatters.paper.figures import (
    alpha,
    curves,
    final,
    loss_curves,
    mean_field,
    memorization_time,
    plane,
    regularisers,
    tolerance,
    warm_starts,
)
from lossmatters.paper.figures.declaration import FigureSpec, MissingData
from lossmatters.paper.figures.formats import FORMATS, check_formats, render
from lossmatters.paper.figures.look import page
from lossmatters.paper.setups import Runs, families, main_setups, once
from lossmatters.theory.files import write_whole

FIGURES: tuple[FigureSpec, ...] = (
    curves.SPEC,
    plane.SPEC,
    final.SPEC,
    alpha.SPEC,
    memorization_time.SPEC,
    mean_field.SPEC,
    warm_starts.SPEC,
    regularisers.SPEC,
    loss_curves.SPEC,
    tolerance.SPEC,
)
MANIFEST = "figures.json"


def write_figures(
    records: Sequence[Record],
    out_dir: str | os.PathLike[str],
    on_skip: Callable[[str, str], None] | None = None,
    *,
    only: Sequence[str] = (),
    formats: Sequence[str] = (),
    width: float | None = None,
    style: str | os.PathLike[str] | None = None,
    workers: int = 1,
) -> list[Path]:
    """Draw all figures and write them; the paths written, in the order of `FIGURES`, the manifest last.

    Files are named ``<set-up>-<figure>.<format>``, one set for each set-up among the records, so that
    means never mix what is not alike. Variants of a set-up stand together in a figure of their own;
    figures from lossmatters.theory alone carry no set-up. A figure whose data is
    missing is left out, never drawn empty.

    Parameters
    ----------
    on_skip : called with a figure's name and the reason, for each that is left out. The manifest holds
        the same.
    only : names of figures, as `FIGURES` has them; by default all.
    formats : of `lossmatters.paper.figures.formats.KNOWN_FORMATS`; by default PDF, PNG and SVG.
    width, style : see `lossmatters.paper.figures.look.page`.
    workers : processes, see `lossmatters.paper.ahead.computed_ahead`.

    Raises
    ------
    OSError : the folder cannot be written.
    ValueError : an unknown figure or format, a width or a style that is none; pgf without LaTeX.
    """
    chosen, formats = _chosen(only), check_formats(formats or FORMATS)
    records = records if isinstance(records, Runs) else Runs(records)
    with page(width, style), computed_ahead(workers) as answers:
        return _write(records, Path(out_dir), on_skip, chosen, formats, answers)


def _chosen(only: Sequence[str]) -> tuple[FigureSpec, ...]:
    known = [spec.name for spec in FIGURES]
    for name in only:
        if name not in known:
            near = difflib.get_close_matches(name, known, n=2, cutoff=0.4)
            hint = f"; did you mean {' or '.join(near)}?" if near else ""
            raise ValueError(f"only must be of {', '.join(known)}, got only={name!r}{hint}")
    return tuple(spec for spec in FIGURES if not only or spec.name in only)


def _write(
    records: Runs,
    out: Path,
    on_skip: Callable[[str, str], None] | None,
    chosen: Sequence[FigureSpec],
    formats: Sequence[str],
    answers: Answers,
) -> list[Path]:
    over: dict[str, dict[str, Runs]] = {
        "set-up": main_setups(records),
        "variants": families(records),
        "theory": {},
    }
    none = {"": Runs()}
    wanted = [(spec, *pair) for spec in chosen for pair in (over[spec.over] or none).items()]
    for spec, _, group in wanted:
        if spec.asks:
            answers.begin(spec.asks(group))
    # Those that wait for answers last: then most of these are there.
    turns = sorted(range(len(wanted)), key=lambda i: wanted[i][0].asks is not None)
    drawn = {i: _drawn(*wanted[i], out, formats) for i in turns}
    paths: list[Path] = []
    entries: list[dict[str, str]] = []
    skipped: list[dict[str, str]] = []
    for i in range(len(wanted)):
        entry, written = drawn[i]
        if "reason" in entry:
            skipped.append(entry)
            if on_skip:
                on_skip(entry["name"], entry["reason"])
        else:
            entries.append(entry)
            paths += written
    manifest = {"records": digest(records), "figures": entries, "skipped": skipped}
    text = json.dumps(manifest, indent=1, ensure_ascii=False) + "\n"
    return [*paths, write_whole(out / MANIFEST, text.encode())]


def _drawn(
    spec: FigureSpec, setup: str, group: Runs, out: Path, formats: Sequence[str]
) -> tuple[dict[str, str], list[Path]]:
    """Draw and write a figure; return its entry in the manifest, with a reason where there is none."""
    name = f"{setup}-{spec.name}" if setup else spec.name
    try:
        figure = spec.draw(group)
    except MissingData as error:
        return {"name": name, "title": spec.title, "reason": str(error)}, []
    file = file_name(name)
    paths = [write_whole(out / f"{file}.{kind}", render(figure, kind)) for kind in formats]
    entry = {"name": file, "figure": spec.name, "setup": setup, "title": spec.title, "alt": spec.alt}
    return {**entry, "caption": spec.describe(group)}, paths


def file_name(name: str) -> str:
    """Return a name as it may stand in a folder: whatever it says, the file is in that folder."""
    return re.sub(r"[^A-Za-z0-9_+=-]+", "-", name).strip("-") or "figure"


def digest(records: Sequence[Record]) -> str:
    """Return one key of what figures are drawn from: outcomes in any order, whatever their provenance."""
    return once("digest", _digest, records)


def _digest(records: Sequence[Record]) -> str:
    found = hashlib.sha256()
    for outcome in sorted(_outcome(r) for r in records):  # of each a hash: the texts are as large as the file
        found.update(outcome)
    return found.hexdigest()[:16]


def _outcome(record: Record) -> bytes:
    return hashlib.sha256(canonical_text(record.outcome).encode()).digest()
