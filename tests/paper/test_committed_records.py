"""The records that are kept in the project: whole, of one source, and those of their profile."""

from __future__ import annotations

from importlib.resources import files
from pathlib import Path
from typing import Any

import pytest

from lossmatters.empirics import records as record_files
from lossmatters.empirics.experiments.cifar import CIFAR
from lossmatters.empirics.experiments.cpu import CPU
from lossmatters.empirics.experiments.experiment import Experiment, Run, Study
from lossmatters.empirics.experiments.pair import PAIR
from lossmatters.empirics.experiments.quick import QUICK
from lossmatters.empirics.experiments.short import SHORT
from lossmatters.paper.setups import setups

FOLDER = Path(str(files("lossmatters.paper"))) / "records"

KEPT = {
    profile: len(profile.parts) if isinstance(profile, Study) else 1
    for profile in (QUICK, CPU, CIFAR, SHORT, PAIR)
}
# ResNet-32 of `cifar` was trained later than its small network. The digits of `pair` were trained in two
# pieces, from sources between which the engine did not change, and its MNIST later; eleven losses joined
# `quick` after its first record.
SOURCES = {PAIR: 3, QUICK: 2, CIFAR: 2}


@pytest.mark.parametrize("profile", KEPT, ids=lambda profile: profile.name)
def test_they_are_runs_of_their_profile(profile: Experiment | Study) -> None:
    found = record_files.read(FOLDER / f"{profile.name}.jsonl")
    assert len(setups(found)) == KEPT[profile]
    assert len({r.provenance["source"] for r in found}) == SOURCES.get(profile, 1)
    assert not any("dirty" in r.provenance["source"] for r in found)

    def declared(run: Run) -> tuple[Any, ...]:
        part = profile.parts[run.part]
        epochs = part.training.epochs
        about = part.model.name, part.variant or None, epochs, data(str(part.dataset))
        return run.loss, run.rate, run.seed, run.start, *about

    def data(name: str) -> str:
        return name.partition("(")[0]

    kept = [
        (
            *(r.loss, r.noise_rate, r.seed, r.start),
            *(r.model["name"], r.variant, r.epochs, data(r.dataset["name"])),
        )
        for r in found
    ]
    assert len(set(kept)) == len(kept)
    # A loss added to the catalogue adds runs to the profile; no record of it need be kept at once.
    assert set(kept) <= set(map(declared, profile.runs()))
