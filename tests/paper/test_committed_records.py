"""The records that are kept in the project: whole, of one source, and those of their profile."""

from __future__ import annotations

from fractions import Fraction
from importlib.resources import files
from pathlib import Path

from empirics import records as record_files
from empirics.experiments.quick import QUICK
from paper.setups import setups

FOLDER = Path(str(files("paper"))) / "records"


def test_quick_is_the_quick_profile() -> None:
    found = record_files.read(FOLDER / "quick.jsonl")
    assert len(setups(found)) == 1
    assert len({r.provenance["source"] for r in found}) == 1
    assert not any("dirty" in r.provenance["source"] for r in found)
    kept = {(r.loss, r.noise_rate, r.seed, r.start) for r in found}
    assert len(kept) == len(found)
    # A loss added to the catalogue adds runs to the profile; no record of it need be kept at once.
    assert kept <= {(run.loss, Fraction(run.rate), run.seed, run.start) for run in QUICK.runs()}
