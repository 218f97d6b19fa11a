"""E9's rule: which regularisers a record has, and that each set-up counts by itself."""

from __future__ import annotations

from dataclasses import replace

import pytest

from lossmatters.empirics.experiments.cpu import CPU
from lossmatters.empirics.experiments.paper import PAPER
from lossmatters.proofs_checks import fabricated
from lossmatters.proofs_checks.claim import Method, Status
from lossmatters.proofs_checks.claims import CLAIMS as ALL
from lossmatters.proofs_checks.claims import find
from lossmatters.proofs_checks.claims.training.training_regularised import (
    ALONE,
    CLAIMS,
    each_alone,
    regularisers,
)
from lossmatters.proofs_checks.fabricated import MEMORISES, REGULARISED, RESISTS
from lossmatters.proofs_checks.ledger import sound, verify
from lossmatters.proofs_checks.methods.empirical import by_experiment, decide
from lossmatters.proofs_checks.methods.runs import Runs

WELL = dict.fromkeys(REGULARISED, MEMORISES)
TRAINING = [c for c in ALL if any(k.needs_records and k.method is Method.EMPIRICAL for k in c.checks)]


def fabricate(main=MEMORISES, **changes):
    return fabricated.records({"cce": main}, regularised={**WELL, **changes})


@pytest.mark.parametrize("study", [CPU, PAPER], ids=lambda study: study.name)
def test_the_profiles_have_each_regulariser_alone_none_and_all(study):
    """By what the records would say of them, beside a main set-up with batch normalisation alone."""
    template = fabricate()[0]
    kinds = {}
    for part in study.parts:
        if ("cce", "2/5") not in {(loss, str(rate)) for loss, rate in part.grid}:
            continue
        training = {**part.training.description, **({"variant": part.variant} if part.variant else {})}
        # a model's description has these two as its fields; the rest of it needs torch
        model = {
            "batch_norm": getattr(part.model, "batch_norm", False),
            "dropout": str(getattr(part.model, "dropout", 0)),
        }
        record = replace(template, model=model, training=training)
        key = (part.dataset, part.model.name, part.training.epochs)
        kinds.setdefault(key, []).append(regularisers(record))
    expected = {frozenset(), *(frozenset((name,)) for name in ALONE), frozenset(ALONE)}
    complete = [found for found in kinds.values() if len(found) > 1]
    assert len(complete) == 1
    assert set(complete[0]) == expected
    twice = {"cpu": [], "paper": [frozenset({"weight decay"})]}[study.name]  # of two strengths
    assert [names for names in expected if complete[0].count(names) == 2] == twice


@pytest.mark.parametrize("stopped", [*REGULARISED, ""])
def test_each_set_up_must_memorise(stopped):
    """Also the one without any, and the main one, which has batch normalisation alone."""
    records = fabricate(**{stopped: RESISTS}) if stopped else fabricate(main=RESISTS)
    found = {claim.id: decide(claim.checks[0].subject, records) for claim in CLAIMS}
    assert len(found["E9"].data["conditions"]) == 5
    failing = {id for id, evidence in found.items() if evidence.status is Status.NOT_REPRODUCED}
    assert (
        failing
        == {
            "no regulariser": set(found),  # the control of each
            "all regularisers": {"E9.together"},
            "weight decay": {"E9", "E9.decay"},
            "dropout": {"E9", "E9.dropout"},
            "augmentation": {"E9", "E9.augmentation"},
            "": {"E9", "E9.norm"},
        }[stopped]
    )
    assert {evidence.status for id, evidence in found.items() if id not in failing} <= {Status.CONFIRMED}


def test_a_missing_set_up_decides_nothing():
    records = [r for r in fabricate() if r.variant != "dropout"]
    found = decide(each_alone, records)
    assert found.status is Status.UNDECIDED
    assert "with dropout" in found.detail


def test_each_strength_of_a_regulariser_must_memorise():
    strong = [
        replace(r, training={**r.training, "weight_decay": "1/2000", "variant": "strong decay"})
        for how in (MEMORISES, RESISTS)
        for r in fabricated.records({"cce": how}, regularised={"weight decay": how})
        if r.variant
    ]
    memorises, resists = strong[: len(strong) // 2], strong[len(strong) // 2 :]
    both = decide(each_alone, [*fabricate(), *memorises])
    assert both.status is Status.CONFIRMED
    assert len(both.data["conditions"]) == 6
    stopped = decide(each_alone, [*fabricate(), *resists])
    assert stopped.status is Status.NOT_REPRODUCED
    assert "weight decay (strong decay)" in stopped.detail


def test_other_rules_do_not_see_the_set_ups_beside_the_main_one():
    records = fabricate(main=RESISTS)
    assert len(by_experiment(records)) == 1
    runs = Runs(records).of("cce", fabricated.RATES[2])
    assert [r.variant for r in runs] == [None] * 5


def test_set_ups_beside_a_main_one_that_is_elsewhere_owe_nothing_to_other_claims():
    """As where they were trained for longer: one row for each claim, and it is that of the main set-up."""
    main = fabricate()
    longer = [
        replace(r, curves={name: [*values, values[-1]] for name, values in r.curves.items()})
        for r in main
        if r.variant is not None
    ]
    other = [claim for claim in TRAINING if claim not in CLAIMS]
    assert {"E1.cce", "N4.fresh", "N5", "D2.predictor"} <= {claim.id for claim in other}
    for claim in verify(other, longer)["claims"]:
        assert [row["status"] for row in claim["evidence"]] == ["not yet checked"], claim["id"]
    both = [r for r in main if r.variant is None] + longer
    found = verify(find(["E1.cce"]), both)["claims"][0]
    assert [row["status"] for row in found["evidence"]] == ["confirmed"]


def test_an_experiment_without_regularisers_owes_nothing():
    """The quick profile has none: E9 is not checked there, which fails no ledger. Half an experiment is."""
    plain = [r for r in fabricate() if not regularisers(r)]
    for claim in CLAIMS:
        assert decide(claim.checks[0].subject, plain).status is Status.NOT_CHECKED
    half = [r for r in fabricate() if regularisers(r) <= {"dropout"}]
    assert decide(each_alone, half).status is Status.UNDECIDED
    assert sound({"claims": [verify([CLAIMS[0]], plain)["claims"][0]]})
